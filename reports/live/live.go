// Package live shows a run in a browser while it lasts.
//
// Scope: what is recorded goes in, entry by entry; out comes a page with the run's timeline, second by second, that
// updates itself by server-sent events. A [Follower] alone tells the latest numbers to those who need no page.
//
// Opinion: watching must cost the run nothing. Nothing here waits for a browser: one that is slow gets what there is
// when it asks again, and one that no longer takes anything is let go. A page opened late, or opened again, shows the
// whole run. What is shown is a look at single seconds and no finding; findings need the whole record and are the
// report's. The page is for this machine alone: it answers to loopback names and to no other site.
//
// Steps: [Server.Observe] has each entry placed in its second by the follower and puts what changed on the board, each
// item with the version at which it changed last; a page names the version it has seen and is sent what changed since;
// [Server.Finish] puts the verdict there, and [Server.Wait] gives the pages a moment to take it.
package live

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/page"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// maxPages bounds the pages that are open at once. Somebody who has more of them open has forgotten some.
const maxPages = 16

// Ending is how a run ended.
type Ending struct {
	// Verdict is a word, Sentence the finding.
	Verdict  string `json:"verdict"`
	Sentence string `json:"sentence"`
	// Report is the path of the report on this machine; empty is none.
	Report string `json:"report,omitempty"`
}

// Server keeps what there is to show of one run and shows it to every page that asks. It is safe for concurrent use.
type Server struct {
	id     string
	assets map[string]asset

	mu       sync.Mutex
	follower *Follower
	board    board
	// band is that of the state under way, nil between two trials; bands counts them.
	band  *band
	bands int
	// changed is closed when there is something new, and replaced.
	changed  chan struct{}
	finished bool
	pages    int
	// left is closed when a page has gone, and replaced.
	left chan struct{}
}

// New makes the server of the run with this header.
func New(h record.Header) (*Server, error) {
	shared, err := page.Assets()
	if err != nil {
		return nil, fmt.Errorf("live page: %w", err)
	}
	assets, err := assetsOf(shared)
	if err != nil {
		return nil, err
	}
	s := &Server{id: h.ID, assets: assets, follower: NewFollower(h.TimeoutSeconds, reading.DeclaredIn(&h)), changed: make(chan struct{}), left: make(chan struct{})}
	s.put(key{kind: kindRun}, runOf(h))
	return s, nil
}

// Observe takes an entry of the record. It waits for no page.
func (s *Server) Observe(e record.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.follower.Observe(e) {
		s.put(key{kindPoint, p.Trial, p.Second}, p)
	}
	if event, ok := e.(record.Event); ok {
		s.event(event)
	}
}

// event puts an event on the board, and keeps the band of the state. The caller holds the lock.
func (s *Server) event(e record.Event) {
	at := page.Value(e.AtSeconds)
	switch e.Kind {
	case record.EventTrialBegin:
		s.open(e.Trial, e.Text, at)
		return
	case record.EventTrialEnd:
		s.shut(at)
		return
	case record.EventSwitch:
		// Between two trials it is the beginning of the next one that counts.
		if s.band != nil && e.Trial == s.band.Trial {
			s.shut(at)
			_, after, _ := strings.Cut(e.Text, " -> ")
			s.open(e.Trial, after, at)
		}
	}
	s.put(key{kindEvent, int(s.board.version), 0}, event{at, e.Trial, e.Kind, e.Text})
}

// open begins the band of a state.
func (s *Server) open(trial int, state string, at page.Value) {
	s.bands++
	s.band = &band{Number: s.bands, Trial: trial, State: state, From: at}
	s.put(key{kindBand, s.bands, 0}, s.band)
}

// shut ends the band of a state, if one is open.
func (s *Server) shut(at page.Value) {
	if s.band != nil {
		s.band.To = at
		s.put(key{kindBand, s.band.Number, 0}, s.band)
		s.band = nil
	}
}

// Finish tells every page how the run ended. Only the first call counts.
func (s *Server) Finish(e Ending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.finished {
		s.put(key{kind: kindEnding}, e)
		s.finished = true
	}
}

// put is a change of the board that wakes all pages. The caller holds the lock.
func (s *Server) put(k key, value any) {
	if s.finished {
		return
	}
	s.board.put(k, value)
	close(s.changed)
	s.changed = make(chan struct{})
}

// Wait returns when the pages that were open have taken everything and gone, or when ctx ends.
func (s *Server) Wait(ctx context.Context) {
	for {
		s.mu.Lock()
		pages, left := s.pages, s.left
		s.mu.Unlock()
		if pages == 0 {
			return
		}
		select {
		case <-left:
		case <-ctx.Done():
			return
		}
	}
}

// enter counts a page, unless there are too many.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pages == maxPages {
		return false
	}
	s.pages++
	return true
}

func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages--
	close(s.left)
	s.left = make(chan struct{})
}

// since is what changed since a version, the version that has been seen with it, whether that is all there will ever be,
// and what to wait for otherwise. It is nil when nothing has changed.
func (s *Server) since(version uint64) (m *message, now uint64, last bool, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.board.since(version), s.board.version, s.finished, s.changed
}

// pause waits, or less if the context ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
