package backend

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// SpawnLimit is how long a service may take until all its ports accept connections.
const SpawnLimit = 30 * time.Second

// StopLimit is how long a node may take to leave in good order before it is killed.
const StopLimit = 10 * time.Second

// CheckService refuses names that could not be files, variables or hosts, and one that is taken.
func CheckService(svc stack.Service, taken bool) error {
	name := regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)
	for _, n := range append([]string{svc.Name}, svc.Ports...) {
		if !name.MatchString(n) {
			return fmt.Errorf("stack: %q cannot name a service or a port; use letters, digits, '-', '_' and '.'", n)
		}
	}
	if taken || svc.Name == BuildName {
		return fmt.Errorf("stack: there is already a node %q; names are unique", svc.Name)
	}
	return nil
}

// PortVariable is a port's name as an environment variable spells it.
func PortVariable(name string) string {
	return strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name))
}

// BuildName is the node that fills a data directory before there is a primary. No service may be called like it.
const BuildName = "build"
