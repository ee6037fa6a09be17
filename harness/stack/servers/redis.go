package servers

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"time"

	"github.com/redis/go-redis/v9"
)

// RedisLimit bounds the wait for a Redis that starts; it has nothing to load.
const RedisLimit = 15 * time.Second

// RedisConfiguration is a file, not arguments, so that no process list shows the password.
func RedisConfiguration(bind, dir string, port int, password string) string {
	return fmt.Sprintf("bind %s\nport %d\nprotected-mode yes\nrequirepass %s\nsave \"\"\nappendonly no\ndaemonize no\ndir %q\n",
		bind, port, password, dir)
}

// Redis is a Redis and its password.
type Redis struct{ Addr, Password string }

// client tries once and gives up; the loops around it have the patience.
func (r Redis) client() *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: r.Addr, Password: r.Password, MaxRetries: -1, DialerRetries: 1, PoolSize: 1,
		DialTimeout: time.Second, ReadTimeout: time.Second,
	})
}

// Pong is the readiness of Redis: it answers PING to who knows the password.
func (r Redis) Pong(ctx context.Context) error {
	if err := Dial(ctx, r.Addr); err != nil {
		return err
	}
	client := r.client()
	defer client.Close()
	return client.Ping(ctx).Err()
}

// version is what the server tells.
func (r Redis) version(ctx context.Context) (version string, err error) {
	client := r.client()
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

// Dial tells whether somebody accepts connections at addr.
func Dial(ctx context.Context, addr string) error {
	d := net.Dialer{Timeout: time.Second}
	conn, err := d.DialContext(ctx, "tcp4", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
