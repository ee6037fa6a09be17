package reports

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// runSeconds is the run second by second, in base units, on the run's clock. What was not measured is a gap.
type runSeconds struct {
	from, to float64
	// bands are the trials, by their states; a trial in which the state is switched has one for each.
	bands []plot.Band
	// highlights are the headline stage of each trial.
	highlights []plot.Span
	// marks are faults, jobs, and what ended the run early.
	marks []plot.Mark
	// offered are the hits due in each second, achieved those of them that were answered, failed the others.
	offered, achieved, failed []plot.Piece
	// p50, p95 and p99 are seconds, of the hits due in each second. Where one is a hit without an answer it is the timeout, and
	// over tells that there is such a second: a gap, just when the system falls over, would say that nothing happened.
	p50, p95, p99  []plot.Piece
	timeoutSeconds float64
	over           bool
	// QPS are statements of the application roles.
	primaryQPS, replicaQPS            []plot.Piece
	primaryReadsQPS, primaryWritesQPS []plot.Piece
	// hitRatio is a fraction of one.
	hitRatio []plot.Piece
	// replicaLag is as the primary reports it; generatorLag that of the latest operation in each second, at its 99th
	// percentile. Both are seconds.
	replicaLag, generatorLag []plot.Piece
	// steal and foreign are what the host and other processes took, fractions of all processors.
	steal, foreign []plot.Piece
}

// runSecondsOf reads every window and every sample once.
func runSecondsOf(run *record.Run, s *Summary) runSeconds {
	t := runSeconds{from: math.Inf(1), to: math.Inf(-1), timeoutSeconds: run.Header.TimeoutSeconds}
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
		t.from, t.to = min(t.from, begin), max(t.to, end)
		t.bands = append(t.bands, bandsOf(switches[trial.Index], trial, begin, end)...)
		stages := run.Header.StagesOf(trial)
		for _, stage := range stages {
			if stage.Name == s.HeadlineStage && begin+stage.BeginSeconds < end {
				t.highlights = append(t.highlights, plot.Span{From: begin + stage.BeginSeconds, To: min(begin+stage.EndSeconds, end)})
			}
		}
		t.addHits(trials[trial.Index], reading.LengthSeconds(stages, spans.Ended(trial.Index), trials[trial.Index], end-begin), begin)
	}
	if t.from > t.to {
		t.from, t.to = 0, 0
	}
	t.addSamples(run.Samples)
	t.addTaken(reading.PerSecond(run.Samples)["cpu"], run.Header.Host.CPUs)
	t.marks = marksOf(run.Events)
	return t
}

// bandsOf are the states of a trial: one, unless it is switched while hits are due.
func bandsOf(events []record.Event, trial record.Trial, begin, end float64) (bands []plot.Band) {
	state := trial.State
	for _, e := range events {
		if e.Kind != record.EventSwitch || e.Trial != trial.Index || e.AtSeconds <= begin || e.AtSeconds >= end {
			continue
		}
		bands = append(bands, plot.Band{Span: plot.Span{From: begin, To: e.AtSeconds}, Name: state})
		_, after, found := strings.Cut(e.Text, " -> ")
		if !found {
			after = e.Text
		}
		begin, state = e.AtSeconds, after
	}
	return append(bands, plot.Band{Span: plot.Span{From: begin, To: end}, Name: state})
}

// marksOf names what happened in few words; the event has all of them.
func marksOf(events []record.Event) (marks []plot.Mark) {
	for _, e := range events {
		switch e.Kind {
		case record.EventFault, record.EventAbort, record.EventInterrupted:
			marks = append(marks, plot.Mark{At: e.AtSeconds, Name: cmp.Or(e.Text, e.Kind)})
		case record.EventJob:
			name, _, _ := strings.Cut(e.Text, ":")
			marks = append(marks, plot.Mark{At: e.AtSeconds, Name: cmp.Or(name, e.Kind)})
		}
	}
	return marks
}

// addHits adds the seconds of one trial. One in which nothing was due has a rate, zero, and no latency.
func (t *runSeconds) addHits(seconds map[int][]*record.Window, length, begin float64) {
	var offered, achieved, failed plot.Piece
	var p50, p95, p99, lag line
	for at := range int(math.Ceil(length)) {
		// The last second may be a part of one.
		part := min(length-float64(at), 1)
		x, s := begin+float64(at)+part/2, reading.SecondOf(seconds[at])
		offered = append(offered, plot.Point{X: x, Y: float64(s.Offered) / part})
		achieved = append(achieved, plot.Point{X: x, Y: float64(s.Answered) / part})
		failed = append(failed, plot.Point{X: x, Y: float64(s.Offered-s.Answered) / part})
		p50.add(x, t.drawn(s.Percentile(0.5)))
		p95.add(x, t.drawn(s.Percentile(0.95)))
		p99.add(x, t.drawn(s.Percentile(0.99)))
		lag.add(x, float64(s.LagP99()))
	}
	t.offered, t.achieved, t.failed = cut(t.offered, offered), cut(t.achieved, achieved), cut(t.failed, failed)
	t.p50, t.p95, t.p99 = append(t.p50, p50.whole()...), append(t.p95, p95.whole()...), append(t.p99, p99.whole()...)
	t.generatorLag = append(t.generatorLag, lag.whole()...)
}

