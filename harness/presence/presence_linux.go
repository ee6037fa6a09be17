package presence

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Presence is a run that others know of.
type Presence struct {
	cfg      Config
	listener *net.UnixListener
	hello    []byte

	mu     sync.Mutex
	closed bool
	conns  map[*net.UnixConn]bool
	// known counts the connections to each other run: two that begin at once greet each other.
	known map[Run]int
	work  sync.WaitGroup
}

// address is a place. The name begins with a zero byte for the kernel, so no file has it.
func address(meeting string, place int) *net.UnixAddr {
	return &net.UnixAddr{Net: "unix", Name: fmt.Sprintf("@%s-%d", cmp.Or(meeting, "rehearse-run"), place)}
}

// Announce takes a place among the runs of this machine and greets the others. The error is [ErrNoPlace] when there is
// none left; the caller closes what it gets.
func Announce(cfg Config) (*Presence, error) {
	for place := range places {
		listener, err := net.ListenUnix("unix", address(cfg.Place, place))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("take a place among the runs of this machine: %w", err)
		}
		return begin(cfg, listener, place)
	}
	return nil, ErrNoPlace
}

// alone takes the first place if no other one is taken, or says who is there. Whoever wants to be alone takes that place,
// so it is one of them.
func alone(cfg Config) (*Presence, []Run, error) {
	if others := Others(cfg.Place); len(others) > 0 {
		return nil, others, nil
	}
	listener, err := net.ListenUnix("unix", address(cfg.Place, 0))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("take a place among the runs of this machine: %w", err)
	}
	if others := look(cfg.Place, 1); len(others) > 0 {
		return nil, others, listener.Close()
	}
	p, err := begin(cfg, listener, 0)
	return p, nil, err
}

func begin(cfg Config, listener *net.UnixListener, place int) (*Presence, error) {
	p := &Presence{cfg: cfg, listener: listener, conns: map[*net.UnixConn]bool{}, known: map[Run]int{}}
	var err error
	if p.hello, err = json.Marshal(cfg.Self); err != nil {
		return nil, errors.Join(fmt.Errorf("say who this run is: %w", err), listener.Close())
	}
	p.hello = append(p.hello, '\n')
	p.work.Go(p.accept)
	// Those that are there already are known when this returns. All are greeted at once: one may not answer.
	var greeted sync.WaitGroup
	for other := range places {
		if other == place {
			continue
		}
		conn, err := net.DialUnix("unix", nil, address(cfg.Place, other))
		if err != nil || !p.hold(conn) {
			continue // nobody is there
		}
		greeted.Go(func() {
			met, ok := p.greet(conn, true)
			p.work.Go(func() { p.attend(conn, met, ok) })
		})
	}
	greeted.Wait()
	return p, nil
}

// accept is greeted by those that come later.
func (p *Presence) accept() {
	for {
		conn, err := p.listener.AcceptUnix()
		if err != nil {
			return // closed
		}
		if p.hold(conn) {
			p.work.Go(func() {
				met, ok := p.greet(conn, false)
				p.attend(conn, met, ok)
			})
		}
	}
}

// hold keeps a connection until Close, unless there are too many, or it is closed.
func (p *Presence) hold(conn *net.UnixConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.conns) >= maxPeers {
		_ = conn.Close() // there is nobody to tell
		return false
	}
	p.conns[conn] = true
	return true
}

// greet exchanges hellos. One who says nothing only looks, unless it is at a place of its own, as a run that is stopped.
func (p *Presence) greet(conn *net.UnixConn, atPlace bool) (Run, bool) {
	_ = conn.SetDeadline(time.Now().Add(helloWithin)) // a connection that takes none fails below
	_, _ = conn.Write(p.hello)                        // who does not take it hears nothing
	other, spoke := hear(conn)
	if !spoke && !atPlace {
		return other, false
	}
	p.mu.Lock()
	p.known[other]++
	first := p.known[other] == 1 && !p.closed
	p.mu.Unlock()
	if first && p.cfg.Met != nil {
		p.cfg.Met(other)
	}
	return other, true
}

// attend waits for the end of a run that was met.
func (p *Presence) attend(conn *net.UnixConn, other Run, met bool) {
	if met {
		_ = conn.SetDeadline(time.Time{})
		_, _ = io.Copy(io.Discard, conn) // until the other end is gone
	}
	_ = conn.Close()
	p.mu.Lock()
	delete(p.conns, conn)
	last := false
	if met {
		p.known[other]--
		last = p.known[other] == 0 && !p.closed
		if p.known[other] == 0 {
			delete(p.known, other)
		}
	}
	p.mu.Unlock()
	if last && p.cfg.Left != nil {
		p.cfg.Left(other)
	}
}

// Close gives up the place and ends all connections.
func (p *Presence) Close() error {
	p.mu.Lock()
	p.closed = true
	for conn := range p.conns {
		_ = conn.Close() // the readers of it end
	}
	p.mu.Unlock()
	err := p.listener.Close()
	p.work.Wait()
	return err
}

// Others are the runs that are there now. It takes a second when one of them does not answer.
func Others(meeting string) []Run { return look(meeting, 0) }

// look asks those at the places from one on, and is no run itself.
func look(meeting string, from int) (others []Run) {
	var all [places]Run
	var asked sync.WaitGroup
	for place := from; place < places; place++ {
		conn, err := net.DialUnix("unix", nil, address(meeting, place))
		if err != nil {
			continue
		}
		asked.Go(func() {
			_ = conn.SetDeadline(time.Now().Add(helloWithin)) // a connection that takes none fails below
			all[place], _ = hear(conn)
			_ = conn.Close() // nothing was written
		})
	}
	asked.Wait()
	for _, other := range all {
		if other.User != "" {
			others = append(others, other)
		}
	}
	return others
}

// hear reads one hello and asks the kernel who says it.
func hear(conn *net.UnixConn) (other Run, spoke bool) {
	line, err := bufio.NewReader(io.LimitReader(conn, maxHello)).ReadBytes('\n')
	pid, uid := peer(conn)
	return readHello(line, pid, uid), err == nil
}

// peer is who stands at the other end.
func peer(conn *net.UnixConn) (pid int, uid uint32) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, 0
	}
	_ = raw.Control(func(fd uintptr) {
		if who, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			pid, uid = int(who.Pid), who.Uid
		}
	})
	return pid, uid
}
