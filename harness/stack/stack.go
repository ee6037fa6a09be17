// Package stack is the contract of an environment: a Postgres primary with a streaming replica, Redis, and the services
// under test, behind one small interface.
//
// Scope: [Config] says what is wanted, [Stack] hands out the [Endpoints], starts services beside the servers, breaks and
// mends nodes, and takes everything down again; [NotReadyError] says what the user can mend. Whoever rehearses against an
// environment needs this package alone; who boots one takes a back end below it: processes runs the installed servers as
// child processes, containers the same on a Docker engine. The tests of the contract, here, are passed by both.
//
// Opinion: an environment that lies about durability lies about latency, so fsync stays on and data stays on disk.
// Readiness is the answer to a query, never a line in a log. Credentials live as long as the run. Nothing outlives
// rehearse: as processes not its end, not its crash, not SIGKILL; as containers not the next start or a cleaning.
// A limit holds from a process' first instruction, and one that the system refuses is stated, never dropped in silence.
//
// Steps of a boot, on either back end: find the servers; take a private directory; fill a data directory, or copy the kept
// template of one; start the primary, set roles and passwords, start the replica from a copy of the same data; meanwhile
// start Redis; wait until the replica streams and all copies are written back to disk, so that write-back disturbs no
// measurement.
package stack

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net/url"
	"strconv"
	"strings"
)

// Stack is one environment that is up. Its methods may be called by several goroutines; Spawn, Fault and Close take
// turns.
type Stack interface {
	// Endpoints tells where everything is now; process ids change with each restart.
	Endpoints() Endpoints
	// Spawn starts a service and returns when each of its ports accepts connections. It waits 30 s at most, less if ctx
	// says so.
	Spawn(ctx context.Context, svc Service) (Addresses, error)
	// Fault does kind to the node of that name and returns when it is done.
	Fault(ctx context.Context, node string, kind Fault) error
	// Close stops everything in reverse order and removes every process and file. It is bounded, and safe to repeat.
	Close() error
}

// Names of the nodes every stack has.
const (
	Primary = "primary"
	Replica = "replica"
	Redis   = "redis"
)

// Roles every stack has beside the applications' own.
const (
	// Owner is the superuser; it owns the database and pays for set-up and for phases, never for measured traffic.
	Owner = "owner"
	// Harness watches: pg_monitor, and a schema of its own name for what it must write.
	Harness = "harness"
	// Replicator may stream, and nothing else.
	Replicator = "replicator"
)

// Config describes a stack. Only Database is required.
type Config struct {
	// Home holds templates and runs. Empty means $REHEARSE_HOME, else /var/tmp/rehearse-<uid>: on disk, kept over reboots.
	Home string
	// Run labels the run and its private directory; a suffix keeps it unique. Empty means "run".
	Run string
	// Logs is the directory for the nodes' logs. Empty means the private directory, which goes with Close.
	Logs string
	// Database is the name of the one database.
	Database string
	// Roles are the applications' login roles; they own nothing and may do what Prepare grants.
	Roles []string
	// Template is the key under which the prepared data is kept and found again. Empty keeps nothing.
	Template string
	// Prepare fills the fresh database, as superuser, with durability off; nil leaves it empty. It must depend on
	// nothing but what Template names, and should end with VACUUM (ANALYZE), so that the first trial need not.
	Prepare func(ctx context.Context, ownerURL string) error
	// PostgresBin and RedisBin are the directories of the servers. Empty means PATH, then the distribution's places.
	PostgresBin, RedisBin string
	// PostgresImage and RedisImage name the images of the servers. Containers only; empty means the official image,
	// else the one that rehearse has built itself.
	PostgresImage, RedisImage string
	// Settings are further Postgres settings, for both nodes; they win over the defaults.
	Settings map[string]string
	// Limits say what a node may use at most, by its name: Primary, Replica, Redis, or that of a service. A node without
	// one may use the whole machine. What cannot be enforced does not stop the boot; [Endpoints] tells.
	Limits map[string]Limit
	// PrimaryPort, ReplicaPort and RedisPort on 127.0.0.1; 0 is any free one. Containers may be dialled elsewhere: see the
	// package comment.
	PrimaryPort, ReplicaPort, RedisPort int
	// Log receives what is worth telling; nil is silence.
	Log *slog.Logger
	// Tell is called with each step of the boot as it begins, in a few words; nil is silence.
	Tell func(step string)
	// OnExit is called once, on a goroutine of its own, when a node dies without having been asked to; nil ignores it.
	OnExit func(node string, err error)
}

// Limit is what one node with all its processes may use at most; 0 = unlimited.
type Limit struct {
	// CPUs is CPU time per time: 0.5 is half of one CPU, 2 is two whole ones.
	CPUs float64
	// MemoryBytes includes the pages of files that the node made the kernel cache; swap is no way out.
	MemoryBytes int64
}

// String writes the limit for people, e.g. "0.25 CPUs, 512 MiB memory".
func (l Limit) String() string {
	var parts []string
	switch {
	case l.CPUs == 1:
		parts = append(parts, "1 CPU")
	case l.CPUs > 0:
		parts = append(parts, strconv.FormatFloat(l.CPUs, 'f', -1, 64)+" CPUs")
	}
	if l.MemoryBytes > 0 {
		parts = append(parts, Bytes(l.MemoryBytes)+" memory")
	}
	return cmp.Or(strings.Join(parts, ", "), "unlimited")
}

