package containers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/alone"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
	"github.com/rehearse-dev/rehearse/harness/stack/servers"
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
	// accountDir is the directory of the account's below the mount of a volume, which belongs to root; cluster is the data
	// directory in it.
	accountDir = "postgres"
	cluster    = accountDir + "/pgdata"
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
		{Path: configDir + "/" + name, Text: servers.Configuration(append(layers, containerSettings())...)},
		{Path: configDir + "/pg_hba.conf", Text: containerHBA},
	}
}

// builder is a container in which data directories are made and copied while no server runs on them. It is the image
// of Postgres itself, so the tools and user ids are the servers' own; every job in it is a command, which costs less
// than a container for each.
type builder struct {
	stack *containers
	node  *node
}

// Mounts of the builder. The primary's volume is where it is in the primary itself: there the image declares a volume,
// and the engine would make another one.
const (
	templateMount = "/mnt/template"
	replicaMount  = "/mnt/replica"
	// finished is a file that marks a template as whole and holds the password its owner has in there.
	finished = templateMount + "/finished"
)

// prepareMounts makes room for data directories, which belong to the server, below the mounts, which belong to root. It
// is the builder's own command, because a command run in there later costs a fifth of a second.
const prepareMounts = `for mount; do
	mkdir -p $mount/` + accountDir + `
	chown ` + postgresAccount + ` $mount/` + accountDir + `
	: >$mount/` + accountDir + `/ready
done
exec sleep 86400` // a day

// prepared waits for a mount to be: a command may come before the builder's own is done.
func prepared(mount string) string {
	return fmt.Sprintf("until [ -e %s/%s/ready ]; do sleep 0.01; done\n", mount, accountDir)
}

// openBuilder starts the builder over the volumes.
func (s *containers) openBuilder(ctx context.Context) (*builder, error) {
	volumes := map[string]string{s.name(stack.Primary): s.images.postgres.dataMount(), s.name(stack.Replica): replicaMount}
	g, gctx := errgroup.WithContext(ctx)
	for volume := range volumes {
		g.Go(func() error { return s.engine.Volume(gctx, volume, s.labels) })
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("stack: make a volume: %w", err)
	}
	if s.Config.Template != "" {
		// A template outlives its run, so it is the home's. One that an earlier rehearse made without a label is taken as it is.
		labels := map[string]string{labelData: s.home.Path, labelHost: here()}
		if err := s.engine.KeptVolume(ctx, s.templateVolume(), labels); err != nil {
			return nil, fmt.Errorf("stack: make a volume: %w", err)
		}
		volumes[s.templateVolume()] = templateMount
	}
	v, err := s.create(ctx, backend.BuildName, nodeSpec{
		spec: engine.Spec{
			Image: s.images.postgres.Ref, User: "root", Volumes: volumes,
			Command: append([]string{"sh", "-ec", prepareMounts, "-"}, slices.Sorted(maps.Values(volumes))...),
			Files: append(configFiles("build.conf", servers.BaseSettings(), servers.BuildSettings()),
				configFiles("idle.conf", servers.BaseSettings(), map[string]string{"wal_recycle": "off"})[0]),
			// A process that runs sleep takes in no orphans.
			StopSignal: "SIGKILL",
		},
		ports: []int{postgresPort},
		limit: backend.StopLimit,
	})
	if err != nil {
		return nil, err
	}
	s.Leave(v) // it is no node of the stack
	v.ready = func(context.Context) error { return nil }
	if err := s.bring(ctx, v); err != nil {
		return nil, err
	}
	v.news.Store(expected)
	return &builder{stack: s, node: v}, nil
}

// templateVolume is the volume where data of this kind is kept. It belongs to the home, where its lock is.
func (s *containers) templateVolume() string {
	of := sha256.Sum256([]byte(s.home.Path))
	return home.VolumePrefix + hex.EncodeToString(of[:4]) + "-" + home.TemplateName(s.Config, servers.Layout, s.images.postgres.writer())
}

// do runs a shell script in the builder and returns what it printed.
func (b *builder) do(ctx context.Context, user, script string, env ...string) (out string, err error) {
	if out, err = b.node.box.Exec(ctx, user, env, "sh", "-ec", script); err != nil {
		return out, fmt.Errorf("stack: %w", err)
	}
	return out, nil
}

