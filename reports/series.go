package reports

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// timeline is the run second by second, in base units, on the run's clock. What was not measured is a gap.
type timeline struct {
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

// leastBeyond is how many hits must lie beyond a percentile of one second. A point of a line is no claim by itself, as a
// number in a table is: its neighbours tell what is level and what is noise.
const leastBeyond = 1

// timelineOf reads every window and every sample once.
func timelineOf(run *record.Run, s *Summary) timeline {
	t := timeline{from: math.Inf(1), to: math.Inf(-1), timeoutSeconds: run.Header.TimeoutSeconds}
	trials, spans, switches := secondsOf(run.Windows), spansOf(run.Events), map[int][]record.Event{}
	for _, e := range run.Events {
		if e.Kind == record.EventSwitch {
			switches[e.Trial] = append(switches[e.Trial], e)
		}
	}
	for _, trial := range run.Header.Trials {
		begin, end := spans.of(trial.Index)
		if math.IsNaN(begin) || math.IsNaN(end) {
			continue
		}
		t.from, t.to = min(t.from, begin), max(t.to, end)
		t.bands = append(t.bands, bandsOf(switches[trial.Index], trial, begin, end)...)
		for _, stage := range run.Header.Stages {
			if stage.Name == s.HeadlineStage && begin+stage.BeginSeconds < end {
				t.highlights = append(t.highlights, plot.Span{From: begin + stage.BeginSeconds, To: min(begin+stage.EndSeconds, end)})
			}
		}
		_, ended := spans.ends[trial.Index]
		t.addHits(trials[trial.Index], trialSeconds(run, ended, trials[trial.Index], end-begin), begin)
	}
	if t.from > t.to {
		t.from, t.to = 0, 0
	}
	t.addSamples(run.Samples)
	t.addTaken(readingsOf(run.Samples)["cpu"], run.Header.Host.CPUs)
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

// beat is the hits due in one second, of all operations.
type beat struct {
	offered, answered uint64
	bars              []stat.Bar
	lag               float64
	sent              bool
}

// secondsOf sorts the windows by trial and second.
func secondsOf(windows []record.Window) map[int]map[int][]*record.Window {
	trials := map[int]map[int][]*record.Window{}
	for i := range windows {
		w := &windows[i]
		if trials[w.Trial] == nil {
			trials[w.Trial] = map[int][]*record.Window{}
		}
		trials[w.Trial][w.Second] = append(trials[w.Trial][w.Second], w)
	}
	return trials
}

// beatOf adds up the windows of one second. Unfolding a histogram costs more than all else here, so it is done once for
// each, and what is unfolded is merged in order and soon forgotten.
func beatOf(windows []*record.Window) *beat {
	sum := &beat{}
	for _, w := range windows {
		sum.offered += w.Offered
		sum.answered += w.Offered - min(w.Offered, w.Missed+w.Failed)
		sum.bars = mergedBars(sum.bars, bars(w.Response))
		if w.Lag.Count() > 0 {
			sum.lag, sum.sent = max(sum.lag, w.Lag.Quantile(0.99)), true
		}
	}
	return sum
}

// mergedBars joins two ascending lists.
func mergedBars(a, b []stat.Bar) []stat.Bar {
	if len(a) == 0 {
		return b
	}
	merged := make([]stat.Bar, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].Value < b[0].Value:
			merged, a = append(merged, a[0]), a[1:]
		case a[0].Value > b[0].Value:
			merged, b = append(merged, b[0]), b[1:]
		default:
			merged = append(merged, stat.Bar{Value: a[0].Value, Count: a[0].Count + b[0].Count})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(merged, a...), b...)
}

// trialSeconds is for how many seconds of its clock a trial is known: all of its stages, or, where it was cut short, those
// up to the last one written.
func trialSeconds(run *record.Run, ended bool, seconds map[int][]*record.Window, took float64) float64 {
	length := 0.0
	for _, stage := range run.Header.Stages {
		length = max(length, stage.EndSeconds)
	}
	if ended {
		return min(length, took)
	}
	last := -1
	for at := range seconds {
		last = max(last, at)
	}
	return min(length, took, float64(last+1))
}

// addHits adds the seconds of one trial. One in which nothing was due has a rate, zero, and no latency.
func (t *timeline) addHits(seconds map[int][]*record.Window, length, begin float64) {
	var offered, achieved, failed plot.Piece
	var p50, p95, p99, lag line
	for at := range int(math.Ceil(length)) {
		// The last second may be a part of one.
		part := min(length-float64(at), 1)
		x, s := begin+float64(at)+part/2, beatOf(seconds[at])
		offered = append(offered, plot.Point{X: x, Y: float64(s.offered) / part})
		achieved = append(achieved, plot.Point{X: x, Y: float64(s.answered) / part})
		failed = append(failed, plot.Point{X: x, Y: float64(s.offered-s.answered) / part})
		p50.add(x, t.percentile(s, 0.5))
		p95.add(x, t.percentile(s, 0.95))
		p99.add(x, t.percentile(s, 0.99))
		if s.sent {
			lag.add(x, s.lag)
		} else {
			lag.add(x, math.NaN())
		}
	}
	t.offered, t.achieved, t.failed = cut(t.offered, offered), cut(t.achieved, achieved), cut(t.failed, failed)
	t.p50, t.p95, t.p99 = append(t.p50, p50.whole()...), append(t.p95, p95.whole()...), append(t.p99, p99.whole()...)
	t.generatorLag = append(t.generatorLag, lag.whole()...)
}

// percentile of one second: NaN where too few hits lie beyond it, and the timeout where so many were not answered that it is
// one of them.
func (t *timeline) percentile(s *beat, q float64) float64 {
	if stat.Tail(s.offered, q) < leastBeyond {
		return math.NaN()
	}
	answered := uint64(0)
	for _, bar := range s.bars {
		answered += bar.Count
	}
	value := stat.Quantile(s.bars, s.offered-min(s.offered, answered), q)
	switch {
	case !math.IsInf(value, 0):
		return value
	case t.timeoutSeconds == 0:
		return math.NaN()
	}
	t.over = true
	return t.timeoutSeconds
}

// overLimits is the line at which latencies are drawn that are over the timeout; none where there are none.
func (t *timeline) overLimits() []plot.Limit {
	if !t.over {
		return nil
	}
	return []plot.Limit{{Name: waited(Number(math.Inf(1)), t.timeoutSeconds), Y: t.timeoutSeconds * 1e3}}
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
func (t *timeline) addSamples(samples []record.Sample) {
	readings := readingsOf(samples)
	t.primaryQPS = ratesOf(readings["primary"], application("read", "write"))
	t.primaryReadsQPS = ratesOf(readings["primary"], application("read"))
	t.primaryWritesQPS = ratesOf(readings["primary"], application("write"))
	t.replicaQPS = ratesOf(readings["replica"], application("read", "write"))
	t.replicaLag = levelOf(readings["primary"], "replica_lag_seconds")
	t.hitRatio = hitRatios(readings["auth"], readings["callers"])
}

// addTaken adds what others took of the processors.
func (t *timeline) addTaken(readings []record.Sample, processors int) {
	if processors > 0 {
		t.steal = scaled(ratesOf(having(readings, "steal_seconds_total"), series{metric: "steal_seconds_total"}), 1/float64(processors))
	}
	for _, reading := range slices.Backward(readings) {
		if n := reading.Values[record.ProcessorsKey]; n >= 1 {
			t.foreign = scaled(ratesOf(having(readings, record.ForeignKey), series{metric: record.ForeignKey}), 1/n)
			return
		}
	}
}

// having are the readings that have a series: without it, nothing is known.
func having(readings []record.Sample, key string) []record.Sample {
	return slices.DeleteFunc(slices.Clone(readings), func(s record.Sample) bool { _, known := s.Values[key]; return !known })
}

// readingsOf are the one-second readings of each instrument, in the order of time.
func readingsOf(samples []record.Sample) map[string][]record.Sample {
	readings := map[string][]record.Sample{}
	for _, s := range samples {
		if s.Edge == "" {
			readings[s.Source] = append(readings[s.Source], s)
		}
	}
	for _, list := range readings {
		slices.SortStableFunc(list, func(a, b record.Sample) int { return cmp.Compare(a.AtSeconds, b.AtSeconds) })
	}
	return readings
}

// rise is by how much a counter grew between two readings; NaN where that is not known: it fell, or the next reading came
// too late to speak of the time between.
type rise struct{ from, to, grown float64 }

func (s rise) middle() float64 { return (s.from + s.to) / 2 }

// risesOf are those of the sum of some counters.
func risesOf(readings []record.Sample, of series) (rises []rise) {
	counts := of.counter()
	var before float64
	for i, reading := range readings {
		now := counts(reading)
		if i > 0 {
			s := rise{readings[i-1].AtSeconds, reading.AtSeconds, now - before}
			if s.grown < 0 || s.to <= s.from || s.to-s.from > largestStep {
				s.grown = math.NaN()
			}
			rises = append(rises, s)
		}
		before = now
	}
	return rises
}

// counter adds up the counters of a reading that are selected. It remembers which those are: a run has some thousand
// readings of the same names.
func (s series) counter() func(record.Sample) float64 {
	selected := map[string]bool{}
	return func(reading record.Sample) (sum float64) {
		for key, value := range reading.Values {
			wanted, known := selected[key]
			if !known {
				wanted = s.matches(key)
				selected[key] = wanted
			}
			if wanted {
				sum += value
			}
		}
		return sum
	}
}

// ratesOf turns readings into rates, each in the middle of its second.
func ratesOf(readings []record.Sample, of series) []plot.Piece {
	var rate line
	for _, s := range risesOf(readings, of) {
		rate.add(s.middle(), s.grown/(s.to-s.from))
	}
	return rate.whole()
}

// levelOf is a number that is read as it is.
func levelOf(readings []record.Sample, name string) []plot.Piece {
	var level line
	last := math.Inf(-1)
	for _, reading := range readings {
		value, known := reading.Values[name]
		if !known {
			value = math.NaN()
		}
		if reading.AtSeconds-last > largestStep {
			level.add(0, math.NaN())
		}
		level.add(reading.AtSeconds, value)
		last = reading.AtSeconds
	}
	return level.whole()
}

// hitRatios is hits over requests of the services' cache between two readings, a gap where it was asked nothing.
func hitRatios(auth, callers []record.Sample) []plot.Piece {
	answers := func(results ...string) []rise {
		of := series{"cache_requests_total", map[string][]string{"result": results}}
		return joined(risesOf(auth, of), risesOf(callers, of))
	}
	var ratio line
	hits := answers("hit")
	for i, asked := range answers("hit", "miss") {
		// Of nothing, and of what is not known, the ratio is not a number.
		ratio.add(asked.middle(), hits[i].grown/asked.grown)
	}
	return ratio.whole()
}

// joined adds to each rise of one service that of another around the same moment: both are read in the same second,
// though not at once.
func joined(one, other []rise) []rise {
	if len(one) == 0 {
		return other
	}
	sum, next := slices.Clone(one), 0
	for i := range sum {
		for next < len(other) && other[next].to < sum[i].middle() {
			next++
		}
		if next < len(other) && other[next].from <= sum[i].middle() {
			sum[i].grown += other[next].grown
		}
	}
	return sum
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
	all := &hits{}
	for i := range run.Windows {
		if w := &run.Windows[i]; valid[w.Trial] && w.Stage == s.HeadlineStage {
			all.offered += w.Offered
			all.response.Merge(w.Response)
		}
	}
	for _, q := range distributionQuantiles() {
		if all.offered > 0 && stat.Tail(all.offered, q) >= leastTail {
			quantiles = append(quantiles, plot.Quantile{Q: q, Value: float64(all.responseAt(q))})
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
	return ratesOf(readingsOf(run.Samples)[source], application("read", "write"))
}
