package processes

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/alone"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
)

// Server is an installed server.
type Server struct {
	// Path is its program, Version what that says of itself.
	Path, Version string
}

// InstalledPostgres finds the Postgres that [Open] would start, and makes sure of its pg_stat_statements where its
// place is known. Its error is a [stack.NotReadyError] where the user can mend it.
func InstalledPostgres(ctx context.Context, cfg stack.Config) (Server, error) {
	as, err := home.ChooseAccount()
	if err != nil {
		return Server{}, err
	}
	dir, _, err := findPostgres(ctx, cfg.PostgresBin, as)
	if err != nil {
		return Server{}, err
	}
	s := Server{Path: filepath.Join(dir, "postgres")}
	if s.Version, err = version(ctx, s.Path, `\(PostgreSQL\) (\S+)`); err != nil {
		return s, err
	}
	if lacksStatements(ctx, dir) {
		return s, stack.NotReady(s.Path+" has no pg_stat_statements", "type: apt-get install -y postgresql-contrib")
	}
	return s, nil
}

// InstalledRedis finds the Redis that [Open] would start, with errors as from [InstalledPostgres].
func InstalledRedis(ctx context.Context, cfg stack.Config) (Server, error) {
	path, err := findRedis(cfg.RedisBin)
	if err != nil {
		return Server{}, err
	}
	s := Server{Path: path}
	s.Version, err = version(ctx, path, `v=(\S+)`)
	return s, err
}

// version asks a program and takes what the pattern's parentheses hold.
func version(ctx context.Context, path, pattern string) (string, error) {
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.Env = alone.Server("/")
	out, err := cmd.Output()
	if err != nil {
		return "", stack.NotReady(fmt.Sprintf("%s --version fails (%v)", path, err), "reinstall it, "+installHint)
	}
	m := regexp.MustCompile(pattern).FindSubmatch(out)
	if m == nil {
		return strings.TrimSpace(string(out)), nil
	}
	return string(m[1]), nil
}

// lacksStatements tells that the extension's library is missing from the directory where the libraries of this Postgres
// lie. Which one that is says pg_config, which need not be installed; else it is the one among the usual with the library
// that no installation lacks. What cannot be found out is not held against it.
func lacksStatements(ctx context.Context, bin string) bool {
	places := []string{filepath.Join(bin, "../lib"), filepath.Join(bin, "../lib/postgresql"), filepath.Join(bin, "../lib64/pgsql")}
	config := exec.CommandContext(ctx, filepath.Join(bin, "pg_config"), "--pkglibdir")
	config.Env = alone.Server("/")
	if out, err := config.Output(); err == nil {
		places = []string{strings.TrimSpace(string(out))}
	}
	for _, dir := range places {
		if has(dir, "plpgsql") {
			return !has(dir, "pg_stat_statements")
		}
	}
	return false
}

// has tells whether a directory holds the library, whatever the system calls its kind.
func has(dir, library string) bool {
	found, _ := filepath.Glob(filepath.Join(dir, library+".*")) // it fails for odd names of the directory: not found
	return len(found) > 0
}
