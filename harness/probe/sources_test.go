package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "carshare_statements_total"}, []string{"kind", "node", "op"})
	gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "carshare_state"}, []string{"state"})
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "carshare_seconds"})
	foreign := prometheus.NewCounter(prometheus.CounterOpts{Name: "other_total"})
	registry.MustRegister(counter, gauge, histogram, foreign)
	counter.WithLabelValues("read", "replica", "verify").Add(3)
	counter.WithLabelValues("write", "primary", "login").Add(1e15)
	gauge.WithLabelValues("baseline").Set(1)
	histogram.Observe(1)
	foreign.Inc()
	service := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer service.Close()
	m := Metrics("auth", service.URL, "carshare_")
	defer m.Close()
	want := map[string]float64{
		"statements_total{kind=read,node=replica,op=verify}": 3,
		"statements_total{kind=write,node=primary,op=login}": 1e15,
		"state{state=baseline}":                              1,
	}
	if diff := cmp.Diff(want, reading1(t, m)); diff != "" {
		t.Error(diff)
	}
}

// reading1 takes a reading that must succeed.
func reading1(t *testing.T, p Probe) map[string]float64 {
	t.Helper()
	values, err := p.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestMetricsErrors(t *testing.T) {
	var answer atomic.Value
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer.Load().(http.HandlerFunc)(w, r) }))
	defer service.Close()
	m := Metrics("auth", service.URL, "")
	defer m.Close()
	for _, tt := range []struct {
		name, want string
		answer     http.HandlerFunc
	}{
		{"status", "status 404", http.NotFound},
		{"not metrics", "page of metrics", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }},
		{"too long", "longer than", func(w http.ResponseWriter, _ *http.Request) {
			io.CopyN(w, zeros{}, maxPageBytes+1)
		}},
		{"cut", "unexpected EOF", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "a 1\n")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer.Store(tt.answer)
			if _, err := m.Read(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "read auth: ") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// A source that hangs costs the patience of one reading, and one that waits for its turn no more.
func TestReadIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context) (map[string]float64, error) { <-ctx.Done(); return nil, ctx.Err() }
		i := newInstrument("x", hang, func() error { return nil })
		begin := time.Now()
		failed := make(chan error)
		for range 2 {
			go func() { _, err := i.Read(t.Context()); failed <- err }()
		}
		for range 2 {
			if err := <-failed; !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want a deadline exceeded", err)
			}
		}
		if took := time.Since(begin); took != patience {
			t.Errorf("both took %v, want %v", took, patience)
		}
	})
}

const info = "# Stats\r\nkeyspace_hits:7\r\nkeyspace_misses:2\r\nevicted_keys:1\r\n# Memory\r\nused_memory:1024\r\nused_memory_human:1K\r\n" +
	"# Commandstats\r\ncmdstat_get:calls=9,usec=10,usec_per_call=1.11,rejected_calls=0,failed_calls=0\r\ncmdstat_info:calls=4,usec=1\r\n" +
	"cmdstat_client|setinfo:calls=4,usec=1\r\ncmdstat_object|freq:calls=1,usec=1\r\ncmdstat_object|encoding:calls=2,usec=1\r\n" +
	"# Keyspace\r\ndb0:keys=5,expires=1,avg_ttl=0\r\ndb11:keys=2,expires=0,avg_ttl=0\r\n"

func TestInfoSeries(t *testing.T) {
	got, err := infoSeries(info)
	want := map[string]float64{
		"commands_total{command=get}": 9, "commands_total{command=object}": 3, "evicted_keys_total": 1, "keys": 7,
		"keyspace_hits_total": 7, "keyspace_misses_total": 2, "memory_bytes": 1024,
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for _, broken := range []string{"", strings.Replace(info, "used_memory:", "x:", 1), strings.Replace(info, "get:calls", "get:c", 1),
		strings.Replace(info, "keys=5", "keys=five", 1)} {
		if _, err := infoSeries(broken); err == nil {
			t.Errorf("got no error, want one for %q", broken)
		}
	}
}

func FuzzInfoSeries(f *testing.F) {
	f.Add(info)
	f.Fuzz(func(t *testing.T, text string) {
		values, err := infoSeries(text)
		if err == nil && len(values) < 5 {
			t.Errorf("got %v without an error", slicesOf(values))
		}
	})
}

func slicesOf(values map[string]float64) (keys []string) {
	for key := range maps.Keys(values) {
		keys = append(keys, key)
	}
	return keys
}

func TestParseStat(t *testing.T) {
	const rest = " S 7 1 1 0 -1 4194560 1 2 3 4 150 50 1000 200 20 0 1 0 99 1000 25"
	for _, name := range []string{"sh", "a b", "a) S 1 (b", ")", "("} {
		got, err := parseStat("42 (" + name + ")" + rest)
		want := process{pid: 42, parent: 7, name: name, started: 99, self: 2, reaped: 12}
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", name, got, err, want)
		}
	}
	for _, broken := range []string{"", "42", "42 (sh) S 1", "x (sh)" + rest} {
		if _, err := parseStat(broken); err == nil {
			t.Errorf("%q: got no error, want one", broken)
		}
	}
}

