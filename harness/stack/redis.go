package stack

import (
	"context"
	"fmt"
	"regexp"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rehearse-dev/rehearse/harness/alone"
)

// redisLimit bounds the wait for a Redis that starts; it has nothing to load.
const redisLimit = 15 * time.Second

// bootRedis starts a Redis without persistence: a cache that forgets is what the system must survive.
func (s *processes) bootRedis(ctx context.Context) error {
	dir := s.run.data(Redis)
	if err := s.home.as.mkdir(dir); err != nil {
		return err
	}
	conf := dir + "/redis.conf"
	n := &node{
		name: Redis, limit: redisLimit, stop: syscall.SIGTERM, quit: syscall.SIGKILL,
		command: command{
			name: Redis, path: s.tools.redis, args: []string{conf}, env: alone.Server(dir), dir: dir,
			log: s.logPath(Redis), death: syscall.SIGKILL,
		},
	}
	s.enter(n)
	return s.ports.withPort(s.cfg.RedisPort, Redis, func(port int) error {
		s.update(func(e *Endpoints) { e.RedisAddr = address(port) })
		n.ready = s.pong(address(port))
		if err := s.home.as.write(s.run.path, conf, redisConf(loopback, dir, port, s.endpoints.RedisPassword)); err != nil {
			return err
		}
		return s.launcher.bring(ctx, n)
	})
}

// redisConf is a file, not arguments, so that no process list shows the password.
func redisConf(bind, dir string, port int, password string) string {
	return fmt.Sprintf("bind %s\nport %d\nprotected-mode yes\nrequirepass %s\nsave \"\"\nappendonly no\ndaemonize no\ndir %q\n",
		bind, port, password, dir)
}

// redisClient tries once and gives up; the loops around it have the patience.
func (b *base) redisClient(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: addr, Password: b.endpoints.RedisPassword, MaxRetries: -1, DialerRetries: 1, PoolSize: 1,
		DialTimeout: time.Second, ReadTimeout: time.Second,
	})
}

// pong is the readiness of Redis: it answers PING to who knows the password.
func (b *base) pong(addr string) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := dial(ctx, addr); err != nil {
			return err
		}
		client := b.redisClient(addr)
		defer client.Close()
		return client.Ping(ctx).Err()
	}
}

// describeRedis reads the version the server tells.
func (b *base) describeRedis(ctx context.Context) (version string, err error) {
	client := b.redisClient(b.endpoints.RedisAddr)
	defer client.Close()
	info, err := client.Info(ctx, "server").Result()
	if err != nil {
		return "", err
	}
	if m := regexp.MustCompile(`(?m)^(?:valkey|redis)_version:(\S+)`).FindStringSubmatch(info); m != nil {
		version = m[1]
	}
	return version, nil
}
