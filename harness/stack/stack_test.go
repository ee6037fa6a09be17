package stack

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"
)

// TestURL: whatever role and password, the driver reads from the URL what was put in.
func TestURL(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		role := rapid.StringMatching(`[^\x00]{1,20}`).Draw(t, "role")
		password := rapid.StringMatching(`[^\x00]{1,20}`).Draw(t, "password")
		e := Endpoints{PrimaryAddr: "127.0.0.1:15000", Database: "carshare", Passwords: map[string]string{role: password}}
		if _, err := url.Parse(e.PrimaryURL(role)); err != nil {
			t.Fatal(err)
		}
		cfg, err := pgx.ParseConfig(e.PrimaryURL(role))
		if err != nil {
			t.Fatal(err)
		}
		if cfg.User != role || cfg.Password != password || cfg.Database != "carshare" || cfg.Port != 15000 || cfg.TLSConfig != nil {
			t.Fatalf("read back %q %q %q %d", cfg.User, cfg.Password, cfg.Database, cfg.Port)
		}
	})
}

// TestRunName: any label makes a name that is one path element, short, and unique.
func TestRunName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		label := rapid.String().Draw(t, "label")
		name := runName(label)
		if filepath.Base(name) != name || strings.HasPrefix(name, ".") || len(name) > 40 || name == runName(label) {
			t.Fatalf("%q", name)
		}
	})
}

func TestTemplateName(t *testing.T) {
	cfg := Config{Template: "k", Database: "d", Roles: []string{"a"}}
	same := cfg.templateName("pg15")
	if same != cfg.templateName("pg15") || filepath.Base(same) != same || !strings.HasPrefix(same, "k-pg15-") {
		t.Errorf("name is %s", same)
	}
	for what, other := range map[string]string{
		"key":      Config{Template: "k2", Database: "d", Roles: []string{"a"}}.templateName("pg15"),
		"a slash":  Config{Template: "k/", Database: "d", Roles: []string{"a"}}.templateName("pg15"),
		"database": Config{Template: "k", Database: "e", Roles: []string{"a"}}.templateName("pg15"),
		"roles":    Config{Template: "k", Database: "d"}.templateName("pg15"),
		"version":  cfg.templateName("pg16"),
	} {
		if other == same {
			t.Errorf("another %s, the same template", what)
		}
	}
}

// TestPorts: none twice, none from the range of outgoing connections.
func TestPorts(t *testing.T) {
	var p ports
	seen := map[int]bool{}
	for range 100 {
		port, err := p.free()
		must(t, err)
		if seen[port] || port < lowestPort || port > highestPort {
			t.Fatalf("port %d", port)
		}
		seen[port] = true
	}
	if err := p.reserve(map[string]int{Primary: 14999, Replica: 14999}); err == nil {
		t.Error("two nodes may ask for one port")
	}
}

// TestPortRetry: a port snatched between the look and the use is not the end, one asked for is.
func TestPortRetry(t *testing.T) {
	var p ports
	var tried []int
	snatched := func(port int) error {
		if tried = append(tried, port); len(tried) < 3 {
			return errPortTaken
		}
		return nil
	}
	if err := p.withPort(0, Redis, snatched); err != nil || len(tried) != 3 || tried[0] == tried[1] {
		t.Errorf("%v after %v", err, tried)
	}
	tried = nil
	if err := p.withPort(14998, Redis, snatched); err == nil || len(tried) != 1 {
		t.Errorf("%v after %v", err, tried)
	}
}

// TestLedger: a line cut short by a crash is dropped, the others stay.
func TestLedger(t *testing.T) {
	dir := t.TempDir()
	l, err := openLedger(dir)
	must(t, err)
	ids := []identity{{Name: "a", PID: 1, Start: 2, Boot: "b", Command: "c"}, {Name: "d", PID: 3}}
	for _, id := range ids {
		must(t, l.add(id))
	}
	must(t, l.close())
	path := filepath.Join(dir, ledgerName)
	whole, err := os.ReadFile(path)
	must(t, err)
	for cut := range len(whole) + 1 {
		must(t, os.WriteFile(path, whole[:cut], 0o600))
		got, err := readLedger(dir)
		if want := strings.Count(string(whole[:cut])+"\n", "}\n"); err != nil || len(got) != want || (want > 0 && got[0] != ids[0]) {
			t.Fatalf("cut at %d: %v, %v", cut, got, err)
		}
	}
}

func TestLogTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if got := logTail(path, 0); got != "" {
		t.Errorf("no log: %q", got)
	}
	must(t, os.WriteFile(path, []byte("before\nafter\n"), 0o600))
	if got := logTail(path, int64(len("before\n"))); got != "after" {
		t.Errorf("from the start of a process: %q", got)
	}
	must(t, os.WriteFile(path, []byte(strings.Repeat("x", 5000)+"\nend"), 0o600))
	if got := logTail(path, 0); len(got) > 2<<10 || !strings.HasSuffix(got, "\nend") {
		t.Errorf("of a long log: %d bytes", len(got))
	}
}

// TestPostgresPlaces: a link in PATH leads to the directory where initdb is.
func TestPostgresPlaces(t *testing.T) {
	real, links := t.TempDir(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(real, "postgres"), nil, 0o755))
	must(t, os.Symlink(filepath.Join(real, "postgres"), filepath.Join(links, "postgres")))
	t.Setenv("PATH", links)
	places := postgresPlaces("")
	if want, _ := filepath.EvalSymlinks(real); places[0] != want {
		t.Errorf("looks first in %s, want %s", places[0], want)
	}
	for i, p := range places[1:] {
		if i > 0 && versionOf(places[i]) < versionOf(p) {
			t.Errorf("%s is looked at before %s", places[i], p)
		}
	}
	if versionOf("/usr/lib/postgresql/9.6/bin") > versionOf("/usr/lib/postgresql/16/bin") {
		t.Error("9.6 passes for newer than 16")
	}
}
