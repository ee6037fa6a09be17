package backend

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"

	"github.com/rehearse-dev/rehearse/harness/stack"
)

// Loopback is the only address anything of a stack listens on.
const Loopback = "127.0.0.1"

// Ports hands out free ports, none of them twice.
type Ports struct {
	mu    sync.Mutex
	taken map[int]bool
}

// Free ports are sought below the range from which systems take the ports of outgoing connections (32768 on Linux,
// 49152 elsewhere). Otherwise, under load, some connection could sit on the port of a node that is just restarting.
const (
	lowestPort  = 15000
	highestPort = 31999
	portTries   = 200
	// PortAttempts is how often a start is repeated because its port was snatched.
	PortAttempts = 5
)

// Free finds a port nobody listens on.
func (p *Ports) Free() (int, error) {
	for range portTries {
		port := lowestPort + rand.N(highestPort-lowestPort+1)
		if p.take(port) {
			return port, nil
		}
	}
	return 0, stack.NotReady(fmt.Sprintf("no free port between %d and %d", lowestPort, highestPort), "type: ss -ltnp, and end what is not needed")
}

// Reserve checks the ports a user wants, before anything slow is done; 0 is none.
func (p *Ports) Reserve(asked map[string]int) error {
	for _, node := range slices.Sorted(maps.Keys(asked)) {
		port := asked[node]
		if port < 0 || port > 65535 {
			return fmt.Errorf("stack: %d cannot be the port of %s; give 1 to 65535, or 0 for a free one", port, node)
		}
		if port != 0 && !p.take(port) {
			return portInUse(port, node)
		}
	}
	return nil
}

func portInUse(port int, node string) error {
	return stack.NotReady(fmt.Sprintf("port %d, asked for %s, is in use", port, node),
		fmt.Sprintf("type: ss -ltnp 'sport = :%d' to see by whom, and end that, or ask for another port", port))
}

func (p *Ports) take(port int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[port] || !listenable(port) {
		return false
	}
	if p.taken == nil {
		p.taken = map[int]bool{}
	}
	p.taken[port] = true
	return true
}

// listenable tells whether nobody listens on a port.
func listenable(port int) bool {
	l, err := net.Listen("tcp4", Address(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// Address is host:port of a port on 127.0.0.1.
func Address(port int) string { return net.JoinHostPort(Loopback, strconv.Itoa(port)) }

// WithPort runs try with the reserved port, or with free ones until one is not snatched between the look and the use.
func (p *Ports) WithPort(reserved int, node string, try func(port int) error) error {
	if reserved != 0 {
		err := try(reserved)
		if errors.Is(err, ErrPortTaken) {
			return portInUse(reserved, node)
		}
		return err
	}
	for attempt := 1; ; attempt++ {
		port, err := p.Free()
		if err != nil {
			return err
		}
		if err := try(port); !errors.Is(err, ErrPortTaken) || attempt == PortAttempts {
			return err
		}
	}
}
