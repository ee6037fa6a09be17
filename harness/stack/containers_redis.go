package stack

import (
	"context"

	"github.com/rehearse-dev/rehearse/harness/stack/engine"
)

const redisPort = 6379

// bootRedis starts a Redis without persistence, as the other back end does.
func (s *containers) bootRedis(ctx context.Context) error {
	const conf = configDir + "/redis.conf"
	v, err := s.create(ctx, Redis, plan{
		spec: engine.Spec{
			Image: s.images.redis.Ref, User: "redis", Command: []string{"redis-server", conf}, StopSignal: "SIGTERM",
			// A file, not arguments, so that no process list shows the password.
			Files: []engine.File{{Path: conf, Text: redisConf("0.0.0.0", "/tmp", redisPort, s.endpoints.RedisPassword)}},
		},
		ports: []int{redisPort}, asked: map[int]int{redisPort: s.cfg.RedisPort},
		ready: func(v *vessel) func(context.Context) error {
			return func(ctx context.Context) error { return s.pong(s.addr(v, redisPort))(ctx) }
		},
		limit: redisLimit,
	})
	if err != nil {
		return err
	}
	s.update(func(e *Endpoints) {
		e.RedisAddr, e.inside.redis = s.addr(v, redisPort), v.addrInside(redisPort)
	})
	return s.bring(ctx, v)
}
