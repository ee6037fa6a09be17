package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// exchange sends one request by w, with the given body if any, and a deadline of 200 ms.
func exchange(t *testing.T, w *wire, url, body string) (int, string, error) {
	t.Helper()
	method, reader := http.MethodGet, io.Reader(nil)
	if body != "" {
		method, reader = http.MethodPost, strings.NewReader(body)
	}
	request, err := http.NewRequest(method, url, reader)
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.exchange(request, time.Now().Add(200*time.Millisecond))
	return a.status, string(a.body), err
}

func wired(t *testing.T) *wire {
	w := newWire(t.Context())
	t.Cleanup(w.close)
	return w
}

// listen runs a server that treats every connection as serve says; n counts the connections from one.
func listen(t *testing.T, serve func(c net.Conn, n int)) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for n := 1; ; n++ {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c, n)
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// swallow reads one request from c.
func swallow(c net.Conn) {
	if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
		io.Copy(io.Discard, r.Body)
	}
}

func TestAnswers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/echo":
			io.Copy(w, r.Body)
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/chunks":
			for range 3 {
				fmt.Fprint(w, "part")
				w.(http.Flusher).Flush()
			}
		case "/early":
			w.WriteHeader(http.StatusEarlyHints)
			fmt.Fprint(w, "late")
		case "/moved":
			http.Redirect(w, r, "/echo", http.StatusFound)
		case "/large":
			w.Write(make([]byte, 3*maxBodyBytes))
		case "/close":
			w.Header().Set("Connection", "close")
			fmt.Fprint(w, "bye")
		}
	}))
	defer server.Close()
	w := wired(t)
	for range 2 {
		for _, tt := range []struct {
			path, body string
			status     int
			want       string
		}{
			{"/echo", "hello", 200, "hello"},
			{"/none", "", 204, ""},
			{"/chunks", "", 200, "partpartpart"},
			{"/early", "", 200, "late"},
			{"/moved", "body", 302, ""},
			{"/large", "", 200, string(make([]byte, maxBodyBytes))},
			{"/close", "", 200, "bye"},
		} {
			status, got, err := exchange(t, w, server.URL+tt.path, tt.body)
			if err != nil || status != tt.status || got != tt.want {
				t.Errorf("%s: got %d %.40q %v, want %d %.40q", tt.path, status, got, err, tt.status, tt.want)
			}
		}
	}
}

// Requests one after the other share a connection.
func TestKeepAlive(t *testing.T) {
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	w := wired(t)
	for range 20 {
		if _, _, err := exchange(t, w, server.URL, "body"); err != nil {
			t.Fatal(err)
		}
	}
	if opened.Load() != 1 {
		t.Errorf("got %d connections, want 1", opened.Load())
	}
}

// An answer that broke off is the hit's failure; a second attempt would hide it.
func TestBrokenAnswerIsNotRetried(t *testing.T) {
	url := listen(t, func(c net.Conn, _ int) {
		swallow(c)
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		swallow(c)
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
	})
	w := wired(t)
	if _, got, err := exchange(t, w, url, ""); err != nil || got != "ok" {
		t.Fatalf("got %q %v, want ok", got, err)
	}
	if _, got, err := exchange(t, w, url, ""); err == nil || classify(err) != "eof" {
		t.Errorf("got %q %v, want an end inside the answer", got, err)
	}
}

// What a system sends beyond its answer must not become the answer to the next request.
func TestSurplusBytes(t *testing.T) {
	url := listen(t, func(c net.Conn, _ int) {
		swallow(c)
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 Late\r\nContent-Length: 0\r\n\r\n")
		io.Copy(io.Discard, c)
	})
	w := wired(t)
	for range 2 {
		if status, got, err := exchange(t, w, url, ""); err != nil || status != http.StatusOK || got != "ok" {
			t.Errorf("got %d %q %v, want 200 ok", status, got, err)
		}
	}
}

func TestClasses(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + closed.Addr().String()
	closed.Close()
	for _, tt := range []struct{ name, url, want string }{
		{"refused", refused, "refused"},
		{"silent", listen(t, func(c net.Conn, _ int) { io.Copy(io.Discard, c) }), "timeout"},
		{"silent after the head", listen(t, func(c net.Conn, _ int) {
			swallow(c)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
			io.Copy(io.Discard, c)
		}), "timeout"},
		{"closed before the answer", listen(t, func(c net.Conn, _ int) { swallow(c) }), "eof"},
		{"closed inside the body", listen(t, func(c net.Conn, _ int) {
			swallow(c)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
		}), "eof"},
		{"reset", listen(t, func(c net.Conn, _ int) {
			c.(*net.TCPConn).SetLinger(0)
		}), "reset"},
		{"not HTTP", listen(t, func(c net.Conn, _ int) {
			swallow(c)
			fmt.Fprint(c, "SMTP ready\r\n\r\n")
		}), "other"},
		{"other scheme", "https://127.0.0.1", "other"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, _, err := exchange(t, wired(t), tt.url, "")
			if err == nil {
				t.Fatalf("got status %d, want an error", status)
			}
			if got := classify(err); got != tt.want {
				t.Errorf("%v: got class %s, want %s", err, got, tt.want)
			}
		})
	}
	if got := classify(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsTimeout: true}}); got != "dns" {
		t.Errorf("name not found in time: got class %s, want dns", got)
	}
	for errno, want := range map[syscall.Errno]string{syscall.EADDRNOTAVAIL: "ports_exhausted", syscall.EMFILE: "too_many_files", syscall.EPIPE: "reset"} {
		if got := classify(&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", errno)}); got != want {
			t.Errorf("%v: got class %s, want %s", errno, got, want)
		}
	}
}

func TestNoConnectionAfterClose(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	w := newWire(t.Context())
	w.close()
	if status, _, err := exchange(t, w, server.URL, ""); err == nil {
		t.Errorf("got status %d, want an error", status)
	}
}

// The end of the context frees a worker from a connection that says nothing.
func TestCut(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := newWire(ctx)
	defer w.close()
	url := listen(t, func(c net.Conn, _ int) { io.Copy(io.Discard, c) })
	time.AfterFunc(20*time.Millisecond, cancel)
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.exchange(request, time.Now().Add(time.Hour)); err == nil {
		t.Error("got an answer, want an error")
	}
	if _, err := w.exchange(request, time.Now().Add(time.Hour)); err == nil {
		t.Error("got an answer after the end, want an error")
	}
}

// After a run with stalls no goroutine and no connection is left.
func TestNothingLeft(t *testing.T) {
	var open atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		time.Sleep(20 * time.Millisecond)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	server.Start()
	before := runtime.NumGoroutine()
	for range 3 {
		cfg := Config{Plan: hold(2000, 200*time.Millisecond, 1, "verify"), Source: get{server.URL}}
		if _, err := run(t.Context(), cfg, even(cfg.Plan)); err != nil {
			t.Fatal(err)
		}
	}
	left := func() bool { return open.Load() > 0 || runtime.NumGoroutine() > before }
	for until := time.Now().Add(5 * time.Second); left() && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond)
	}
	if left() {
		t.Errorf("left: %d connections, %d goroutines more than before", open.Load(), runtime.NumGoroutine()-before)
	}
	server.Close()
}
