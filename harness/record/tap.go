package record

import (
	"maps"
	"slices"
	"sync/atomic"
)

// Entry is something recorded: a [Window], a [Sample] or an [Event].
type Entry interface{ entry() }

func (Window) entry() {}
func (Sample) entry() {}
func (Event) entry()  {}

// Tap hands out what is recorded, as it is recorded, to those who watch meanwhile. It never holds up who records: an entry
// that finds the tap full is dropped and counted. The record has it all the same.
type Tap struct {
	writer  *Writer
	entries chan Entry
	dropped atomic.Uint64
}

// Tap opens a tap in which at most bound entries wait to be taken. The caller closes it.
func (w *Writer) Tap(bound int) *Tap {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := &Tap{writer: w, entries: make(chan Entry, bound)}
	w.taps = append(w.taps, t)
	return t
}

// Entries are those recorded since the tap was opened, each of the three kinds in the order of the record. The channel is
// closed with the tap. Other taps hand out the same entries, so nobody may change them.
func (t *Tap) Entries() <-chan Entry { return t.entries }

// Dropped is how many entries found the tap full.
func (t *Tap) Dropped() uint64 { return t.dropped.Load() }

// Close ends the entries, after those that still wait to be taken. It may be called again.
func (t *Tap) Close() {
	t.writer.mu.Lock()
	defer t.writer.mu.Unlock()
	for i, open := range t.writer.taps {
		if open == t {
			t.writer.taps = append(t.writer.taps[:i:i], t.writer.taps[i+1:]...)
			close(t.entries)
			return
		}
	}
}

// shared puts an entry that was recorded without an error into every tap. It is made only where somebody watches.
func (w *Writer) shared(err error, made func() Entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil || len(w.taps) == 0 {
		return err
	}
	entry := made()
	for _, t := range w.taps {
		select {
		case t.entries <- entry:
		default:
			t.dropped.Add(1)
		}
	}
	return nil
}

// clone is w with memory of its own: the generator uses that of a window again.
func (w Window) clone() Window {
	response, service, lag := w.Response, w.Service, w.Lag
	w.Response, w.Service, w.Lag = Histogram{}, Histogram{}, Histogram{}
	w.Response.Merge(response)
	w.Service.Merge(service)
	w.Lag.Merge(lag)
	w.Errors, w.Counts = maps.Clone(w.Errors), slices.Clone(w.Counts)
	return w
}
