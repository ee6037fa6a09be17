package live

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/reports/page"
)

//go:embed assets
var files embed.FS

const (
	// rhythm is the least time between two messages to a page.
	rhythm = 250 * time.Millisecond
	// heartbeat is the most: whoever has gone is noticed by it.
	heartbeat = 10 * time.Second
	// patience is how long a page may take nothing before it is let go.
	patience = 5 * time.Second
	// again is how soon a page that lost us asks again.
	again = 500 * time.Millisecond
)

// policy lets the page load what is served here, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// asset is a file of the page.
type asset struct{ kind, text string }

// assetsOf are the files of the page by their path.
func assetsOf(shared page.Shared) (map[string]asset, error) {
	assets := map[string]asset{
		"/uplot.js": {"text/javascript", shared.Plot}, "/uplot.css": {"text/css", shared.PlotStyle}, "/style.css": {"text/css", shared.Style},
	}
	for path, kind := range map[string]string{"/live.html": "text/html", "/live.js": "text/javascript", "/live.css": "text/css"} {
		text, err := files.ReadFile("assets" + path)
		if err != nil {
			return nil, fmt.Errorf("live page: %w", err)
		}
		assets[path] = asset{kind, string(text)}
	}
	assets["/"] = assets["/live.html"]
	delete(assets, "/live.html")
	return assets, nil
}

// Handler serves the page at / and what changes at /events. It refuses whoever comes by a name that is not this machine's:
// a foreign site can give its own name the address of this machine, and would then be let in by the browser.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		file, found := s.assets[r.URL.Path]
		switch {
		case !loopback(r.Host) || !ours(r):
			http.Error(w, "this page is for the machine it runs on; open it by http://127.0.0.1 and its port", http.StatusForbidden)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			header.Set("Allow", "GET, HEAD")
			http.Error(w, "the page only shows", http.StatusMethodNotAllowed)
		case r.URL.Path == "/events" && r.Method == http.MethodGet:
			s.stream(w, r)
		case !found:
			http.NotFound(w, r)
		default:
			header.Set("Content-Type", file.kind+"; charset=utf-8")
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(file.text))
		}
	})
}

// loopback tells whether a request was addressed to this machine. The port may be another: it can have been forwarded.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && address.IsLoopback()
}

// ours tells whether a request comes from our own page, or from no page at all.
func ours(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	from, err := url.Parse(origin)
	return origin == "" || err == nil && from.Host == r.Host
}

// stream sends a page what it has not seen, then what changes, until the run is over or the page takes no more.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		http.Error(w, fmt.Sprintf("%d pages are open already; close one", maxPages), http.StatusServiceUnavailable)
		return
	}
	defer s.leave()
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	seen := s.seen(r.Header.Get("Last-Event-ID"))
	for {
		m, version, last, changed := s.since(seen)
		text, err := s.encode(m, version)
		if err != nil || send(control, w, text) != nil || last {
			return
		}
		seen = version
		select {
		case <-changed:
		case <-time.After(heartbeat):
		case <-r.Context().Done():
			return
		}
		pause(r.Context(), rhythm)
	}
}

// send writes to a page, which has to take it in time.
func send(control *http.ResponseController, w http.ResponseWriter, text []byte) error {
	if err := control.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	return control.Flush()
}

// encode is a message as it goes over the wire; nil is a sign of life.
func (s *Server) encode(m *message, version uint64) ([]byte, error) {
	if m == nil {
		return []byte(":\n\n"), nil
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "retry: %d\nid: %s %d\ndata: %s\n\n", again.Milliseconds(), s.id, version, text)
	return b.Bytes(), nil
}

// seen is the version a page has seen, by the identifier that the browser sends back. What it saw of another run, at the
// same address, counts for nothing.
func (s *Server) seen(id string) uint64 {
	version, ours := strings.CutPrefix(id, s.id+" ")
	number, err := strconv.ParseUint(version, 10, 64)
	if !ours || err != nil {
		return 0
	}
	return number
}
