package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/alone"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// NotReadyError is an [ErrNotReady] taken apart, for those who print its halves in different places.
type NotReadyError struct {
	// What is wrong, and what to Do about it: "type: " and a command, where one mends it.
	What, Do string
}

// Error is both halves.
func (e NotReadyError) Error() string { return fmt.Sprintf("%v: %s; %s", ErrNotReady, e.What, e.Do) }

// Unwrap makes it an [ErrNotReady].
func (e NotReadyError) Unwrap() error { return ErrNotReady }

// LeastPostgres is the oldest major version of Postgres that a stack takes.
const LeastPostgres = minPostgres

// Server is an installed server.
type Server struct {
	// Path is its program, Version what that says of itself.
	Path, Version string
}

// InstalledPostgres finds the Postgres that [Processes] would start, and makes sure of its pg_stat_statements where its
// place is known. Its error is a [NotReadyError] where the user can mend it.
func InstalledPostgres(ctx context.Context, cfg Config) (Server, error) {
	as, err := chooseAccount()
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
		return s, notReady(s.Path+" has no pg_stat_statements", "type: apt-get install -y postgresql-contrib")
	}
	return s, nil
}

// InstalledRedis finds the Redis that [Processes] would start, with errors as from [InstalledPostgres].
func InstalledRedis(ctx context.Context, cfg Config) (Server, error) {
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
		return "", notReady(fmt.Sprintf("%s --version fails (%v)", path, err), "reinstall it, "+installHint)
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

// Home is the directory of templates and runs.
type Home struct {
	Path string
	// InMemory is true where a flush costs nothing and says nothing about a disk.
	InMemory bool
}

// ExamineHome looks at a home, chosen as in [Config], and makes nothing. Its error is a [NotReadyError] where no stack
// could be started there.
func ExamineHome(path string) (Home, error) {
	path, err := homePath(path)
	if err != nil {
		return Home{}, err
	}
	as, err := chooseAccount()
	if err != nil {
		as = account{} // whether there is one for the servers, is a question of the servers
	}
	h := home{path: path, as: as}
	return Home{Path: path, InMemory: inMemory(h.ground())}, h.usable()
}

// Runs are those found in a home.
type Runs struct {
	// Alive are under way, by the names of their private directories.
	Alive []string
	// Leftovers are what [Clean] would remove.
	Leftovers []Leftover
}

// ExamineRuns looks for runs in a home, chosen as in [Config], and removes nothing.
func ExamineRuns(ctx context.Context, path string) (found Runs, err error) {
	path, err = homePath(path)
	if err != nil || !exists(filepath.Join(path, "runs")) {
		return Runs{}, err
	}
	h := home{path: path}
	if !marked(path, homeMark) {
		if err := h.foreign(); err != nil {
			return Runs{}, err
		}
	}
	// A run that is being made is locked a moment after its directory is there; until then it is the home that is.
	unlock, err := lockFile(ctx, filepath.Join(path, "lock"), unix.LOCK_SH)
	if err != nil {
		return Runs{}, err
	}
	defer func() { _ = unlock() }() // the kernel lets go of the lock even when closing its file fails
	entries, err := os.ReadDir(filepath.Join(path, "runs"))
	if err != nil {
		return Runs{}, err
	}
	var errs []error
	var litter []string
	for _, e := range entries {
		if !h.ownRun(e.Name()) {
			litter = append(litter, e.Name())
			continue
		}
		errs = append(errs, found.add(filepath.Join(path, "runs", e.Name())))
	}
	return found, errors.Join(append(errs, h.litter(litter))...)
}

// add tells whether a run is alive or left over.
func (r *Runs) add(run string) error {
	lock, err := tryLock(filepath.Join(run, "lock"), unix.LOCK_SH)
	if errors.Is(err, unix.EWOULDBLOCK) {
		r.Alive = append(r.Alive, filepath.Base(run))
		return nil
	}
	if err != nil {
		return err
	}
	left, err := leftovers(run)
	r.Leftovers = append(r.Leftovers, left...)
	return errors.Join(err, lock.Close())
}

// ground is the home, or, while there is none, the directory it will be made in.
func (h home) ground() string {
	dir := h.path
	for !exists(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	return dir
}

// usable is what [openHome] checks, found out without making anything.
func (h home) usable() error {
	const run = 32 + 7 // as runName makes them
	if socket := filepath.Join(h.path, "runs", strings.Repeat("x", run), "data", ".s.PGSQL.65535"); len(socket) > maxSocketPath {
		return notReady(fmt.Sprintf("%s is %d bytes too long a path for a socket below it", h.path, len(socket)-maxSocketPath), "set REHEARSE_HOME to a shorter one")
	}
	ground := home{path: h.ground(), as: h.as}
	if ground.path == h.path {
		if err := h.check(); err != nil && !errors.Is(err, ErrNotReady) {
			return notReady(fmt.Sprintf("cannot use %s (%v)", h.path, err), "set REHEARSE_HOME to a directory that is writable")
		} else if err != nil {
			return err
		}
	}
	if err := unix.Access(ground.path, unix.W_OK|unix.X_OK); err != nil {
		return notReady(fmt.Sprintf("cannot write to %s (%v)", ground.path, err), "set REHEARSE_HOME to a directory that is writable")
	}
	return ground.traversable()
}

// leftovers are what [home.cleanRun] would remove, in its order.
func leftovers(run string) ([]Leftover, error) {
	ids, err := readLedger(run)
	if err != nil {
		return nil, err
	}
	var found []Leftover
	left := func(kind, what string) {
		found = append(found, Leftover{Run: filepath.Base(run), Kind: kind, What: what})
	}
	for _, id := range slices.Backward(ids) {
		if id.alive() {
			left("process", fmt.Sprintf("%s, pid %d", id.Name, id.PID))
		}
	}
	for _, name := range []string{buildName, Primary, Replica} {
		if crashed((&rundir{path: run}).data(name)) {
			left("shared memory", name)
		}
	}
	left("directory", run)
	return found, nil
}

// ExamineEngine looks for what dead runs of a home, chosen as in [Config], left on an engine, and removes nothing.
func ExamineEngine(ctx context.Context, e *engine.Engine, path string) (found []Leftover, err error) {
	if path, err = homePath(path); err != nil {
		return nil, err
	}
	dead, err := deadObjects(ctx, e, path)
	for _, o := range dead {
		found = append(found, leftoverOn(o))
	}
	return found, err
}
