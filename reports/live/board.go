package live

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/page"
)

// maxItems bounds the memory of a run that nobody ends: more than a day of seconds. Then the oldest go.
const maxItems = 100_000

// kind is what an item is; it decides its place in a message.
type kind int

const (
	kindRun kind = iota
	kindBand
	kindPoint
	kindEvent
	kindEnding
)

// key tells items apart; a second and a band are put there again when more is known of them.
type key struct {
	kind kind
	// number is that of the trial, the band or the event; second is of points alone.
	number, second int
}

// board is everything there is to show. The version counts changes; every item carries that of its last one.
type board struct {
	version uint64
	// items are in the order of their versions, which are here by key as well.
	items    []item
	versions map[key]uint64
}

type item struct {
	key
	version uint64
	text    json.RawMessage
}

// put adds an item, or replaces the one with its key. It is encoded here, once for all pages.
func (b *board) put(k key, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		return // all values are plain, so this cannot be
	}
	if b.versions == nil {
		b.versions = map[key]uint64{}
	}
	if version, there := b.versions[k]; there {
		at := b.after(version - 1)
		b.items = slices.Delete(b.items, at, at+1)
	}
	b.version++
	b.versions[k] = b.version
	b.items = append(b.items, item{k, b.version, text})
	b.bound()
}

// bound lets the oldest go where there are too many, a part of them at once. The first is the run itself and stays.
func (b *board) bound() {
	if len(b.items) <= maxItems {
		return
	}
	for _, old := range b.items[1 : maxItems/10] {
		delete(b.versions, old.key)
	}
	b.items = slices.Delete(b.items, 1, maxItems/10)
}

// after is where the items begin that changed after a version.
func (b *board) after(version uint64) int {
	at, _ := slices.BinarySearchFunc(b.items, version+1, func(i item, v uint64) int { return cmp.Compare(i.version, v) })
	return at
}

// since collects what changed after a version; nil if nothing did.
func (b *board) since(version uint64) *message {
	first := b.after(version)
	if first == len(b.items) {
		return nil
	}
	m := &message{}
	for _, i := range b.items[first:] {
		m.add(i)
	}
	return m
}

// message is what is sent to a page at once.
type message struct {
	Run    json.RawMessage   `json:"run,omitempty"`
	Bands  []json.RawMessage `json:"bands,omitempty"`
	Points []json.RawMessage `json:"points,omitempty"`
	Events []json.RawMessage `json:"events,omitempty"`
	Ending json.RawMessage   `json:"ending,omitempty"`
}

func (m *message) add(i item) {
	switch i.kind {
	case kindRun:
		m.Run = i.text
	case kindBand:
		m.Bands = append(m.Bands, i.text)
	case kindPoint:
		m.Points = append(m.Points, i.text)
	case kindEvent:
		m.Events = append(m.Events, i.text)
	case kindEnding:
		m.Ending = i.text
	}
}

// run is what a page has to know of the run beforehand.
type run struct {
	ID       string         `json:"id"`
	Scenario string         `json:"scenario"`
	Stack    string         `json:"stack"`
	Trials   int            `json:"trials"`
	Stages   []record.Stage `json:"stages"`
	// Headline is the stage the report speaks of; empty in a cutover, which has none.
	Headline string `json:"headline_stage"`
}

func runOf(h record.Header) run {
	stages := slices.Clone(h.Stages)
	for i := range stages {
		stages[i].Rates = nil // what is offered is shown as it is measured
	}
	headline := h.Headline
	if h.Cutover != nil {
		headline = ""
	}
	return run{h.ID, h.Scenario, h.Stack, len(h.Trials), stages, headline}
}

// band is the time of one state in a trial, on the run's clock; To is zero while it lasts.
type band struct {
	Number int        `json:"number"`
	Trial  int        `json:"trial"`
	State  string     `json:"state"`
	From   page.Value `json:"from"`
	To     page.Value `json:"to,omitempty"`
}

// event is an event as a page shows it.
type event struct {
	AtSeconds page.Value `json:"at_seconds"`
	Trial     int        `json:"trial"`
	Kind      string     `json:"kind"`
	Text      string     `json:"text"`
}
