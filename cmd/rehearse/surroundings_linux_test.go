package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/fixtures/carshare"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
	"github.com/rehearse-dev/rehearse/harness/target"
)

// nonsense is every variable that the clients, the servers, the services' runtime and the tools below them read, by
// family, each with a value with which they could not work, or would work otherwise.
func nonsense(proxy string) map[string]map[string]string {
	families := map[string]map[string]string{
		"postgres service": {"PGSERVICE": "nowhere", "PGSERVICEFILE": "/nowhere/service.conf"},
		"postgres session": {
			"PGOPTIONS": "-c default_transaction_read_only=on -c statement_timeout=1", "PGTZ": "Nowhere/Nothing", "PGDATESTYLE": "nonsense",
			"PGGEQO": "nonsense", "PGCLIENTENCODING": "SQL_ASCII", "PGAPPNAME": "somebody else", "PGTARGETSESSIONATTRS": "nonsense",
			"PGMINPROTOCOLVERSION": "9.9", "PGMAXPROTOCOLVERSION": "0.1", "PGCONNECT_TIMEOUT": "soon", "PGSYSCONFDIR": "/nowhere",
			"PGLOCALEDIR": "/nowhere", "PGKEEPALIVES": "x",
		},
		"postgres server": {
			"PGHOST": "nowhere.invalid", "PGHOSTADDR": "192.0.2.1", "PGPORT": "nine", "PGDATABASE": "nobody", "PGUSER": "nobody", "PGPASSWORD": "wrong",
			"PGPASSFILE": "/nowhere/pgpass", "PGDATA": "/nowhere", "POSTGRES_PASSWORD": "wrong", "POSTGRES_INITDB_ARGS": "--nonsense",
			"PG_COLOR": "always", "PGCTLTIMEOUT": "0", "PG_TEST_TIMEOUT_DEFAULT": "0",
		},
		"postgres security": {
			"PGSSLMODE": "verify-full", "PGSSLCERT": "/nowhere/crt", "PGSSLKEY": "/nowhere/key", "PGSSLROOTCERT": "/nowhere/root", "PGSSLPASSWORD": "x",
			"PGSSLSNI": "x", "PGSSLNEGOTIATION": "nonsense", "PGSSLCERTMODE": "nonsense", "PGREQUIREAUTH": "none", "PGREQUIRESSL": "1",
			"PGCHANNELBINDING": "nonsense", "PGSSLCRL": "/nowhere", "PGGSSENCMODE": "require", "PGKRBSRVNAME": "x", "PGREQUIREPEER": "nobody",
			"PGSSLMINPROTOCOLVERSION": "x", "PGSSLCOMPRESSION": "x", "PGGSSLIB": "x", "PGLOADBALANCEHOSTS": "x",
		},
		"proxy": {"NO_PROXY": "nowhere.invalid", "no_proxy": "nowhere.invalid", "REQUEST_METHOD": "GET"},
		"redis": {"REDISCLI_AUTH": "wrong", "REDIS_URL": "redis://nowhere", "REDIS_HOST": "nowhere", "REDIS_PASSWORD": "wrong", "REDIS_ARGS": "--nonsense"},
		"locale": {
			"LANG": "xx_XX.nonsense", "LANGUAGE": "xx", "LC_ALL": "tr_TR.UTF-8", "LC_CTYPE": "xx", "LC_COLLATE": "xx", "LC_NUMERIC": "de_DE.UTF-8",
			"LC_TIME": "xx", "LC_MESSAGES": "xx", "LC_MONETARY": "xx", "TZ": "Nowhere/Nothing", "TZDIR": "/nowhere",
		},
		"runtime": {
			"GODEBUG": "netdns=nonsense", "GOGC": "1", "GOMAXPROCS": "1", "GOMEMLIMIT": "1MiB", "GOTRACEBACK": "nonsense", "MALLOC_ARENA_MAX": "x", "MALLOC_CHECK_": "3",
			"MALLOC_CONF": "nonsense", "LD_LIBRARY_PATH": "/nowhere", "LD_BIND_NOW": "x", "LOCALDOMAIN": "nowhere", "RES_OPTIONS": "ndots:9", "HOSTALIASES": "/nowhere",
			"SSL_CERT_FILE": "/nowhere", "SSL_CERT_DIR": "/nowhere", "OPENSSL_CONF": "/nowhere", "ICU_DATA": "/nowhere", "NOTIFY_SOCKET": "/nowhere",
			"LISTEN_FDS": "3", "LISTEN_PID": "1", "USER": "nobody", "SHELL": "/nowhere", "CI_JOB_TOKEN": "hunter2", "GITHUB_TOKEN": "hunter2",
			"AWS_SECRET_ACCESS_KEY": "hunter2",
		},
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY"} {
		families["proxy"][name], families["proxy"][strings.ToLower(name)] = proxy, proxy
	}
	return families
}

