package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// wire is the package's own carrier: plain HTTP/1.1, written and read on the calling goroutine. net/http's Transport
// keeps two goroutines a connection, which costs a quarter of the generator's CPU and, on shared cores, a fifth of the
// p95 it reads.
//
// Each request is written once. A connection that was kept may have been closed by the system meanwhile: that is looked
// for before the first byte is written, when nothing can have been done for the request yet, and the request takes another
// connection. Once a byte is written nobody knows what the system did with it, whatever the method (RFC 9110, section
// 9.2.2, would allow another attempt for some): a connection that ends then is the hit's failure, or failures of a system
// that dies while it works would be hidden, and its work done twice.
type wire struct {
	ctx    context.Context
	dialer net.Dialer
	// forget detaches the wire from its context.
	forget func() bool

	mu sync.Mutex
	// idle connections by address, the last used one first, so a calm system keeps few of them warm.
	idle map[string][]*conn
	// live are all connections, so that the end of the context can cut them.
	live   map[*conn]struct{}
	closed bool
}

// conn is one connection and its buffers.
type conn struct {
	net.Conn
	reader *bufio.Reader
	writer *bufio.Writer
	raw    syscall.RawConn
	// since is when it became idle.
	since time.Time
}

// idleLimit is how long a connection may have been idle to be used again. Many servers close theirs after five seconds;
// one that is taken just then might be closed between the look at it and the first byte.
const idleLimit = 4 * time.Second

func newWire(ctx context.Context) *wire {
	w := &wire{ctx: ctx, idle: map[string][]*conn{}, live: map[*conn]struct{}{}}
	stop := context.AfterFunc(ctx, w.cut)
	w.forget = stop
	return w
}

func (w *wire) exchange(request *http.Request, deadline time.Time) (a answered, err error) {
	address, err := address(request)
	if err != nil {
		return answered{}, err
	}
	c, closed := w.take(address)
	if c == nil {
		if c, err = w.dial(address, deadline); err != nil {
			return answered{reconnected: closed}, err
		}
	}
	a, err = w.use(c, address, request, deadline)
	a.reconnected = closed
	return a, err
}

// use exchanges one request on c and puts c back, or closes it when it cannot be used again.
func (w *wire) use(c *conn, address string, request *http.Request, deadline time.Time) (answered, error) {
	a, keep, err := c.exchange(request, deadline)
	if err != nil || !keep {
		w.drop(c)
	} else {
		w.put(address, c)
	}
	return a, err
}

func (c *conn) exchange(request *http.Request, deadline time.Time) (a answered, keep bool, err error) {
	if err := c.SetDeadline(deadline); err != nil {
		return a, false, err
	}
	if err := errors.Join(request.Write(c.writer), c.writer.Flush()); err != nil {
		return a, false, err
	}
	response, err := c.read(request)
	if err != nil {
		return a, false, err
	}
	defer response.Body.Close()
	body, err := readBody(response)
	return answered{status: response.StatusCode, body: body}, !response.Close && c.reader.Buffered() == 0, err
}

// read reads the head of the final answer; interim ones (status 1xx) are skipped.
func (c *conn) read(request *http.Request) (*http.Response, error) {
	for {
		response, err := http.ReadResponse(c.reader, request)
		if err != nil || response.StatusCode >= http.StatusOK {
			return response, err
		}
	}
}

// take is an idle connection that is still good, or nil; closed tells that the system had closed one that was tried first.
func (w *wire) take(address string) (c *conn, closed bool) {
	for {
		c := w.pop(address)
		if c == nil {
			return nil, closed
		}
		old := time.Since(c.since) > idleLimit
		if !old && !ended(c.raw) {
			return c, closed
		}
		closed = closed || !old
		w.drop(c)
	}
}

// pop takes the connection that became idle last, if there is any.
func (w *wire) pop(address string) *conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	idle := w.idle[address]
	if len(idle) == 0 {
		return nil
	}
	c := idle[len(idle)-1]
	w.idle[address] = idle[:len(idle)-1]
	return c
}

func (w *wire) dial(address string, deadline time.Time) (*conn, error) {
	ctx, cancel := context.WithDeadline(w.ctx, deadline)
	defer cancel()
	plain, err := w.dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	raw, err := plain.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	c := &conn{Conn: plain, reader: bufio.NewReader(plain), writer: bufio.NewWriter(plain), raw: raw}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, errors.Join(net.ErrClosed, plain.Close())
	}
	w.live[c] = struct{}{}
	return c, nil
}

func (w *wire) put(address string, c *conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.since = time.Now()
	w.idle[address] = append(w.idle[address], c)
}

func (w *wire) drop(c *conn) {
	w.mu.Lock()
	delete(w.live, c)
	w.mu.Unlock()
	c.Close()
}

// cut closes every connection, idle or not.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for c := range w.live {
		c.Close()
	}
	clear(w.live)
	clear(w.idle)
}

func (w *wire) close() {
	w.forget()
	w.cut()
}

// address is where the request goes, with a port.
func address(request *http.Request) (string, error) {
	if request.URL.Scheme != "http" {
		return "", fmt.Errorf("request %s: the generator speaks http only; set Config.Transport for %q", request.URL.Redacted(), request.URL.Scheme)
	}
	if request.URL.Port() == "" {
		return net.JoinHostPort(request.URL.Hostname(), "80"), nil
	}
	return request.URL.Host, nil
}
