package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/rehearse-dev/rehearse/harness"
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/live"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/scenarios"
)

const (
	// plainEvery is the rhythm of lines where nobody watches, as in the log of a build.
	plainEvery = 10 * time.Second
	// liveEvery is the least time between two pictures on a terminal.
	liveEvery = 250 * time.Millisecond
	// usualWidth is that of a terminal that does not tell.
	usualWidth = 80
)

// progressView tells how the run goes: a few lines rewritten in place on a terminal, a line now and then elsewhere. It is
// safe for concurrent use. Who else has something to say meanwhile writes it through the view, so that neither spoils the
// other.
type progressView struct {
	out io.Writer
	// live tells that lines can be rewritten, colour that they may be painted.
	live, colour bool
	width        func() int
	outlook      outlook

	mu       sync.Mutex
	follower *live.Follower
	began    time.Time
	said     time.Time
	last     harness.Progress
	heard    time.Time
	// boot is where the run stands before its first trial.
	boot booting
	// drawn is how many lines stand on the terminal.
	drawn int
	shown string

	stop    chan struct{}
	stopped sync.WaitGroup
}

func newProgressView(out io.Writer, plan *scenarios.Plan, declared reading.Declared) *progressView {
	watched := isTerminal(out)
	return &progressView{
		out: out, live: watched, colour: coloured(out), width: func() int { return widthOf(out) },
		outlook: newOutlook(plan), follower: live.NewFollower(plan.Timeout.Seconds(), declared),
	}
}

// widthOf is how many columns a terminal has now.
func widthOf(out io.Writer) int {
	if file := fileOf(out); file != nil {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return usualWidth
}

// start begins to tell. What it then shows is gone again after close.
func (v *progressView) start() {
	stop := make(chan struct{})
	v.mu.Lock()
	v.began, v.said, v.stop = time.Now(), time.Now(), stop
	v.mu.Unlock()
	v.stopped.Go(func() {
		ticks := time.NewTicker(liveEvery)
		defer ticks.Stop()
		for {
			select {
			case <-ticks.C:
				v.tick()
			case <-stop:
				return
			}
		}
	})
}

// close erases what stands on the terminal. It may be called again.
func (v *progressView) close() {
	v.mu.Lock()
	if v.stop != nil {
		close(v.stop)
		v.stop = nil
	}
	v.mu.Unlock()
	v.stopped.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.erase()
}

// Write implements io.Writer: the lines in place make way for what somebody has to say, and come back below it.
func (v *progressView) Write(text []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.erase()
	return v.out.Write(text)
}

// WritePlain is [progressView.Write] for what was composed here; see [composed].
func (v *progressView) WritePlain(text string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.erase()
	return composed(v.out, text)
}

// Observe takes an entry of the record. Hits are told of by the run loop.
func (v *progressView) Observe(e record.Entry) {
	if _, hits := e.(record.Window); hits {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.follower.Observe(e)
}

// show is called by the run loop at each step and each second.
func (v *progressView) show(p harness.Progress) {
	v.mu.Lock()
	defer v.mu.Unlock()
	fresh := p.Trial != v.last.Trial
	v.last, v.heard = p, time.Now()
	v.outlook.hear(p)
	if fresh && !v.live {
		fmt.Fprintln(v.out, v.picture().line())
	}
}

// tick shows what is new, as often as the reader can bear.
func (v *progressView) tick() {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.last.Trial == 0 && v.boot.step == "":
	case v.live:
		v.draw()
	case time.Since(v.said) >= plainEvery:
		fmt.Fprintln(v.out, v.picture().line())
		v.said = time.Now()
	}
}

// draw rewrites the lines in place, all at once so that nothing flickers. The caller holds the lock.
func (v *progressView) draw() {
	lines := v.picture().lines(v.width() - 1)
	text := strings.Join(lines, "\n")
	if v.drawn > 0 && text == v.shown {
		return
	}
	_ = composed(v.out, v.back()+text)
	v.drawn, v.shown = len(lines), text
}

// erase takes the lines in place away. The caller holds the lock.
func (v *progressView) erase() {
	if v.drawn > 0 {
		_ = composed(v.out, v.back())
	}
	v.drawn = 0
}

// back goes to the begin of what stands there and clears from there on.
func (v *progressView) back() string {
	switch v.drawn {
	case 0:
		return ""
	case 1:
		return "\r\x1b[J"
	}
	return fmt.Sprintf("\r\x1b[%dA\x1b[J", v.drawn-1)
}

// picture is what there is to show now. The caller holds the lock.
func (v *progressView) picture() picture {
	elapsed := time.Since(v.began)
	p := picture{Progress: v.last, Readings: v.follower.Now(), elapsed: elapsed, colour: v.colour}
	if v.last.Trial == 0 {
		p.boot = v.boot.words()
		p.left = v.outlook.bootLeft(v.boot, elapsed) + time.Duration(v.outlook.trials)*v.outlook.trial
		return p
	}
	p.left = v.outlook.left(v.last, time.Since(v.heard))
	return p
}

// outlook estimates how long a run still takes.
type outlook struct {
	// trial is what one takes.
	trial time.Duration
	// begun are the trials of the plan that have begun, repeats those beyond it.
	begun, repeats int
	heard          int
	// trials are those of the plan; boot is what it takes until the first of them begins.
	trials int
	boot   time.Duration
}

func newOutlook(plan *scenarios.Plan) outlook {
	return outlook{trial: plan.Expected() / time.Duration(max(len(plan.Trials), 1)), trials: len(plan.Trials)}
}

// hear counts the trials as they begin.
func (o *outlook) hear(p harness.Progress) {
	if p.Trial == o.heard {
		return
	}
	o.heard = p.Trial
	if p.Repeat {
		o.repeats++
	} else {
		o.begun++
	}
}

// left is what is left of the trial under way, and the trials that follow. It was heard of some time ago.
func (o *outlook) left(p harness.Progress, ago time.Duration) time.Duration {
	following := max(p.Trials-o.repeats-o.begun, 0)
	this := o.trial
	switch p.Step {
	case harness.StepLoad:
		this = p.Length - p.Elapsed
	case harness.StepSettle:
		this = 0
	}
	return time.Duration(following)*o.trial + max(this-ago, 0)
}