// aMoment is enough of a run to use every connection: all are opened, a cache is filled, states are switched.
const aMoment = `version: 1
name: a-moment
rounds: 1
system: {name: carshare, data: {users: 200, dead_tokens: 1000, live_tokens: 2000}, password_iterations: 10}
traffic:
  timeout: 5s
  arrivals: even
  stages:
    - {name: plateau, hold: 100/s, for: 1s}
phases: [extract-main, extract-reads, extract-writes, cache]
`

// A run is the same in whatever surroundings it is started, and nothing of it goes to a proxy. All at once the variables may
// hide one behind the other, so none of them may be there at all in a server or a service, a build server's secrets for one.
// With REHEARSE_ONE_BY_ONE set there is a run for each, which takes six minutes on processes.
func TestSurroundings(t *testing.T) {
	t.Parallel()
	for _, backend := range []string{stack.BackendProcesses, stack.BackendContainers} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			s := newBareSite(t)
			if backend == stack.BackendContainers {
				s.needsDocker(t)
			}
			// Not before the last of them has ended.
			t.Cleanup(func() { finished(t, s.command(t, "clean", "--data")) })
			want := s.moment(t, backend, nil)
			for name, variables := range surroundings(trap(t)) {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					s.sameMoment(t, backend, want, variables)
				})
			}
			t.Run("home", func(t *testing.T) {
				t.Parallel()
				s.sameMoment(t, backend, want, map[string]string{"HOME": s.strangeHome(t)})
			})
		})
	}
}

// surroundings are what a run is tried in.
func surroundings(proxy string) map[string]map[string]string {
	together, alone := map[string]string{}, map[string]map[string]string{}
	for _, variables := range nonsense(proxy) {
		for name, value := range variables {
			together[name], alone[name] = value, map[string]string{name: value}
		}
	}
	if os.Getenv("REHEARSE_ONE_BY_ONE") != "" {
		return alone
	}
	return map[string]map[string]string{"together": together}
}

