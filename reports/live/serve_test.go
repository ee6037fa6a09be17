package live

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
)

func header() record.Header {
	return record.Header{Application: &record.Application{Roles: []string{"callers", "auth"}, Services: []string{"auth", "callers"}, Entrance: "callers"},
		ID: "20260701T090000Z-peak-00ff", Scenario: "<script>alert(1)</script> 캐시", Stack: "processes", Headline: "peak",
		Stages: []record.Stage{{Name: "warm-up", EndSeconds: 1}, {Name: "peak", BeginSeconds: 1, EndSeconds: 6, Measure: true}},
		Trials: []record.Trial{{State: "baseline"}, {Index: 1, State: "cache"}}}
}

func newServer(t *testing.T) *Server {
	t.Helper()
	s, err := New(header())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// listening is the page of s on a real socket.
func listening(t *testing.T, s *Server) string {
	t.Helper()
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return server.URL
}

// tab is a page that is open: what it was sent, one message at a time.
type tab struct {
	t    *testing.T
	body io.ReadCloser
	text *bufio.Reader
	id   string
}

// open asks for what changed since the message with an identifier.
func open(t *testing.T, url, id string) *tab {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Last-Event-ID", id)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || kind != "text/event-stream" {
		t.Fatalf("got status %d and %s", response.StatusCode, kind)
	}
	return &tab{t: t, body: response.Body, text: bufio.NewReader(response.Body)}
}

// next is the next message; nil at the end.
func (p *tab) next() *message {
	p.t.Helper()
	for {
		line, err := p.text.ReadString('\n')
		if err != nil {
			return nil
		}
		if id, found := strings.CutPrefix(line, "id: "); found {
			p.id = strings.TrimSpace(id)
		}
		if data, found := strings.CutPrefix(line, "data: "); found {
			var m message
			if err := json.Unmarshal([]byte(data), &m); err != nil {
				p.t.Fatal(err)
			}
			return &m
		}
	}
}

func TestOnlyThisMachineIsServed(t *testing.T) {
	s := newServer(t)
	for _, c := range []struct {
		name, method, path, host, origin string
		want                             int
	}{
		{"page", "GET", "/", "127.0.0.1:8080", "", 200},
		{"page by name", "GET", "/", "localhost:8080", "", 200},
		{"page by IPv6", "GET", "/", "[::1]:8080", "", 200},
		{"without a port", "GET", "/live.js", "127.0.0.1", "", 200},
		{"head", "HEAD", "/style.css", "127.0.0.1:8080", "", 200},
		{"our own page", "GET", "/uplot.js", "127.0.0.1:8080", "http://127.0.0.1:8080", 200},
		{"rebound name", "GET", "/", "rehearse.evil.example:8080", "", 403},
		{"rebound name of the stream", "GET", "/events", "127.0.0.1.evil.example", "", 403},
		{"another address of the machine", "GET", "/", "192.168.1.20:8080", "", 403},
		{"no host", "GET", "/", "", "", 403},
		{"foreign page", "GET", "/events", "127.0.0.1:8080", "https://evil.example", 403},
		{"another page of this machine", "GET", "/events", "127.0.0.1:8080", "http://127.0.0.1:3000", 403},
		{"a file on disk", "GET", "/events", "127.0.0.1:8080", "null", 403},
		{"post", "POST", "/events", "127.0.0.1:8080", "", 405},
		{"nothing there", "GET", "/live.html", "127.0.0.1:8080", "", 404},
		{"no files of the machine", "GET", "/../../etc/passwd", "127.0.0.1:8080", "", 404},
	} {
		r := httptest.NewRequest(c.method, "http://127.0.0.1:8080"+c.path, nil)
		if r.Host = c.host; c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: got %d, want %d", c.name, w.Code, c.want)
		}
		if h := w.Header(); h.Get("Access-Control-Allow-Origin") != "" || !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none';") ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %v", c.name, h)
		}
	}
}

// A page that comes late, or comes again, is sent the whole run; one that was away for a moment is sent the rest.
func TestLatePageGetsEverything(t *testing.T) {
	s := newServer(t)
	url := listening(t, s)
	s.Observe(begin(0, 5))
	s.Observe(hits(0, "verify", 100, 0))
	s.Observe(hits(1, "verify", 100, 0))
	s.Observe(record.Event{AtSeconds: 7, Kind: record.EventFault, Text: "replica died"})

	early := open(t, url, "")
	first := early.next()
	if first.Run == nil || len(first.Bands) != 1 || len(first.Points) != 2 || len(first.Events) != 1 || first.Ending != nil {
		t.Errorf("got %+v, want everything so far", first)
	}
	s.Observe(hits(2, "verify", 100, 0))
	second := early.next()
	if second.Run != nil || len(second.Points) != 1 || !strings.Contains(string(second.Points[0]), `"second":2`) {
		t.Errorf("got %+v, want the second that is new", second)
	}
	early.body.Close()

	s.Observe(hits(2, "login", 10, 0))
	for name, c := range map[string]struct {
		id     string
		run    bool
		points int
	}{
		"opened late":              {"", true, 3},
		"back after a moment":      {early.id, false, 1},
		"seen nothing of this run": {"20260630T090000Z-peak-ffff 3", true, 3},
		"nonsense":                 {"20260701T090000Z-peak-00ff x", true, 3},
	} {
		if m := open(t, url, c.id).next(); (m.Run != nil) != c.run || len(m.Points) != c.points {
			t.Errorf("%s: got run %s and %d points, want %d", name, m.Run, len(m.Points), c.points)
		}
	}
}

