package record

import (
	"path/filepath"
	"testing"
	"time"
)

// tapped is a writer whose directory the test forgets.
func tapped(t *testing.T) *Writer {
	t.Helper()
	w, err := Create(filepath.Join(t.TempDir(), "run"), Header{Started: time.Now()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// fill records one of each kind. The window's memory is used again afterwards, as the generator does.
func fill(t *testing.T, w *Writer) {
	t.Helper()
	window := Window{Op: "verify", Failed: 1, Errors: map[string]uint64{"timeout": 1}}
	window.Response.Record(7 * time.Millisecond)
	for _, err := range []error{
		w.AddEvent(Event{Kind: EventTrialBegin, Text: "baseline"}),
		w.AddWindow(window),
		w.AddSample(Sample{Source: "primary", Values: map[string]float64{"x": 1}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	window.Response.Reset()
	clear(window.Errors)
}

// Everything recorded comes out of every open tap in order, and stays what it was.
func TestTap(t *testing.T) {
	w := tapped(t)
	fill(t, w)
	first, second := w.Tap(10), w.Tap(10)
	fill(t, w)
	first.Close()
	first.Close()
	fill(t, w)
	second.Close()
	for tap, want := range map[*Tap]int{first: 1, second: 2} {
		var events, windows, samples int
		for entry := range tap.Entries() {
			switch e := entry.(type) {
			case Event:
				if events++; e.AtSeconds == 0 || e.Text != "baseline" {
					t.Errorf("got %+v, want an event with its time", e)
				}
			case Window:
				if windows++; e.Response.Count() != 1 || e.Errors["timeout"] != 1 {
					t.Errorf("got %d answers and %v, want what was recorded", e.Response.Count(), e.Errors)
				}
			case Sample:
				samples++
			}
		}
		if events != want || windows != want || samples != want || tap.Dropped() != 0 {
			t.Errorf("got %d, %d and %d, %d dropped; want %d of each", events, windows, samples, tap.Dropped(), want)
		}
	}
}

// Whoever takes nothing loses something, and holds up nobody.
func TestTapNeverBlocks(t *testing.T) {
	w := tapped(t)
	idle := w.Tap(2)
	defer idle.Close()
	for range 5 {
		fill(t, w)
	}
	if len(idle.Entries()) != 2 || idle.Dropped() != 13 {
		t.Errorf("got %d waiting and %d dropped, want 2 and 13", len(idle.Entries()), idle.Dropped())
	}
}

// What could not be written was not recorded, so nobody is told of it.
func TestTapOfAClosedWriter(t *testing.T) {
	w := tapped(t)
	tap := w.Tap(10)
	defer tap.Close()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.AddSample(Sample{}); err == nil || len(tap.Entries()) != 0 {
		t.Errorf("got %v and %d entries, want an error and none", err, len(tap.Entries()))
	}
}