// Endpoints tells where the parts of a stack are reached from the harness; Inside tells where from spawned services.
type Endpoints struct {
	// PrimaryAddr, ReplicaAddr and RedisAddr are host:port.
	PrimaryAddr, ReplicaAddr, RedisAddr string
	// Database is the name of the database on both Postgres nodes.
	Database string
	// Passwords by role, and Redis' own; all random, all of this run only.
	Passwords     map[string]string
	RedisPassword string
	// Nodes are the processes now running, in the order they were first started.
	Nodes []Node
	// Versions of the servers, by node.
	Versions map[string]string
	// Settings of the servers worth stating in a report, as the servers themselves tell them; data_in_memory is on
	// when the home lies on a tmpfs, where a flush costs nothing and says nothing about a disk.
	Settings map[string]string
	// Limits tell, for each node that was given one, what is really in force, or why not, and how many of its processes
	// the kernel has killed for it: "0.25 CPUs", "0.25 CPUs asked, not applied: no writable cgroup".
	Limits map[string]string
	// Template tells where the data came from.
	Template Template
	// PrimaryInside, ReplicaInside and RedisInside are host:port as services reach them, where those differ.
	PrimaryInside, ReplicaInside, RedisInside string
}

// Inside is the same with the addresses that spawned services use.
func (e Endpoints) Inside() Endpoints {
	e.PrimaryAddr = cmp.Or(e.PrimaryInside, e.PrimaryAddr)
	e.ReplicaAddr = cmp.Or(e.ReplicaInside, e.ReplicaAddr)
	e.RedisAddr = cmp.Or(e.RedisInside, e.RedisAddr)
	return e
}

// Addresses are where the ports of a service are reached: host:port by the port's name.
type Addresses struct {
	// Outside from the harness, Inside from other services.
	Outside, Inside map[string]string
}

// Node is one running process of the stack. A Postgres node's backends are children of PID.
type Node struct {
	Name string
	// PID is 0 when the process is not this machine's, as in an engine's virtual machine.
	PID int
}

// Template tells where the data of a stack came from.
type Template struct {
	// Key names the kept data; empty when none is kept.
	Key string
	// Reused is true when an earlier run had built it.
	Reused bool
	// BuildSeconds is what building cost this time; 0 when reused.
	BuildSeconds float64
	// CopySeconds is what copying it for both nodes cost, and SyncSeconds the wait for write-back after everything ran.
	CopySeconds, SyncSeconds float64
	// Bytes is the size of one copy.
	Bytes int64
}

// PrimaryURL is the connection URL of a role on the primary. A role the stack does not have gets no password, and the
// server refuses it.
func (e Endpoints) PrimaryURL(role string) string { return e.url(e.PrimaryAddr, role) }

// ReplicaURL is the connection URL of a role on the replica, under the same rule.
func (e Endpoints) ReplicaURL(role string) string { return e.url(e.ReplicaAddr, role) }

func (e Endpoints) url(addr, role string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(role, e.Passwords[role]), Host: addr, Path: "/" + e.Database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Clone is a copy that shares nothing with e.
func (e Endpoints) Clone() Endpoints {
	e.Passwords, e.Versions, e.Settings = maps.Clone(e.Passwords), maps.Clone(e.Versions), maps.Clone(e.Settings)
	e.Limits = maps.Clone(e.Limits)
	return e
}

// Service is a program to run beside the servers.
type Service struct {
	// Name of the node; unique in the stack.
	Name string
	// Path of the program; empty means this very binary. Started by root it runs as the servers' account, in a container
	// as nobody with no other file around it: so it can count on its arguments, its environment and its ports alone, and
	// must be linked statically.
	Path string
	// Args follow the program's name.
	Args []string
	// Env adds to the environment, as "KEY=value".
	Env []string
	// Ports are names. For each the service finds a number in REHEARSE_PORT_<NAME> (upper case, dashes as underscores)
	// and listens there, on the host named by REHEARSE_HOST. They survive a restart.
	Ports []string
}

// Fault is something done to a node.
type Fault int

const (
	// Pause freezes a node with all its processes: connections are still accepted by the kernel, nothing answers.
	Pause Fault = iota + 1
	// Resume ends a pause.
	Resume
	// Kill ends all processes of a node at once, as a crash of its machine would; disk content stays.
	Kill
	// Restart stops the node if it still runs, starts it on the same ports, and waits until it is ready. A replica
	// finds its restarted primary by itself, a few seconds later.
	Restart
)

// String names the fault as scenarios and events spell it.
func (f Fault) String() string {
	switch f {
	case Pause:
		return "pause"
	case Resume:
		return "resume"
	case Kill:
		return "kill"
	case Restart:
		return "restart"
	}
	return "unknown fault"
}

// LeastPostgres is the oldest major version of Postgres that a stack takes: the first with pg_stat_statements_info, which
// tells when counts were lost.
const LeastPostgres = 14

// Names of back ends, as flags and records spell them.
const (
	BackendAuto       = "auto"
	BackendContainers = "containers"
	BackendProcesses  = "processes"
)
