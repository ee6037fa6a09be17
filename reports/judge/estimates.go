package judge

import (
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

func estimate(i stat.Interval, effect model.Effect) model.Estimate {
	return model.Estimate{Value: stat.Number(i.Value), Lo: stat.Number(i.Lo), Hi: stat.Number(i.Hi), Verdict: effect,
		HodgesLehmann: stat.Number(i.Centre), Rounds: i.N}
}
