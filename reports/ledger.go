package reports

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// ledger is the record sorted by trial.
type ledger struct {
	header  record.Header
	windows []record.Window
	trials  []*trial
	// saved is the baseline to compare with; nil if none.
	saved *Baseline
	// known are the counts that somebody has asked for, by what they are of.
	known map[Key]map[string]Number
}

// trial is everything recorded of one trial.
type trial struct {
	record.Trial
	stages []record.Stage
	// windows are those of the trial, in the recorded order.
	windows []*record.Window
	cells   map[cell]*hits
	// apis are the same hits by stage and API, and causes the operation of each API.
	apis      map[cell]*hits
	causes    map[string]string
	stageHits map[string]*hits
	// onRecord are all hits that windows tell of, and surplus the stages that have more of them than were due.
	onRecord     uint64
	surplus      []string
	edges        map[edge]record.Sample
	samples      map[string][]record.Sample
	began, ended bool
	// entered is the state that the last switch led to, empty when there was none.
	entered string
	// aborted tells that the run ended in it, because a budget was breached.
	aborted bool
	// at is when it began, on the run's clock.
	at    float64
	spent map[moment]spent
	// reasons say which of its numbers reach no estimate, and why; doubts and notes are as in [TrialCheck].
	reasons   []reason
	doubts    []doubt
	notes     []string
	generator GeneratorCheck
}

// cell is an operation, or an API, in a stage.
type cell struct{ stage, op string }

// edge is where a reading was taken; an empty stage is the trial itself.
type edge struct{ stage, edge, source string }

// hits are windows added up.
type hits struct {
	offered, sent, missed, failed uint64
	reconnected, resent           uint64
	wrong                         Correctness
	response, lag                 record.Histogram
	// bars are those of response, once somebody has asked: unfolding a histogram costs more than all else here.
	bars []stat.Bar
}

// ran is the trials that began, in the order in which they did: a repeated trial was planned last.
func (l *ledger) ran() []*trial {
	ran := slices.DeleteFunc(slices.Clone(l.trials), func(t *trial) bool { return !t.began })
	slices.SortStableFunc(ran, func(a, b *trial) int { return cmp.Compare(a.at, b.at) })
	return ran
}

func newLedger(run *record.Run) *ledger {
	l := &ledger{header: run.Header, windows: run.Windows}
	byIndex := map[int]*trial{}
	for _, planned := range run.Header.Trials {
		t := &trial{Trial: planned, stages: run.Header.Stages, cells: map[cell]*hits{}, apis: map[cell]*hits{}, causes: map[string]string{}, stageHits: map[string]*hits{},
			edges: map[edge]record.Sample{}, samples: map[string][]record.Sample{}, spent: map[moment]spent{}}
		l.trials = append(l.trials, t)
		byIndex[planned.Index] = t
	}
	for i := range run.Windows {
		if w := &run.Windows[i]; byIndex[w.Trial] != nil {
			byIndex[w.Trial].addWindow(*w)
			byIndex[w.Trial].windows = append(byIndex[w.Trial].windows, w)
		}
	}
	for _, w := range run.APIs {
		if t := byIndex[w.Trial]; t != nil {
			t.addAPI(w)
		}
	}
	read := newInstruments()
	for _, s := range run.Samples {
		read.add(s)
		if t := byIndex[s.Trial]; t != nil {
			t.addSample(s)
		}
	}
	for _, e := range run.Events {
		if t := byIndex[e.Trial]; t != nil {
			if e.Kind == record.EventTrialBegin {
				t.began, t.at = true, e.AtSeconds
			}
			t.ended = t.ended || e.Kind == record.EventTrialEnd
			if e.Kind == record.EventSwitch {
				t.entered = e.Text[strings.LastIndex(e.Text, " ")+1:]
			}
			t.aborted = t.aborted || e.Kind == record.EventAbort
		}
	}
	for _, t := range l.trials {
		t.recorded()
		t.fold()
		t.examine(&run.Header, read)
	}
	return l
}

// addWindow keeps the answers by operation and the lag by stage; nobody asks for the lag of one operation.
func (t *trial) addWindow(w record.Window) {
	at := cell{w.Stage, w.Op}
	if t.cells[at] == nil {
		t.cells[at] = &hits{}
	}
	if t.stageHits[w.Stage] == nil {
		t.stageHits[w.Stage] = &hits{}
	}
	t.cells[at].merge(windowHits(w))
	t.stageHits[w.Stage].lag.Merge(w.Lag)
	t.spend(w)
}

func (t *trial) addAPI(w record.APIWindow) {
	at := cell{w.Stage, w.API}
	if t.apis[at] == nil {
		t.apis[at] = &hits{}
	}
	t.apis[at].merge(windowHits(w.Window))
	t.causes[w.API] = w.Op
}

// windowHits are the hits of a window, without their lag.
func windowHits(w record.Window) *hits {
	return &hits{
		offered: w.Offered, sent: w.Sent, missed: w.Missed, failed: w.Failed,
		reconnected: w.Reconnected, resent: w.Resent,
		wrong:    correctnessOf(w),
		response: w.Response,
	}
}

// fold puts readings in the order of time, in which they nearly are; of two of one moment the recorded order stands. It adds
// up the operations of each stage, once all windows are in: unpacking each of them twice would cost twice.
func (t *trial) fold() {
	for _, list := range t.samples {
		slices.SortStableFunc(list, func(a, b record.Sample) int { return cmp.Compare(a.AtSeconds, b.AtSeconds) })
	}
	for at, h := range t.cells {
		t.onRecord += h.offered
		t.stageHits[at.stage].merge(h)
	}
	t.cap()
}

