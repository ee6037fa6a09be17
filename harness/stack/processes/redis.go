package processes

import (
	"context"
	"syscall"

	"github.com/rehearse-dev/rehearse/harness/alone"
	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/backend"
	"github.com/rehearse-dev/rehearse/harness/stack/child"
	"github.com/rehearse-dev/rehearse/harness/stack/servers"
)

// bootRedis starts a Redis without persistence: a cache that forgets is what the system must survive.
func (s *processes) bootRedis(ctx context.Context) error {
	dir := s.run.Data(stack.Redis)
	if err := s.home.Account.Mkdir(dir); err != nil {
		return err
	}
	conf := dir + "/redis.conf"
	n := &node{
		name: stack.Redis, limit: servers.RedisLimit, stop: syscall.SIGTERM, quit: syscall.SIGKILL,
		command: child.Command{
			Name: stack.Redis, Path: s.tools.redis, Args: []string{conf}, Env: alone.Server(dir), Dir: dir,
			Log: s.logPath(stack.Redis), Death: syscall.SIGKILL,
		},
	}
	s.Enter(n)
	return s.ports.WithPort(s.Config.RedisPort, stack.Redis, func(port int) error {
		s.Update(func(e *stack.Endpoints) { e.RedisAddr = backend.Address(port) })
		n.ready = servers.Redis{Addr: backend.Address(port), Password: s.RedisPassword()}.Pong
		if err := s.home.Account.Write(s.run.Path, conf, servers.RedisConfiguration(backend.Loopback, dir, port, s.RedisPassword())); err != nil {
			return err
		}
		return s.bring(ctx, n)
	})
}
