package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/containers"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
	"github.com/rehearse-dev/rehearse/harness/stack/processes"
)

// leastAPI is the minor version of the oldest API 1.x that the engine's client speaks; Docker 19.03 has it.
const leastAPI = 40

// greeting is how Docker answered.
type greeting struct {
	info engine.Info
	err  error
	// mute is how long it was waited for in vain.
	mute time.Duration
	// host is DOCKER_HOST, installed tells that a program of Docker's is in PATH.
	host      string
	installed bool
}

func judgeGreeting(g greeting) Finding {
	f := Finding{Level: Problem}
	if g.mute > 0 || g.err != nil {
		f.Found, f.Fix = g.silence()
		return f
	}
	rootless := ""
	if g.info.Rootless {
		rootless = ", rootless"
	}
	f.Found = fmt.Sprintf("Docker %s%s, API %s, %d CPUs, %s, at %s", g.info.Version, rootless, g.info.API, g.info.CPUs, bytesText(g.info.MemoryBytes), g.info.Host)
	switch {
	case older(g.info.API):
		f.Fix = "install Docker 19.03 or newer"
	case !g.info.Local:
		f.Found, f.Fix = "on another machine: "+f.Found, "unset DOCKER_HOST"
	case g.info.MemoryBytes < memoryLeast:
		f.Level, f.Fix = Note, fmt.Sprintf("give Docker's machine %s of memory", bytesText(memoryWanted))
	case g.info.Rootless:
		f.Level = Note
	default:
		f.Level = OK
	}
	return f
}

// older tells that an API version is 1.x with x below [leastAPI].
func older(api string) bool {
	major, minor, _ := strings.Cut(api, ".")
	n, err := strconv.Atoi(minor)
	return err == nil && major == "1" && n < leastAPI
}

// silence says why there is no answer, and what helps against that.
func (g greeting) silence() (found, fix string) {
	start := "install Docker, or do without: --stack processes"
	switch {
	case g.host != "":
		start = "unset DOCKER_HOST, or point it at a Docker that runs"
	case g.installed && runtime.GOOS == "linux":
		start = "systemctl start docker"
	case g.installed:
		start = "start Docker"
	case runtime.GOOS == "linux":
		start = "install your distribution's package of docker, or Docker Engine as its manual says"
	}
	at := cmp.Or(g.host, "the usual places")
	switch {
	case g.mute > 0:
		return fmt.Sprintf("no Docker answers: %s at %s", noAnswer(g.mute), at), strings.Replace(start, "systemctl start", "systemctl restart", 1)
	case errors.Is(g.err, fs.ErrPermission), strings.Contains(g.err.Error(), "permission denied"): // the client drops the cause
		return "no Docker answers: this user may not speak to it at " + at, "usermod -aG docker $USER, then log in again"
	case errors.Is(g.err, fs.ErrNotExist):
		return "no Docker answers: nothing is at " + at, start
	case strings.Contains(g.err.Error(), "minimum supported API version"):
		return "Docker is too old: " + reason(g.err), "install Docker 19.03 or newer"
	}
	return "no Docker answers: " + reason(g.err), start
}

