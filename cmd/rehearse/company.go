package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/harness/doctor"
	"github.com/rehearse-dev/rehearse/harness/presence"
	"github.com/rehearse-dev/rehearse/harness/record"
)

// company is what a run does when it is not the only one on this machine.
type company struct {
	ifBusy  string
	maxWait time.Duration
	// noRepeat takes trials as they come: what decides is counted, and company spoils no count.
	noRepeat bool
}

// What to do about another run.
const (
	busyTell   = "tell"
	busyWait   = "wait"
	busyRefuse = "refuse"
)

// busyWords are the values of --if-busy.
func busyWords() []string { return []string{busyTell, busyWait, busyRefuse} }

func (c *company) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&c.ifBusy, "if-busy", busyTell, "when another run is on this machine: tell, wait for its end, or refuse")
	flags.DurationVar(&c.maxWait, "max-wait", 30*time.Minute, "with --if-busy wait: wait no longer")
	flags.BoolVar(&c.noRepeat, "no-repeat", false, "measure each trial once, late or beside others as it may be: for gates by counts")
	_ = cmd.RegisterFlagCompletionFunc("if-busy", cobra.FixedCompletions(busyWords(), cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}

func (c *company) check(v *variation) error {
	if err := oneOf("if-busy", c.ifBusy, busyWords()); err != nil {
		return err
	}
	switch {
	case c.ifBusy != busyWait && v.has("max-wait"):
		return usageError("--max-wait says how long --if-busy wait waits; add that, or leave it out")
	case c.maxWait <= 0:
		return usageError("--max-wait %v is no time; write --max-wait 30m", c.maxWait)
	}
	return nil
}

// lookAround says who and what else is on this machine before anything boots, and has others know of this run until leave
// is called. Only another run can keep it from going on, if asked to.
func (r *rehearsal) lookAround(ctx context.Context) (leave func(), err error) {
	p, err := r.announce(ctx)
	if err != nil {
		return nil, err
	}
	if found := doctor.Quiet(ctx); found.Level != doctor.OK {
		r.say("the machine is not quiet: %s; latencies may be void. See why: %s", found.Found, found.Fix)
		r.note(record.Event{Trial: -1, Kind: record.EventBusy, Text: found.Found})
	}
	return func() {
		if p != nil {
			_ = p.Close() // the kernel ends it with the process anyhow
		}
	}, nil
}

// announce has other runs on this machine know of this one. Where that cannot be, the run goes on without, unless it was
// to be alone.
func (r *rehearsal) announce(ctx context.Context) (*presence.Presence, error) {
	dir, err := filepath.Abs(r.dir)
	if err != nil {
		return nil, err
	}
	config := presence.Config{
		Self: presence.Run{ID: r.header.ID, Dir: dir, Started: r.header.Started},
		Met:  func(other presence.Run) { r.beside(other, true) }, Left: func(other presence.Run) { r.beside(other, false) },
	}
	if r.flags.company.ifBusy == busyTell {
		p, err := presence.Announce(config)
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			r.say("other runs on this machine will not know of this one, nor this one of them: %v", err)
		}
		return p, nil
	}
	return r.alone(ctx, config)
}

// alone waits until no other run is there, or refuses at once.
func (r *rehearsal) alone(ctx context.Context, config presence.Config) (*presence.Presence, error) {
	c, remedy := r.flags.company, "; --if-busy wait waits for its end, --if-busy tell goes on beside it"
	limit := c.maxWait
	if c.ifBusy == busyRefuse {
		limit = 0
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	p, err := presence.Alone(limited, config, func(others []presence.Run) {
		if limit > 0 {
			r.say("waiting for the end of %s; %v at most", presence.List(others), limit)
		}
	})
	switch {
	case err == nil || ctx.Err() != nil:
		return p, err
	case errors.Is(err, presence.ErrBusy) && limit > 0:
		return nil, fmt.Errorf("%w, after %v of waiting; raise --max-wait", err, limit)
	case errors.Is(err, presence.ErrBusy):
		return nil, fmt.Errorf("%w%s", err, remedy)
	}
	return nil, fmt.Errorf("cannot tell whether another run is on this machine: %w; leave --if-busy out", err)
}

// beside tells and records that another run is on this machine, or not any more.
func (r *rehearsal) beside(other presence.Run, present bool) {
	values, text := map[string]float64{"present": 0}, "the other run on this machine has ended: %v"
	if present {
		values["present"], text = 1, "another run is on this machine: %v; latencies of both may be void, and --if-busy wait would wait for its end"
	}
	r.say(text, other)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.judged {
		r.note(record.Event{Trial: -1, Kind: record.EventBeside, Text: other.String(), Values: values})
	}
}

// hearNoMore ends what is recorded of other runs: what is judged now must be what is judged again later.
func (r *rehearsal) hearNoMore() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.judged = true
}
