package load

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// apiStage is an API in a stage. Some endpoints cause more than one operation.
type apiStage struct {
	stage, op int
	api       string
}

// emitAPIs hands out what each API came to, in the order of stages, operations and names. It is for the end, when nobody
// counts any more.
func (l *recorder) emitAPIs() error {
	if l.cfg.EmitAPI == nil {
		return nil
	}
	order := func(a, b apiStage) int {
		return cmp.Or(cmp.Compare(a.stage, b.stage), cmp.Compare(a.op, b.op), cmp.Compare(a.api, b.api))
	}
	for _, at := range slices.SortedFunc(maps.Keys(l.apis), order) {
		w := *l.apis[at]
		w.Trial, w.Stage, w.Op = l.cfg.Trial, l.cfg.Plan.Stages[at.stage].Name, l.cfg.Plan.Operations[at.op].Name
		w.Service, w.Lag = record.Histogram{}, record.Histogram{}
		if err := l.cfg.EmitAPI(record.APIWindow{API: at.api, Window: w}); err != nil {
			return fmt.Errorf("emit what %s came to: %w", at.api, err)
		}
	}
	return nil
}
