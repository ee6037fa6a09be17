package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"golang.org/x/sys/unix"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// announced waits for a line of stderr in which a run says an address.
func announced(t *testing.T, lines *bufio.Scanner, what string) string {
	t.Helper()
	for lines.Scan() {
		if address, found := strings.CutPrefix(lines.Text(), what+": "); found {
			return address
		}
	}
	t.Fatalf("the run never said where its %s is: %v", what, lines.Err())
	return ""
}

// got is a page that has to be there.
func got(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: got status %d, %v", url, response.StatusCode, err)
	}
	return string(text)
}

// A real run tells a browser and Prometheus what it records, while it lasts; both hear of all of it, and are gone when it is
// over.
func TestWatched(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cmd := s.command(t, "run", "peak.yaml", "--stack", "processes", "--only", "cache", "--live", "--metrics-addr", ":0", "--no-fail", "--no-repeat")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	lines := bufio.NewScanner(stderr)
	live, metrics := announced(t, lines, "live"), announced(t, lines, "metrics")
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines.Scan() {
			t.Log(lines.Text())
		}
	}()
	for _, address := range []string{live, metrics} {
		if !strings.HasPrefix(address, "http://127.0.0.1:") {
			t.Errorf("got %s, want an address of this machine alone", address)
		}
	}
	if !strings.Contains(got(t, live), `<script src="/live.js">`) {
		t.Error("the live page has no script")
	}
	totals := make(chan []float64)
	over := make(chan struct{})
	go func() { totals <- scraped(t, metrics, over) }()
	points, ending := followed(t, live)
	close(over)
	<-read
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	wantAll(t, s, points)
	if !strings.Contains(ending, `"verdict":`) || !strings.Contains(ending, filepath.Base(realPath(t, s.latest()))+"/report.html") {
		t.Errorf("got the ending %s", ending)
	}
	counts := <-totals
	for i := 1; i < len(counts); i++ {
		if counts[i] < counts[i-1] {
			t.Errorf("got %v hits and then %v, want a counter that never falls", counts[i-1], counts[i])
		}
	}
	if len(counts) < 3 || counts[len(counts)-1] == 0 {
		t.Errorf("got %v in all scrapes, want a count that grows", counts)
	}
	for _, address := range []string{live, metrics} {
		if response, err := http.Get(address); err == nil {
			response.Body.Close()
			t.Errorf("%s still answers", address)
		}
	}
	s.wantNothingLeft(t)
}

func realPath(t *testing.T, link string) string {
	t.Helper()
	path, err := filepath.EvalSymlinks(link)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// followed reads the stream of the live page to its end: the hits offered in each second of each trial, and the ending.
func followed(t *testing.T, live string) (offered map[string]float64, ending string) {
	t.Helper()
	response, err := http.Get(live + "events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	offered = map[string]float64{}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		data, found := strings.CutPrefix(lines.Text(), "data: ")
		if !found {
			continue
		}
		var m struct {
			Points []struct {
				Trial, Second int
				Offered       float64
			}
			Ending json.RawMessage
		}
		if err := json.Unmarshal([]byte(data), &m); err != nil {
			t.Fatal(err)
		}
		for _, p := range m.Points {
			offered[fmt.Sprint(p.Trial, " ", p.Second)] = p.Offered
		}
		ending = string(m.Ending)
	}
	return offered, ending
}

// wantAll compares what a browser was told with what was recorded.
func wantAll(t *testing.T, s site, points map[string]float64) {
	t.Helper()
	run, err := record.Open(s.latest())
	if err != nil {
		t.Fatal(err)
	}
	recorded := map[string]float64{}
	for _, w := range run.Windows {
		recorded[fmt.Sprint(w.Trial, " ", w.Second)] += float64(w.Offered)
	}
	for at, want := range recorded {
		if points[at] != want {
			t.Errorf("trial and second %s: the browser was told of %v hits, recorded are %v", at, points[at], want)
		}
	}
	if len(recorded) == 0 {
		t.Error("nothing was recorded")
	}
}

// scraped asks for the metrics until the run is over and returns how many hits there were each time.
func scraped(t *testing.T, metrics string, over <-chan struct{}) (counts []float64) {
	requests := regexp.MustCompile(`(?m)^rehearse_requests_total\{.*\} (\S+)$`)
	for {
		select {
		case <-over:
			return counts
		case <-time.After(200 * time.Millisecond):
		}
		response, err := http.Get(metrics)
		if err != nil {
			return counts
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return counts
		}
		if problems, err := promlint.New(strings.NewReader(string(text))).Lint(); err != nil || len(problems) > 0 {
			t.Errorf("got %v, %v", problems, err)
		}
		var sum float64
		for _, match := range requests.FindAllStringSubmatch(string(text), -1) {
			n, err := strconv.ParseFloat(match[1], 64)
			if err != nil {
				t.Error(err)
			}
			sum += n
		}
		counts = append(counts, sum)
	}
}

// terminal is one for a command: what it shows is read from screen.
func terminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminals are made here: %v", err)
	}
	t.Cleanup(func() { screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	return screen, tty
}

// While data is made, a terminal shows how much of it the server has.
func TestSeedingIsShown(t *testing.T) {
	t.Parallel()
	s := newBareSite(t)
	text := strings.Replace(shortPeak, "dead_tokens: 5000", "dead_tokens: 500000", 1)
	if err := os.WriteFile(filepath.Join(s.dir, "much.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := s.command(t, "run", "much.yaml", "--stack", "processes")
	screen, tty := terminal(t)
	cmd.Stderr, cmd.Env = tty, append(cmd.Env, "TERM=xterm")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	counted, over := regexp.MustCompile(`seeding: [1-9][0-9,]* of 508,500 rows`), regexp.MustCompile(`servers up|exit \d`)
	var shown strings.Builder
	for part := make([]byte, 4096); !counted.MatchString(shown.String()) && !over.MatchString(shown.String()); {
		n, err := screen.Read(part)
		if shown.Write(part[:n]); err != nil {
			break // nobody has the terminal any more
		}
	}
	if !counted.MatchString(shown.String()) {
		t.Errorf("not a word of how many rows there are:\n%q", shown.String())
	}
	go func() { _, _ = io.Copy(io.Discard, screen) }()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the code says it
	if got := cmd.ProcessState.ExitCode(); got != exitInterrupted {
		t.Errorf("got exit %d, want %d", got, exitInterrupted)
	}
	s.wantNothingLeft(t)
}