// addSample keeps the readings of one source; fold sorts them.
func (t *trial) addSample(s record.Sample) {
	if s.Edge != "" {
		t.edges[edge{s.Stage, s.Edge, s.Source}] = s
	}
	t.samples[s.Source] = append(t.samples[s.Source], s)
}

func (h *hits) merge(o *hits) {
	h.offered += o.offered
	h.sent += o.sent
	h.missed += o.missed
	h.failed += o.failed
	h.reconnected += o.reconnected
	h.resent += o.resent
	h.wrong.add(o.wrong)
	h.response.Merge(o.response)
	h.lag.Merge(o.lag)
	h.bars = nil
}

// in is the hits of one stage, of all operations.
func (t *trial) in(stage string) *hits {
	if h := t.stageHits[stage]; h != nil {
		return h
	}
	return &hits{}
}

func (t *trial) measured() *hits {
	total := &hits{}
	for _, s := range t.stages {
		if s.Measure {
			total.merge(t.in(s.Name))
		}
	}
	return total
}

// wrongAnswers are those of the whole trial, warm-up included.
func (t *trial) wrongAnswers() (c Correctness) {
	for _, h := range t.stageHits {
		c.add(h.wrong)
	}
	return c
}

// leastTail is how many hits must lie beyond a percentile before it is worth printing.
const leastTail = 10

// percentile is the response latency in seconds at q over all hits due. Those without an answer lie beyond every limit:
// +Inf when the percentile is one of them. It is unknown when fewer than leastTail hits lie beyond it.
func (h *hits) percentile(q float64) Number {
	if stat.Tail(h.offered, q) < leastTail {
		return unknown()
	}
	return h.responseAt(q)
}

// lagP99 is the 99th percentile of sent minus due, over the hits sent.
func (h *hits) lagP99() Number {
	if stat.Tail(h.lag.Count(), 0.99) < leastTail {
		return unknown()
	}
	return h.lagAt(0.99)
}

// responseAt and lagAt are quantiles with however few hits beyond them: too coarse to print, good enough to doubt a trial.
func (h *hits) responseAt(q float64) Number {
	if h.bars == nil {
		h.bars = bars(h.response)
	}
	return Number(stat.Quantile(h.bars, h.offered-min(h.offered, h.response.Count()), q))
}

func (h *hits) lagAt(q float64) Number { return Number(stat.Quantile(bars(h.lag), 0, q)) }

// answered is how many of the hits due had a usable answer.
func (h *hits) answered() uint64 { return h.offered - min(h.offered, h.missed+h.failed) }

func (h *hits) errorsRatio() Number { return Number(float64(h.failed+h.missed) / float64(h.offered)) }

func bars(h record.Histogram) []stat.Bar {
	list := h.Bars()
	bars := make([]stat.Bar, len(list))
	for i, b := range list {
		bars[i] = stat.Bar{Value: b.Seconds, Count: b.Count}
	}
	return bars
}

// of are the trials that a state is known by.
func (l *ledger) of(state string) []*trial {
	return slices.DeleteFunc(l.all(state), func(t *trial) bool { return t.Control })
}

// all are those, and the ones that serve the noise floor alone.
func (l *ledger) all(state string) []*trial {
	var list []*trial
	for _, t := range l.trials {
		if t.State == state {
			list = append(list, t)
		}
	}
	return list
}

// series selects counters: the metric, and for each label the values wanted.
type series struct {
	metric string
	labels map[string][]string
}

// application selects the statements that load the service causes, as a server counts them. Transaction control and the
// archive job, whose cost is reported by itself, are none of them.
func application(kinds ...string) series {
	return series{"statements_total", map[string][]string{"kind": kinds, "role": {"callers", "auth"}}}
}

func (s series) matches(key string) bool {
	metric, labels := record.ParseKey(key)
	if metric != s.metric {
		return false
	}
	for name, values := range s.labels {
		if !slices.Contains(values, labels[name]) {
			return false
		}
	}
	return true
}

// growth is by how much the series of one source grew between the edges of a stage (empty: of the trial), and in how
// many seconds. A counter that appears only at the end began at zero. Both are NaN where an edge was not read.
func (t *trial) growth(stage, source string, s series) (counts, seconds float64) {
	begin, ok := t.edges[edge{stage, "begin", source}]
	end, ok2 := t.edges[edge{stage, "end", source}]
	if !ok || !ok2 {
		return math.NaN(), math.NaN()
	}
	for key, value := range end.Values {
		if s.matches(key) {
			counts += value - begin.Values[key]
		}
	}
	return counts, end.AtSeconds - begin.AtSeconds
}

func (t *trial) rate(stage, source string, s series) Number {
	counts, seconds := t.growth(stage, source, s)
	if !(seconds > 0) {
		return unknown()
	}
	return Number(counts / seconds)
}

// services adds up what the two service processes counted. One that was never read adds nothing.
func (t *trial) services(stage string, s series) Number {
	total := unknown()
	for _, source := range []string{"auth", "callers"} {
		if counts, _ := t.growth(stage, source, s); !math.IsNaN(counts) {
			if !total.Known() {
				total = 0
			}
			total += Number(counts)
		}
	}
	return total
}
