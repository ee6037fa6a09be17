package judge

import (
	"fmt"

	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// unsettled says when the response at the headline stage moved on and on while the rate did not. The trial stays valid:
// where a queue grows, that is what the state does under this rate, and leaving such trials out would make the state look
// better than it is. But the percentiles then depend on how long was measured, so it is a doubt, never a silence.
func (t *trial) unsettled(headline string) []string {
	for _, stage := range t.Stages {
		if stage.Name != headline || len(stage.Rates) > 0 || stage.FromRate != stage.ToRate {
			continue
		}
		first, last, settled := stat.Settle(t.Means(stage))
		if settled {
			return nil
		}
		moved := "rose"
		if last < first {
			moved = "fell"
		}
		return []string{fmt.Sprintf("%s did not settle: the mean response %s from %s in its first quarter to %s in its last, "+
			"so its percentiles depend on how long was measured", headline, moved, numeral.Seconds(stat.Number(first)), numeral.Seconds(stat.Number(last)))}
	}
	return nil
}
