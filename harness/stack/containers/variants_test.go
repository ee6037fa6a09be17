package containers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
	"github.com/rehearse-dev/rehearse/harness/stack/stacktest"
)

// TestVariants boots the stack from images of every layout that official ones are published with.
func TestVariants(t *testing.T) {
	t.Parallel()
	e := docker(t)
	local, err := obtainImages(t.Context(), e, stack.Config{})
	must(t, err)
	maker := imageMaker{engine: e, local: local}
	const debianData, data18, volume18 = "/var/lib/postgresql/data", "/var/lib/postgresql/18/docker", "/var/lib/postgresql"
	for _, v := range []variant{
		{
			postgres: postgresLayout("debian", "17", "999", ":/usr/lib/postgresql/17/bin", debianData, debianData),
			redis:    redisLayout("debian", "999"),
		},
		{
			postgres: postgresLayout("debian", "18", "999", ":/usr/lib/postgresql/18/bin", data18, volume18),
			redis:    redisLayout("alpine", "1000"),
		},
		{
			postgres: postgresLayout("alpine", "17", "70", "", debianData, debianData).as("postgres"),
			redis:    redisLayout("alpine", "1000").as("redis"),
		},
		{
			postgres: postgresLayout("alpine", "18", "70", "", data18, volume18),
			redis:    redisLayout("debian", "999"),
			template: "layout",
		},
	} {
		t.Run(v.postgres.name+","+v.redis.name, func(t *testing.T) {
			t.Parallel()
			cfg := stack.Config{
				Home: homeBelow(t, "/var/tmp"), Run: v.postgres.name, Database: "carshare", Roles: []string{"app"}, Template: v.template,
				PostgresImage: maker.image(t, v.postgres), RedisImage: maker.image(t, v.redis),
			}
			v.keepsTheContract(t, e, cfg)
		})
	}
}

// variant is a stack of two layouts.
type variant struct {
	postgres, redis imageLayout
	// template is the key of kept data; with one, the stack is booted again from it.
	template string
}

// tokenTable is what the tests of the contract find.
const tokenTable = `CREATE TABLE token (n int PRIMARY KEY); INSERT INTO token VALUES (1); GRANT SELECT, INSERT ON token TO app`

func (v variant) keepsTheContract(t *testing.T, e *engine.Engine, cfg stack.Config) {
	t.Cleanup(func() {
		if _, err := CleanVolumes(context.Background(), cfg.Home); err != nil {
			t.Error(err)
		}
	})
	var d stacktest.Deaths
	cfg.OnExit = d.Add
	if v.template != "" {
		cfg.Prepare = func(ctx context.Context, url string) error {
			v.volumesAreOurs(t, e, cfg.Home, backend.BuildName)
			return stacktest.Execute(ctx, url, tokenTable)
		}
	}
	s := v.boot(t, e, cfg)
	if s.Endpoints().Template.Reused {
		t.Error("data is reused that nobody has made")
	}
	v.volumesAreOurs(t, e, cfg.Home, stack.Primary, stack.Replica)
	v.nodesComeBack(t, s)
	v.leavesNothing(t, e, s)
	if v.template != "" {
		again := v.boot(t, e, cfg)
		if !again.Endpoints().Template.Reused {
			t.Error("kept data is made again")
		}
		v.leavesNothing(t, e, again)
	}
	if d.String() != "" {
		t.Errorf("OnExit told of %q, but all these deaths were asked for", &d)
	}
}

// boot starts a stack and sees that it is whole: the replica follows, and the servers run as their images' accounts.
func (v variant) boot(t *testing.T, e *engine.Engine, cfg stack.Config) *containers {
	t.Helper()
	opened, err := Open(t.Context(), cfg)
	must(t, err)
	s := opened.(*containers)
	t.Cleanup(func() { s.Close() })
	if cfg.Prepare == nil {
		must(t, stacktest.Execute(t.Context(), s.Endpoints().PrimaryURL(stack.Owner), tokenTable))
	}
	must(t, stacktest.ReplicaFollows(t.Context(), s.Endpoints()))
	must(t, stacktest.Ping(t.Context(), s.Endpoints()))
	runsAs(t, s.Node(stack.Primary), "postgres", v.postgres)
	runsAs(t, s.Node(stack.Redis), "redis-server", v.redis)
	for _, url := range []string{s.Endpoints().PrimaryURL(stack.Owner), s.Endpoints().ReplicaURL(stack.Owner)} {
		dir, err := stacktest.Ask[string](t.Context(), url, "SHOW data_directory")
		if must(t, err); dir != v.postgres.volume+"/"+cluster {
			t.Errorf("data is in %s, want it in the volume at %s", dir, v.postgres.volume)
		}
	}
	return s
}

// runsAs looks at the first process of a node.
func runsAs(t *testing.T, node *node, program string, l imageLayout) {
	t.Helper()
	status, err := node.box.Exec(t.Context(), "root", nil, "cat", "/proc/1/status")
	must(t, err)
	var got []string
	for line := range strings.Lines(status) {
		if f := strings.Fields(line); slices.Contains([]string{"Name:", "Uid:", "Gid:"}, f[0]) {
			got = append(got, f[1:]...)
		}
	}
	// Real, effective, saved, and for files.
	want := slices.Concat([]string{program}, slices.Repeat([]string{l.uid}, 4), slices.Repeat([]string{l.gid}, 4))
	if !slices.Equal(got, want) {
		t.Errorf("%s runs as %q, want %q", node.name, got, want)
	}
}

