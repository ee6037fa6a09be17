package judge

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// curves are those of a run on their way.
type curves struct{ model.Curves }

// curvesOf reads every window and every sample once.
func curvesOf(run *record.Run, headline string) model.Curves {
	t := curves{model.Curves{From: math.Inf(1), To: math.Inf(-1), TimeoutSeconds: run.Header.TimeoutSeconds}}
	trials, spans, switches := reading.Seconds(run.Windows), reading.SpansOf(run.Events), map[int][]record.Event{}
	for _, e := range run.Events {
		if e.Kind == record.EventSwitch {
			switches[e.Trial] = append(switches[e.Trial], e)
		}
	}
	for _, trial := range run.Header.Trials {
		begin, end := spans.Of(trial.Index)
		if math.IsNaN(begin) || math.IsNaN(end) {
			continue
		}
		t.From, t.To = min(t.From, begin), max(t.To, end)
		t.Bands = append(t.Bands, bandsOf(switches[trial.Index], trial, begin, end)...)
		stages := run.Header.StagesOf(trial)
		for _, stage := range stages {
			if stage.Name == headline && begin+stage.BeginSeconds < end {
				t.Highlights = append(t.Highlights, model.Span{From: begin + stage.BeginSeconds, To: min(begin+stage.EndSeconds, end)})
			}
		}
		// Nothing was due any more in a trial that was cut short.
		t.Due = cut(t.Due, until(dueIn(run, trial, trials[trial.Index], begin), end))
		t.addHits(trials[trial.Index], reading.LengthSeconds(stages, spans.Ended(trial.Index), trials[trial.Index], end-begin), begin)
	}
	if t.From > t.To {
		t.From, t.To = 0, 0
	}
	t.addSamples(run.Samples, reading.DeclaredIn(&run.Header))
	t.addTaken(reading.PerSecond(run.Samples)["cpu"], run.Header.Host.CPUs)
	t.Marks = marksOf(run.Events)
	return t.Curves
}

// bandsOf are the states of a trial: one, unless it is switched while hits are due.
func bandsOf(events []record.Event, trial record.Trial, begin, end float64) (bands []model.Band) {
	state := trial.State
	for _, e := range events {
		if e.Kind != record.EventSwitch || e.Trial != trial.Index || e.AtSeconds <= begin || e.AtSeconds >= end {
			continue
		}
		bands = append(bands, model.Band{Span: model.Span{From: begin, To: e.AtSeconds}, Name: state})
		_, after, found := strings.Cut(e.Text, " -> ")
		if !found {
			after = e.Text
		}
		begin, state = e.AtSeconds, after
	}
	return append(bands, model.Band{Span: model.Span{From: begin, To: end}, Name: state})
}

// marksOf names what happened in few words; the event has all of them.
func marksOf(events []record.Event) (marks []model.Mark) {
	for _, e := range events {
		switch e.Kind {
		case record.EventFault, record.EventAbort, record.EventInterrupted:
			marks = append(marks, model.Mark{At: e.AtSeconds, Name: cmp.Or(e.Text, e.Kind)})
		case record.EventJob:
			name, _, _ := strings.Cut(e.Text, ":")
			marks = append(marks, model.Mark{At: e.AtSeconds, Name: cmp.Or(name, e.Kind)})
		}
	}
	return marks
}

// addHits adds the seconds of one trial. One in which nothing was due has a rate, zero, and no latency.
func (t *curves) addHits(seconds map[int][]*record.Window, length, begin float64) {
	var offered, achieved, failed model.Piece
	var p50, p95, p99, lag line
	for at := range int(math.Ceil(length)) {
		// The last second may be a part of one.
		part := min(length-float64(at), 1)
		x, s := begin+float64(at)+part/2, reading.SecondOf(seconds[at])
		offered.Add(x, float64(s.Offered)/part)
		achieved.Add(x, float64(s.Answered)/part)
		failed.Add(x, float64(s.Offered-s.Answered)/part)
		p50.add(x, t.drawn(s.Percentile(0.5)))
		p95.add(x, t.drawn(s.Percentile(0.95)))
		p99.add(x, t.drawn(s.Percentile(0.99)))
		lag.add(x, float64(s.LagP99()))
	}
	t.Offered, t.Achieved, t.Failed = cut(t.Offered, offered), cut(t.Achieved, achieved), cut(t.Failed, failed)
	t.P50, t.P95, t.P99 = append(t.P50, p50.whole()...), append(t.P95, p95.whole()...), append(t.P99, p99.whole()...)
	t.GeneratorLag = append(t.GeneratorLag, lag.whole()...)
}

