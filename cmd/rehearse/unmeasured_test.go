package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// Who ends a boot has ended it, whatever broke for that; and of a run that never began the reports end as it did.
func TestEndOfABoot(t *testing.T) {
	broken := errors.New("postgres --version fails (context canceled); reinstall it")
	for _, tt := range []struct {
		name  string
		cause error
		code  int
		why   string
	}{
		{"interrupted", interrupted{syscall.SIGINT}, exitInterrupted, "interrupted by SIGINT"},
		{"terminated", interrupted{syscall.SIGTERM}, exitTerminated, "interrupted by SIGTERM"},
		{"the terminal is closed", interrupted{syscall.SIGHUP}, exitHungUp, "interrupted by SIGHUP"},
		{"not ready", nil, exitEnvironment, "reinstall it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text, _ := scenarios.ReadShipped("ci-gate")
			s, err := scenarios.Open("ci-gate", text, vocabularies()...).Read()
			if err != nil {
				t.Fatal(err)
			}
			f := &runFlags{out: t.TempDir()}
			f.variation.scenario = "ci-gate"
			r, err := newRehearsal(f, s, s.Plan(), time.Now(), io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			if tt.cause != nil {
				cancel(tt.cause)
			}
			if code := codeOf(ctx, r.notReady(ctx, broken)); code != tt.code {
				t.Errorf("the run ends with %d, want %d", code, tt.code)
			}
			cancel(nil)
			if err := r.writer.Close(); err != nil {
				t.Fatal(err)
			}
			u := unmeasuredIn(r.dir)
			if u == nil || u.code != tt.code || !strings.Contains(u.why, tt.why) || tt.cause != nil && strings.Contains(u.why, "reinstall") {
				t.Errorf("got %+v, want %d for %q", u, tt.code, tt.why)
			}
		})
	}
}
