package judge

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// tries is how many runs the pairs are divided into, each pair in one: what that many people would have found.
const tries = 5

// ErrNoSelfTest says that a run directory holds an ordinary run.
var ErrNoSelfTest = errors.New("the run is no self-test")

// SelfTest condenses the record of a self-test.
func (l *Ledger) SelfTest() (*model.SelfTest, error) {
	run := l.run
	if run.Header.SelfTest == nil {
		return nil, ErrNoSelfTest
	}
	s := &model.SelfTest{
		Schema: model.SelfTestSchema, Provenance: provenanceOf(run),
		State: run.Header.SelfTest.State, Stage: run.Header.Headline, Complete: run.Complete(),
		Warnings: company(run.Events), ForeignRatio: stat.Unknown(),
	}
	for _, t := range l.trials {
		if t.Began {
			selfTestAnswered(s, t)
		}
	}
	for _, check := range l.validity() {
		s.Trials++
		s.ForeignRatio = numeral.Larger(s.ForeignRatio, check.Generator.ForeignRatio)
		if !check.Valid {
			s.Invalid++
		}
		if check.Voids(model.VoidLatencies) {
			s.Void = append(s.Void, fmt.Sprint(check.Trial+1))
			s.WhyVoid = cmp.Or(s.WhyVoid, check.Name()+": "+strings.Join(check.Reasons, "; "))
		}
	}
	for i, level := range run.Header.SelfTest.Levels {
		s.Levels = append(s.Levels, l.level(s.State, level, run.Header.Seed+uint64(i)))
	}
	return model.Sealed(s, &s.Over)
}

// judgeAnswered keeps in mind that a trial answered too little: pairs without a p95 reach no number, and the others alone
// would flatter the machine.
func selfTestAnswered(s *model.SelfTest, t *trial) {
	one := short{t, s.Stage, t.In(s.Stage)}
	switch {
	case collapsed(one.Hits):
		s.Collapsed = append(s.Collapsed, fmt.Sprintf("%s answered %s: it collapsed (under %s)", t.State, one.told(), numeral.Limit(numeral.Percent(answeredLeast))))
	case one.AnsweredRatio() < answeredDoubt:
		s.Warnings = append(s.Warnings, fmt.Sprintf("%s answered %s: under %s", t.State, one.told(), numeral.Limit(numeral.Percent(answeredDoubt))))
	}
}

func (l *Ledger) level(state string, level record.Level, seed uint64) model.SelfTestLevel {
	ratios := l.p95Ratios(state, level.State)
	judged := model.SelfTestLevel{Slowdown: level.Slowdown, Pairs: len(ratios), P95Ratio: l.latencyEstimate(ratios)}
	for _, ratio := range ratios {
		judged.Ratios = append(judged.Ratios, stat.Number(ratio))
	}
	Claim(&judged, ratios, seed)
	return judged
}

// Claim finds what runs of these pairs would have said.
func Claim(judged *model.SelfTestLevel, ratios []float64, seed uint64) {
	judged.Claims, judged.Tries, judged.Found = []model.Claims{}, 0, 0
	for _, n := range model.RunLengths() {
		if n < len(ratios) {
			better, worse := stat.Rates(ratios, n, 1, seed)
			judged.Claims = append(judged.Claims, model.Claims{Rounds: n, Worse: stat.Number(worse), Better: stat.Number(better)})
		}
	}
	if judged.TryRounds = len(ratios) / tries; judged.TryRounds >= 2 {
		judged.Tries = tries
		for i := range tries {
			try := ratios[i*judged.TryRounds : (i+1)*judged.TryRounds]
			if stat.GeometricMean(try).Against(1) == stat.Above {
				judged.Found++
			}
		}
	}
}
