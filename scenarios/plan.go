package scenarios

import "time"

// Plan is a scenario compiled for execution: which trials in which order, and what is due when in each.
type Plan struct {
	Scenario string
	Seed     uint64
	Rounds   int
	Arrivals string
	Timeout  time.Duration
	Headline string
	// States in the order of the phases, [Baseline] first.
	States []string
	// Operations that occur, each with its share of the mix of the whole traffic.
	Operations []Operation
	// Checks are what answers must be.
	Checks []Check
	// Sessions is what each login begins; nil if nothing.
	Sessions *PlannedSessions
	// Stages of every trial, back to back from zero.
	Stages []PlannedStage
	// Trials in order of execution: rounds alternate direction.
	Trials []Trial
	// Once tells that no trial can be repeated.
	Once bool
	// Budgets as in the scenario, with defaults filled in.
	Budgets []Budget
	// Unjudged are the budgets about states that this run leaves out.
	Unjudged []Budget
	// Phases are the ones this run measures, each with the states to compare.
	Phases []PlannedPhase
	// counted are the hits by round, stage and operation. All trials of a round have the same, and to count those of
	// sessions takes a walk.
	counted map[int][][]uint64
}

// PlannedStage is a stage with its place on the trial's clock and its exact number of hits.
type PlannedStage struct {
	Name       string
	Begin, End time.Duration
	// Shape is the key of the stage's shape in the scenario, such as hold or spike.
	Shape string
	// From and To are the rates per second at its begin and end.
	From, To float64
	// Curve is the rate on the stage's own clock. Without one it moves linearly from From to To.
	Curve Curve
	// Hits are those that the rate makes due; sessions add to them.
	Hits uint64
	// Shares are those of the operations in Hits, in the order of [Plan.Operations]; nil are the shares there.
	Shares  []float64
	Measure bool
}

// PlannedPhase is a phase with the state it changes and the state it leads to; both are in [Plan.States].
type PlannedPhase struct {
	Name, Before, After string
}

// Trial is one execution of all stages against one state.
type Trial struct {
	Index, Round int
	State        string
	// Hits are those due in the trial, those of sessions included.
	Hits uint64
	// Control tells that the trial is compared with the one before it, of the same state, and with nothing else.
	Control bool
}

// Hit is one request that will be due.
type Hit struct {
	// Seq counts the hits of the trial from zero, in order of Due.
	Seq uint64
	// Due is the time since the trial began.
	Due time.Duration
	// Stage and Operation index into the plan.
	Stage, Operation int
	// N counts the hits of this operation over all trials of the run, so that no two trials use the same one. A hit
	// inside a session has the N of the login that began it.
	N uint64
	// Session tells that the hit begins a session, or is inside one.
	Session bool
	// Step counts the hits of the session; it is 0 for the login.
	Step int
	// Last tells that nothing follows in the session until the trial ends.
	Last bool
}
