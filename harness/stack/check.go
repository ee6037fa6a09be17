package stack

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Check refuses what no server could be started with.
func (c Config) Check() error {
	if c.Database == "" || c.Database == "postgres" || strings.HasPrefix(c.Database, "template") {
		return fmt.Errorf("stack: %q cannot be the database; give it a name of its own", c.Database)
	}
	for i, role := range c.Roles {
		if role == "" || strings.HasPrefix(role, "pg_") || slices.Contains([]string{Owner, Harness, Replicator, "public", "none"}, role) || slices.Contains(c.Roles[:i], role) {
			return fmt.Errorf("stack: %q cannot be an application's role; it is empty, reserved or named twice", role)
		}
	}
	return checkLimits(c.Limits)
}

// checkLimits refuses what could not be a limit, or not be the name of a node.
func checkLimits(limits map[string]Limit) error {
	name := regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)
	for n, l := range limits {
		if !name.MatchString(n) || !(l.CPUs >= 0) || l.MemoryBytes < 0 {
			return fmt.Errorf("stack: %+v cannot limit %q; name a node, and give numbers that are not negative", l, n)
		}
	}
	return nil
}
