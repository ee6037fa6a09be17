package stack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/alone"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

// Places inside the containers of Postgres.
const (
	postgresPort = 5432
	// configDir holds configuration, outside of the volume: it differs between nodes with the same data.
	configDir = "/rehearse"
	// socketDir is writable for everybody in every image.
	socketDir = "/tmp"
	// account is who runs Postgres; its number differs between images, its name does not.
	postgresAccount = "postgres"
	// nursery is the directory of the account's below the mount of a volume, which belongs to root; cluster is the data
	// directory in it.
	nursery = "postgres"
	cluster = nursery + "/pgdata"
)

// containerHBA is who may log in how: everybody by password. Only the network of the run and ports on 127.0.0.1 lead
// there.
const containerHBA = `local all         all            scram-sha-256
host  replication replicator all scram-sha-256
host  all         replicator all reject
host  all         all        all scram-sha-256
`

// containerSettings cannot be overruled.
func containerSettings() map[string]string {
	return map[string]string{
		"listen_addresses": "*", "port": fmt.Sprint(postgresPort), "unix_socket_directories": socketDir,
		"hba_file": configDir + "/pg_hba.conf", "password_encryption": "scram-sha-256", "ssl": "off",
		"logging_collector": "off", "log_destination": "stderr",
	}
}

func configFiles(name string, layers ...map[string]string) []engine.File {
	return []engine.File{
		{Path: configDir + "/" + name, Text: configuration(append(layers, containerSettings())...)},
		{Path: configDir + "/pg_hba.conf", Text: containerHBA},
	}
}

// workshop is a container in which data directories are made and copied while no server runs on them. It is the image
// of Postgres itself, so the tools and user ids are the servers' own; every job in it is a command, which costs less
// than a container for each.
type workshop struct {
	stack *containers
	node  *vessel
}

// workshopName is what its container is called.
const workshopName = "workshop"

// Mounts of the workshop. The primary's volume is where it is in the primary itself: there the image declares a volume,
// and the engine would make another one.
const (
	templateMount = "/mnt/template"
	replicaMount  = "/mnt/replica"
	// finished is a file that marks a template as whole and holds the password its owner has in there.
	finished = templateMount + "/finished"
)

// prepareMounts makes room for data directories, which belong to the server, below the mounts, which belong to root. It
// is the workshop's own command, because a command run in there later costs a fifth of a second.
const prepareMounts = `for mount; do
	mkdir -p $mount/` + nursery + `
	chown ` + postgresAccount + ` $mount/` + nursery + `
	: >$mount/` + nursery + `/ready
done
exec sleep 86400` // a day

// prepared waits for a mount to be: a command may come before the workshop's own is done.
func prepared(mount string) string {
	return fmt.Sprintf("until [ -e %s/%s/ready ]; do sleep 0.01; done\n", mount, nursery)
}

// openWorkshop starts the workshop over the volumes.
func (s *containers) openWorkshop(ctx context.Context) (*workshop, error) {
	volumes := map[string]string{s.name(Primary): s.images.postgres.dataMount(), s.name(Replica): replicaMount}
	g, gctx := errgroup.WithContext(ctx)
	for volume := range volumes {
		g.Go(func() error { return s.engine.Volume(gctx, volume, s.labels) })
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("stack: make a volume: %w", err)
	}
	if s.cfg.Template != "" {
		// A template outlives its run, so it is the home's. One that an earlier rehearse made without a label is taken as it is.
		labels := map[string]string{labelData: s.home.path, labelHost: here()}
		if err := s.engine.KeptVolume(ctx, s.templateVolume(), labels); err != nil {
			return nil, fmt.Errorf("stack: make a volume: %w", err)
		}
		volumes[s.templateVolume()] = templateMount
	}
	v, err := s.create(ctx, workshopName, plan{
		spec: engine.Spec{
			Image: s.images.postgres.Ref, User: "root", Volumes: volumes,
			Command: append([]string{"sh", "-ec", prepareMounts, "-"}, slices.Sorted(maps.Values(volumes))...),
			Files: append(configFiles("build.conf", baseSettings(), buildSettings()),
				configFiles("idle.conf", baseSettings(), map[string]string{"wal_recycle": "off"})[0]),
			// A process that runs sleep takes in no orphans.
			StopSignal: "SIGKILL",
		},
		ports: []int{postgresPort},
		limit: stopLimit,
	})
	if err != nil {
		return nil, err
	}
	s.leave(v) // it is no node of the stack
	v.ready = func(context.Context) error { return nil }
	if err := s.bring(ctx, v); err != nil {
		return nil, err
	}
	v.news.Store(settled)
	return &workshop{stack: s, node: v}, nil
}

