package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// deeds is a server that does what it is asked and counts it. How it behaves on a connection, serve says.
type deeds struct {
	mu   sync.Mutex
	done map[string]int
	url  string
}

func newDeeds(t *testing.T, serve func(d *deeds, c net.Conn, n int)) *deeds {
	d := &deeds{done: map[string]int{}}
	d.url = listen(t, func(c net.Conn, n int) { serve(d, c, n) })
	return d
}

// do reads a request and carries it out; without one it tells so.
func (d *deeds) do(r *bufio.Reader) bool {
	request, err := http.ReadRequest(r)
	if err != nil {
		return false
	}
	io.Copy(io.Discard, request.Body)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done[request.Method]++
	return true
}

// answer carries out one request and answers it.
func (d *deeds) answer(c net.Conn, r *bufio.Reader) {
	if d.do(r) {
		fmt.Fprint(c, okAnswer)
	}
}

func (d *deeds) count(method string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.done[method]
}

// asks is a source of one method, with a body where the method has one.
type asks struct {
	get
	method string
}

func (a asks) Request(context.Context, string, scenarios.Hit) (*http.Request, error) {
	if a.method == http.MethodPost || a.method == http.MethodPut {
		return http.NewRequest(a.method, a.url, strings.NewReader("body"))
	}
	return http.NewRequest(a.method, a.url, nil)
}

// played is what a run of a few hits, each well after the one before, came to.
func played(t *testing.T, hits int, source Source, transport http.RoundTripper) record.Window {
	t.Helper()
	var sum record.Window
	sum.Errors = map[string]uint64{}
	cfg := Config{Plan: hold(8, time.Duration(hits)*time.Second/8, 1, "write"), Source: source, Transport: transport, Timeout: 2 * time.Second,
		Emit: func(w record.Window) error {
			sum.Sent, sum.Completed, sum.Failed = sum.Sent+w.Sent, sum.Completed+w.Completed, sum.Failed+w.Failed
			sum.Reconnected, sum.Resent = sum.Reconnected+w.Reconnected, sum.Resent+w.Resent
			for class, n := range w.Errors {
				sum.Errors[class] += n
			}
			return nil
		}}
	if _, err := run(t.Context(), cfg, even(cfg.Plan)); err != nil {
		t.Fatal(err)
	}
	return sum
}

// habit is what a server does with its connections, and what four hits come to.
type habit struct {
	name  string
	serve func(*deeds, net.Conn, int)
	want  record.Window
}

func habits() []habit {
	afterReading := func(end func(net.Conn)) func(*deeds, net.Conn, int) {
		return func(d *deeds, c net.Conn, _ int) {
			r := bufio.NewReader(c)
			d.answer(c, r)
			d.do(r)
			end(c)
		}
	}
	reset := func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }
	return []habit{
		{"closes after reading the second", afterReading(func(net.Conn) {}),
			record.Window{Sent: 4, Completed: 2, Failed: 2, Errors: map[string]uint64{"eof": 2}}},
		{"resets after reading the second", afterReading(reset),
			record.Window{Sent: 4, Completed: 2, Failed: 2, Errors: map[string]uint64{"reset": 2}}},
		{"half-closes after reading the second", afterReading(func(c net.Conn) {
			c.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c)
		}), record.Window{Sent: 4, Completed: 2, Failed: 2, Errors: map[string]uint64{"eof": 2}}},
		{"breaks off in the middle of the second answer", afterReading(func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 200 O") }),
			record.Window{Sent: 4, Completed: 2, Failed: 2, Errors: map[string]uint64{"eof": 2}}},
		{"closes while idle", func(d *deeds, c net.Conn, _ int) { d.answer(c, bufio.NewReader(c)) },
			record.Window{Sent: 4, Completed: 4, Reconnected: 3, Errors: map[string]uint64{}}},
		{"resets while idle", func(d *deeds, c net.Conn, _ int) {
			d.answer(c, bufio.NewReader(c))
			time.Sleep(10 * time.Millisecond)
			reset(c)
		}, record.Window{Sent: 4, Completed: 4, Reconnected: 3, Errors: map[string]uint64{}}},
		{"half-closes while idle, and would still read", func(d *deeds, c net.Conn, _ int) {
			r := bufio.NewReader(c)
			d.answer(c, r)
			c.(*net.TCPConn).CloseWrite()
			d.do(r)
		}, record.Window{Sent: 4, Completed: 4, Reconnected: 3, Errors: map[string]uint64{}}},
		{"says on its own that it gives up waiting", func(d *deeds, c net.Conn, _ int) {
			d.answer(c, bufio.NewReader(c))
			time.Sleep(10 * time.Millisecond)
			fmt.Fprint(c, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
			io.Copy(io.Discard, c)
		}, record.Window{Sent: 4, Completed: 4, Reconnected: 3, Errors: map[string]uint64{}}},
		{"closes and says so", func(d *deeds, c net.Conn, _ int) {
			if d.do(bufio.NewReader(c)) {
				fmt.Fprint(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
			}
		}, record.Window{Sent: 4, Completed: 4, Errors: map[string]uint64{}}},
		{"keeps to the end", func(d *deeds, c net.Conn, _ int) {
			for r := bufio.NewReader(c); d.do(r); {
				fmt.Fprint(c, okAnswer)
			}
		}, record.Window{Sent: 4, Completed: 4, Errors: map[string]uint64{}}},
	}
}

// A hit goes out once, whatever becomes of its connection: what the system did is what was sent, and no failure of it hides
// behind another attempt. Where the connection was closed before anything was written, nothing fails.
func TestAHitGoesOutOnce(t *testing.T) {
	for _, tt := range habits() {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodGet} {
			t.Run(tt.name+"/"+method, func(t *testing.T) {
				t.Parallel()
				d := newDeeds(t, tt.serve)
				got := played(t, 4, asks{get{d.url}, method}, nil)
				if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(record.Histogram{})); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if done := d.count(method); done != int(got.Sent) {
					t.Errorf("the system carried out %d, and %d were sent", done, got.Sent)
				}
			})
		}
	}
}

