package model

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rehearse-dev/rehearse/reports/stat"
)

const (
	// Resolution is how exactly percentiles are known at best: the histograms have three digits.
	Resolution = 0.001
	// CacheSlack is what a cache may leave more or less to the replica, by which look-ups came at the same moment.
	CacheSlack = 0.1
	// ChanceFailures is how many failures may fall on one of two groups by chance: five that have nothing to do with the
	// build all fall on the same one in 6 % of cases, six in 3 %. Runs that fail alike by chance would prove anything.
	ChanceFailures = 5
	// ChanceStatements is by how many standard deviations two counts may differ by chance, had each statement come by itself.
	// Those of runs of one build that asked for the same hits were recorded to scatter half as far.
	ChanceStatements = 2
)

// Change is what a group of runs made of a number of the first.
type Change struct {
	// Ratio is the group's number over the first's; unknown where either is, or where the first is zero and the other not.
	Ratio stat.Number `json:"ratio"`
	// Lo and Hi are the 95 % interval of the ratio of two latencies; unknown where either group has a single run, and of
	// counts.
	Lo stat.Number `json:"lo"`
	Hi stat.Number `json:"hi"`
	// Verdict is ~ where it is not proven that anything changed.
	Verdict Effect `json:"verdict"`
	// Why says what keeps a count from meaning a change, where that is not its value.
	Why string `json:"why,omitempty"`
}

// ComparisonSchema is the version of a comparison in JSON.
const ComparisonSchema = "rehearse.comparison/1"

// Comparison is what several runs made of the same traffic. All changes are against the first group of them.
type Comparison struct {
	Schema string `json:"schema"`
	Stage  string `json:"stage"`
	// Groups are the builds, in the order in which they were named.
	Groups []ComparedGroup `json:"groups"`
	Runs   []ComparedRun   `json:"runs"`
	// Differences are in what should have been the same; only with [CompareOptions.Anyway] are there any.
	Differences []Discord `json:"differences"`
	// Notes are what has to be known before the numbers are believed.
	Notes []string `json:"notes"`
	// Collapsed are the states that fell over at the stage, in any run: the first thing there is to say.
	Collapsed []ComparedCollapse `json:"collapsed,omitempty"`
	States    []ComparedState    `json:"states"`
	// Chance tells that a cache decides over some of the counts.
	Chance bool `json:"chance,omitempty"`
	// Overlays are what is drawn of the runs that were recorded, which no number needs.
	Overlays []Overlay `json:"-"`
}

// Overlay is what one run looks like among others, by its label.
type Overlay struct {
	Label string
	// Latencies are those of the last state, and Primary is the load of the primary over the seconds since the first trial
	// began.
	Latencies []Quantile
	Primary   Line
	// Bands are its trials on that clock.
	Bands []Band
}

// ComparedCollapse is a state that fell over in a run, by the label of the run.
type ComparedCollapse struct {
	Label         string      `json:"label"`
	State         string      `json:"state"`
	Trial         int         `json:"trial"`
	AnsweredRatio stat.Number `json:"answered_ratio"`
	Hits          uint64      `json:"hits"`
}

// Verdict of a comparison is fail where a build collapsed, and inconclusive where it is the first one, against which then
// nothing can be held. Any other change is for budgets to judge.
func (c *Comparison) Verdict() Verdict {
	verdict := Pass
	for _, one := range c.Collapsed {
		if slices.Contains(c.Groups[0].Runs, one.Label) {
			verdict = verdict.And(Inconclusive)
		} else {
			verdict = Fail
		}
	}
	return verdict
}

// ComparedGroup is all runs of one build, or a saved baseline, by the letter that tables call it.
type ComparedGroup struct {
	Label string `json:"label"`
	// Runs are their labels: that of the group, or of several A1, A2 and so on.
	Runs []string `json:"runs"`
}

// ComparedRun is one of the runs, by its label.
type ComparedRun struct {
	Label  string `json:"label"`
	Source string `json:"source"`
	// Saved tells that only a baseline of it is there, so that what a baseline does not keep is not known.
	Saved    bool      `json:"saved"`
	ID       string    `json:"id"`
	Scenario string    `json:"scenario"`
	Started  time.Time `json:"started,omitzero"`
	// Version and Commit are those of rehearse, and Sabotage the defect planted in the system by a test: what is compared.
	Version  string `json:"version,omitempty"`
	Commit   string `json:"commit,omitempty"`
	Sabotage string `json:"sabotage,omitempty"`
	// Verdict is that of the run itself, whatever the others say; inconclusive for a saved baseline.
	Verdict Verdict `json:"verdict"`
	// Trials were planned, of which Valid ones reach the numbers.
	Trials int `json:"trials"`
	Valid  int `json:"valid"`
}

// ComparedState is one state's numbers at the stage. Lists have one entry for each group.
type ComparedState struct {
	State string `json:"state"`
	// Runs are those with a valid trial, Trials the valid ones of all of them, and Hits how many were due in those; unknown
	// of a saved baseline, where Trials are its rounds.
	Runs   []int         `json:"runs"`
	Trials []int         `json:"trials"`
	Hits   []stat.Number `json:"hits"`
	// Counted are the trials whose counts are believed, and Begun those that began; of a saved baseline its rounds and none.
	Counted []int            `json:"counted_trials"`
	Begun   []int            `json:"begun_trials"`
	Numbers []ComparedNumber `json:"numbers"`
}

// ComparedNumber is one number in base units, the mean over the runs of a group: of a latency the geometric mean, as that
// of a run is over its trials, of anything else as in [Numbers].
type ComparedNumber struct {
	Metric    string `json:"metric"`
	Operation string `json:"op,omitempty"`
	// Unit is as in [Budget].
	Unit   string        `json:"unit"`
	Values []stat.Number `json:"values"`
	// Changes are those of the second group, of the third, and so on, against the first.
	Changes []Change `json:"changes"`
}

// Count ratios are nearly exact, so they are judged by their value; two per cent is what batching and the edges of a
// stage move.
const (
	CountBetter = 0.98
	CountWorse  = 1.02
)

// Discord is something that is not the same in all runs and should have been.
type Discord struct {
	// Field names it: a part of the header, or scenario and the path of a value.
	Field string `json:"field"`
	// Values are what each run says; empty where it does not say.
	Values []string `json:"values"`
}

// Text groups the runs by what they say.
func (d Discord) Text(names []string) string {
	var order []string
	who := map[string][]string{}
	for i, value := range d.Values {
		if !slices.Contains(order, value) {
			order = append(order, value)
		}
		who[value] = append(who[value], names[i])
	}
	for i, value := range order {
		said := value
		if value == "" {
			said = "not stated"
		}
		order[i] = fmt.Sprintf("%s (%s)", said, strings.Join(who[value], ", "))
	}
	return d.Field + ": " + strings.Join(order, ", ")
}

// Labels are those of the runs, in their order.
func (c *Comparison) Labels() (list []string) {
	for _, r := range c.Runs {
		list = append(list, r.Label)
	}
	return list
}
