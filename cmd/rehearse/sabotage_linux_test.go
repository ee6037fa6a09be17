package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// sabotaged has time for a sabotage in its second measured stage, and a first one to compare with.
const sabotaged = `version: 1
name: sabotaged
description: Something goes wrong in every trial.
rounds: 1
system: {name: carshare, data: {users: 500, dead_tokens: 5000, live_tokens: 8000}, password_iterations: 10}
traffic:
  timeout: 5s
  headline: plateau
  stages:
    - {name: warm-up, hold: 50/s, for: 500ms, measure: false}
    - {name: calm, hold: 250/s, for: 1500ms}
    - {name: plateau, hold: 250/s, for: 3500ms}
phases: [extract-main, extract-reads, extract-writes, cache]
only: [cache]
`

// plateauBegins is on the clock of each trial.
const plateauBegins = 2 * time.Second

// Whatever is done to a run while it measures, no number of it is silently wrong: either the trial is invalid for the right
// reason, or the number shows what happened.
func TestSabotage(t *testing.T) {
	s := newSite(t)
	generator, talk, ended := s.runSabotaged(t)
	// Each in the first trial of its state; the generator in the one that measures the last state once more.
	var paused time.Duration
	for trial, sabotage := range []func(){
		func() { paused = s.pausePrimary(t, 3*time.Second) },
		func() { s.resetStatements(t) },
		func() { s.flushRedis(t) },
		func() { pauseForMoments(t, generator) },
	} {
		if !s.awaitPlateau(t, trial, ended) {
			break
		}
		sabotage()
	}
	<-ended
	t.Log(talk.String())
	s.wantNothingLeft(t)
	summary := s.summary(t)
	if states := summary.States; !summary.Complete || len(states) != 3 || len(summary.Validity) != 4 {
		t.Fatalf("got a complete run (%v), states %v and %d trials, want 3 states and 4 trials", summary.Complete, states, len(summary.Validity))
	}
	t.Run("primary paused", func(t *testing.T) { wantPauseToShow(t, &summary, paused) })
	t.Run("statements reset", func(t *testing.T) {
		wantInvalid(t, summary.Validity[1], "primary: the statement statistics were reset during the trial")
	})
	t.Run("redis flushed", func(t *testing.T) { wantFlushToShow(t, &summary) })
	t.Run("generator paused", func(t *testing.T) { wantInvalid(t, summary.Validity[3], "the generator was late: lag p99 ") })
}

// runSabotaged starts a run, for somebody to spoil: its process, and what it has said once it has ended.
func (s site) runSabotaged(t *testing.T) (pid int, talk *strings.Builder, ended <-chan struct{}) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "sabotaged.yaml"), []byte(sabotaged), 0o644); err != nil {
		t.Fatal(err)
	}
	// Each trial once, as its place in the run says what is done to it.
	cmd := s.command(t, "run", "sabotaged.yaml", "--stack", "processes", "--no-repeat")
	talk = &strings.Builder{}
	cmd.Stdout, cmd.Stderr = talk, talk
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		// The exit code depends on how many trials are left; what counts is in the summary.
		_ = cmd.Wait()
	}()
	return cmd.Process.Pid, talk, done
}