// fill leaves two equal data directories, the primary's and the replica's, and returns the password their owner has.
func (b *builder) fill(ctx context.Context) (password string, err error) {
	if b.stack.Config.Template != "" {
		return b.fillFromTemplate(ctx)
	}
	mount, password := b.primaryMount(), b.stack.Password(stack.Owner)
	if b.stack.Config.Prepare == nil {
		// One command, since each costs a fifth of a second.
		_, err := b.do(ctx, postgresAccount, founding(mount)+b.copying(mount, replicaMount), b.password())
		return password, backend.DiagnoseFull(err)
	}
	if err := b.build(ctx, mount); err != nil {
		return "", err
	}
	_, err = b.copies(ctx, b.copying(mount, replicaMount))
	return password, err
}

// copying copies a data directory to others at once, tells the replica's that it is a standby's, and gives the primary
// leave to go on.
func (b *builder) copying(from string, to ...string) string {
	var begin, wait strings.Builder
	for i, mount := range to {
		fmt.Fprintf(&begin, "%scp -a %s/%s %s/%s & job%d=$!\n", prepared(mount), from, cluster, mount, cluster, i)
		fmt.Fprintf(&wait, "wait $job%d\n", i)
	}
	standby := replicaMount + "/" + cluster + "/standby.signal"
	return begin.String() + wait.String() + fmt.Sprintf(": >%s\nchown %s %s\n: >%s/%s\n", standby, postgresAccount, standby, b.primaryMount(), goAhead)
}

// primaryMount is where the primary's volume is, in the builder as in the primary itself.
func (b *builder) primaryMount() string { return b.stack.images.postgres.dataMount() }

// goAhead is a file below the mount of a server's volume. Until it is there the server's container waits, so that starting
// the container, which takes longer than starting the server, costs the boot nothing.
const goAhead = accountDir + "/go-ahead"

// waiting is the command of a server's container: wait for the go-ahead on its volume, and be the server.
func waiting(mount string, server ...string) []string {
	const script = `until [ -e "$0" ]; do sleep 0.02; done; exec "$@"`
	return append([]string{"sh", "-ec", script, mount + "/" + goAhead}, server...)
}

// releaseReplica lets the replica go on; the primary knows it by now.
func (b *builder) releaseReplica(ctx context.Context) error {
	_, err := b.do(ctx, postgresAccount, fmt.Sprintf(": >%s/%s", replicaMount, goAhead))
	return err
}

// copies runs such a script and keeps account of it.
func (b *builder) copies(ctx context.Context, script string) (out string, err error) {
	b.stack.Config.Tell("copying the data")
	begin := time.Now()
	out, err = b.do(ctx, "root", script)
	b.stack.Update(func(e *stack.Endpoints) { e.Template.CopySeconds = time.Since(begin).Seconds() })
	return out, backend.DiagnoseFull(err)
}

// fillFromTemplate copies under a shared lock on this machine and builds the template first, under the exclusive one,
// when it is not there, like the other back end. What it returns is the password the owner has in the template.
func (b *builder) fillFromTemplate(ctx context.Context) (password string, err error) {
	const missing = "missing"
	volume := b.stack.templateVolume()
	script := fmt.Sprintf("if [ ! -e %s ]; then echo %s; exit; fi\ncat %s\n", finished, missing, finished) + b.copying(templateMount, b.primaryMount(), replicaMount)
	reused := true
	for {
		unlock, err := b.stack.home.LockTemplate(ctx, volume, unix.LOCK_SH)
		if err != nil {
			return "", err
		}
		password, err := b.copies(ctx, script)
		if err := errors.Join(err, unlock()); err != nil {
			return "", err
		}
		if password != missing {
			b.stack.Update(func(e *stack.Endpoints) { e.Template.Reused = reused })
			return password, nil
		}
		built, err := b.ensureTemplate(ctx, volume)
		if err != nil {
			return "", err
		}
		reused = !built
	}
}