// drawn is where a percentile of one second is drawn: nowhere if it is not known, and at the timeout where so many hits were
// not answered that it is one of them.
func (t *curves) drawn(n stat.Number) float64 {
	switch {
	case !numeral.Lost(n):
		return float64(n)
	case t.TimeoutSeconds == 0:
		return math.NaN()
	}
	t.Over = true
	return t.TimeoutSeconds
}

// line collects pieces; what is not a number ends one.
type line struct {
	pieces model.Line
	piece  model.Piece
}

func (l *line) add(x, y float64) {
	if math.IsNaN(y) {
		l.pieces, l.piece = cut(l.pieces, l.piece), model.Piece{}
		return
	}
	l.piece.Add(x, y)
}

func (l *line) whole() model.Line { return cut(l.pieces, l.piece) }

func cut(pieces model.Line, piece model.Piece) model.Line {
	if len(piece.X) == 0 {
		return pieces
	}
	return append(pieces, piece)
}

// times is a line in another unit.
func times(l model.Line, factor float64) (list model.Line) {
	for _, piece := range l {
		y := make([]float64, len(piece.Y))
		for i, value := range piece.Y {
			y[i] = value * factor
		}
		list = append(list, model.Piece{X: piece.X, Y: y})
	}
	return list
}

// addSamples adds what the instruments read once a second.
func (t *curves) addSamples(samples []record.Sample, declared reading.Declared) {
	readings := reading.PerSecond(samples)
	t.PrimaryQPS = ratesOf(readings["primary"], declared.Statements("read", "write"))
	t.PrimaryReadsQPS = ratesOf(readings["primary"], declared.Statements("read"))
	t.PrimaryWritesQPS = ratesOf(readings["primary"], declared.Statements("write"))
	t.ReplicaQPS = ratesOf(readings["replica"], declared.Statements("read", "write"))
	t.ReplicaLag = levelOf(readings["primary"], "replica_lag_seconds")
	t.HitRatio = hitRatioPieces(readings, declared)
}

// addTaken adds what others took of the processors.
func (t *curves) addTaken(readings []record.Sample, processors int) {
	if processors > 0 {
		t.Steal = times(ratesOf(reading.Having(readings, "steal_seconds_total"), reading.Counters{Metric: "steal_seconds_total"}), 1/float64(processors))
	}
	for _, s := range slices.Backward(readings) {
		if n := s.Values[record.ProcessorsKey]; n >= 1 {
			t.Foreign = times(ratesOf(reading.Having(readings, record.ForeignKey), reading.Counters{Metric: record.ForeignKey}), 1/n)
			return
		}
	}
}

// ratesOf turns readings into rates, each in the middle of its second.
func ratesOf(readings []record.Sample, of reading.Counters) model.Line {
	var rate line
	for _, s := range reading.Rises(readings, of) {
		rate.add(s.Middle(), s.Rate())
	}
	return rate.whole()
}

// levelOf is a number that is read as it is.
func levelOf(readings []record.Sample, name string) model.Line {
	var level line
	last := math.Inf(-1)
	for _, s := range readings {
		value, known := s.Values[name]
		if !known {
			value = math.NaN()
		}
		if s.AtSeconds-last > reading.LongestGapSeconds {
			level.add(0, math.NaN())
		}
		level.add(s.AtSeconds, value)
		last = s.AtSeconds
	}
	return level.whole()
}

