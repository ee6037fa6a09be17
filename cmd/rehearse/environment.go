package main

import (
	"cmp"

	"github.com/rehearse-dev/rehearse/harness/stack"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// serversOf are the servers for a scenario: the command line names an image before the environment does, and the scenario
// comes last.
func serversOf(flags stack.Config, getenv func(string) string, s *scenarios.Scenario) stack.Config {
	flags.PostgresImage = cmp.Or(flags.PostgresImage, getenv("REHEARSE_POSTGRES_IMAGE"), s.Images.Postgres)
	flags.RedisImage = cmp.Or(flags.RedisImage, getenv("REHEARSE_REDIS_IMAGE"), s.Images.Redis)
	flags.Limits = map[string]stack.Limit{}
	for name, node := range s.Nodes {
		flags.Limits[name] = stack.Limit(node)
	}
	return flags
}