// ensureTemplate builds the template in its volume and marks it when it is whole and on disk.
func (b *builder) ensureTemplate(ctx context.Context, volume string) (built bool, err error) {
	unlock, err := b.stack.home.LockTemplate(ctx, volume, unix.LOCK_EX)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if out, err := b.do(ctx, "root", fmt.Sprintf("if [ -e %s ]; then echo whole; else rm -rf %s/%s; fi", finished, templateMount, cluster)); err != nil || out != "" {
		return false, err // another run was faster
	}
	begin := time.Now()
	b.stack.Config.Log.Info("building the data once; later runs copy it", "key", b.stack.Config.Template)
	if err := b.build(ctx, templateMount); err != nil {
		return false, err
	}
	mark := fmt.Sprintf("sync\numask 077\necho \"$OWNER_PASSWORD\" >%s.new\nsync\nmv %s.new %s\nsync", finished, finished, finished)
	if _, err := b.do(ctx, "root", mark, b.password()); err != nil {
		return false, err
	}
	b.stack.Update(func(e *stack.Endpoints) { e.Template.BuildSeconds = time.Since(begin).Seconds() })
	return true, nil
}

// password hands the owner's password of this run to a script; a process list does not show the environment.
func (b *builder) password() string {
	return "OWNER_PASSWORD=" + b.stack.Password(stack.Owner)
}

// founding makes a data directory below a mount, for an owner with the password at hand.
func founding(mount string) string {
	const initdb = `umask 077
echo "$OWNER_PASSWORD" >/tmp/password
initdb --no-sync --username=%s --pwfile=/tmp/password --encoding=UTF8 --locale=C --auth=scram-sha-256 -D %s
rm /tmp/password
`
	return prepared(mount) + fmt.Sprintf(initdb, stack.Owner, mount+"/"+cluster)
}

// build makes a data directory and has it prepared by a server that is stopped again.
func (b *builder) build(ctx context.Context, mount string) error {
	b.stack.Config.Tell("initdb")
	if _, err := b.do(ctx, postgresAccount, founding(mount), b.password()); err != nil {
		return err
	}
	dir := mount + "/" + cluster
	if err := b.visit(ctx, dir, "build.conf", b.prepare); err != nil {
		return err
	}
	b.stack.Config.Tell("finishing the data")
	// Once more with the real settings: a server last run with wal_level minimal leaves data no standby will follow.
	return b.visit(ctx, dir, "idle.conf", func(context.Context) error { return nil })
}

// visit runs do against a server on dir, and stops it cleanly. What the server says is told when anything fails.
func (b *builder) visit(ctx context.Context, dir, config string, do func(context.Context) error) error {
	const log = "/tmp/build.log"
	ctl := "pg_ctl -s -w -t 120 -D " + dir
	start := fmt.Sprintf("%s -l %s -o '-c config_file=%s/%s' start || { cat %s; exit 1; }", ctl, log, configDir, config, log)
	if _, err := b.do(ctx, postgresAccount, start); err != nil {
		return err
	}
	if err := do(ctx); err != nil {
		return err
	}
	_, err := b.do(ctx, postgresAccount, fmt.Sprintf("%s -m fast stop || { tail -n 20 %s; exit 1; }", ctl, log))
	return err
}

// prepare sets up database and roles and lets the caller fill them.
func (b *builder) prepare(ctx context.Context) error {
	s := b.stack
	owner := s.door(b.node, s.Password(stack.Owner))
	if err := owner.Provision(ctx, s.Config.Database, s.Roles(), s.Passwords()); err != nil {
		return err
	}
	if s.Config.Prepare == nil {
		return nil
	}
	e := s.Endpoints()
	e.PrimaryAddr = s.addr(b.node, postgresPort)
	if err := s.Config.Prepare(ctx, e.PrimaryURL(stack.Owner)); err != nil {
		return backend.DiagnoseFull(fmt.Errorf("stack: prepare the data: %w", err))
	}
	return nil
}

// close has everything written back to disk, so that write-back disturbs no measurement, and removes the builder.
func (b *builder) close(ctx context.Context) error {
	begin := time.Now()
	_, err := b.do(ctx, "root", "sync")
	b.stack.Update(func(e *stack.Endpoints) { e.Template.SyncSeconds = time.Since(begin).Seconds() })
	return errors.Join(err, b.node.box.Remove(ctx))
}