// hitRatioPieces are a gap where the cache was asked nothing.
func hitRatioPieces(readings map[string][]record.Sample, declared reading.Declared) model.Line {
	var ratio line
	for _, s := range declared.HitRatios(readings) {
		ratio.add(s.At, s.Ratio)
	}
	return ratio.whole()
}

// distributionOf is the response latency of a state at the headline stage, over all hits due in its trials whose latencies are believed: 1 % apart,
// and from 90 % on twenty for each further nine, up to the quantile beyond which [leastTail] hits lie. A quantile that is a
// hit without an answer is infinite. It takes the record and not a ledger, for two states are all that is drawn.
func distributionOf(run *record.Run, validity []model.TrialCheck, stage, state string) (quantiles []model.Quantile) {
	valid := map[int]bool{}
	for _, check := range validity {
		valid[check.Trial] = check.State == state && !check.Voids(model.VoidLatencies)
	}
	for _, trial := range run.Header.Trials {
		valid[trial.Index] = valid[trial.Index] && !trial.Control
	}
	all := &reading.Hits{}
	for i := range run.Windows {
		if w := &run.Windows[i]; valid[w.Trial] && w.Stage == stage {
			all.Offered += w.Offered
			all.Response.Merge(w.Response)
		}
	}
	for _, q := range distributionQuantiles() {
		if all.Offered > 0 && stat.Tail(all.Offered, q) >= reading.LeastTail {
			quantiles = append(quantiles, model.Quantile{Q: q, Seconds: float64(all.ResponseAt(q))})
		}
	}
	return quantiles
}

func distributionQuantiles() (list []float64) {
	for percent := range 90 {
		list = append(list, float64(percent)/100)
	}
	for step := range 20 * 5 {
		list = append(list, 1-0.1*math.Pow(10, -float64(step)/20))
	}
	return list
}

// until leaves out what comes after a moment.
func until(p model.Piece, end float64) model.Piece {
	for i, x := range p.X {
		if x > end {
			return model.Piece{X: p.X[:i], Y: p.Y[:i]}
		}
	}
	return p
}

// dueIn is the rate at which hits were to be due in a trial, over seconds elapsed: that of the stages or, where sessions added
// hits to theirs, as it was second by second.
func dueIn(run *record.Run, trial record.Trial, seconds map[int][]*record.Window, begin float64) (due model.Piece) {
	hits, length := uint64(0), 0.0
	for _, stage := range run.Header.Stages {
		addStage(&due, stage, begin)
		hits, length = hits+stage.Hits, stage.EndSeconds
	}
	if trial.Hits <= hits {
		return due
	}
	counts := make([]float64, int(math.Ceil(length)))
	for _, windows := range seconds {
		for _, w := range windows {
			if w.Second < len(counts) {
				counts[w.Second] += float64(w.Offered)
			}
		}
	}
	due = model.Piece{}
	for second, count := range counts {
		// The last second may be a part of one.
		part := min(length-float64(second), 1)
		due.Add(begin+float64(second)+part/2, count/part)
	}
	return due
}

// addStage adds the rate at which hits were due in a stage of a trial that began at some time, in seconds elapsed: from its
// begin over the middles of the recorded parts, where there are any, to its end.
func addStage(p *model.Piece, stage record.Stage, trial float64) {
	begin, end := trial+stage.BeginSeconds, trial+stage.EndSeconds
	p.Add(begin, stage.FromRate)
	for i, rate := range stage.Rates {
		p.Add(begin+(end-begin)*(float64(i)+0.5)/float64(len(stage.Rates)), rate)
	}
	p.Add(end, stage.ToRate)
}

// primaryOf are the statements of the application roles per second on the primary.
func primaryOf(run *record.Run) model.Line {
	return ratesOf(reading.PerSecond(run.Samples)["primary"], reading.DeclaredIn(&run.Header).Statements("read", "write"))
}

// since counts time from a moment on.
func since(l model.Line, moment float64) (list model.Line) {
	for _, piece := range l {
		moved := model.Piece{Y: piece.Y}
		for _, x := range piece.X {
			moved.X = append(moved.X, x-moment)
		}
		list = append(list, moved)
	}
	return list
}
