package stack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// loopback is the only address anything of a stack listens on.
const loopback = "127.0.0.1"

// ports hands out free ports, none of them twice.
type ports struct {
	mu    sync.Mutex
	taken map[int]bool
}

// Free ports are sought below the range from which systems take the ports of outgoing connections (32768 on Linux,
// 49152 elsewhere). Otherwise, under load, some connection could sit on the port of a node that is just restarting.
const (
	lowestPort  = 15000
	highestPort = 31999
	portTries   = 200
)

// free finds a port nobody listens on.
func (p *ports) free() (int, error) {
	for range portTries {
		port := lowestPort + rand.N(highestPort-lowestPort+1)
		if p.take(port) {
			return port, nil
		}
	}
	return 0, notReady(fmt.Sprintf("no free port between %d and %d", lowestPort, highestPort), "type: ss -ltnp, and end what is not needed")
}

// asked checks a port the user wants.
func (p *ports) asked(port int, node string) (int, error) {
	if p.take(port) {
		return port, nil
	}
	return 0, portInUse(port, node)
}

func portInUse(port int, node string) error {
	return notReady(fmt.Sprintf("port %d, asked for %s, is in use", port, node),
		fmt.Sprintf("type: ss -ltnp 'sport = :%d' to see by whom, and end that, or ask for another port", port))
}

func (p *ports) take(port int) bool {
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

func listenable(port int) bool {
	l, err := net.Listen("tcp4", address(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

func address(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

// withPort runs try with the port asked for, or with free ones until one is not snatched between the look and the use.
func (p *ports) withPort(asked int, node string, try func(port int) error) error {
	if asked != 0 {
		port, err := p.asked(asked, node)
		if err != nil {
			return err
		}
		if err := try(port); errors.Is(err, errPortTaken) {
			return portInUse(port, node)
		} else {
			return err
		}
	}
	for attempt := 0; ; attempt++ {
		port, err := p.free()
		if err != nil {
			return err
		}
		if err := try(port); !errors.Is(err, errPortTaken) || attempt == 4 {
			return err
		}
	}
}
