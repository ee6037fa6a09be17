package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// wire is the package's own carrier: plain HTTP/1.1, written and read on the calling goroutine. net/http's Transport
// keeps two goroutines a connection, which costs a quarter of the generator's CPU and, on shared cores, a fifth of the
// p95 it reads.
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
	// answered tells that a byte arrived for the request under way.
	answered bool
}

func newWire(ctx context.Context) *wire {
	w := &wire{ctx: ctx, idle: map[string][]*conn{}, live: map[*conn]struct{}{}}
	stop := context.AfterFunc(ctx, w.cut)
	w.forget = stop
	return w
}

func (w *wire) exchange(request *http.Request, deadline time.Time) (int, []byte, error) {
	address, err := address(request)
	if err != nil {
		return 0, nil, err
	}
	c, reused, err := w.take(address, deadline)
	if err != nil {
		return 0, nil, err
	}
	status, body, err := w.use(c, address, request, deadline)
	var netErr net.Error
	if err == nil || !reused || c.answered || w.ctx.Err() != nil || errors.As(err, &netErr) && netErr.Timeout() {
		return status, body, err
	}
	// The system closed the connection while it was idle, before it can have read this request.
	if request, err = rewind(request); err != nil {
		return 0, nil, err
	}
	if c, err = w.dial(address, deadline); err != nil {
		return 0, nil, err
	}
	return w.use(c, address, request, deadline)
}

// use exchanges one request on c and puts c back, or closes it when it cannot be used again.
func (w *wire) use(c *conn, address string, request *http.Request, deadline time.Time) (int, []byte, error) {
	status, body, keep, err := c.exchange(request, deadline)
	if err != nil || !keep {
		w.drop(c)
	} else {
		w.put(address, c)
	}
	return status, body, err
}

func (c *conn) exchange(request *http.Request, deadline time.Time) (status int, body []byte, keep bool, err error) {
	c.answered = false
	if err := c.SetDeadline(deadline); err != nil {
		return 0, nil, false, err
	}
	if err := errors.Join(request.Write(c.writer), c.writer.Flush()); err != nil {
		return 0, nil, false, err
	}
	if _, err := c.reader.Peek(1); err != nil {
		return 0, nil, false, err
	}
	c.answered = true
	response, err := c.read(request)
	if err != nil {
		return 0, nil, false, err
	}
	defer response.Body.Close()
	body, err = readBody(response)
	return response.StatusCode, body, !response.Close && c.reader.Buffered() == 0, err
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

// take is an idle connection or a new one.
func (w *wire) take(address string, deadline time.Time) (c *conn, reused bool, err error) {
	w.mu.Lock()
	if idle := w.idle[address]; len(idle) > 0 {
		c = idle[len(idle)-1]
		w.idle[address] = idle[:len(idle)-1]
	}
	w.mu.Unlock()
	if c != nil {
		return c, true, nil
	}
	c, err = w.dial(address, deadline)
	return c, false, err
}

func (w *wire) dial(address string, deadline time.Time) (*conn, error) {
	ctx, cancel := context.WithDeadline(w.ctx, deadline)
	defer cancel()
	plain, err := w.dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: plain, reader: bufio.NewReader(plain), writer: bufio.NewWriter(plain)}
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

// rewind is the request with its body from the start again.
func rewind(request *http.Request) (*http.Request, error) {
	if request.Body == nil || request.Body == http.NoBody {
		return request, nil
	}
	if request.GetBody == nil {
		return nil, errors.New("send request again: its body cannot be read twice; set GetBody")
	}
	body, err := request.GetBody()
	if err != nil {
		return nil, fmt.Errorf("send request again: %w", err)
	}
	again := request.Clone(request.Context())
	again.Body = body
	return again, nil
}
