// Package record is the run directory: what was measured, written as it happens, before anything is judged.
//
// Scope: a versioned header (run.json) and four streams of JSON lines: windows (histograms per trial, stage, operation
// and second), the same hits by API, samples (readings of the instruments) and events (what was done and what went
// wrong). [Create] opens a
// run directory, the Add methods of [Writer] append, [Open] reads everything back.
//
// Opinion: a run that crashed is still a run. The header is on disk before the first hit, every line stands alone, and
// a last line cut short is dropped with a note, not an error. A run directory may be anybody's, so what is read is checked
// against its checksum, against the header and against what a run can be before anybody counts with it. Units are base
// units: seconds, bytes, counts.
package record

import "time"

// Schema is the version of the run directory's format.
const Schema = "rehearse.record/1"

// Header says what was run, where and how. It is written before the first measurement.
type Header struct {
	Schema string `json:"schema"`
	// Checksums is [Checksums] where each line of the streams carries its own; empty in early records.
	Checksums string `json:"checksums,omitempty"`
	ID        string `json:"id"`
	Scenario  string `json:"scenario"`
	// ScenarioPath is the file that the scenario was read from, as it was named; empty for one that comes with rehearse.
	ScenarioPath string `json:"scenario_path,omitempty"`
	// ScenarioVaried tells that flags changed it, so the lines of the kept scenario are not those of that file.
	ScenarioVaried bool      `json:"scenario_varied,omitempty"`
	Started        time.Time `json:"started"`
	// Command is the command line that reproduces the run.
	Command []string `json:"command"`
	// Version and Commit of rehearse.
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Seed    uint64 `json:"seed"`
	Rounds  int    `json:"rounds"`
	// UntilClear tells that rounds were added until the effects were clear, so each look at them has to cost something.
	UntilClear bool `json:"until_clear,omitempty"`
	// SelfTest tells that the run measured this machine and not the system: one state against itself, and against itself
	// slowed down on purpose.
	SelfTest *SelfTest `json:"self_test,omitempty"`
	// Cutover tells that the system went through its states in one trial, while the traffic flowed.
	Cutover *Cutover `json:"cutover,omitempty"`
	// Quick, Scale and Only are the variations asked for on the command line.
	Quick bool     `json:"quick,omitempty"`
	Scale float64  `json:"scale,omitempty"`
	Only  []string `json:"only,omitempty"`
	// Stack is the back end: containers or processes.
	Stack string `json:"stack"`
	// Host is the machine's fingerprint.
	Host Host `json:"host"`
	// Versions of the servers, by node: primary, replica, redis.
	Versions map[string]string `json:"versions"`
	// Settings of the environment and the system worth stating: fsync, shared_buffers, password hashing, bounds.
	Settings map[string]string `json:"settings"`
	// Limits say, for each node that was given one, what was in force, or why not; empty for a run without.
	Limits map[string]string `json:"limits,omitempty"`

	// Statements are the texts of the queries by id, on all nodes; absent in early records.
	Statements map[string]string `json:"statements,omitempty"`

	States     []string `json:"states"`
	Operations []string `json:"operations"`
	Stages     []Stage  `json:"stages"`
	Headline   string   `json:"headline_stage"`
	Trials     []Trial  `json:"trials"`
	// Checks, Aliases, Acknowledged and Application are what the system declares of itself; absent in early records, of which those
	// speak who know the system.
	Checks       []Check       `json:"checks,omitempty"`
	Aliases      []Alias       `json:"aliases,omitempty"`
	Acknowledged *Acknowledged `json:"acknowledged,omitempty"`
	Application  *Application  `json:"application,omitempty"`
	// TimeoutSeconds is how long a hit may take before it counts as failed.
	TimeoutSeconds float64 `json:"timeout_seconds"`
	// CRC is the checksum of what stands before it in the file. It is the writer's and the reader's; empty elsewhere.
	CRC string `json:"crc,omitempty"`
}