// trap is a proxy to which nobody may come: whoever does is told of at the end of the test.
func trap(t *testing.T) (url string) {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("the proxy was asked: %s %s, authorization %q", r.Method, r.URL, r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(proxy.Close)
	return strings.Replace(proxy.URL, "http://", "http://user:hunter2@", 1)
}

func (s site) sameMoment(t *testing.T, backend string, want map[string]string, variables map[string]string) {
	if diff := cmp.Diff(want, s.moment(t, backend, variables)); diff != "" {
		t.Errorf("with %v (-as usual +now):\n%s", slices.Sorted(maps.Keys(variables)), diff)
	}
}

// strangeHome has every file in it that Postgres' client looks for.
func (s site) strangeHome(t *testing.T) string {
	t.Helper()
	home := filepath.Join(s.dir, "strange")
	if err := os.MkdirAll(filepath.Join(home, ".postgresql"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".pgpass", ".pg_service.conf", ".psqlrc", ".postgresql/postgresql.crt", ".postgresql/postgresql.key", ".postgresql/root.crt", ".postgresql/root.crl"} {
		text := "nonsense"
		if name == ".pgpass" {
			text = "*:*:*:*:wrong"
		}
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

// moment runs with variables and returns what must not depend on them: what was sent and answered, what the servers say
// of themselves, and how many statements a request caused.
func (s site) moment(t *testing.T, backend string, variables map[string]string) map[string]string {
	t.Helper()
	// Beside others in the same home, so each in a directory of its own.
	s.dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(s.dir, "moment.yaml"), []byte(aMoment), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := s.command(t, "run", "moment.yaml", "--stack", backend, "--no-fail", "--no-repeat")
	cmd.Env = slices.DeleteFunc(cmd.Env, func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		_, given := variables[name]
		return given
	})
	for name, value := range variables {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	children := heirs{map[string]string{"REHEARSE_HOME": s.home}, map[string]bool{}}
	maps.Copy(children.given, variables)
	said := s.during(t, backend, cmd, func(list []started) { children.look(t, list) })
	children.wantSeen(t, said)
	code := cmd.ProcessState.ExitCode()
	run, err := record.Open(s.latest())
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	facts := map[string]string{"exit": fmt.Sprint(code), "complete": fmt.Sprint(run.Complete())}
	maps.Copy(facts, run.Header.Versions)
	for name, value := range run.Header.Settings {
		facts["setting "+name] = value
	}
	for _, w := range run.Windows {
		facts[fmt.Sprintf("hits of %s in trial %d, second %d", w.Op, w.Trial, w.Second)] = fmt.Sprintf("%d offered, %d completed, %d failed", w.Offered, w.Completed, w.Failed)
	}
	for _, state := range s.summary(t).States {
		if state.Name == "extract-main" {
			continue // what a hit costs depends on the service that it comes to
		}
		for op, n := range state.PrimaryStatementsPer {
			facts["statements per "+op+" in "+state.Name] = fmt.Sprintf("%.1f", float64(n))
		}
	}
	if code != exitPass {
		t.Errorf("with %v: exit %d\n%s", variables, code, said)
	}
	return facts
}

// heirs are the programs of a run that were seen, and none of which may have anything of what was given to the run.
type heirs struct {
	given map[string]string
	seen  map[string]bool
}

func (h heirs) look(t *testing.T, list []started) {
	t.Helper()
	for _, p := range list {
		h.seen[p.program] = true
		for _, kv := range p.environment {
			if name, value, _ := strings.Cut(kv, "="); h.given[name] == value && h.given[name] != "" || strings.Contains(kv, "hunter2") {
				t.Errorf("%s has %s", p.program, kv)
			}
		}
	}
}

func (h heirs) wantSeen(t *testing.T, said string) {
	t.Helper()
	for _, program := range []string{"postgres", "rehearse"} {
		if !h.seen[program] {
			t.Errorf("%s was not seen, among %v:\n%s", program, slices.Sorted(maps.Keys(h.seen)), said)
		}
	}
}

// started is a process of a run: a server, a tool of one, or a service.
type started struct {
	program     string
	environment []string
	// host is where it listens.
	host string
}

// during runs a command and looks at what it has started, again and again, until it ends. What it said is returned.
func (s site) during(t *testing.T, backend string, cmd *exec.Cmd, look func([]started)) string {
	t.Helper()
	containers := func() []string { return nil }
	if backend == stack.BackendContainers {
		containers = s.containers(t)
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case <-done:
			return said.String()
		case <-time.After(50 * time.Millisecond):
			look(startedBy(cmd.Process.Pid, containers()))
		}
	}
}

// containers finds the ids of those of the site's runs.
func (s site) containers(t *testing.T) func() []string {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return func() (ids []string) {
		objects, _ := e.Labelled(t.Context(), "dev.rehearse.run") // some end while they are listed
		for _, o := range objects {
			if o.Kind == "container" && strings.HasPrefix(o.Labels["dev.rehearse.lock"], s.home) {
				ids = append(ids, o.ID)
			}
		}
		return ids
	}
}

// startedBy are the children of a process and all that is in containers.
func startedBy(parent int, containers []string) (list []started) {
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well formed
	for _, dir := range dirs {
		// Processes end while this looks at them; those have nothing to read.
		status, _ := os.ReadFile(filepath.Join(dir, "status"))
		group, _ := os.ReadFile(filepath.Join(dir, "cgroup"))
		command, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		environment, _ := os.ReadFile(filepath.Join(dir, "environ"))
		program, _, _ := strings.Cut(string(command), "\x00")
		p := started{filepath.Base(program), strings.Split(string(environment), "\x00"), "127.0.0.1"}
		if slices.ContainsFunc(containers, func(id string) bool { return strings.Contains(string(group), id) }) {
			// The last name in there is the container's own.
			hosts, _ := os.ReadFile(filepath.Join(dir, "root/etc/hosts"))
			if found := regexp.MustCompile(`(?m)^([0-9.]+)\s+\S+\s*$`).FindAllStringSubmatch(string(hosts), -1); found != nil {
				p.host = found[len(found)-1][1]
			}
			list = append(list, p)
		} else if strings.Contains(string(status), fmt.Sprintf("\nPPid:\t%d\n", parent)) {
			list = append(list, p)
		}
	}
	return list
}

// doors are the addresses at which services listen, by the names of their ports.
func doors(list []started) map[string]string {
	found := map[string]string{}
	for _, p := range list {
		for _, kv := range p.environment {
			if name, port, is := strings.Cut(strings.TrimPrefix(kv, "REHEARSE_PORT_"), "="); is && strings.HasPrefix(kv, "REHEARSE_PORT_") {
				found[name] = "http://" + net.JoinHostPort(p.host, port)
			}
		}
	}
	return found
}

// Another client of the services while they are measured is told, and what it spoils is not believed; the administration
// does not know it at all.
func TestForeignClient(t *testing.T) {
	t.Parallel()
	for _, backend := range []string{stack.BackendProcesses, stack.BackendContainers} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if backend == stack.BackendContainers {
				s.needsDocker(t)
			}
			cmd := s.command(t, "run", "peak.yaml", "--stack", backend, "--only", "extract-main", "--no-fail", "--no-repeat",
				"--set", "traffic.stages[plateau].for=2s")
			status := map[int]int{}
			said := s.during(t, backend, cmd, func(list []started) {
				door := doors(list)
				if door["ADMIN"] == "" || door["MAIN"] == "" {
					return
				}
				for range 20 {
					status[ask(t, http.MethodGet, door["MAIN"]+carshareProfile())]++
				}
				status[-ask(t, http.MethodPut, door["ADMIN"]+"/state?state=cache")]++
			})
			if status[-http.StatusUnauthorized] == 0 || status[-http.StatusOK] != 0 || status[http.StatusUnauthorized] < 100 {
				t.Errorf("answers: %v\n%s", status, said)
			}
			for _, check := range s.summary(t).Validity {
				if told := strings.Join(check.Reasons, "\n"); !strings.Contains(told, "another client sent requests to the services: ") || !slices.Contains(check.Void, "counts") {
					t.Errorf("trial %d: void %v, because %q", check.Trial, check.Void, told)
				}
			}
			s.wantNothingLeft(t)
		})
	}
}