// volumesAreOurs sees that containers have our volumes and no other: what an image declares as a volume, and nobody
// mounts, gets one with a name of the engine's.
func (v variant) volumesAreOurs(t *testing.T, e *engine.Engine, home string, nodes ...string) {
	t.Helper()
	objects, err := e.Labelled(t.Context(), labelRun)
	if err != nil {
		t.Error(err) // may be called by another goroutine than the test's
	}
	var ids []string
	for _, o := range objects {
		node := o.Name[strings.LastIndex(o.Name, "-")+1:]
		if o.Kind == "container" && strings.HasPrefix(o.Labels[labelLock], home) && slices.Contains(nodes, node) {
			ids = append(ids, o.ID)
		}
	}
	at := 0
	for _, m := range mountsOf(t, e, ids...) {
		if !strings.HasPrefix(m.Name, "rehearse-") {
			t.Errorf("one of %v has the volume %q at %s", nodes, m.Name, m.Destination)
		}
		if m.Destination == v.postgres.volume {
			at++
		}
	}
	if at != len(nodes) {
		t.Errorf("%d of %v have a volume at %s", at, nodes, v.postgres.volume)
	}
}

// mountPoint is a mount as the engine tells it; one that is no volume has no name.
type mountPoint struct{ Name, Destination string }

func mountsOf(t *testing.T, e *engine.Engine, ids ...string) (all []mountPoint) {
	t.Helper()
	var containers []struct{ Mounts []mountPoint }
	out, err := dockerCommand(t.Context(), e, append([]string{"container", "inspect"}, ids...)...).Output()
	if err == nil {
		err = json.Unmarshal(out, &containers)
	}
	if err != nil {
		t.Error(err)
	}
	for _, c := range containers {
		all = append(all, c.Mounts...)
	}
	return all
}

// nodesComeBack restarts the primary in good order, by the signal that asks it to leave and not by the engine's patience,
// and kills the others. A replica that is started after its primary need not wait to find it again.
func (v variant) nodesComeBack(t *testing.T, s *containers) {
	t.Helper()
	e := s.Endpoints()
	must(t, stacktest.Execute(t.Context(), e.PrimaryURL("app"), "INSERT INTO token VALUES (5)"))
	must(t, s.Fault(t.Context(), stack.Primary, stack.Restart))
	var log bytes.Buffer
	must(t, s.Node(stack.Primary).box.Log(t.Context(), &log))
	_, end, _ := strings.Cut(log.String(), "received fast shutdown request")
	if !strings.Contains(end, "database system is shut down") || strings.Contains(end, "automatic recovery in progress") {
		t.Errorf("the primary did not stop in good order; it ended with:\n%s", tail(log.String()))
	}
	for _, name := range []string{stack.Replica, stack.Redis} {
		must(t, s.Fault(t.Context(), name, stack.Kill))
		must(t, s.Fault(t.Context(), name, stack.Restart))
	}
	must(t, stacktest.Ping(t.Context(), e))
	must(t, stacktest.Execute(t.Context(), e.PrimaryURL("app"), "INSERT INTO token VALUES (6)"))
	must(t, stacktest.Eventually("the rows are on the replica", func() error {
		n, err := stacktest.Ask[int](t.Context(), e.ReplicaURL("app"), "SELECT count(*)::int FROM token WHERE n > 4")
		if err == nil && n != 2 {
			err = fmt.Errorf("%d rows", n)
		}
		return err
	}))
}

// tail is the end of a log.
func tail(log string) string { return log[max(0, len(log)-2000):] }

// leavesNothing closes a stack and looks for its containers, networks, and volumes, the engine's own as well.
func (v variant) leavesNothing(t *testing.T, e *engine.Engine, s *containers) {
	t.Helper()
	volumes := mountsOf(t, e, s.Node(stack.Primary).box.ID, s.Node(stack.Replica).box.ID, s.Node(stack.Redis).box.ID)
	if len(volumes) < 3 {
		t.Errorf("found no more volumes than %v", volumes)
	}
	var published []int
	for _, n := range s.Nodes() {
		published = slices.AppendSeq(published, maps.Values(n.published))
	}
	must(t, s.Close())
	for _, port := range published {
		if err := new(backend.Ports).Reserve(map[string]int{"any": port}); err != nil {
			t.Errorf("port %d is still taken: %v", port, err)
		}
	}
	if len(published) < 3 {
		t.Errorf("published are %v, want at least the three servers", published)
	}
	left, err := e.Labelled(t.Context(), labelRun+"="+s.labels[labelRun])
	must(t, err)
	for _, o := range left {
		t.Errorf("left is the %s %s", o.Kind, o.Name)
	}
	for _, m := range volumes {
		if exists, err := e.VolumeExists(t.Context(), m.Name); err != nil || exists {
			t.Errorf("the volume %s is left (%v)", m.Name, err)
		}
	}
}
