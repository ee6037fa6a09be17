package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// BenchmarkReport reports on recorded runs of an hour in all, and of an hour for each state, as a user does: in a process
// of its own. It fails above 300 MiB of resident memory, and where six times the record takes more than six times the memory.
// What it takes in seconds of the processors is said and not limited: others use them, too.
func BenchmarkReport(b *testing.B) {
	const most = 300
	shorter := 0.0
	for _, length := range []time.Duration{10 * time.Minute, time.Hour} {
		b.Run(fmt.Sprintf("trials=6x%v", length), func(b *testing.B) {
			dir := filepath.Join(b.TempDir(), "run")
			recordLongRun(b, dir, length)
			taken := resident(b, most, "report", dir, "--no-fail")
			if shorter > 0 && taken > 6*shorter {
				b.Errorf("took %.0f MiB; a sixth of the record took %.0f", taken, shorter)
			}
			shorter = taken
		})
	}
}

// BenchmarkCompare compares two such runs of an hour for each state. It fails above what any record may take.
func BenchmarkCompare(b *testing.B) {
	const most = 1024
	dir := b.TempDir()
	before, after := filepath.Join(dir, "before"), filepath.Join(dir, "after")
	recordLongRun(b, before, time.Hour)
	recordLongRun(b, after, time.Hour)
	resident(b, most, "compare", before, after, "-o", filepath.Join(dir, "compared"))
}

// resident runs a verb over and over, each time in a process of its own, and returns the most memory that was resident, in MiB. It
// fails where that is more than most.
func resident(b *testing.B, most float64, args ...string) (taken float64) {
	b.Helper()
	path, err := exec.LookPath("rehearse")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		cmd := exec.Command(path, args...)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		b.ReportMetric((cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), "cpu-seconds")
		usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			b.Fatal("no resource usage")
		}
		taken = max(taken, float64(usage.Maxrss)/1024)
	}
	b.ReportMetric(taken, "MiB")
	b.ReportMetric(most, "limit_MiB")
	b.ReportMetric(0, "ns/op") // is said in seconds
	if taken > most {
		b.Errorf("took %.0f MiB, want %.0f at the most", taken, most)
	}
	return taken
}

// longScenario is the scenario of the long run, but for how long its stages last.
const longScenario = `version: 1
name: long
seed: 1
rounds: 1
system: {name: carshare, data: {users: 50000, dead_tokens: 0, live_tokens: 5000000}}
traffic:
  headline: peak
  stages:
    - {name: warm-up, hold: 200/s, for: 30s, measure: false}
    - {name: peak, hold: 200/s, for: %v}
phases: [extract-main, extract-reads, extract-writes, cache, archive]
budgets:
  - {metric: p95, max: 50ms}
  - {metric: errors, max: 1%%, for: 10s}
  - {metric: primary_qps, of: baseline, max: 50%%}
`

// longStates are how many statements a hit costs the primary in each state.
func longStates() (names []string, cost map[string]float64) {
	names = []string{"baseline", "extract-main", "extract-reads", "extract-writes", "cache", "archive"}
	cost = map[string]float64{}
	for i, name := range names {
		cost[name] = 3 / float64(i+1)
	}
	return names, cost
}