// volumePrefix begins the names of volumes with kept data.
const volumePrefix = "rehearse-data-"

// templateVolume is the volume where data of this kind is kept. It belongs to the home, where its lock is.
func (s *containers) templateVolume() string {
	home := sha256.Sum256([]byte(s.home.path))
	return volumePrefix + hex.EncodeToString(home[:4]) + "-" + s.cfg.templateName(s.images.postgres.label())
}

// do runs a shell script in the workshop and returns what it printed.
func (w *workshop) do(ctx context.Context, user, script string, env ...string) (out string, err error) {
	if out, err = w.node.box.Exec(ctx, user, env, "sh", "-ec", script); err != nil {
		return out, fmt.Errorf("stack: %w", err)
	}
	return out, nil
}

// fill leaves two equal data directories, the primary's and the replica's, and returns the password their owner has.
func (w *workshop) fill(ctx context.Context) (password string, err error) {
	if w.stack.cfg.Template != "" {
		return w.fillFromTemplate(ctx)
	}
	mount, password := w.primaryMount(), w.stack.endpoints.Passwords[Owner]
	if w.stack.cfg.Prepare == nil {
		// One command, since each costs a fifth of a second.
		_, err := w.do(ctx, postgresAccount, founding(mount)+w.copying(mount, replicaMount), w.password())
		return password, diagnoseFull(err)
	}
	if err := w.build(ctx, mount); err != nil {
		return "", err
	}
	_, err = w.copies(ctx, w.copying(mount, replicaMount))
	return password, err
}

// copying copies a data directory to others at once, tells the replica's that it is a standby's, and gives the primary
// leave to go on.
func (w *workshop) copying(from string, to ...string) string {
	var begin, wait strings.Builder
	for i, mount := range to {
		fmt.Fprintf(&begin, "%scp -a %s/%s %s/%s & job%d=$!\n", prepared(mount), from, cluster, mount, cluster, i)
		fmt.Fprintf(&wait, "wait $job%d\n", i)
	}
	standby := replicaMount + "/" + cluster + "/standby.signal"
	return begin.String() + wait.String() + fmt.Sprintf(": >%s\nchown %s %s\n: >%s/%s\n", standby, postgresAccount, standby, w.primaryMount(), leave)
}

// primaryMount is where the primary's volume is, in the workshop as in the primary itself.
func (w *workshop) primaryMount() string { return w.stack.images.postgres.dataMount() }

// leave is a file below the mount of a server's volume. Until it is there the server's container waits, so that starting
// the container, which takes longer than starting the server, costs the boot nothing.
const leave = nursery + "/leave"

// waiting is the command of a server's container: wait for the leave of its volume, and be the server.
func waiting(mount string, server ...string) []string {
	const script = `until [ -e "$0" ]; do sleep 0.02; done; exec "$@"`
	return append([]string{"sh", "-ec", script, mount + "/" + leave}, server...)
}

// releaseReplica lets the replica go on; the primary knows it by now.
func (w *workshop) releaseReplica(ctx context.Context) error {
	_, err := w.do(ctx, postgresAccount, fmt.Sprintf(": >%s/%s", replicaMount, leave))
	return err
}

// copies runs such a script and keeps account of it.
func (w *workshop) copies(ctx context.Context, script string) (out string, err error) {
	w.stack.cfg.tell("copying the data")
	begin := time.Now()
	out, err = w.do(ctx, "root", script)
	w.stack.update(func(e *Endpoints) { e.Template.CopySeconds = time.Since(begin).Seconds() })
	return out, diagnoseFull(err)
}

// fillFromTemplate copies under a shared lock on this machine and builds the template first, under the exclusive one,
// when it is not there, like the other back end. What it returns is the password the owner has in the template.
func (w *workshop) fillFromTemplate(ctx context.Context) (password string, err error) {
	const missing = "missing"
	lock := filepath.Join(w.stack.home.path, "templates", w.stack.templateVolume()+".lock")
	script := fmt.Sprintf("if [ ! -e %s ]; then echo %s; exit; fi\ncat %s\n", finished, missing, finished) + w.copying(templateMount, w.primaryMount(), replicaMount)
	reused := true
	for {
		unlock, err := lockFile(ctx, lock, unix.LOCK_SH)
		if err != nil {
			return "", err
		}
		password, err := w.copies(ctx, script)
		if err := errors.Join(err, unlock()); err != nil {
			return "", err
		}
		if password != missing {
			w.stack.update(func(e *Endpoints) { e.Template.Reused = reused })
			return password, nil
		}
		built, err := w.ensureTemplate(ctx, lock)
		if err != nil {
			return "", err
		}
		reused = !built
	}
}

