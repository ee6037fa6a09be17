package probe

import (
	"context"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// State makes the instrument that reads back in which state the system under test says it is, and how many times that has
// changed. Somebody else may have changed it: what is measured then is another state than the one that was meant.
func State(name string, ask func(ctx context.Context) (state string, changes float64, err error)) *Instrument {
	read := func(ctx context.Context) (map[string]float64, error) {
		state, changes, err := ask(ctx)
		if err != nil {
			return nil, err
		}
		return map[string]float64{record.Key("state", map[string]string{"state": state}): 1, "changes_total": changes}, nil
	}
	return newInstrument(name, read, func() error { return nil })
}