// recordLongRun records a run of one round, 200 hits a second of five operations.
func recordLongRun(b *testing.B, dir string, length time.Duration) {
	b.Helper()
	states, cost := longStates()
	seconds := length.Seconds()
	h := record.Header{
		ID: "20260701T090000Z-long-00ff", Scenario: "long", Started: time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC),
		Command: []string{"rehearse", "run", "long.yaml"}, Seed: 1, Rounds: 1, Stack: "processes",
		Host:   record.Host{OS: "linux/amd64", CPU: "made up", CPUs: 2, MemoryBytes: 8 << 30},
		States: states, Operations: []string{"verify", "profile", "login", "refresh", "logout"}, Headline: "peak", TimeoutSeconds: 5,
		Stages: []record.Stage{
			{Name: "warm-up", EndSeconds: 30, FromRate: 200, ToRate: 200, Hits: 6000},
			{Name: "peak", BeginSeconds: 30, EndSeconds: seconds, FromRate: 200, ToRate: 200, Hits: uint64(200 * (seconds - 30)), Measure: true},
		},
	}
	for i, state := range states {
		h.Trials = append(h.Trials, record.Trial{Index: i, State: state, Hits: uint64(200 * seconds)})
	}
	w, err := record.Create(dir, h, fmt.Appendf(nil, longScenario, length-30*time.Second))
	if err != nil {
		b.Fatal(err)
	}
	add := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	templates := longWindows(h.Operations)
	for i, state := range states {
		begin := float64(i)*(seconds+10) + 5
		add(w.AddEvent(record.Event{AtSeconds: begin, Trial: i, Kind: record.EventTrialBegin, Text: "begin"}))
		addReadings(add, w, i, begin, seconds, cost[state], h.Stages)
		for second := range int(seconds) {
			for _, window := range templates[second%len(templates)] {
				window.Trial, window.Second, window.Stage = i, second, "peak"
				if second < 30 {
					window.Stage = "warm-up"
				}
				add(w.AddWindow(window))
			}
		}
		add(w.AddEvent(record.Event{AtSeconds: begin + seconds + 1, Trial: i, Kind: record.EventTrialEnd, Text: "end"}))
	}
	add(w.AddEvent(record.Event{AtSeconds: 6*(seconds+10) + 5, Trial: -1, Kind: record.EventDone, Text: "done"}))
	add(w.Close())
}

// longWindows are seconds of hits to choose from: most answers take about a millisecond, some ten times as long.
func longWindows(operations []string) (seconds [][]record.Window) {
	random := rand.New(rand.NewPCG(1, 2))
	hits := []int{150, 25, 10, 10, 5}
	for range 97 {
		var second []record.Window
		for i, op := range operations {
			w := record.Window{Op: op, Offered: uint64(hits[i]), Sent: uint64(hits[i]), Completed: uint64(hits[i]), Rechecked: 1}
			for range hits[i] {
				service := time.Duration(float64(time.Millisecond) * math.Exp(0.4*random.NormFloat64()))
				if random.IntN(20) == 0 {
					service *= 10
				}
				lag := time.Duration(float64(40*time.Microsecond) * math.Exp(0.5*random.NormFloat64()))
				w.Response.Record(service + lag)
				w.Service.Record(service)
				w.Lag.Record(lag)
			}
			second = append(second, w)
		}
		seconds = append(seconds, second)
	}
	return seconds
}

// addReadings has every instrument read each second, and at the edges of the trial and its stages.
func addReadings(add func(error), w *record.Writer, trial int, begin, seconds, cost float64, stages []record.Stage) {
	read := func(at float64, stage, edge string) {
		hits := 200 * at
		for source, values := range map[string]map[string]float64{
			"primary": {"statements_total{kind=read,role=callers}": math.Round(hits * cost), "statements_total{kind=control,role=auth}": hits,
				"dealloc_total": 0, "stats_reset_unix_seconds": 1, "replica_lag_seconds": 0.01, "wal_bytes": 100 * hits, "connections": 40,
				"exec_seconds_total{role=callers}": hits / 1e4, "transactions_total": hits},
			"replica": {"statements_total{kind=read,role=auth}": hits, "dealloc_total": 0, "stats_reset_unix_seconds": 1},
			"redis":   {"commands_total{command=get}": hits, "commands_total{command=set}": hits / 4, "memory_bytes": 1e6, "keys": 1000},
			"callers": {"statements_total{kind=read,node=primary,op=verify}": math.Round(hits * cost), "requests_total{op=verify}": hits},
			"auth":    {"statements_total{kind=read,node=replica,op=verify}": hits, "cache_requests_total{result=hit}": hits, "cache_requests_total{result=miss}": hits / 9},
			"cpu":     {"cpu_seconds_total{process=primary}": hits / 1000, "cpu_seconds_total{process=generator}": hits / 5000, "memory_bytes{process=primary}": 1e8},
		} {
			add(w.AddSample(record.Sample{AtSeconds: begin + at, Trial: trial, Stage: stage, Edge: edge, Source: source, Values: values}))
		}
	}
	read(0, "", "begin")
	for _, stage := range stages {
		read(stage.BeginSeconds, stage.Name, "begin")
		read(stage.EndSeconds, stage.Name, "end")
	}
	for second := range int(seconds) {
		read(float64(second), "", "")
	}
	read(seconds, "", "end")
}
