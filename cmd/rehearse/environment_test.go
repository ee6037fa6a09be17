package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Flags win over the environment, the environment over the scenario; limits are the scenario's alone.
func TestServersOf(t *testing.T) {
	for name, tt := range map[string]struct {
		flags    stack.Config
		env      map[string]string
		scenario scenarios.Images
		want     [2]string
	}{
		"nothing named": {},
		"scenario":      {scenario: scenarios.Images{Postgres: "postgres:16", Redis: "redis:6"}, want: [2]string{"postgres:16", "redis:6"}},
		"environment": {
			env:      map[string]string{"REHEARSE_POSTGRES_IMAGE": "env/postgres", "REHEARSE_REDIS_IMAGE": "env/redis"},
			scenario: scenarios.Images{Postgres: "postgres:16", Redis: "redis:6"}, want: [2]string{"env/postgres", "env/redis"},
		},
		"flags": {
			flags:    stack.Config{PostgresImage: "flag/postgres", RedisImage: "flag/redis"},
			env:      map[string]string{"REHEARSE_POSTGRES_IMAGE": "env/postgres", "REHEARSE_REDIS_IMAGE": "env/redis"},
			scenario: scenarios.Images{Postgres: "postgres:16", Redis: "redis:6"}, want: [2]string{"flag/postgres", "flag/redis"},
		},
		"each by itself": {
			flags: stack.Config{RedisImage: "flag/redis"}, env: map[string]string{"REHEARSE_POSTGRES_IMAGE": "env/postgres"},
			want: [2]string{"env/postgres", "flag/redis"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scenarios.Scenario{Images: tt.scenario, Nodes: map[string]scenarios.Node{"auth": {CPUs: 0.25, MemoryBytes: 1 << 30}}}
			tt.flags.PrimaryPort = 5432
			got := serversOf(tt.flags, func(key string) string { return tt.env[key] }, s)
			if images := [2]string{got.PostgresImage, got.RedisImage}; images != tt.want {
				t.Errorf("got images %q, want %q", images, tt.want)
			}
			if diff := cmp.Diff(map[string]stack.Limit{"auth": {CPUs: 0.25, MemoryBytes: 1 << 30}}, got.Limits); diff != "" || got.PrimaryPort != 5432 {
				t.Errorf("port %d, limits %s", got.PrimaryPort, diff)
			}
		})
	}
}

// The limits that a scenario may name are those of nodes there are.
func TestLimitableNodes(t *testing.T) {
	v := vocabularies()[0]
	for _, name := range []string{stack.Primary, stack.Replica, stack.Redis, "auth", "callers"} {
		if v.Nodes[name] == 0 {
			t.Errorf("%s cannot be limited", name)
		}
	}
	if len(v.Nodes) != 5 {
		t.Errorf("got %v", v.Nodes)
	}
}
