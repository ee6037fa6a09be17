// Package presence is how runs on one machine know of each other.
//
// Scope: a run announces itself with [Announce] or [Alone] and hears of every other that does, of whichever user and with
// whichever home; [Others] looks without being seen. It knows no scenario and records nothing.
//
// Opinion: the meeting place has to be safe in the hands of every user of the machine, and a run that was killed must leave
// nothing that looks alive. So it is no file: it is a socket whose name the kernel keeps for as long as the process lives,
// in no directory, with no links to follow and nothing to clean up. Who stands at the other end the kernel says; what a run
// says of itself beyond that is text of a stranger, cut short and without controls, and nothing is done because of it.
// Containers with a network of their own are machines of their own here.
//
// Steps: take a place, the first that is free; greet those at all other places, and be greeted by those that come later;
// keep each connection, whose end is the end of the run.
package presence

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/user"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// ErrBusy is returned when there are others where one wants to be alone.
var ErrBusy = errors.New("another run is on this machine")

// ErrNoPlace is returned when every place is taken: by as many runs, or by somebody who wants to disturb them.
var ErrNoPlace = errors.New("every place for a run that wants to be known is taken")

// Run is a run, as it says of itself; PID and User are as the kernel says.
type Run struct {
	ID string `json:"id"`
	// Dir is the run directory, absolute.
	Dir     string    `json:"dir"`
	Started time.Time `json:"started"`
	// PID is zero where the process is not visible from here.
	PID  int    `json:"-"`
	User string `json:"-"`
}

// String says who it is in a few words.
func (r Run) String() string {
	text := fmt.Sprintf("%s of %s", cmp.Or(r.ID, "a run that does not answer,"), r.User)
	if r.PID != 0 {
		text += fmt.Sprintf(", pid %d", r.PID)
	}
	if !r.Started.IsZero() {
		text += ", since " + r.Started.UTC().Format(time.RFC3339)
	}
	if r.Dir != "" {
		text += ", in " + r.Dir
	}
	return text
}

// Config says who is there and who wants to hear of others.
type Config struct {
	// Self is what others are told.
	Self Run
	// Met is told of each other run once, Left when it has ended. They may be called at the same time, and are not called
	// after Close has returned. Nil is nobody.
	Met, Left func(Run)
	// Place names the meeting place; empty is that of all runs of the machine. Tests have their own.
	Place string
}

// limits of what a stranger can make us hold.
const (
	places      = 32
	maxPeers    = 128
	maxHello    = 8 << 10
	maxText     = 300
	helloWithin = time.Second
)

// lookAgain is how often one who waits looks whether he is alone.
const lookAgain = time.Second

// Alone is like [Announce], but when others are there it waits until none is, and tells busy of them whenever they are
// others than before. When ctx ends first, the error is [ErrBusy] and names who is left. Of several that wait one gets
// through.
func Alone(ctx context.Context, cfg Config, busy func([]Run)) (*Presence, error) {
	for told := ""; ; {
		p, others, err := alone(cfg)
		if p != nil || err != nil {
			return p, err
		}
		if text := List(others); text != told {
			told = text
			busy(others)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %s", ErrBusy, cmp.Or(List(others), "it is just beginning"))
		case <-time.After(lookAgain):
		}
	}
}

// List is who is there, in one line.
func List(runs []Run) string {
	var texts []string
	for _, r := range runs {
		texts = append(texts, r.String())
	}
	return strings.Join(texts, "; ")
}

// readHello takes what a run says of itself. Whatever cannot be read is left empty.
func readHello(line []byte, pid int, uid uint32) Run {
	var said Run
	if json.Unmarshal(line, &said) != nil {
		said = Run{}
	}
	return Run{ID: tame(said.ID), Dir: tame(said.Dir), Started: said.Started.UTC(), PID: pid, User: userName(uid)}
}

// tame is text from a stranger that does nothing where it is shown.
func tame(text string) string {
	shown := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if runes := []rune(shown); len(runes) > maxText {
		return string(runes[:maxText-1]) + "…"
	}
	return shown
}

func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return "user " + tame(u.Username)
	}
	return "user " + id
}
