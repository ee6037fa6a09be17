package main

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"os"
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
)

// nonsense is every variable that the clients, the servers, the services' runtime and the tools below them read, by
// family, each with a value with which they could not work, or would work otherwise.
func nonsense() map[string]map[string]string {
	const nowhere = "http://user:pass@127.0.0.1:9"
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
			"GODEBUG": "netdns=nonsense", "GOGC": "1", "GOMAXPROCS": "1", "GOTRACEBACK": "nonsense", "MALLOC_ARENA_MAX": "x", "MALLOC_CHECK_": "3",
			"MALLOC_CONF": "nonsense", "LD_LIBRARY_PATH": "/nowhere", "LD_BIND_NOW": "x", "LOCALDOMAIN": "nowhere", "RES_OPTIONS": "ndots:9", "HOSTALIASES": "/nowhere",
			"SSL_CERT_FILE": "/nowhere", "SSL_CERT_DIR": "/nowhere", "OPENSSL_CONF": "/nowhere", "ICU_DATA": "/nowhere", "NOTIFY_SOCKET": "/nowhere",
			"LISTEN_FDS": "3", "LISTEN_PID": "1", "USER": "nobody", "SHELL": "/nowhere", "CI_JOB_TOKEN": "hunter2", "AWS_SECRET_ACCESS_KEY": "hunter2",
		},
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY"} {
		families["proxy"][name], families["proxy"][strings.ToLower(name)] = nowhere, nowhere
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

// A run is the same in whatever surroundings it is started. Each variable alone would take an hour, so they come by family,
// and in containers, which share the clients and the lists of what children get, all at once; set REHEARSE_ONE_BY_ONE to
// find the one.
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
			for name, variables := range surroundings(backend) {
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

// surroundings are what a run on a back end is tried in.
func surroundings(backend string) map[string]map[string]string {
	together, alone := map[string]string{}, map[string]map[string]string{}
	for _, variables := range nonsense() {
		for name, value := range variables {
			together[name], alone[name] = value, map[string]string{name: value}
		}
	}
	switch {
	case os.Getenv("REHEARSE_ONE_BY_ONE") != "":
		return alone
	case backend == stack.BackendContainers:
		return map[string]map[string]string{"together": together}
	}
	return nonsense()
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
	ended := finished(t, cmd)
	run, err := record.Open(s.latest())
	if err != nil {
		t.Fatalf("%v\n%s%s", err, ended.stdout, ended.stderr)
	}
	facts := map[string]string{"exit": fmt.Sprint(ended.code), "complete": fmt.Sprint(run.Complete())}
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
	if ended.code != exitPass {
		t.Errorf("with %v: exit %d\n%s%s", variables, ended.code, ended.stdout, ended.stderr)
	}
	return facts
}

// Nobody finds a build server's secrets in the environment of a server or a service.
func TestChildrenInheritNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cmd := s.command(t, "run", "peak.yaml", "--stack", "processes", "--only", "extract-main", "--no-repeat")
	cmd.Env = append(cmd.Env, "CI_JOB_TOKEN=hunter2", "GOGC=77", "PGPASSWORD=hunter2", "MALLOC_CONF=hunter2")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	seen := map[string]bool{}
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		case <-time.After(100 * time.Millisecond):
		}
		for program, environment := range childrenOf(cmd.Process.Pid) {
			seen[program] = true
			if leak := regexp.MustCompile(`hunter2|GOGC|REHEARSE_HOME|GITHUB`).FindString(environment); leak != "" {
				t.Errorf("%s has %s", program, leak)
				ended = true
			}
		}
	}
	for _, program := range []string{"postgres", "rehearse"} {
		if !seen[program] {
			t.Errorf("%s was not seen, among %v", program, seen)
		}
	}
	_ = cmd.Process.Signal(os.Interrupt) // it has usually ended
	s.wantNothingLeft(t)
}

// childrenOf are the environments of a process' children by the base of their programs' names.
func childrenOf(parent int) map[string]string {
	found := map[string]string{}
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well formed
	for _, dir := range dirs {
		// Processes end while this looks at them; those have nothing to read.
		status, _ := os.ReadFile(filepath.Join(dir, "status"))
		command, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		environment, _ := os.ReadFile(filepath.Join(dir, "environ"))
		program, _, _ := strings.Cut(string(command), "\x00")
		if strings.Contains(string(status), fmt.Sprintf("\nPPid:\t%d\n", parent)) {
			found[filepath.Base(program)] += string(environment)
		}
	}
	return found
}

// Another client of the services while they are measured is told, and what it spoils is not believed; the administration
// does not know it at all.
func TestForeignClient(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cmd := s.command(t, "run", "peak.yaml", "--stack", "processes", "--only", "extract-main", "--no-fail", "--no-repeat")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	port := regexp.MustCompile(`REHEARSE_PORT_(ADMIN|MAIN)=(\d+)`)
	status := map[int]int{}
	ports := map[string]string{}
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		case <-time.After(50 * time.Millisecond):
		}
		if len(ports) < 2 {
			for _, found := range port.FindAllStringSubmatch(childrenOf(cmd.Process.Pid)["rehearse"], -1) {
				ports[found[1]] = found[2]
			}
			continue
		}
		for range 20 {
			status[ask(t, http.MethodGet, "http://127.0.0.1:"+ports["MAIN"]+carshareProfile())]++
		}
		status[-ask(t, http.MethodPut, "http://127.0.0.1:"+ports["ADMIN"]+"/state?state=cache")]++
	}
	if status[-http.StatusUnauthorized] == 0 || status[-http.StatusOK] != 0 || status[http.StatusUnauthorized] < 100 {
		t.Errorf("answers: %v\n%s", status, said.String())
	}
	for _, check := range s.summary(t).Validity {
		if told := strings.Join(check.Reasons, "\n"); !strings.Contains(told, "another client sent requests to the services: ") || !slices.Contains(check.Void, "counts") {
			t.Errorf("trial %d: void %v, because %q", check.Trial, check.Void, told)
		}
	}
	s.wantNothingLeft(t)
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
