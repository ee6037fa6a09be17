package reports

import (
	"fmt"
	"math"
	"slices"

	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Budget is one limit judged.
type Budget struct {
	Metric string `json:"metric"`
	Stage  string `json:"stage"`
	State  string `json:"state"`
	// Of is the state the number is a ratio to; empty for the number itself.
	Of string `json:"of"`
	// Bound is max or min; a budget with both is listed twice.
	Bound  string `json:"bound"`
	Limit  Number `json:"limit"`
	Actual Number `json:"actual"`
	// Lo and Hi are the 95 % interval over the rounds of a latency; counts have none.
	Lo      Number  `json:"lo"`
	Hi      Number  `json:"hi"`
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason"`
	// Line is where the scenario file states the budget.
	Line int `json:"line"`
}

// perOperation begins the metrics that name an operation, as in primary_statements_per_verify.
const perOperation = "primary_statements_per_"

// quantiles are the latencies, judged by their interval.
func quantiles() map[string]float64 { return map[string]float64{"p50": 0.5, "p95": 0.95, "p99": 0.99} }

// counts are the numbers judged by their value.
func counts(s *State, n *Numbers) map[string]Number {
	m := map[string]Number{
		"errors": n.ErrorsRatio, "achieved": n.AchievedRate / n.OfferedRate,
		"primary_qps": n.PrimaryQPS, "primary_reads_qps": n.PrimaryReadsQPS, "primary_writes_qps": n.PrimaryWritesQPS,
		"replica_qps": n.ReplicaQPS, "redis_ops": n.RedisOps, "cache_hit_ratio": n.CacheHitRatio,
		"wrong_user": Number(s.WrongUser), "rejected_valid": Number(s.RejectedValid),
		"accepted_revoked": Number(s.AcceptedRevoked),
	}
	for op, per := range s.PrimaryStatementsPer {
		m[perOperation+op] = per
	}
	return m
}

func (l *ledger) budgets(s *Summary, budgets []scenarios.Budget) (judged []Budget, unjudged []string) {
	judged, unjudged = []Budget{}, []string{}
	for _, b := range budgets {
		if b.Stage == "" {
			b.Stage = l.header.Headline
		}
		if b.State == "" {
			b.State = l.header.States[len(l.header.States)-1]
		}
		for _, one := range bounds(b) {
			if l.leftOut(one) {
				unjudged = append(unjudged, one.name())
			} else {
				judged = append(judged, l.budget(s, one))
			}
		}
	}
	return judged, unjudged
}

// bounds splits a budget by its limits.
func bounds(b scenarios.Budget) (list []Budget) {
	one := Budget{Metric: b.Metric, Stage: b.Stage, State: b.State, Of: b.Of, Line: b.Line,
		Actual: unknown(), Lo: unknown(), Hi: unknown()}
	if b.Max != nil {
		one.Bound, one.Limit = "max", Number(*b.Max)
		list = append(list, one)
	}
	if b.Min != nil {
		one.Bound, one.Limit = "min", Number(*b.Min)
		list = append(list, one)
	}
	return list
}

// leftOut tells whether the command line left out a state the budget speaks of.
func (l *ledger) leftOut(b Budget) bool {
	return len(l.header.Only) > 0 && !(slices.Contains(l.header.States, b.State) &&
		(b.Of == "" || slices.Contains(l.header.States, b.Of)))
}

func (l *ledger) budget(s *Summary, b Budget) Budget {
	if b.Reason = l.absent(b); b.Reason != "" {
		return wrongAllTheSame(s, b)
	}
	if q, ok := quantiles()[b.Metric]; ok {
		return l.latencyBudget(b, q)
	}
	return countBudget(s, b)
}

// wrongAllTheSame judges the one thing that needs no valid trial: a wrong answer that was given. Zero wrong answers of
// trials nobody believes prove nothing.
func wrongAllTheSame(s *Summary, b Budget) Budget {
	metric, _ := scenarios.FindMetric(b.Metric)
	if actual := s.count(b, b.State); metric.Unit == scenarios.Count && b.Of == "" && b.Bound == "max" && actual > b.Limit {
		b.Actual, b.Verdict, b.Reason = actual, Fail, "outside the limit"
	}
	return b
}

// absent names what the budget speaks of and the run has not measured.
func (l *ledger) absent(b Budget) string {
	for _, state := range []string{b.State, b.Of} {
		switch {
		case state == "":
		case !slices.Contains(l.header.States, state):
			return fmt.Sprintf("state %s was not part of this run", state)
		case len(l.valid(state)) == 0:
			return fmt.Sprintf("no valid trial of %s", state)
		}
	}
	for _, stage := range l.header.Stages {
		if stage.Name == b.Stage && stage.Measure {
			return ""
		}
	}
	return fmt.Sprintf("stage %s was not measured", b.Stage)
}

// latencyBudget judges the interval over the rounds. Where in every round the percentile itself never came back, no
// interval is needed: it is over any limit.
func (l *ledger) latencyBudget(b Budget, q float64) Budget {
	var values []float64
	lost, trials := 0, l.valid(b.State)
	for _, t := range trials {
		value := t.in(b.Stage).percentile(q)
		if math.IsInf(float64(value), 1) {
			lost++
		}
		if value.Known() {
			values = append(values, float64(value))
		}
	}
	if lost == len(trials) && b.Bound == "max" {
		b.Verdict, b.Reason = Fail, fmt.Sprintf("more than %s of the hits failed", percent(1-q))
		return b
	}
	if lost > 0 {
		b.Reason = fmt.Sprintf("in %d of %d rounds more than %s of the hits failed", lost, len(trials), percent(1-q))
		return b
	}
	if b.Of != "" {
		values = l.ratios(b.Of, b.State, func(t *trial) Number { return t.in(b.Stage).percentile(q) })
	}
	mean := stat.GeometricMean(values)
	b.Actual, b.Lo, b.Hi = Number(mean.Value), Number(mean.Lo), Number(mean.Hi)
	return b.byInterval(mean)
}

func (b Budget) byInterval(mean stat.Interval) Budget {
	side, value := mean.Against(float64(b.Limit)), func(x Number) string { return b.text(x) }
	inside, outside := stat.Below, stat.Above
	if b.Bound == "min" {
		inside, outside = outside, inside
	}
	span := fmt.Sprintf("interval %s to %s over %d rounds", value(b.Lo), value(b.Hi), mean.N)
	switch {
	case mean.N == 0:
		b.Reason = "too few hits for this percentile"
	case mean.N == 1:
		b.Reason = "one round has no interval; measure at least two, better three"
	case side == inside:
		b.Verdict, b.Reason = Pass, span+" is inside the limit"
	case side == outside:
		b.Verdict, b.Reason = Fail, span+" is outside the limit"
	default:
		b.Reason = span + " contains the limit; measure more rounds"
	}
	return b
}

func countBudget(s *Summary, b Budget) Budget {
	b.Actual = s.count(b, b.State)
	if b.Of != "" {
		b.Actual /= s.count(b, b.Of)
	}
	inside := b.Actual <= b.Limit
	if b.Bound == "min" {
		inside = b.Actual >= b.Limit
	}
	switch {
	case !b.Actual.Known():
		b.Reason = "no data"
	case inside:
		b.Verdict, b.Reason = Pass, "inside the limit"
	default:
		b.Verdict, b.Reason = Fail, "outside the limit"
	}
	return b
}

// count looks up a number judged by value; a metric nobody knows is unknown, so it is inconclusive and never passes.
func (s *Summary) count(b Budget, state string) Number {
	for i := range s.States {
		for j := range s.States[i].Stages {
			if s.States[i].Name != state || s.States[i].Stages[j].Stage != b.Stage {
				continue
			}
			if n, ok := counts(&s.States[i], &s.States[i].Stages[j].Numbers)[b.Metric]; ok {
				return n
			}
		}
	}
	return unknown()
}

// text prints a number in the unit of the budget's metric.
func (b Budget) text(n Number) string {
	if b.Of != "" {
		return percent(float64(n))
	}
	metric, _ := scenarios.FindMetric(b.Metric)
	switch metric.Unit {
	case scenarios.Seconds:
		return seconds(n)
	case scenarios.Ratio:
		return percent(float64(n))
	case scenarios.PerSecond:
		return suffixed(number(n), "/s")
	}
	return number(n)
}