// SelfTest says what was compared. Each round of the record is one pair of trials.
type SelfTest struct {
	// State is measured in every pair.
	State string `json:"state"`
	// Levels are what it is measured against, a state's name and how much slower it was made.
	Levels []Level `json:"levels"`
}

// Cutover says which state the system was to be in when.
type Cutover struct {
	// States has the state of each of the header's stages, in their order.
	States []string `json:"states"`
	// AndBack tells that the phases were also undone, one after the other.
	AndBack bool `json:"and_back,omitempty"`
}

// Level is a state slowed down by a share of the time its answers take; 0 is the same state again.
type Level struct {
	State    string  `json:"state"`
	Slowdown float64 `json:"slowdown"`
}

// Host is what a reader must know of the machine before believing a latency.
type Host struct {
	OS          string `json:"os"`
	Kernel      string `json:"kernel"`
	CPU         string `json:"cpu"`
	CPUs        int    `json:"cpus"`
	MemoryBytes int64  `json:"memory_bytes"`
}

// Stage is one piece of every trial's traffic curve, on the trial's clock.
type Stage struct {
	Name         string  `json:"name"`
	BeginSeconds float64 `json:"begin_seconds"`
	EndSeconds   float64 `json:"end_seconds"`
	// FromRate and ToRate are hits per second, at its begin and end.
	FromRate float64 `json:"from_rate"`
	ToRate   float64 `json:"to_rate"`
	// Shape is how the rate moves in between, in the words of the scenario. Rates, in hits per second, are its means over
	// equally long parts of the stage; without them it moves in a straight line, as in every stage of early records.
	Shape string    `json:"shape,omitempty"`
	Rates []float64 `json:"rates,omitempty"`
	// Hits is how many the rate makes due in one trial.
	Hits    uint64 `json:"hits"`
	Measure bool   `json:"measure"`
}

// Trial is one execution of all stages against one state, as planned.
type Trial struct {
	Index int    `json:"index"`
	Round int    `json:"round"`
	State string `json:"state"`
	// Hits is how many are due, those that follow others in a session included; zero in early records, where they are
	// the sum of the stages'.
	Hits uint64 `json:"hits,omitempty"`
	// Control tells that the trial serves the noise floor alone: its state has been measured in that round already.
	Control bool `json:"control,omitempty"`
	// Stages are those of the trial, where they are not the header's: the same names, at other rates or for other times.
	Stages []Stage `json:"stages,omitempty"`
}

// StagesOf are the stages of a trial: its own, or those of all.
func (h *Header) StagesOf(t Trial) []Stage {
	if len(t.Stages) > 0 {
		return t.Stages
	}
	return h.Stages
}

// Window holds the hits of one operation that were due in one second of one trial. Offered = Sent + Missed, and
// Completed + Failed = Sent once the window is written.
type Window struct {
	Trial int    `json:"trial"`
	Stage string `json:"stage"`
	Op    string `json:"op"`
	// Second counts whole seconds of due time since the trial began.
	Second int `json:"second"`

	// Offered hits were due; Sent ones left; Missed ones were due and never sent.
	Offered uint64 `json:"offered"`
	Sent    uint64 `json:"sent"`
	Missed  uint64 `json:"missed,omitempty"`
	// Completed hits got the answer they deserved or a wrong one; Failed ones got none (error, timeout, 5xx).
	Completed uint64 `json:"completed"`
	Failed    uint64 `json:"failed,omitempty"`
	// Errors splits Failed by class: timeout, refused, reset, eof, status_503, …; never free text.
	Errors map[string]uint64 `json:"errors,omitempty"`
	// FailedSeconds is how long the failed ones took from their due time until they were given up, added up; absent in
	// early records.
	FailedSeconds float64 `json:"failed_seconds,omitempty"`

	// Reconnected hits went out by a new connection because the system had closed the one kept from an earlier hit, which
	// was found before a byte of them was written: each went out once. Resent ones were written more than once, so that the
	// system may have done more than the hits say; the generator's own transport never does that.
	Reconnected uint64 `json:"reconnected,omitempty"`
	Resent      uint64 `json:"resent,omitempty"`

	// Counts has the answers that broke each of the header's checks, and those that could have; the latter are absent in early
	// records.
	Counts Counts `json:"-"`
	// Rechecked counts the hits that tested something acknowledged earlier in this run. Acknowledged is how much the answers
	// acknowledged, and FirstRechecks how much of that of the run so far was tested for the first time; both are absent in
	// early records.
	Rechecked     uint64 `json:"rechecked,omitempty"`
	Acknowledged  uint64 `json:"acknowledged,omitempty"`
	FirstRechecks uint64 `json:"first_rechecks,omitempty"`

	// Response runs from the due time, Service from the sent time, Lag from due to sent. Nanoseconds inside;
	// completed hits only in Response and Service, every sent hit in Lag.
	Response Histogram `json:"response"`
	Service  Histogram `json:"service"`
	Lag      Histogram `json:"lag"`
}