// carshareProfile is an API of the main service that answers anybody, if only that it does not know them.
func carshareProfile() string {
	for _, api := range carshare.Catalogue() {
		if api.Service == carshare.Main && api.Method == http.MethodGet {
			return api.Path
		}
	}
	return "/"
}

// ask is the status of an answer, and 0 where there was none.
func ask(t *testing.T, method, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// secretOf is what opens the administration of the services, to whoever may read the environment of one.
func secretOf(list []started) string {
	for _, p := range list {
		for _, kv := range p.environment {
			var config carshare.CallersConfig
			text, is := strings.CutPrefix(kv, target.ConfigVariable+"=")
			if is && json.Unmarshal([]byte(text), &config) == nil && config.Secret != "" {
				return config.Secret
			}
		}
	}
	return ""
}

// A state that somebody switched while it was measured, with the secret, is found when it is read back: that trial is none of
// its state, and the run no pass.
func TestStateSwitchedMeanwhile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cmd := s.command(t, "run", "peak.yaml", "--stack", "processes", "--only", "extract-main", "--no-repeat")
	status := 0
	said := s.during(t, stack.BackendProcesses, cmd, func(list []started) {
		if status != 0 || !s.began(0) {
			return
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, doors(list)["ADMIN"]+"/state?state=cache", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+secretOf(list))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		status = response.StatusCode
	})
	summary := s.summary(t)
	if code := cmd.ProcessState.ExitCode(); status != http.StatusOK || code != exitInconclusive || len(summary.Validity) < 2 {
		t.Fatalf("got status %d, exit %d and %d trials:\n%s", status, code, len(summary.Validity), said)
	}
	const told = "at the end of the trial the system was in the state cache with the auth service in the mode of another, not in baseline; somebody else has switched it"
	for _, trial := range summary.Validity {
		switched := slices.Contains(trial.Reasons, told) && slices.Contains(trial.Void, "errors")
		if again := strings.Contains(strings.Join(trial.Reasons, "\n"), "somebody else"); switched != (trial.Trial == 0) || again != switched {
			t.Errorf("trial %d of %s: void %v, because %q", trial.Trial, trial.State, trial.Void, trial.Reasons)
		}
	}
	s.wantNothingLeft(t)
}
