// Package scenarios is the language in which a team writes down the peak event it fears.
//
// Scope: a scenario file is parsed strictly, defaulted, validated and compiled to a [Plan]. Everything here is pure:
// no clock, no network, no database, and no file but those the caller hands in, so `rehearse plan` answers at once and a
// test rehearses an hour in milliseconds.
//
// Opinion: a mistake in a file is reported with its place and its remedy, all mistakes at once; nothing is guessed.
// The schedule of a plan is cumulative and open: when a hit is due depends on the seed and the curve alone, never on
// how fast the system answered the hit before.
//
// Steps: [Open] begins with the text of a file, and flags vary it: [File.Set], [File.Quick] and the like; [File.Read], or
// [Parse] where nothing varies, makes it a [Scenario] or an [Errors], by the [Vocabulary] of the system that it names;
// [Scenario.Plan] compiles that, each stage to a [Curve]; [Plan.Hits] streams the hits of one trial.
// [Schema] and [Reference] describe the language to editors and to people.
package scenarios

import "time"

// Scenario is one parsed, defaulted and valid scenario file. Durations are time.Duration, rates are per second,
// shares and ratios are fractions of one.
type Scenario struct {
	// Version of the language; 1.
	Version int
	// Name identifies the scenario in run directories and reports.
	Name string
	// Description tells the event, in a sentence or two.
	Description string
	// Seed drives everything random: data, arrivals, operations, users.
	Seed uint64
	// Rounds is how often every state is measured.
	Rounds int
	// System is what is put under test, and Vocabulary what it knows: by this the scenario was read, and is planned.
	System     System
	Vocabulary Vocabulary
	// Nodes are the nodes that may not use the whole machine, by name.
	Nodes map[string]Node
	// Images are what the servers are made of on the containers back end.
	Images Images
	// Traffic is the curve and how it arrives.
	Traffic Traffic
	// Phases are applied in order, each to the state the one before left behind.
	Phases []string
	// Measured, if not empty, names the phases that are measured; see [File.Only].
	Measured []string
	// Budgets are the limits that decide the verdict.
	Budgets []Budget
	// Source is the text as read, or as varied; the run directory keeps it.
	Source []byte
	// Files are the contents of the files the scenario names, by those names; the run directory keeps them beside it.
	Files map[string][]byte
}

// Node is what one node of the system may use at most; 0 is no limit.
type Node struct {
	// CPUs is CPU time per time: 0.5 is half of one CPU.
	CPUs float64
	// MemoryBytes bounds the memory of all processes of the node together.
	MemoryBytes int64
}

// Images are references of container images; empty leaves the choice to the back end.
type Images struct {
	Postgres, Redis string
}

// Traffic is the offered load of one trial.
type Traffic struct {
	// Arrivals is "poisson" or "even".
	Arrivals string
	// Timeout is how long a hit may take before it counts as failed.
	Timeout time.Duration
	// Zipf is how unevenly the system's records are used: the k-th most popular one's share is proportional to 1/k^Zipf.
	Zipf float64
	// Mix overrides the share of each operation of the system's catalogue; empty keeps the catalogue.
	Mix map[string]float64
	// APIs are the weights of the system's APIs, by name; empty keeps the catalogue. Without a Mix they decide how often
	// each operation occurs, and with one only which API causes it.
	APIs map[string]float64
	// Sessions is what each login begins; nil if nothing.
	Sessions *Sessions
	// Stages follow one another.
	Stages []Stage
	// Headline is the stage whose numbers the report leads with.
	Headline string
}

// Stage is one piece of the traffic curve: the rate moves linearly from From to To over Duration, or as Shape has it.
type Stage struct {
	Name     string
	Duration time.Duration
	// From and To are rates per second; equal for a hold, and zero where there is a Shape.
	From, To float64
	// Shape is nil for a hold and a ramp.
	Shape Shape
	// Mix is as in [Traffic], for this stage alone; empty is the traffic's.
	Mix map[string]float64
	// Measure is false for a warm-up, whose hits are sent and counted but never judged.
	Measure bool
}

// Baseline is the state before any phase.
const Baseline = "baseline"