// APIWindow holds the hits of one API that were due in one stage of one trial: hits of the windows once more, by what
// caused them. Second is zero; Service and Lag are left out.
type APIWindow struct {
	API string `json:"api"`
	Window
}

// Sample is one reading of one instrument.
type Sample struct {
	// AtSeconds is the time since Header.Started.
	AtSeconds float64 `json:"at_seconds"`
	Trial     int     `json:"trial"`
	// Stage and Edge mark readings taken at an edge: Edge is "begin" or "end", Stage empty at the edges of the
	// trial itself (before the first hit; after the last answer and everything the system writes late). Both empty:
	// the one-second rhythm.
	Stage string `json:"stage,omitempty"`
	Edge  string `json:"edge,omitempty"`
	// Source is the instrument: primary, replica, redis, cpu, load, or one of the services by its name.
	Source string `json:"source"`
	// Values by series key, see [Key].
	Values map[string]float64 `json:"values"`
}

// Event is something that was done or that happened.
type Event struct {
	// AtSeconds is the time since Header.Started.
	AtSeconds float64 `json:"at_seconds"`
	// Trial the event belongs to; -1 outside of trials.
	Trial int `json:"trial"`
	// Kind is one of the Event constants.
	Kind string `json:"kind"`
	// Text says it to a person.
	Text string `json:"text"`
	// Values are the event's numbers, units in their names.
	Values map[string]float64 `json:"values,omitempty"`
}

// Kinds of events.
const (
	// EventTrialBegin marks time zero of a trial's clock; EventTrialEnd that all its hits are accounted for.
	EventTrialBegin = "trial_begin"
	EventTrialEnd   = "trial_end"
	// EventSwitch is a change of state; Values has seconds. In a cutover, where there is load meanwhile, it also has
	// begin_seconds, on the clock of AtSeconds, and late_seconds, by how much that is after the planned time.
	EventSwitch = "switch"
	// EventJob is work a phase needs done once, such as the archive job; Values has its cost.
	EventJob = "job"
	// EventRepeat says that a trial is run once more, and why.
	EventRepeat = "repeat"
	// EventLook is a look at the rounds so far, which says whether one more follows, and why.
	EventLook = "look"
	// EventFault is a failure, injected or not.
	EventFault = "fault"
	// EventBusy says that the machine was not quiet before the run began, and what was found.
	EventBusy = "busy"
	// EventBeside names another run on this machine; Values has present, 1 when it was met and 0 when it had ended.
	EventBeside = "beside"
	// EventInterrupted says that the run was ended early, and why.
	EventInterrupted = "interrupted"
	// EventAbort says that the run is ended because a budget is breached, and which.
	EventAbort = "abort"
	// EventDone is the last event of a complete run, but for other runs that come and go.
	EventDone = "done"
)