// awaitPlateau waits for the moment after the headline stage of a trial has begun, and tells whether it came.
func (s site) awaitPlateau(t *testing.T, trial int, ended <-chan struct{}) bool {
	t.Helper()
	for !s.began(trial) {
		select {
		case <-ended:
			t.Errorf("the run ended before its trial %d", trial+1)
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
	time.Sleep(plateauBegins + 100*time.Millisecond)
	return true
}

// began reads in the record of a run under way whether a trial has begun.
func (s site) began(trial int) bool {
	file, err := os.Open(filepath.Join(s.latest(), record.EventsFile))
	if err != nil {
		return false // the run has not got so far
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var event record.Event
		if json.Unmarshal(lines.Bytes(), &event) == nil && event.Trial == trial && event.Kind == record.EventTrialBegin {
			return true
		}
	}
	return false
}

// pausePrimary stops all processes of the primary for a time, and tells how long it really was.
func (s site) pausePrimary(t *testing.T, length time.Duration) time.Duration {
	t.Helper()
	// The postmaster first, or it starts others.
	pids := []int{s.nodePID(t, "primary")}
	send := func(pid int, signal syscall.Signal) {
		if err := syscall.Kill(pid, signal); err != nil && err != syscall.ESRCH {
			t.Error(err)
		}
	}
	send(pids[0], syscall.SIGSTOP)
	begin := time.Now()
	pids = append(pids, children(t, pids[0])...)
	for _, pid := range pids[1:] {
		send(pid, syscall.SIGSTOP)
	}
	time.Sleep(length)
	slices.Reverse(pids)
	for _, pid := range pids {
		send(pid, syscall.SIGCONT)
	}
	return time.Since(begin)
}

// children are the processes that one has started.
func children(t *testing.T, parent int) (pids []int) {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		text, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil {
			continue // it ended meanwhile
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil && fields[1] == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// resetStatements does what a person at the database might: as its owner, through the socket.
func (s site) resetStatements(t *testing.T) {
	t.Helper()
	sockets, err := filepath.Glob(filepath.Join(s.home, "runs", "*", "data", ".s.PGSQL.*"))
	if err != nil {
		t.Fatal(err)
	}
	reset := 0
	for _, socket := range sockets {
		port := strings.TrimPrefix(filepath.Base(socket), ".s.PGSQL.")
		if strings.HasSuffix(port, ".lock") {
			continue
		}
		conn, err := pgx.Connect(t.Context(), fmt.Sprintf("host=%s port=%s user=owner dbname=carshare", filepath.Dir(socket), port))
		if err != nil {
			t.Fatal(err)
		}
		tag, err := conn.Exec(t.Context(), "SELECT pg_stat_statements_reset() WHERE NOT pg_is_in_recovery()")
		if err != nil {
			t.Error(err)
		}
		reset += int(tag.RowsAffected())
		conn.Close(context.WithoutCancel(t.Context()))
	}
	if reset != 1 {
		t.Errorf("%d servers of %v were reset, want the primary", reset, sockets)
	}
}

// flushRedis empties the cache, with the password from the server's configuration.
func (s site) flushRedis(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.home, "runs", "*", "data", "redis", "redis.conf"))
	if err != nil || len(files) != 1 {
		t.Fatalf("configurations of Redis: %v, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	of := func(name string) string {
		return string(regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(text)[1])
	}
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + of("port"), Password: of("requirepass")})
	defer client.Close()
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Error(err)
	}
}

// pauseForMoments stops a process twice, for a good half of a second each time.
func pauseForMoments(t *testing.T, pid int) {
	t.Helper()
	for range 2 {
		for _, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
			if err := syscall.Kill(pid, signal); err != nil {
				t.Error(err)
			}
			time.Sleep(600 * time.Millisecond)
		}
	}
}

func wantInvalid(t *testing.T, check model.TrialCheck, reason string) {
	t.Helper()
	if check.Valid || !strings.Contains(strings.Join(check.Reasons, "; "), reason) {
		t.Errorf("got valid %v because of %q, want it invalid: %s", check.Valid, check.Reasons, reason)
	}
}

// wantPauseToShow: of hits spread evenly over the stage, 5 % waited for nearly all of the pause. It has to be seen in the
// percentiles of the state, unless the machine spoilt its trial for another reason, which then has to be there.
func wantPauseToShow(t *testing.T, s *model.Summary, paused time.Duration) {
	t.Helper()
	if check := s.Validity[0]; !check.Valid {
		t.Logf("the trial is invalid: %q", check.Reasons)
		if len(check.Reasons) == 0 {
			t.Error("and nobody says why")
		}
		return
	}
	state := s.States[0]
	if limit := stat.Number(paused.Seconds() / 2); !(state.P95Seconds > limit) || !(state.Stages[0].P95Seconds < state.P95Seconds) {
		t.Errorf("got p95 %v s, and %v s before, want over %v s after a pause of %v", state.P95Seconds, state.Stages[0].P95Seconds, limit, paused)
	}
}

// wantFlushToShow: the trial says it, and of a valid one the hit ratio does too.
func wantFlushToShow(t *testing.T, s *model.Summary) {
	t.Helper()
	check, state := s.Validity[2], s.States[2]
	if !strings.Contains(strings.Join(check.Doubts, "; "), "Redis was flushed at ") {
		t.Errorf("got doubts %q and reasons %q, want the flush", check.Doubts, check.Reasons)
	}
	if !check.Valid {
		return
	}
	if before, after := state.Stages[0].CacheHitRatio, state.Stages[1].CacheHitRatio; !(after < before) {
		t.Errorf("hit ratio: got %v before the flush and %v after it", before, after)
	}
	if !slices.ContainsFunc(s.Warnings, func(told string) bool { return strings.Contains(told, "Redis was flushed") }) {
		t.Errorf("got warnings %q, want the flush among them", s.Warnings)
	}
}
