package doctor

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/stack/containers"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
	"github.com/rehearse-dev/rehearse/harness/stack/home"
	"github.com/rehearse-dev/rehearse/harness/stack/processes"
)

// greet opens the engine that all checks of Docker share.
func (x *examination) greet(ctx context.Context) {
	defer close(x.greeted)
	type opened struct {
		engine *engine.Engine
		err    error
	}
	o, answered := answer(ctx, x.cfg.Limit, func(ctx context.Context) opened {
		e, err := engine.Open(ctx, engine.Config{Log: x.cfg.Servers.Log})
		return opened{e, err}
	})
	g := greeting{err: o.err, host: os.Getenv("DOCKER_HOST"), installed: installed("dockerd") || installed("docker")}
	switch {
	case !answered:
		g.mute = x.cfg.Limit
	case o.err == nil:
		x.engine, g.info = o.engine, o.engine.Info()
	}
	x.greeting = judgeGreeting(g)
}

func (x *examination) docker(context.Context) Finding { return x.greeting }

// asking is a check that needs Docker, where none may answer.
func (x *examination) asking(look func(context.Context, *engine.Engine) Finding) func(context.Context) Finding {
	return func(ctx context.Context) Finding {
		if x.engine == nil {
			return Finding{Level: Note, Found: "not looked at: no Docker answers"}
		}
		return look(ctx, x.engine)
	}
}

func installed(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

func (x *examination) postgresImage(ctx context.Context, e *engine.Engine) Finding {
	return judgeImage(chooseImage(ctx, e, x.cfg.Servers.PostgresImage, containers.OfficialPostgres, containers.OwnPostgres))
}

func (x *examination) redisImage(ctx context.Context, e *engine.Engine) Finding {
	return judgeImage(chooseImage(ctx, e, x.cfg.Servers.RedisImage, containers.OfficialRedis, containers.OwnRedis))
}

// chooseImage looks for the image a run would use, and asks its registry when it is not here.
func chooseImage(ctx context.Context, e *engine.Engine, named, official, own string) image {
	choice, err := containers.ChooseImage(ctx, e, named, official, own)
	i := image{named: named != "", choice: choice, err: err}
	if err == nil && choice.Image == nil {
		i.registry = e.Registry(ctx, choice.Ref)
	}
	return i
}

// program is about what runs as the services in containers: this very program, unless another is named.
func program(context.Context) Finding {
	path, err := containers.ServiceProgram()
	return Finding{Found: path}.unless(err)
}

// dockerDisk is about the disk below Docker, where that is one of this machine.
func dockerDisk(_ context.Context, e *engine.Engine) Finding {
	info := e.Info()
	if _, err := os.Stat(info.Root); err != nil || !info.Local {
		return Finding{Level: Note, Found: "not known: Docker keeps its data where this machine has no " + info.Root}
	}
	free, err := freeBytes(info.Root)
	return judgeDisk(free, err, info.Root, "docker system prune")
}

func (x *examination) dockerLeftovers(ctx context.Context, e *engine.Engine) Finding {
	left, err := containers.Examine(ctx, e, x.cfg.Servers.Home)
	return judgeLeftovers(left, err)
}

func (x *examination) postgres(ctx context.Context) Finding {
	s, err := processes.InstalledPostgres(ctx, x.cfg.Servers)
	return judgeServer(s, err)
}

func (x *examination) redis(ctx context.Context) Finding {
	s, err := processes.InstalledRedis(ctx, x.cfg.Servers)
	return judgeServer(s, err)
}

func (x *examination) home(context.Context) Finding {
	return judgeHome(home.Examine(x.cfg.Servers.Home))
}

func (x *examination) disk(context.Context) Finding {
	h, _ := home.Examine(x.cfg.Servers.Home) // what is wrong with it is told by its own check
	free, err := freeBytes(h.Path)
	return judgeDisk(free, err, h.Path, "rehearse clean, or set REHEARSE_HOME to a directory on a larger disk")
}

func (x *examination) leftovers(ctx context.Context) Finding {
	runs, err := processes.Examine(ctx, x.cfg.Servers.Home)
	return judgeLeftovers(runs.Leftovers, err)
}

func (x *examination) runs(ctx context.Context) Finding {
	runs, err := processes.Examine(ctx, x.cfg.Servers.Home)
	var others []string
	if x.cfg.Others != nil {
		others = x.cfg.Others()
	}
	return judgeRuns(runs.Alive, others, err)
}

func (x *examination) cpu(ctx context.Context) Finding {
	r, err := readCPU(ctx)
	return judgeCPU(r, err)
}

func (x *examination) load(context.Context) Finding {
	r, err := readLoad()
	return judgeLoad(r, err)
}

func (x *examination) memory(context.Context) Finding {
	r, err := readMemory()
	return judgeMemory(r, err)
}

// files is about the limit of this process, which the services inherit. Go's start has raised it as far as it may be.
func (x *examination) files(context.Context) Finding {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	return judgeFiles(uint64(limit.Cur), x.cfg.files(), err)
}

func (x *examination) ports(context.Context) Finding {
	r, err := readPorts()
	return judgePorts(r, x.cfg.Connections, err)
}

// freeBytes are those that this user may fill at path, or where path will be made.
func freeBytes(path string) (int64, error) {
	for {
		var fsys unix.Statfs_t
		err := unix.Statfs(path, &fsys)
		if err == nil {
			return int64(fsys.Bavail) * int64(fsys.Bsize), nil
		}
		if path == filepath.Dir(path) {
			return 0, err
		}
		path = filepath.Dir(path)
	}
}
