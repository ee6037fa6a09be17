package harness

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rehearse-dev/rehearse/harness/load"
	"github.com/rehearse-dev/rehearse/harness/probe"
	"github.com/rehearse-dev/rehearse/harness/record"
)

// readLimit bounds a reading. A probe gives up after five seconds by itself; this is for one that does not.
const readLimit = 6 * time.Second

// boundary says which moment of a trial a reading stands for, as record.Sample does.
type boundary struct{ stage, edge string }

// gauges reads the probes during one trial.
type gauges struct {
	// details are read at the edges of the trial, with the probes.
	probes, details []probe.Probe

	record *record.Writer
	trial  int
	// inFlight is read with the probes. It costs nothing and so is never spread.
	inFlight *load.InFlight
	// heard is told every sample that is taken at an edge.
	heard func(record.Sample)

	mu sync.Mutex
	// failed names the probes whose failure in this trial is already noted.
	failed map[string]bool
}

func newGauges(r *runner, trial int, heard func(record.Sample)) *gauges {
	return &gauges{probes: r.Probes, details: r.Details, record: r.Record, trial: trial, heard: heard, inFlight: &load.InFlight{}, failed: map[string]bool{}}
}

// generator is the probe of the load under way.
type generator struct{ *load.InFlight }

// Name implements [probe.Probe].
func (generator) Name() string { return "load" }

// Read implements [probe.Probe].
func (g generator) Read(context.Context) (map[string]float64, error) {
	hits, seconds := g.InFlight.Read()
	values := map[string]float64{"in_flight_seconds_total": seconds}
	for op, n := range hits {
		values[record.Key("in_flight", map[string]string{"op": op})] = float64(n)
	}
	return values, nil
}

// whole takes one reading of everything at an edge of the trial.
func (g *gauges) whole(ctx context.Context, edge string) error {
	return g.spread(ctx, 0, slices.Concat(g.probes, g.details), []boundary{{edge: edge}})
}

// spread takes one reading of each probe, spread evenly over a time, and records it under each of the labels. Only a record
// that cannot be written is an error. A reading costs the machine a few milliseconds of processor; all at once they are a
// burst that shows in the latencies of that moment, one after another they are not. Every sample carries its own time, so
// nothing is lost.
func (g *gauges) spread(ctx context.Context, over time.Duration, probes []probe.Probe, labels []boundary) error {
	ctx, cancel := context.WithTimeout(ctx, over+readLimit)
	defer cancel()
	errs := make(chan error)
	for i, p := range probes {
		delay := over * time.Duration(i) / time.Duration(len(probes))
		go func() {
			pause(ctx, delay)
			errs <- g.readOne(ctx, p, labels)
		}()
	}
	first := g.readOne(ctx, generator{g.inFlight}, labels)
	for range probes {
		if err := <-errs; first == nil {
			first = err
		}
	}
	return first
}

// pause waits, or less if the context ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func (g *gauges) readOne(ctx context.Context, p probe.Probe, labels []boundary) error {
	begin := time.Now()
	values, err := p.Read(ctx)
	// The counters were looked at somewhere in between.
	at := begin.Add(time.Since(begin) / 2)
	if err != nil {
		return g.fault(ctx, p, err)
	}
	for _, l := range labels {
		sample := record.Sample{AtSeconds: g.record.Since(at), Trial: g.trial, Stage: l.stage, Edge: l.edge, Source: p.Name(), Values: values}
		if l.edge != "" {
			g.heard(sample)
		}
		if err := g.record.AddSample(sample); err != nil {
			return err
		}
	}
	return nil
}

// fault notes the first failure of a probe in this trial. A reading cut off by the end of the run is none.
func (g *gauges) fault(ctx context.Context, p probe.Probe, err error) error {
	g.mu.Lock()
	noted := g.failed[p.Name()]
	g.failed[p.Name()] = true
	g.mu.Unlock()
	if noted || ctx.Err() == context.Canceled {
		return nil
	}
	text := fmt.Sprintf("probe %s failed, further failures in this trial are not listed: %v", p.Name(), err)
	return g.record.AddEvent(record.Event{Trial: g.trial, Kind: record.EventFault, Text: text})
}
