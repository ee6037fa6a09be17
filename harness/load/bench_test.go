package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// BenchmarkLag compares the median lag of the precise sleep with that of time.Sleep, in turns. Target: at most 0.4.
func BenchmarkLag(b *testing.B) {
	for b.Loop() {
		var ours, plain record.Histogram
		for range 3 {
			ours.Merge(lags(b, nil))
			plain.Merge(lags(b, sleep))
		}
		b.ReportMetric(ours.Quantile(0.5)/plain.Quantile(0.5), "lag/plain-lag")
	}
}

// lags is the lag of every hit of two seconds at 1000/s under the given sleep, with answers that cost nothing.
func lags(b *testing.B, sleep func(context.Context, time.Time)) record.Histogram {
	var lag record.Histogram
	cfg := Config{Plan: hold(1000, 2*time.Second, 1, "verify"), Source: get{"http://system"}, Sleep: sleep, Transport: instant(),
		Emit: func(w record.Window) error {
			lag.Merge(w.Lag)
			return nil
		}}
	if _, err := run(b.Context(), cfg, even(cfg.Plan)); err != nil {
		b.Fatal(err)
	}
	return lag
}

func instant() http.RoundTripper {
	return transport(func(*http.Request) (*http.Response, error) { return answer(http.StatusOK), nil })
}

// What BenchmarkCPU sends, and to both generators the same.
const (
	benchRate   = 1000
	benchLength = 4 * time.Second
)

// BenchmarkCPU compares the generator's CPU time per request with that of the vegeta command line, at the same rate
// against the same server, in turns. Ours writes its run directory; vegeta's results go to /dev/null. Target: at most 1.
func BenchmarkCPU(b *testing.B) {
	vegeta := buildVegeta(b)
	url := startServer(b)
	rate, length := strconv.Itoa(benchRate), benchLength.String()
	for b.Loop() {
		var ours, theirs time.Duration
		for range 2 {
			ours += cpu(b, child(b.Context(), "generator", url, b.TempDir()), "")
			theirs += cpu(b, exec.CommandContext(b.Context(), vegeta, "attack", "-rate", rate, "-duration", length, "-output", os.DevNull), "GET "+url)
		}
		b.ReportMetric(ours.Seconds()/theirs.Seconds(), "CPU/vegeta-CPU")
	}
}

// cpu runs a command with the given input to its end and returns the CPU time it took.
func cpu(b *testing.B, command *exec.Cmd, input string) time.Duration {
	b.Helper()
	command.Stdin = strings.NewReader(input)
	if out, err := command.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", command, err, out)
	}
	return command.ProcessState.UserTime() + command.ProcessState.SystemTime()
}

// buildVegeta builds the command line in a module of its own, because it needs more modules than the library. It skips
// the benchmark where those cannot be had.
func buildVegeta(b *testing.B) string {
	dir := b.TempDir()
	version, err := exec.CommandContext(b.Context(), "go", "list", "-m", "-f", "{{.Version}}", "github.com/tsenart/vegeta/v12").Output()
	if err != nil {
		b.Fatal(err)
	}
	module := "module bench\n\ngo 1.26\n\nrequire github.com/tsenart/vegeta/v12 " + string(version)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(module), 0o644); err != nil {
		b.Fatal(err)
	}
	build := exec.CommandContext(b.Context(), "go", "build", "-mod=mod", "-o", "vegeta", "github.com/tsenart/vegeta/v12")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		b.Skipf("build the vegeta command: %v\n%s", err, out)
	}
	return filepath.Join(dir, "vegeta")
}

// startServer starts a process whose server answers at once, until the benchmark ends.
func startServer(b *testing.B) (url string) {
	server := child(b.Context(), "server")
	in, err := server.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		server.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// BenchmarkMemory compares the resident memory after a million hits with that after a hundred thousand of the same run,
// at 1000/s on the fake clock. Target: at most 1.1.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		out, err := child(b.Context(), "memory").Output()
		if err != nil {
			b.Fatal(err)
		}
		var early, late float64
		if _, err := fmt.Sscan(string(out), &early, &late); err != nil {
			b.Fatalf("%v in %q", err, out)
		}
		b.ReportMetric(late/early, "RSS/early-RSS")
	}
}

// child is this test binary again, doing one of the things below in a process of its own.
func child(ctx context.Context, what string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestChild$")
	command.Env = append(os.Environ(), "LOAD_CHILD="+what+" "+strings.Join(args, " "))
	return command
}

// TestChild is the body of the child processes of the benchmarks.
func TestChild(t *testing.T) {
	args := strings.Fields(os.Getenv("LOAD_CHILD"))
	if len(args) == 0 {
		t.Skip("only for the child processes of the benchmarks")
	}
	switch args[0] {
	case "server":
		serve(t)
	case "generator":
		generate(t, args[1], args[2])
	case "memory":
		remember(t)
	}
}

// serve answers requests until standard input ends, which it does with the parent.
func serve(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("http://" + listener.Addr().String())
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	io.Copy(io.Discard, os.Stdin)
}

// generate sends what BenchmarkCPU compares and writes the windows to dir.
func generate(t *testing.T, url, dir string) {
	writer, err := record.Create(dir, record.Header{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	cfg := Config{Plan: hold(benchRate, benchLength, 1, "verify"), Source: get{url}, Emit: writer.AddWindow}
	totals, err := run(t.Context(), cfg, even(cfg.Plan))
	if want := uint64(benchRate * benchLength.Seconds()); err != nil || totals.Completed != want {
		t.Fatalf("got %+v %v, want %d completed", totals, err, want)
	}
}

// remember prints the resident memory after the first and after the tenth hundred thousand hits.
func remember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hits uint64
		cfg := Config{Plan: hold(1000, 1000*time.Second, 1, "verify", "login"), Source: get{"http://system"}, Sleep: sleep, Transport: instant(),
			Emit: func(w record.Window) error {
				if hits += w.Offered; hits == 100_000 || hits == 1_000_000 {
					fmt.Println(resident(t))
				}
				return nil
			}}
		if _, err := run(t.Context(), cfg, even(cfg.Plan)); err != nil {
			t.Fatal(err)
		}
	})
}

// resident is this process's resident memory in pages.
func resident(t *testing.T) int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("needs /proc")
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages
}
