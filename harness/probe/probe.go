// Package probe is the set of instruments: it reads what the servers, the services and the kernel count themselves.
//
// Scope: [Postgres], [Redis], [Metrics] and [CPU] make instruments whose readings are flat maps of series, named as
// documented at record.Key. A probe knows no stage and no trial; who takes the readings decides when, and subtracts.
//
// Opinion: a load test that counts queries at the client believes the client. Here the server is asked, per role, so
// the instrument's own statements are told apart from the traffic instead of being guessed and deducted. Counters are
// read, never reset: a reset costs a lock and forgets what an earlier reading was compared with. A reading that
// cannot be had is an error, never a zero.
//
// Steps of a reading: take turns, so that the one-second rhythm and the edge of a stage can share a connection; bound
// the wait; reconnect if the server was restarted since; one round trip; turn the answer into series.
package probe

import (
	"context"
	"fmt"
	"time"
)

// patience bounds one reading. It outlasts a machine gone busy at the peak, because the reading at the edge of a stage
// cannot be made up for; a server that needs longer for a few counters is in no state to be measured.
const patience = 5 * time.Second

// Probe is what the run loop needs of an instrument.
type Probe interface {
	// Name is the source of the samples: primary, replica, redis, cpu, or a service by its name.
	Name() string
	// Read takes a reading: values by series key. It returns within 5 s, earlier if ctx ends, and may be called by
	// several goroutines. After an error the next call starts afresh.
	Read(ctx context.Context) (map[string]float64, error)
}

// Instrument is a probe that holds a connection. It is a [Probe]; whoever made it closes it.
type Instrument struct {
	name string
	read func(ctx context.Context) (map[string]float64, error)
	shut func() error
	// turn holds a token while nobody reads. A channel and no mutex, because waiting for the turn must be bounded too.
	turn chan struct{}
}

func newInstrument(name string, read func(context.Context) (map[string]float64, error), shut func() error) *Instrument {
	i := &Instrument{name: name, read: read, shut: shut, turn: make(chan struct{}, 1)}
	i.turn <- struct{}{}
	return i
}

// Name is the source of the samples.
func (i *Instrument) Name() string { return i.name }

// Read implements [Probe].
func (i *Instrument) Read(ctx context.Context) (map[string]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-i.turn:
	case <-ctx.Done():
		return nil, fmt.Errorf("read %s: an earlier reading has not come back: %w", i.name, ctx.Err())
	}
	defer func() { i.turn <- struct{}{} }()
	values, err := i.read(ctx)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", i.name, err)
	}
	return values, nil
}

// Close lets go of the connection. A reading under way ends first; later ones connect anew.
func (i *Instrument) Close() error {
	<-i.turn
	defer func() { i.turn <- struct{}{} }()
	if err := i.shut(); err != nil {
		return fmt.Errorf("close probe of %s: %w", i.name, err)
	}
	return nil
}
