package reading

import (
	"slices"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Declared is what the system of a run says of itself: what its answers must be, and who acts for the hits. A run is read by
// this alone, whatever the system is.
type Declared struct {
	Checks       []record.Check      `json:"checks,omitempty"`
	Acknowledged record.Acknowledged `json:"acknowledged"`
	// Aliases and Application are for judging alone.
	Aliases     []record.Alias     `json:"-"`
	Application record.Application `json:"-"`
}

// DeclaredIn is what a header says.
func DeclaredIn(h *record.Header) Declared {
	d := Declared{Checks: h.Checks, Aliases: h.Aliases}
	if h.Acknowledged != nil {
		d.Acknowledged = *h.Acknowledged
	}
	if h.Application != nil {
		d.Application = *h.Application
	}
	return d
}

// Acknowledges tells whether the system gives out anything that can be held against it later.
func (d Declared) Acknowledges() bool { return d.Acknowledged != (record.Acknowledged{}) }

// Metric is the metric called name, of those that every run has and those that the system adds.
func (d Declared) Metric(name string) (scenarios.Metric, bool) {
	return scenarios.FindMetric(name, d.words())
}

// Metrics lists them all, in the order in which reports show them.
func (d Declared) Metrics() []scenarios.Metric { return scenarios.Metrics(d.words()) }

// words are what of the declarations makes metrics.
func (d Declared) words() scenarios.Vocabulary {
	v := scenarios.Vocabulary{Acknowledged: scenarios.Acknowledged(d.Acknowledged)}
	for _, check := range d.Checks {
		v.Checks = append(v.Checks, scenarios.Check(check))
	}
	for _, alias := range d.Aliases {
		v.Aliases = append(v.Aliases, scenarios.Alias(alias))
	}
	return v
}

// Alias is what a metric stands for, if it is one by another name.
func (d Declared) Alias(metric string) (of record.Alias, is bool) {
	i := slices.IndexFunc(d.Aliases, func(a record.Alias) bool { return a.Name == metric })
	if i < 0 {
		return of, false
	}
	return d.Aliases[i], true
}

// Statements selects those that hits cause, as a server counts them. Transaction control, and what the system does besides,
// whose cost is reported by itself, are none of them.
func (d Declared) Statements(kinds ...string) Counters {
	return Counters{"statements_total", map[string][]string{"kind": kinds, "role": d.Application.Roles}}
}

// Counts tells whether a source of readings is one of the services that count what they do themselves.
func (d Declared) Counts(source string) bool { return slices.Contains(d.Application.Services, source) }

// OverServices adds up what is known of each service. One that was never read adds nothing.
func (d Declared) OverServices(of func(service string) stat.Number) stat.Number {
	total := stat.Unknown()
	for _, service := range d.Application.Services {
		switch n := of(service); {
		case !n.Known():
		case !total.Known():
			total = n
		default:
			total += n
		}
	}
	return total
}

// HitRatios is hits over requests of the services' cache between two readings; not a number where it was asked nothing.
func (d Declared) HitRatios(readings map[string][]record.Sample) (ratios []Share) {
	answers := func(of Counters) (sum []Rise) {
		for _, service := range d.Application.Services {
			sum = joined(sum, Rises(readings[service], of))
		}
		return sum
	}
	hits := answers(LookUps("hit"))
	for i, asked := range answers(LookUps("hit", "miss")) {
		ratios = append(ratios, Share{asked.Middle(), hits[i].Grown / asked.Grown})
	}
	return ratios
}