// ensureTemplate builds the template in its volume and marks it when it is whole and on disk.
func (w *workshop) ensureTemplate(ctx context.Context, lock string) (built bool, err error) {
	unlock, err := lockFile(ctx, lock, unix.LOCK_EX)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if out, err := w.do(ctx, "root", fmt.Sprintf("if [ -e %s ]; then echo whole; else rm -rf %s/%s; fi", finished, templateMount, cluster)); err != nil || out != "" {
		return false, err // another run was faster
	}
	begin := time.Now()
	w.stack.cfg.Log.Info("building the data once; later runs copy it", "key", w.stack.cfg.Template)
	if err := w.build(ctx, templateMount); err != nil {
		return false, err
	}
	mark := fmt.Sprintf("sync\numask 077\necho \"$OWNER_PASSWORD\" >%s.new\nsync\nmv %s.new %s\nsync", finished, finished, finished)
	if _, err := w.do(ctx, "root", mark, w.password()); err != nil {
		return false, err
	}
	w.stack.update(func(e *Endpoints) { e.Template.BuildSeconds = time.Since(begin).Seconds() })
	return true, nil
}

// password hands the owner's password of this run to a script; a process list does not show the environment.
func (w *workshop) password() string {
	return "OWNER_PASSWORD=" + w.stack.endpoints.Passwords[Owner]
}

// founding makes a data directory below a mount, for an owner with the password at hand.
func founding(mount string) string {
	const initdb = `umask 077
echo "$OWNER_PASSWORD" >/tmp/password
initdb --no-sync --username=%s --pwfile=/tmp/password --encoding=UTF8 --locale=C --auth=scram-sha-256 -D %s
rm /tmp/password
`
	return prepared(mount) + fmt.Sprintf(initdb, Owner, mount+"/"+cluster)
}

// build makes a data directory and has it prepared by a server that is stopped again.
func (w *workshop) build(ctx context.Context, mount string) error {
	w.stack.cfg.tell("initdb")
	if _, err := w.do(ctx, postgresAccount, founding(mount), w.password()); err != nil {
		return err
	}
	dir := mount + "/" + cluster
	if err := w.visit(ctx, dir, "build.conf", w.prepare); err != nil {
		return err
	}
	w.stack.cfg.tell("finishing the data")
	// Once more with the real settings: a server last run with wal_level minimal leaves data no standby will follow.
	return w.visit(ctx, dir, "idle.conf", func(context.Context) error { return nil })
}

// visit runs do against a server on dir, and stops it cleanly. What the server says is told when anything fails.
func (w *workshop) visit(ctx context.Context, dir, config string, do func(context.Context) error) error {
	const log = "/tmp/build.log"
	ctl := "pg_ctl -s -w -t 120 -D " + dir
	start := fmt.Sprintf("%s -l %s -o '-c config_file=%s/%s' start || { cat %s; exit 1; }", ctl, log, configDir, config, log)
	if _, err := w.do(ctx, postgresAccount, start); err != nil {
		return err
	}
	if err := do(ctx); err != nil {
		return err
	}
	_, err := w.do(ctx, postgresAccount, fmt.Sprintf("%s -m fast stop || { tail -n 20 %s; exit 1; }", ctl, log))
	return err
}

// prepare sets up database and roles and lets the caller fill them.
func (w *workshop) prepare(ctx context.Context) error {
	s := w.stack
	owner := s.door(w.node, s.endpoints.Passwords[Owner])
	if err := owner.provision(ctx, s.cfg.Database, s.roles(), s.endpoints.Passwords); err != nil {
		return err
	}
	if s.cfg.Prepare == nil {
		return nil
	}
	e := s.Endpoints()
	e.PrimaryAddr = s.addr(w.node, postgresPort)
	if err := s.cfg.Prepare(ctx, e.PrimaryURL(Owner)); err != nil {
		return diagnoseFull(fmt.Errorf("stack: prepare the data: %w", err))
	}
	return nil
}