// drawn is where a percentile of one second is drawn: nowhere if it is not known, and at the timeout where so many hits were
// not answered that it is one of them.
func (t *runSeconds) drawn(n stat.Number) float64 {
	switch {
	case !lost(n):
		return float64(n)
	case t.timeoutSeconds == 0:
		return math.NaN()
	}
	t.over = true
	return t.timeoutSeconds
}

// overLimits is the line at which latencies are drawn that are over the timeout; none where there are none.
func (t *runSeconds) overLimits() []plot.Limit {
	if !t.over {
		return nil
	}
	return []plot.Limit{{Name: waited(stat.Number(math.Inf(1)), t.timeoutSeconds), Y: t.timeoutSeconds * 1e3}}
}

// line collects pieces; what is not a number ends one.
type line struct {
	pieces []plot.Piece
	piece  plot.Piece
}

func (l *line) add(x, y float64) {
	if math.IsNaN(y) {
		l.pieces, l.piece = cut(l.pieces, l.piece), nil
		return
	}
	l.piece = append(l.piece, plot.Point{X: x, Y: y})
}

func (l *line) whole() []plot.Piece { return cut(l.pieces, l.piece) }

// addSamples adds what the instruments read once a second.
func (t *runSeconds) addSamples(samples []record.Sample) {
	readings := reading.PerSecond(samples)
	t.primaryQPS = ratesOf(readings["primary"], reading.Application("read", "write"))
	t.primaryReadsQPS = ratesOf(readings["primary"], reading.Application("read"))
	t.primaryWritesQPS = ratesOf(readings["primary"], reading.Application("write"))
	t.replicaQPS = ratesOf(readings["replica"], reading.Application("read", "write"))
	t.replicaLag = levelOf(readings["primary"], "replica_lag_seconds")
	t.hitRatio = hitRatioPieces(readings)
}

// addTaken adds what others took of the processors.
func (t *runSeconds) addTaken(readings []record.Sample, processors int) {
	if processors > 0 {
		t.steal = scaled(ratesOf(reading.Having(readings, "steal_seconds_total"), reading.Counters{Metric: "steal_seconds_total"}), 1/float64(processors))
	}
	for _, s := range slices.Backward(readings) {
		if n := s.Values[record.ProcessorsKey]; n >= 1 {
			t.foreign = scaled(ratesOf(reading.Having(readings, record.ForeignKey), reading.Counters{Metric: record.ForeignKey}), 1/n)
			return
		}
	}
}

// ratesOf turns readings into rates, each in the middle of its second.
func ratesOf(readings []record.Sample, of reading.Counters) []plot.Piece {
	var rate line
	for _, s := range reading.Rises(readings, of) {
		rate.add(s.Middle(), s.Rate())
	}
	return rate.whole()
}

// levelOf is a number that is read as it is.
func levelOf(readings []record.Sample, name string) []plot.Piece {
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

// hitRatios are a gap where the cache was asked nothing.
func hitRatioPieces(readings map[string][]record.Sample) []plot.Piece {
	var ratio line
	for _, s := range reading.HitRatios(readings) {
		ratio.add(s.At, s.Ratio)
	}
	return ratio.whole()
}

// distributionOf is the response latency of a state at the headline stage, over all hits due in its trials whose latencies are believed: 1 % apart,
// and from 90 % on twenty for each further nine, up to the quantile beyond which [leastTail] hits lie. A quantile that is a
// hit without an answer is infinite. It takes the record and not a ledger, for two states are all that is drawn.
func distributionOf(run *record.Run, s *Summary, state string) (quantiles []plot.Quantile) {
	valid := map[int]bool{}
	for _, check := range s.Validity {
		valid[check.Trial] = check.State == state && !check.voids(voidsLatencies)
	}
	for _, trial := range run.Header.Trials {
		valid[trial.Index] = valid[trial.Index] && !trial.Control
	}
	all := &reading.Hits{}
	for i := range run.Windows {
		if w := &run.Windows[i]; valid[w.Trial] && w.Stage == s.HeadlineStage {
			all.Offered += w.Offered
			all.Response.Merge(w.Response)
		}
	}
	for _, q := range distributionQuantiles() {
		if all.Offered > 0 && stat.Tail(all.Offered, q) >= reading.LeastTail {
			quantiles = append(quantiles, plot.Quantile{Q: q, Value: float64(all.ResponseAt(q))})
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

// rates are the statements of the application roles per second on one server.
func rates(run *record.Run, source string) []plot.Piece {
	return ratesOf(reading.PerSecond(run.Samples)[source], reading.Application("read", "write"))
}
