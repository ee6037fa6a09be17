package containers

import (
	"context"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/harness/stack/engine"
	"github.com/rehearse-dev/rehearse/harness/stack/servers"
)

const redisPort = 6379

// bootRedis starts a Redis without persistence, as the other back end does.
func (s *containers) bootRedis(ctx context.Context) error {
	const conf = configDir + "/redis.conf"
	v, err := s.create(ctx, stack.Redis, nodeSpec{
		spec: engine.Spec{
			Image: s.images.redis.Ref, User: "redis", Command: []string{"redis-server", conf}, StopSignal: "SIGTERM",
			// A file, not arguments, so that no process list shows the password.
			Files: []engine.File{{Path: conf, Text: servers.RedisConfiguration("0.0.0.0", "/tmp", redisPort, s.RedisPassword())}},
		},
		ports: []int{redisPort}, asked: map[int]int{redisPort: s.Config.RedisPort},
		ready: func(v *node) func(context.Context) error {
			return servers.Redis{Addr: s.addr(v, redisPort), Password: s.RedisPassword()}.Pong
		},
		limit: servers.RedisLimit,
	})
	if err != nil {
		return err
	}
	s.Update(func(e *stack.Endpoints) {
		e.RedisAddr, e.RedisInside = s.addr(v, redisPort), v.addrInside(redisPort)
	})
	return s.bring(ctx, v)
}