// door opens the owner's connections over the network, with a password.
func (s *containers) door(v *node, password string) servers.Admin {
	return func(ctx context.Context, database string) (*pgx.Conn, error) {
		e := stack.Endpoints{Database: database, PrimaryAddr: s.addr(v, postgresPort), Passwords: map[string]string{stack.Owner: password}}
		return alone.Connect(ctx, e.PrimaryURL(stack.Owner)+"&application_name=rehearse&connect_timeout=5")
	}
}

// bootPostgres makes the data and has both servers run on it. Their containers start meanwhile.
func (s *containers) bootPostgres(ctx context.Context) (err error) {
	s.Config.Tell("making volumes and containers")
	b, err := s.openBuilder(ctx)
	if err != nil {
		return err
	}
	var primary, replica *node
	var password string
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { password, err = b.fill(gctx); return err })
	g.Go(func() (err error) {
		if primary, err = s.startPostgres(gctx, stack.Primary, s.Config.PrimaryPort, map[string]string{"cluster_name": stack.Primary}); err != nil {
			return err
		}
		standby := servers.StandbySettings(primary.inside.String(), postgresPort, s.Password(stack.Replicator))
		replica, err = s.startPostgres(gctx, stack.Replica, s.Config.ReplicaPort, standby)
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	s.Update(func(e *stack.Endpoints) {
		e.PrimaryAddr, e.ReplicaAddr = s.addr(primary, postgresPort), s.addr(replica, postgresPort)
		e.PrimaryInside, e.ReplicaInside = primary.addrInside(postgresPort), replica.addrInside(postgresPort)
	})
	if err := s.bootPrimary(ctx, primary, password); err != nil {
		return err
	}
	return s.bootReplica(ctx, b, primary, replica)
}

// bootPrimary has the primary serve. The owner comes with the password of whoever made the data, and has this run's
// afterwards.
func (s *containers) bootPrimary(ctx context.Context, primary *node, password string) error {
	s.Config.Tell("starting the primary")
	founder := s.door(primary, password)
	primary.ready = founder.Accepts
	if err := s.settle(ctx, primary); err != nil {
		return err
	}
	if err := errors.Join(founder.MakeSlot(ctx), founder.Provision(ctx, s.Config.Database, s.Roles(), s.Passwords())); err != nil {
		return err
	}
	primary.ready = s.door(primary, s.Password(stack.Owner)).Accepts
	return nil
}

// bootReplica has the replica follow, now that the primary knows it, and closes the builder.
func (s *containers) bootReplica(ctx context.Context, b *builder, primary, replica *node) error {
	s.Config.Tell("starting the replica")
	password := s.Password(stack.Owner)
	replica.ready = servers.Streams(s.door(primary, password), s.door(replica, password), func() bool { return primary.running.Load() && !primary.paused.Load() })
	if err := b.releaseReplica(ctx); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return b.close(gctx) })
	g.Go(func() error { return s.settle(gctx, replica) })
	return g.Wait()
}

// startPostgres starts the container of a server over the volume of its name, where it waits for the go-ahead.
func (s *containers) startPostgres(ctx context.Context, name string, port int, own map[string]string) (*node, error) {
	mount := s.images.postgres.dataMount()
	v, err := s.create(ctx, name, nodeSpec{
		spec: engine.Spec{
			Image: s.images.postgres.Ref, User: postgresAccount,
			Command: waiting(mount, "postgres", "-D", mount+"/"+cluster, "-c", "config_file="+configDir+"/postgresql.conf"),
			Volumes: map[string]string{s.name(name): mount},
			Files:   configFiles("postgresql.conf", servers.BaseSettings(), s.Config.Settings, own),
			// Parallel queries share memory there; 64 MiB, the usual size, is soon full.
			SharedMemoryBytes: 256 << 20,
			StopSignal:        "SIGINT",
		},
		ports: []int{postgresPort}, asked: map[int]int{postgresPort: port},
		limit: servers.PostgresLimit,
	})
	if err != nil {
		return nil, err
	}
	return v, s.start(ctx, v)
}
