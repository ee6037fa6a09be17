package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/rehearse-dev/rehearse/harness"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// plainEvery is the rhythm of lines where nobody watches, as in the log of a build.
const plainEvery = 10 * time.Second

// progressLine tells how the run goes: one line rewritten in place on a terminal, a line now and then elsewhere.
type progressLine struct {
	out     io.Writer
	live    bool
	began   time.Time
	total   time.Duration
	said    time.Time
	trial   int
	written bool
	now     func() time.Time
}

func newProgressLine(out io.Writer, plan *scenarios.Plan) *progressLine {
	return &progressLine{out: out, live: isTerminal(out), began: time.Now(), total: plan.Expected(), now: time.Now}
}

// isTerminal tells whether somebody watches who can see lines rewritten and colours.
func isTerminal(out io.Writer) bool {
	file, isFile := out.(*os.File)
	return isFile && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"
}

// show is called by the run loop at each step and each second.
func (l *progressLine) show(p harness.Progress) {
	if l.live {
		fmt.Fprintf(l.out, "\r\x1b[K%s", l.line(p))
		l.written = true
		return
	}
	due := l.now().Sub(l.said) >= plainEvery && p.Step == harness.StepLoad
	if p.Trial != l.trial || due {
		fmt.Fprintln(l.out, l.line(p))
		l.trial, l.said = p.Trial, l.now()
	}
}

// close ends the line.
func (l *progressLine) close() {
	if l.written {
		fmt.Fprint(l.out, "\r\x1b[K")
	}
}

func (l *progressLine) line(p harness.Progress) string {
	elapsed := l.now().Sub(l.began)
	var b strings.Builder
	trial := fmt.Sprintf("trial %d/%d", p.Trial, p.Trials)
	if p.Repeat {
		// Numbered on after the plan, a repeat would look like the end of the run.
		trial = "once more"
	}
	fmt.Fprintf(&b, "%s/%s  %s round %d/%d  %s", clock(elapsed), clock(max(l.total, elapsed)), trial, p.Round, p.Rounds, p.State)
	if p.Step != harness.StepLoad {
		fmt.Fprintf(&b, "  %s", p.Step)
		return b.String()
	}
	fmt.Fprintf(&b, "  %s  %.0f/%.0f req/s", p.Stage, p.AchievedRate, p.OfferedRate)
	if p.P95Seconds > 0 {
		fmt.Fprintf(&b, "  p95 %.3g ms", p.P95Seconds*1000)
	}
	if bad := p.Failed + p.Missed; bad > 0 {
		fmt.Fprintf(&b, "  %d failed", bad)
	}
	return b.String()
}

// clock is d as minutes and seconds.
func clock(d time.Duration) string {
	seconds := int(d.Seconds())
	return fmt.Sprintf("%02d:%02d", seconds/60, seconds%60)
}
