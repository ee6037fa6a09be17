package processes

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/harness/alone"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/child"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
)

// tools are the installed servers.
type tools struct {
	// postgres is the directory of the binaries, postgresMajor their version.
	postgres      string
	postgresMajor int
	// redis is the server's path.
	redis string
}

// installHint is exact for Debian and Ubuntu. Their package starts a cluster of its own unless told not to.
const installHint = "type: mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf && apt-get install -y postgresql redis-server"

// instead says what to do where a server is not in the directory that a flag names, or, without one, not found at all.
func instead(dir, flag string) string {
	if dir == "" {
		return installHint
	}
	return "name another directory with " + flag + ", or leave it out to have one found"
}

func findTools(ctx context.Context, cfg stack.Config, as home.Account) (tools, error) {
	dir, major, err := findPostgres(ctx, cfg.PostgresBin, as)
	if err != nil {
		return tools{}, err
	}
	redis, err := findRedis(cfg.RedisBin)
	return tools{postgres: dir, postgresMajor: major, redis: redis}, err
}

// findPostgres takes the first directory that is new enough; what it passed over is told when there is none.
func findPostgres(ctx context.Context, dir string, as home.Account) (string, int, error) {
	var tooOld []string
	for _, dir := range postgresPlaces(dir) {
		if !executable(filepath.Join(dir, "postgres")) || !executable(filepath.Join(dir, "initdb")) {
			continue
		}
		major, err := postgresMajor(ctx, filepath.Join(dir, "postgres"), as)
		if err != nil {
			return "", 0, err
		}
		if major >= stack.LeastPostgres {
			return dir, major, nil
		}
		tooOld = append(tooOld, fmt.Sprintf("PostgreSQL %d in %s", major, dir))
	}
	if tooOld != nil {
		return "", 0, stack.NotReady(fmt.Sprintf("%s is too old, %d is the least", strings.Join(tooOld, " and "), stack.LeastPostgres), newer(dir))
	}
	return "", 0, stack.NotReady("no PostgreSQL server (looked for postgres and initdb in "+cmp.Or(dir, "PATH and /usr/lib/postgresql/*/bin")+")", instead(dir, "--postgres-bin"))
}

// newer says how to come by a newer Postgres than the one in the named directory, if any.
func newer(dir string) string {
	if dir == "" {
		return "with a newer one in the package sources, " + installHint
	}
	return instead(dir, "--postgres-bin")
}

// postgresPlaces lists directories to look in. A name in PATH is often a link, while initdb lies beside its target.
func postgresPlaces(dir string) []string {
	if dir != "" {
		return []string{dir}
	}
	var places []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			places = append(places, filepath.Dir(real))
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is constant and well formed
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(versionOf(b), versionOf(a)) })
	return append(places, found...)
}

// versionOf reads the number in /usr/lib/postgresql/<number>/bin; old releases were numbered 9.6 and the like.
func versionOf(bin string) float64 {
	v, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(bin)), 64)
	return v
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode().Perm()&0o111 != 0
}

// postgresMajor asks the binary itself, under the account that will run it.
func postgresMajor(ctx context.Context, path string, as home.Account) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.SysProcAttr = child.Attributes(as.Credential(), 0)
	cmd.Env = alone.Server("/")
	cmd.Dir = "/"
	out, err := cmd.Output()
	if err != nil {
		return 0, stack.NotReady(fmt.Sprintf("%s --version fails (%v)", path, err), "reinstall it, "+installHint)
	}
	m := regexp.MustCompile(`\(PostgreSQL\) (\d+)`).FindSubmatch(out)
	if m == nil {
		return 0, stack.NotReady(fmt.Sprintf("%s --version says %q", path, strings.TrimSpace(string(out))), "put a PostgreSQL server first in PATH")
	}
	return strconv.Atoi(string(m[1]))
}

// findRedis also takes Valkey, which speaks the same protocol and reads the same configuration.
func findRedis(dir string) (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if dir != "" {
			name = filepath.Join(dir, name)
		}
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", stack.NotReady("no Redis server (looked for redis-server and valkey-server in "+cmp.Or(dir, "PATH")+")", instead(dir, "--redis-bin"))
}