// The end is told to every page, and with it their stream ends.
func TestEndOfARun(t *testing.T) {
	s := newServer(t)
	url := listening(t, s)
	watching := open(t, url, "")
	watching.next()
	s.Observe(begin(0, 5))
	s.Finish(Ending{Verdict: "pass", Sentence: "All is well.", Report: "/out/report.html"})
	s.Finish(Ending{Verdict: "fail"})
	s.Observe(hits(0, "verify", 100, 0))
	var last *message
	for m := watching.next(); m != nil; m = watching.next() {
		last = m
	}
	if want := `{"verdict":"pass","sentence":"All is well.","report":"/out/report.html"}`; last == nil || string(last.Ending) != want {
		t.Fatalf("got %+v, want the ending", last)
	}
	s.Wait(t.Context())
	if late := open(t, url, "").next(); late.Ending == nil || len(late.Bands) != 1 || len(late.Points) != 0 {
		t.Errorf("got %+v, want the same for a page opened afterwards", late)
	}
}

// A colour that the style does not have draws nothing, and says nothing either.
func TestColoursAreThere(t *testing.T) {
	s := newServer(t)
	named := regexp.MustCompile(`(?:colour|edge): "([a-z-]+)"|colour\("([a-z-]+)"\)|block\([^"]*"([a-z-]+)"\)|\? "([a-z-]+)" : "([a-z-]+)"\);`)
	found := named.FindAllStringSubmatch(s.assets["/live.js"].text, -1)
	for _, match := range found {
		for _, name := range match[1:] {
			if name != "" && !strings.Contains(s.assets["/style.css"].text, "--"+name+": #") {
				t.Errorf("the style has no --%s, of %s", name, match[0])
			}
		}
	}
	if len(found) < 15 {
		t.Errorf("got %d colours", len(found))
	}
}

// In a cutover the states follow one another in one trial, each in a band of its own. A switch before a trial is none of it.
func TestBandsOfACutover(t *testing.T) {
	s := newServer(t)
	for _, e := range []record.Event{
		{AtSeconds: 1, Kind: record.EventSwitch, Text: "baseline"}, begin(0, 2),
		{AtSeconds: 5, Kind: record.EventSwitch, Text: "baseline -> cache"},
		{AtSeconds: 9, Kind: record.EventTrialEnd, Text: "baseline"},
		{AtSeconds: 10, Kind: record.EventSwitch, Text: "cache -> baseline"},
	} {
		s.Observe(e)
	}
	m, _, _, _ := s.since(0)
	var got []string
	for _, b := range m.Bands {
		got = append(got, string(b))
	}
	want := []string{`{"number":1,"trial":0,"state":"baseline","from":2,"to":5}`, `{"number":2,"trial":0,"state":"cache","from":5,"to":9}`}
	if diff := cmp.Diff(want, got); diff != "" || len(m.Events) != 3 {
		t.Errorf("got %d events; -want +got:\n%s", len(m.Events), diff)
	}
}

func TestTooManyPages(t *testing.T) {
	s := newServer(t)
	for range maxPages {
		if !s.enter() {
			t.Fatal("got a refusal, want a page")
		}
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1/events", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", w.Code)
	}
	s.leave()
	if !s.enter() {
		t.Error("got a refusal, want the place that was left")
	}
}

// pipes is a listener whose connections have no buffer: what nobody reads is not written.
type pipes struct {
	connections chan net.Conn
	closed      chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.connections <- theirs
	return ours, nil
}

// A page that takes nothing is let go, another one does not notice, and whoever records never waits. When all is over no
// goroutine is left; the bubble would not end.
func TestSlowPageIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		p := &pipes{make(chan net.Conn), make(chan struct{})}
		server := &http.Server{Handler: s.Handler()}
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = server.Serve(p)
		}()
		transport := &http.Transport{DialContext: p.dial}
		response, err := (&http.Client{Transport: transport}).Get("http://127.0.0.1/events")
		if err != nil {
			t.Fatal(err)
		}
		idle, _ := p.dial(t.Context(), "", "")
		fmt.Fprint(idle, "GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
		synctest.Wait()

		read := make(chan string)
		go func() {
			all, _ := io.ReadAll(response.Body)
			read <- string(all)
		}()
		before := time.Now()
		s.Observe(begin(0, 5))
		for second := range 20 {
			s.Observe(hits(second, "verify", 10, 0))
			if took := time.Since(before); took != time.Duration(second)*time.Second {
				t.Fatalf("second %d was recorded after %v", second, took)
			}
			time.Sleep(time.Second)
		}
		if s.mu.Lock(); s.pages != 1 {
			t.Errorf("got %d pages after 20 s, want the one that reads", s.pages)
		}
		s.mu.Unlock()
		s.Finish(Ending{Verdict: "pass"})
		s.Wait(t.Context())
		if all := <-read; !strings.Contains(all, `"second":19`) || !strings.Contains(all, `"verdict":"pass"`) {
			t.Errorf("got %q, want everything", all)
		}
		transport.CloseIdleConnections()
		idle.Close()
		server.Close()
		<-served
	})
}
