package reports

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// SelfTestSchema is the version of selftest.json.
const SelfTestSchema = "rehearse.selftest/1"

// tries is how many runs the pairs are divided into, each pair in one: what that many people would have found.
const tries = 5

// runLengths are the numbers of rounds whose claims are told.
func runLengths() []int { return []int{3, 5, 8, 12} }

// SelfTest is what a machine makes of the same thing measured twice, and of a slowdown of known size: how often a run there
// calls a change what is none, and how small a change it finds. It is selftest.json.
type SelfTest struct {
	Schema string `json:"schema"`
	Provenance
	// State is measured in every pair, at Stage.
	State string `json:"state"`
	Stage string `json:"stage"`
	// Complete tells whether the run reached its end.
	Complete bool `json:"complete"`
	// Trials ran, of which Invalid ones reached no number.
	Trials  int `json:"trials"`
	Invalid int `json:"invalid"`
	// Warnings say what else was on the machine, and ForeignRatio what other processes took of it in the worst trial.
	Warnings     []string        `json:"warnings,omitempty"`
	ForeignRatio stat.Number     `json:"foreign_ratio"`
	Levels       []SelfTestLevel `json:"levels"`
	// Over is as in [Summary].
	Over []string `json:"over,omitempty"`
	// Collapsed says in which trials the state collapsed, Void which trials have no latency to believe, and WhyVoid why the
	// first has none.
	Collapsed []string `json:"collapsed,omitempty"`
	Void      []string `json:"void,omitempty"`
	WhyVoid   string   `json:"why_void,omitempty"`
}

// SelfTestLevel is one slowdown; zero is the A/A pair.
type SelfTestLevel struct {
	Slowdown float64 `json:"slowdown"`
	// Pairs are those in which both trials are valid.
	Pairs int `json:"pairs"`
	// Ratios are slowed down over not, one for each pair in the order in which they were measured; all else follows from
	// them. Early files lack them.
	Ratios []stat.Number `json:"p95_ratios,omitempty"`
	// P95Ratio is slowed down over not, over all pairs.
	P95Ratio Estimate `json:"p95_ratio"`
	// Claims are how often runs of so many rounds, drawn from these pairs, call p95 worse or better.
	Claims []Claims `json:"claims"`
	// Tries runs, each of other pairs, of which Found call p95 worse.
	Tries int `json:"tries"`
	Found int `json:"found"`
	// TryRounds is how many pairs each try has.
	TryRounds int `json:"try_rounds"`
}

// Claims are shares of runs.
type Claims struct {
	Rounds int         `json:"rounds"`
	Worse  stat.Number `json:"worse"`
	Better stat.Number `json:"better"`
}

// ErrNoSelfTest says that a run directory holds an ordinary run.
var ErrNoSelfTest = errors.New("the run is no self-test")

// JudgeSelfTest condenses the record of a self-test.
func JudgeSelfTest(run *record.Run) (*SelfTest, error) { return Examine(run).SelfTest() }

// SelfTest is [JudgeSelfTest] of what was examined.
func (l *Ledger) SelfTest() (*SelfTest, error) {
	run := l.run
	if run.Header.SelfTest == nil {
		return nil, ErrNoSelfTest
	}
	s := &SelfTest{
		Schema: SelfTestSchema, Provenance: provenanceOf(run),
		State: run.Header.SelfTest.State, Stage: run.Header.Headline, Complete: run.Complete(),
		Warnings: company(run.Events), ForeignRatio: stat.Unknown(),
	}
	for _, t := range l.trials {
		if t.Began {
			s.judgeAnswered(t)
		}
	}
	for _, check := range l.validity() {
		s.Trials++
		s.ForeignRatio = larger(s.ForeignRatio, check.Generator.ForeignRatio)
		if !check.Valid {
			s.Invalid++
		}
		if check.Voids(VoidLatencies) {
			s.Void = append(s.Void, fmt.Sprint(check.Trial+1))
			s.WhyVoid = cmp.Or(s.WhyVoid, check.name()+": "+strings.Join(check.Reasons, "; "))
		}
	}
	for i, level := range run.Header.SelfTest.Levels {
		s.Levels = append(s.Levels, l.level(s.State, level, run.Header.Seed+uint64(i)))
	}
	return sealed(s, &s.Over)
}

// judgeAnswered keeps in mind that a trial answered too little: pairs without a p95 reach no number, and the others alone
// would flatter the machine.
func (s *SelfTest) judgeAnswered(t *trial) {
	one := short{t, s.Stage, t.In(s.Stage)}
	switch {
	case collapsed(one.Hits):
		s.Collapsed = append(s.Collapsed, fmt.Sprintf("%s answered %s: it collapsed (under %s)", t.State, one.told(), limit(percent(answeredLeast))))
	case one.AnsweredRatio() < answeredDoubt:
		s.Warnings = append(s.Warnings, fmt.Sprintf("%s answered %s: under %s", t.State, one.told(), limit(percent(answeredDoubt))))
	}
}

// Untold says why the test tells nothing, or not of each slowdown, and what to do; empty if it does.
func (s *SelfTest) Untold() string {
	var unknown []string
	for _, level := range s.Levels {
		if level.Pairs == 0 {
			unknown = append(unknown, slowdownText(level.Slowdown))
		}
	}
	switch {
	case len(s.Collapsed) > 0:
		return "pairs of trials that failed say nothing of a machine, lower the rate: " + strings.Join(limited(s.Collapsed, 3), "; ")
	case len(unknown) == 0 && len(s.Levels) > 0:
		return ""
	case len(s.Void) == 0:
		return fmt.Sprintf("not known without a pair that has a p95 on both sides: slowdown %s; lower the rate, or ask for more --pairs", listed(unknown))
	}
	return fmt.Sprintf("not known without a pair of trials to believe: slowdown %s; no latency is believed of %d of %s (%s), first %s; mend that, as by ending what else runs, and measure again",
		listed(unknown), len(s.Void), plural(s.Trials, "trial"), strings.Join(limited(s.Void, terminalReasons), ", "), s.WhyVoid)
}

func (l *Ledger) level(state string, level record.Level, seed uint64) SelfTestLevel {
	ratios := l.p95Ratios(state, level.State)
	judged := SelfTestLevel{Slowdown: level.Slowdown, Pairs: len(ratios), P95Ratio: l.latencyEstimate(ratios)}
	for _, ratio := range ratios {
		judged.Ratios = append(judged.Ratios, stat.Number(ratio))
	}
	judged.claim(ratios, seed)
	return judged
}

// claim finds what runs of these pairs would have said.
func (judged *SelfTestLevel) claim(ratios []float64, seed uint64) {
	judged.Claims, judged.Tries, judged.Found = []Claims{}, 0, 0
	for _, n := range runLengths() {
		if n < len(ratios) {
			better, worse := stat.Rates(ratios, n, 1, seed)
			judged.Claims = append(judged.Claims, Claims{n, stat.Number(worse), stat.Number(better)})
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

// slowdownText is what a slowdown is called.
func slowdownText(slowdown float64) string {
	if slowdown == 0 {
		return "none"
	}
	return "+" + percent(slowdown)
}
