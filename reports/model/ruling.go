package model

import "fmt"

// Ruling is a verdict and what there is to say for it.
type Ruling struct {
	Verdict Verdict `json:"verdict"`
	// Reasons say why the verdict is not a pass; empty for a pass.
	Reasons []string `json:"reasons"`
	// Warnings are what a reader should know and the verdict does not depend on.
	Warnings []string `json:"warnings,omitempty"`
	// ReasonKinds and WarningKinds say what each of the reasons and of the warnings is about, in their order.
	ReasonKinds  []Kind `json:"reason_kinds,omitempty"`
	WarningKinds []Kind `json:"warning_kinds,omitempty"`
}

// Reason is one of the things that are said for or against a run, and what it is about. What follows from one is decided by
// its kind: the text may be put better at any time.
type Reason struct {
	Kind Kind
	Text string
}

// Kind is what a reason is about.
type Kind string

// The kinds of reasons and warnings of a run.
const (
	// AboutBudget is said of a budget, where the budget itself is told as well.
	AboutBudget Kind = "budget"
	// AboutGround is a doubt about numbers that budgets rest on.
	AboutGround Kind = "pressing"
	// AboutRun is said of all else.
	AboutRun Kind = "run"
)

// The kinds of reasons against a trial.
const (
	NotBegun       Kind = "no begin"
	NotEnded       Kind = "no end"
	OtherState     Kind = "another state"
	OtherClient    Kind = "another client"
	MissingReading Kind = "missing readings"
	OtherHits      Kind = "other hits than were due"
	HitsNeverSent  Kind = "hits never sent"
	CrowdedMachine Kind = "a shared machine"
	LateGenerator  Kind = "a late generator"
	Starved        Kind = "a starved generator"
	UncountedHits  Kind = "hits that no clock saw"
	StatsReset     Kind = "statistics that were reset"
	DroppedCalls   Kind = "statements that were dropped"
	FallenCounter  Kind = "a counter that fell"
	CountsApart    Kind = "counts that are apart"
)

// The kinds of doubts about one.
const (
	UnsettledStage Kind = "a response that did not settle"
	BlurredRate    Kind = "a rate that is not known well"
	StolenTime     Kind = "time that the host took"
	LaggingReplica Kind = "a replica that lagged behind"
	FlushedCache   Kind = "a cache that was flushed"
	SentTwice      Kind = "hits sent twice"
	NeverReceived  Kind = "hits that never arrived"
)

// Against adds a reason, and its verdict to that of the run.
func (r *Ruling) Against(v Verdict, about Kind, format string, values ...any) {
	text := fmt.Sprintf(format, values...)
	r.Verdict = r.Verdict.And(v)
	r.Reasons, r.ReasonKinds = append(r.Reasons, text), append(r.ReasonKinds, about)
}

// Warn adds warnings.
func (r *Ruling) Warn(about Kind, texts ...string) {
	for _, text := range texts {
		r.Warnings, r.WarningKinds = append(r.Warnings, text), append(r.WarningKinds, about)
	}
}

// Why are the reasons with their kinds.
func (r *Ruling) Why() []Reason { return kindly(r.Reasons, r.ReasonKinds) }

// Warned are the warnings with their kinds.
func (r *Ruling) Warned() []Reason { return kindly(r.Warnings, r.WarningKinds) }

// kindly puts texts and kinds together; early files have no kinds.
func kindly(texts []string, kinds []Kind) (list []Reason) {
	for i, text := range texts {
		one := Reason{AboutRun, text}
		if i < len(kinds) {
			one.Kind = kinds[i]
		}
		list = append(list, one)
	}
	return list
}