// reason is an error of the engine without what the table says beside it.
func reason(err error) string {
	text := strings.TrimPrefix(oneLine(err.Error()), engine.ErrUnreachable.Error()+": ")
	text, _, _ = strings.Cut(text, "; start it (")
	return text
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// image is what was found out about a server's image.
type image struct {
	// named tells that the user has named it.
	named  bool
	choice containers.Choice
	// err kept from looking; registry is its answer when the image is not here, nil when it has it.
	err, registry error
}

func judgeImage(i image) Finding {
	f := Finding{Level: Problem}
	ref := i.choice.Ref
	switch local := i.choice.Image; {
	case i.err != nil:
		f.Found, f.Fix = "cannot look for it: "+reason(i.err), i.build()
	case local != nil && oldPostgres(local):
		f.Found, f.Fix = fmt.Sprintf("%s is PostgreSQL %s, too old", ref, local.Env["PG_MAJOR"]), "name a newer one with --postgres-image"
	case local != nil:
		f.Level, f.Found = OK, fmt.Sprintf("%s is here%s, %s", ref, imageVersion(local), bytesText(local.SizeBytes))
	case i.registry == nil:
		f.Level, f.Found = OK, ref+" is not here yet; its registry has it"
	case errors.Is(i.registry, engine.ErrNoImage):
		f.Found, f.Fix = ref+" is missing, and its registry has none or gives none", i.build()
	default:
		f.Found, f.Fix = ref+" is missing, and its registry does not answer", i.build()
	}
	return f
}

// build is the way to an image where no registry helps.
func (i image) build() string {
	if i.named {
		return "name one that is here (see: docker image ls), or none and type: rehearse images build"
	}
	return "rehearse images build"
}

// imageVersion is the server's version as far as the image tells.
func imageVersion(local *engine.Image) string {
	for _, name := range []string{"PG_VERSION", "REDIS_VERSION", "PG_MAJOR"} {
		if v := local.Env[name]; v != "" {
			return " (" + v + ")"
		}
	}
	return ""
}

func oldPostgres(local *engine.Image) bool {
	major, err := strconv.Atoi(local.Env["PG_MAJOR"])
	return err == nil && major < stack.LeastPostgres
}

func judgeServer(s processes.Server, err error) Finding {
	return Finding{Found: s.Version + " in " + s.Path}.unless(err)
}

func judgeHome(h home.Examined, err error) Finding {
	f := Finding{Found: h.Path}
	if h.InMemory {
		f.Level, f.Found = Note, h.Path+" is in memory: commits cost less than on any disk"
		f.Fix = "set REHEARSE_HOME to a directory on a disk"
	}
	return f.unless(err)
}

// unless is the finding, or the problem that an error tells of.
func (f Finding) unless(err error) Finding {
	if err == nil {
		return f
	}
	f.Level, f.Found, f.Fix = Problem, oneLine(err.Error()), ""
	if unready, ok := errors.AsType[stack.NotReadyError](err); ok {
		f.Found, f.Fix = unready.What, strings.TrimPrefix(unready.Do, "type: ")
	}
	return f
}

// cannotTell is the note of a check that could not look. Where it never can, it says so.
func cannotTell(err error) Finding {
	if errors.Is(err, errors.ErrUnsupported) {
		return Finding{Level: Note, Found: "not checked on " + runtime.GOOS}
	}
	return Finding{Level: Note, Found: "cannot tell: " + oneLine(err.Error())}
}

func judgeLeftovers(left []stack.Leftover, err error) Finding {
	if err != nil {
		return cannotTell(err)
	}
	if len(left) == 0 {
		return Finding{Found: "none"}
	}
	var kinds, runs []string
	count := map[string]int{}
	for _, l := range left {
		if count[l.Kind]++; count[l.Kind] == 1 {
			kinds = append(kinds, l.Kind)
		}
		runs = append(runs, l.Run)
	}
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%d × %s", count[kind], kind)
	}
	runs = slices.Compact(slices.Sorted(slices.Values(runs)))
	return Finding{
		Level: Note, Fix: "rehearse clean",
		Found: fmt.Sprintf("%s, of crashed runs (%s)", strings.Join(kinds, ", "), few(runs)),
	}
}

// judgeRuns is about the runs alive in this home, and all that have themselves known: those of other homes and users, too.
// One that is both counts once, by what it says of itself.
func judgeRuns(alive, others []string, err error) Finding {
	if len(others) >= len(alive) {
		alive = others
	}
	if err != nil && len(alive) == 0 {
		return cannotTell(err)
	}
	if len(alive) == 0 {
		return Finding{Found: "none under way"}
	}
	return Finding{
		Level: Note, Fix: "wait for its end: two runs at a time spoil each other's numbers",
		Found: "under way: " + few(alive),
	}
}

// few names the first of a list.
func few(names []string) string {
	const most = 2
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
