package model

// Check is one thing that a run is held to, as build servers count them: a budget, or a condition of the run itself.
type Check struct {
	// Class is the scenario and the stage, or what of the run it is about; Name is unique and the same in every run.
	Class   string  `json:"class"`
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	// Lenient tells that the verdict of the run does not depend on it.
	Lenient bool `json:"lenient,omitempty"`
	// Skipped tells that it was not measured, as asked, or follows from another one.
	Skipped bool `json:"skipped,omitempty"`
	// Follows is the name of the check whose trouble this is one of the consequences of.
	Follows string `json:"follows,omitempty"`
	// Said is what was found, in a sentence.
	Said string `json:"said,omitempty"`
	// Notes are what else there is to know; of the verdict itself they are the sentence and the warnings of the run.
	Notes []string `json:"notes,omitempty"`
	// Seconds is how long it was measured.
	Seconds float64 `json:"seconds"`
	// Line is that of the scenario; 0 is none.
	Line int `json:"line,omitempty"`
}

// Troubled tells whether there is something to do about it.
func (c Check) Troubled() bool { return c.Verdict != Pass && !c.Skipped }

// ReachesEnd is the check of the end of the run.
const ReachesEnd = "the run reaches its end"