// All connections kept from a burst are closed while idle: each costs a look, and no hit fails.
func TestManyClosedWhileIdle(t *testing.T) {
	var began sync.WaitGroup
	began.Add(8)
	d := newDeeds(t, func(d *deeds, c net.Conn, n int) {
		r := bufio.NewReader(c)
		if n <= 8 {
			began.Done()
			began.Wait()
			d.answer(c, r)
			return
		}
		d.answer(c, r)
		d.answer(c, r)
	})
	w := wired(t)
	var burst sync.WaitGroup
	for range 8 {
		burst.Go(func() {
			if _, _, err := exchange(t, w, d.url, "body"); err != nil {
				t.Error(err)
			}
		})
	}
	burst.Wait()
	time.Sleep(50 * time.Millisecond)
	for i, want := range []bool{true, false} {
		request, err := http.NewRequest(http.MethodPost, d.url, strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		a, err := w.exchange(request, time.Now().Add(time.Second))
		if err != nil || a.status != http.StatusOK || a.reconnected != want {
			t.Errorf("request %d after the burst: got %d, %v, reconnected %v, want 200 and %v", i, a.status, err, a.reconnected, want)
		}
	}
	if len(w.live) != 1 || d.count(http.MethodPost) != 10 {
		t.Errorf("%d connections are left and %d requests were carried out, want 1 and 10", len(w.live), d.count(http.MethodPost))
	}
}

// A connection that was idle for long is about to be closed by many servers, and is left alone.
func TestLongIdleConnections(t *testing.T) {
	d := newDeeds(t, func(d *deeds, c net.Conn, _ int) {
		for r := bufio.NewReader(c); d.do(r); {
			fmt.Fprint(c, okAnswer)
		}
	})
	w := wired(t)
	if _, _, err := exchange(t, w, d.url, "body"); err != nil {
		t.Fatal(err)
	}
	for _, idle := range w.idle {
		idle[0].since = idle[0].since.Add(-2 * idleLimit)
	}
	before := w.only(t)
	if _, _, err := exchange(t, w, d.url, "body"); err != nil {
		t.Fatal(err)
	}
	if w.only(t) == before {
		t.Error("the old connection was used again")
	}
}

// only is the one connection there is.
func (w *wire) only(t *testing.T) *conn {
	t.Helper()
	if len(w.live) != 1 {
		t.Fatalf("%d connections, want 1", len(w.live))
	}
	for c := range w.live {
		return c
	}
	return nil
}

// net/http's transport sends a GET again by itself when a connection it kept ends after the request: it cannot be kept from
// it, but it is counted. A POST it does not.
func TestForeignTransportsAreFoundOut(t *testing.T) {
	for method, want := range map[string]record.Window{
		http.MethodGet:  {Sent: 2, Completed: 2, Resent: 1, Errors: map[string]uint64{}},
		http.MethodPost: {Sent: 2, Completed: 1, Failed: 1, Errors: map[string]uint64{"eof": 1}},
	} {
		t.Run(method, func(t *testing.T) {
			d := newDeeds(t, func(d *deeds, c net.Conn, n int) {
				r := bufio.NewReader(c)
				d.answer(c, r)
				d.do(r)
			})
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			got := played(t, 2, asks{get{d.url}, method}, transport)
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(record.Histogram{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if done := d.count(method); done != int(got.Sent+got.Resent) {
				t.Errorf("the system carried out %d, and %d were sent, %d of them again", done, got.Sent, got.Resent)
			}
		})
	}
}