// close has everything written back to disk, so that write-back disturbs no measurement, and removes the workshop.
func (w *workshop) close(ctx context.Context) error {
	begin := time.Now()
	_, err := w.do(ctx, "root", "sync")
	w.stack.update(func(e *Endpoints) { e.Template.SyncSeconds = time.Since(begin).Seconds() })
	return errors.Join(err, w.node.box.Remove(ctx))
}

// door opens the owner's connections over the network, with a password.
func (s *containers) door(v *vessel, password string) door {
	return func(ctx context.Context, database string) (*pgx.Conn, error) {
		e := Endpoints{Database: database, PrimaryAddr: s.addr(v, postgresPort), Passwords: map[string]string{Owner: password}}
		return alone.Connect(ctx, e.PrimaryURL(Owner)+"&application_name=rehearse&connect_timeout=5")
	}
}

// bootPostgres makes the data and has both servers run on it. Their containers start meanwhile.
func (s *containers) bootPostgres(ctx context.Context) (err error) {
	s.cfg.tell("making volumes and containers")
	w, err := s.openWorkshop(ctx)
	if err != nil {
		return err
	}
	var primary, replica *vessel
	var password string
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { password, err = w.fill(gctx); return err })
	g.Go(func() (err error) {
		if primary, err = s.startPostgres(gctx, Primary, s.cfg.PrimaryPort, map[string]string{"cluster_name": Primary}); err != nil {
			return err
		}
		standby := standbySettings(primary.inside.String(), postgresPort, s.endpoints.Passwords[Replicator])
		replica, err = s.startPostgres(gctx, Replica, s.cfg.ReplicaPort, standby)
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	s.update(func(e *Endpoints) {
		e.PrimaryAddr, e.ReplicaAddr = s.addr(primary, postgresPort), s.addr(replica, postgresPort)
		e.inside.primary, e.inside.replica = primary.addrInside(postgresPort), replica.addrInside(postgresPort)
	})
	if err := s.bootPrimary(ctx, primary, password); err != nil {
		return err
	}
	return s.bootReplica(ctx, w, primary, replica)
}

// bootPrimary has the primary serve. The owner comes with the password of whoever made the data, and has this run's
// afterwards.
func (s *containers) bootPrimary(ctx context.Context, primary *vessel, password string) error {
	s.cfg.tell("starting the primary")
	founder := s.door(primary, password)
	primary.ready = founder.accepts
	if err := s.settle(ctx, primary); err != nil {
		return err
	}
	if err := errors.Join(founder.makeSlot(ctx), founder.provision(ctx, s.cfg.Database, s.roles(), s.endpoints.Passwords)); err != nil {
		return err
	}
	primary.ready = s.door(primary, s.endpoints.Passwords[Owner]).accepts
	return nil
}

// bootReplica has the replica follow, now that the primary knows it, and closes the workshop.
func (s *containers) bootReplica(ctx context.Context, w *workshop, primary, replica *vessel) error {
	s.cfg.tell("starting the replica")
	password := s.endpoints.Passwords[Owner]
	replica.ready = streams(s.door(primary, password), s.door(replica, password), func() bool { return primary.running.Load() && !primary.paused.Load() })
	if err := w.releaseReplica(ctx); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return w.close(gctx) })
	g.Go(func() error { return s.settle(gctx, replica) })
	return g.Wait()
}

// startPostgres starts the container of a server over the volume of its name, where it waits for leave.
func (s *containers) startPostgres(ctx context.Context, name string, port int, own map[string]string) (*vessel, error) {
	mount := s.images.postgres.dataMount()
	v, err := s.create(ctx, name, plan{
		spec: engine.Spec{
			Image: s.images.postgres.Ref, User: postgresAccount,
			Command: waiting(mount, "postgres", "-D", mount+"/"+cluster, "-c", "config_file="+configDir+"/postgresql.conf"),
			Volumes: map[string]string{s.name(name): mount},
			Files:   configFiles("postgresql.conf", baseSettings(), s.cfg.Settings, own),
			// Parallel queries share memory there; 64 MiB, the usual size, is soon full.
			SharedMemoryBytes: 256 << 20,
			StopSignal:        "SIGINT",
		},
		ports: []int{postgresPort}, asked: map[int]int{postgresPort: port},
		limit: postgresLimit,
	})
	if err != nil {
		return nil, err
	}
	return v, s.start(ctx, v)
}