// A tree's time is that of the process, its live children and those that ended, exactly what the kernel bills the parent
// in the end.
func TestCPUOfTree(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("process times are read on Linux")
	}
	const burn = `i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done; `
	cmd := exec.Command("sh", "-c", "("+burn+"); ( "+burn+" echo burnt; read line ); true")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	c := CPU(func() map[string]int { return map[string]int{"sh": cmd.Process.Pid, "gone": 1 << 30} })
	values := reading1(t, c)
	if err := errors.Join(stdin.Close(), cmd.Wait()); err != nil {
		t.Fatal(err)
	}
	billed := (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	got := values["cpu_seconds_total{process=sh}"]
	// Four numbers, each cut to 10 ms, and what the exits cost.
	if math.Abs(got-billed) > 0.06 || billed < 0.15 {
		t.Errorf("got %v s, want the %v s billed", got, billed)
	}
	if values["memory_bytes{process=sh}"] <= 0 {
		t.Errorf("got %v, want memory", values)
	}
	if _, found := values["cpu_seconds_total{process=gone}"]; found {
		t.Error("got a series for a process that is gone, want none")
	}
}

// The generator is this process alone: the children it waited for are nodes, not cost of the generator.
func TestCPUOfGenerator(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("process times are read on Linux")
	}
	c := CPU(func() map[string]int { return map[string]int{"own": os.Getpid()} })
	before := used(t)
	if err := exec.Command("sh", "-c", `i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done`).Run(); err != nil {
		t.Fatal(err)
	}
	values := reading1(t, c)
	after := used(t)
	got := values["cpu_seconds_total{process=generator}"]
	if got < before-0.02 || got > after+0.02 {
		t.Errorf("got %v s, want between %v and %v", got, before, after)
	}
	if tree := values["cpu_seconds_total{process=own}"]; tree < got+0.05 {
		t.Errorf("got %v s for the tree, want the child's time on top of %v", tree, got)
	}
}

// used is this process' time by another way than the probe's.
func used(t *testing.T) float64 {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

// A child that ends while the table is read may be missing from it; the sum must not step back, or a counter would look
// reset. A new process is a reset.
func TestCPUNeverStepsBack(t *testing.T) {
	c := &cpu{seen: map[string]usage{}}
	for _, step := range []struct {
		seconds, want float64
		started       uint64
	}{{5, 5, 1}, {4, 5, 1}, {6, 6, 1}, {1, 1, 2}} {
		if got := c.steady("x", usage{pid: 1, started: step.started, seconds: step.seconds}); got.seconds != step.want {
			t.Errorf("%+v: got %v", step, got.seconds)
		}
	}
}

// A thread takes its count with it when it ends, and a new one may get its id; the sum must not step back.
func TestThreadsAddUp(t *testing.T) {
	var own threads
	for i, step := range []struct {
		now  map[int]turns
		want turns
	}{
		{map[int]turns{1: {1, 2, 3}, 2: {10, 20, 30}}, turns{11, 22, 33}},
		{map[int]turns{1: {2, 2, 4}}, turns{12, 22, 34}},
		{map[int]turns{1: {2, 2, 4}, 2: {1, 1, 1}}, turns{13, 23, 35}},
		{map[int]turns{1: {1, 0, 1}, 2: {1, 1, 1}}, turns{14, 23, 36}},
		{nil, turns{14, 23, 36}},
	} {
		if got := own.sum(step.now); got != step.want {
			t.Errorf("step %d: got %+v, want %+v", i, got, step.want)
		}
	}
}

func TestParseSchedstat(t *testing.T) {
	got, err := parseSchedstat("1500000000 250000000 42\n")
	if want := (turns{1.5, 0.25, 42}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, broken := range []string{"", "1 2", "1 2 3 4", "1 x 3", "-1 2 3"} {
		if _, err := parseSchedstat(broken); err == nil {
			t.Errorf("%q: got no error, want one", broken)
		}
	}
}

func TestParseSteal(t *testing.T) {
	got, err := parseSteal("cpu  78321 14775 50792 300623 12370 0 2821 6497 0 0\ncpu0 38650 6769 24161")
	if err != nil || got != 64.97 {
		t.Errorf("got %v, %v, want 64.97 s", got, err)
	}
	for _, broken := range []string{"", "cpu  1 2 3 4 5 6 7", "cpu0 1 2 3 4 5 6 7 8 9 10", "cpu 1 2 3 4 5 6 7 x"} {
		if _, err := parseSteal(broken); err == nil {
			t.Errorf("%q: got no error, want one", broken)
		}
	}
}

// More busy threads than processors have to wait for one another, and the reading says so; where the kernel does not
// tell, there is no series instead of a zero.
func TestWaitsForAProcessor(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("waiting is read on Linux")
	}
	if _, known := threadTurns(); !known {
		t.Skip("this kernel does not count how long threads wait")
	}
	const wait, taken = "wait_seconds_total{process=generator}", "turns_total{process=generator}"
	c := CPU(func() map[string]int { return nil })
	before := reading1(t, c)
	crowd := 2 * runtime.NumCPU()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(crowd))
	const length = 300 * time.Millisecond
	var busy sync.WaitGroup
	for range crowd {
		busy.Go(func() {
			for end := time.Now().Add(length); time.Now().Before(end); {
			}
		})
	}
	busy.Wait()
	after := reading1(t, c)
	// Half of the threads wait at any time.
	want := length.Seconds() * float64(crowd) / 2
	if got := after[wait] - before[wait]; got < want/2 || after[taken] <= before[taken] {
		t.Errorf("got %v s of waiting in %v turns, want about %v s", got, after[taken]-before[taken], want)
	}
	if after["steal_seconds_total"] < before["steal_seconds_total"] {
		t.Errorf("got %v s of steal after %v", after["steal_seconds_total"], before["steal_seconds_total"])
	}
}
