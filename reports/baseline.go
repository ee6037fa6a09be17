package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// BaselineSchema is the version of a saved baseline's format.
const BaselineSchema = "rehearse.baseline/1"

// BaselineFile is the name under which a run directory keeps the baseline it was judged against.
const BaselineFile = "baseline.json"

// Bounds of a saved baseline, which comes from a repository and so from anybody: bytes of the file, of which one of a
// hundred stages has a half; seconds of a stage; hits; and any number.
const (
	maxBaseline      = 16 << 20
	maxSavedSeconds  = 24 * 60 * 60
	maxSavedHits     = 1e12
	maxSavedNumber   = 1e18
	maxSavedRounds   = 1e6
	maxSavedCPUs     = 1e6
	maxSavedName     = 500
	maxSavedProblems = 10
	// States, and states times operations: who compares looks at each.
	maxSavedStates = 1000
	maxSavedCells  = 20_000
)

// Baseline is what a run measured, saved to compare later runs with. It belongs into the repository of the system: its
// numbers are one to a line, in the order of their names.
type Baseline struct {
	Schema   string `json:"schema"`
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	// Run is the id of the run that measured it.
	Run    string `json:"run"`
	Rounds int    `json:"rounds"`
	// Stack and Host are the machine: what it says of latencies another one cannot keep or miss.
	Stack string      `json:"stack"`
	Host  record.Host `json:"host"`
	// Stages are the traffic, by name.
	Stages map[string]SavedStage `json:"stages"`
	// Numbers in base units, by the names that budgets in short give them, such as cache@peak: p95(OPERATION).
	Numbers map[string]SavedNumber `json:"numbers"`
}

// SavedStage is the traffic of one stage of one trial.
type SavedStage struct {
	Seconds float64 `json:"seconds"`
	Hits    uint64  `json:"hits"`
}

// SavedNumber is one number. Lo and Hi are the interval of a latency over several rounds, else unknown.
type SavedNumber struct{ Value, Lo, Hi stat.Number }

// MarshalJSON writes the number alone, or with its interval as [value, lo, hi].
func (n SavedNumber) MarshalJSON() ([]byte, error) {
	if !n.Lo.Known() || !n.Hi.Known() {
		return json.Marshal(n.Value)
	}
	return json.Marshal([]stat.Number{n.Value, n.Lo, n.Hi})
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *SavedNumber) UnmarshalJSON(data []byte) error {
	n.Lo, n.Hi = stat.Unknown(), stat.Unknown()
	if len(data) == 0 || data[0] != '[' {
		return json.Unmarshal(data, &n.Value)
	}
	var all []stat.Number
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	if len(all) != 3 {
		return fmt.Errorf("a number with its interval has three parts, not %d", len(all))
	}
	n.Value, n.Lo, n.Hi = all[0], all[1], all[2]
	return nil
}

// saved is what a baseline calls the number.
func (k Key) saved() string {
	metric := k.Metric
	if k.Operation != "" {
		metric += "(" + k.Operation + ")"
	}
	return k.State + "@" + k.Stage + ": " + metric
}

// ErrUnfit is returned by [NewBaseline] for a run that is saved only if told to.
var ErrUnfit = errors.New("nothing to hold others against")

// unfit says why later runs should not be held against this one.
func unfit(run *record.Run, s *Summary) (why []string) {
	if !s.Complete {
		why = append(why, "it did not reach its end")
	}
	if defect := run.Header.Settings["sabotage"]; defect != "" {
		why = append(why, "the defect "+defect+" was planted in it")
	}
	if s.Verdict == Fail {
		why = append(why, "it failed: "+strings.Join(limited(s.Reasons, 3), "; "))
	}
	return why
}

// NewBaseline has every number of a run. One that failed, did not reach its end, or had a defect planted makes none, unless
// anyway; nor does a state of which no trial is believed in anything. Where its latencies alone are void its counts are saved.
func NewBaseline(run *record.Run, sc *scenarios.Scenario, anyway bool) (*Baseline, error) {
	s, err := Summarize(run, sc)
	if err != nil {
		return nil, err
	}
	if run.Header.SelfTest != nil {
		return nil, fmt.Errorf("run %s: %w", run.Header.ID, ErrSelfTestRun)
	}
	if why := unfit(run, s); len(why) > 0 && !anyway {
		return nil, fmt.Errorf("run %s is %w: %s", run.Header.ID, ErrUnfit, strings.Join(why, "; "))
	}
	h := run.Header
	b := &Baseline{
		Schema: BaselineSchema, Scenario: h.Scenario, Seed: h.Seed, Run: h.ID, Rounds: h.Rounds, Stack: h.Stack, Host: h.Host,
		Stages: savedStages(h), Numbers: map[string]SavedNumber{},
	}
	l := Examine(run)
	for _, state := range h.States {
		if len(l.valid(state))+len(l.counted(state)) == 0 {
			return nil, fmt.Errorf("run %s has no valid trial of %s", h.ID, state)
		}
		for stage := range b.Stages {
			for _, operation := range append([]string{""}, h.Operations...) {
				l.save(b, Key{State: state, Stage: stage, Operation: operation})
			}
		}
	}
	return b, nil
}

func savedStages(h record.Header) map[string]SavedStage {
	stages := map[string]SavedStage{}
	for _, s := range h.Stages {
		if s.Measure {
			// A millisecond is finer than any stage; binary fractions would make a diff of nothing.
			stages[s.Name] = SavedStage{Seconds: math.Round((s.EndSeconds-s.BeginSeconds)*1000) / 1000, Hits: s.Hits}
		}
	}
	return stages
}

// save adds the known numbers of a state, a stage and an operation.
func (l *Ledger) save(b *Baseline, k Key) {
	counts := l.counts(k)
	for _, m := range l.declared.Metrics() {
		if k.Operation != "" && !m.ByOperation {
			continue
		}
		k.Metric = m.Name
		number := SavedNumber{Value: stat.Unknown(), Lo: stat.Unknown(), Hi: stat.Unknown()}
		if _, latency := quantiles()[m.Name]; latency {
			mean := l.interval(l.latencies(k))
			number = SavedNumber{stat.Number(mean.Value), stat.Number(mean.Lo), stat.Number(mean.Hi)}
		} else if n, known := counts[m.Name]; known {
			number.Value = n
		}
		if number.Value.Known() {
			b.Numbers[k.saved()] = number
		}
	}
}

// Wanting says what budgets on a saved number will miss in the baseline; empty if nothing.
func (b *Baseline) Wanting() (told []string) {
	var timeless, single, uncounted []string
	for _, state := range (side{Candidate: Candidate{Saved: b}}).states() {
		timed, spread, counted := false, false, false
		for stage := range b.Stages {
			p50, known := b.Numbers[Key{Metric: "p50", State: state, Stage: stage}.saved()]
			_, rate := b.Numbers[Key{Metric: "primary_qps", State: state, Stage: stage}.saved()]
			timed, spread, counted = timed || known, spread || known && p50.Lo.Known(), counted || rate
		}
		switch {
		case !timed:
			timeless = append(timeless, state)
		case !spread:
			single = append(single, state)
		}
		if !counted {
			uncounted = append(uncounted, state)
		}
	}
	for _, one := range []struct {
		format string
		states []string
	}{
		{"no latency of %s is believed, so none is saved: budgets on them stay undecided", timeless},
		{"latencies of %s are of one round and have no interval: budgets on them stay undecided; save a run of two rounds or more", single},
		{"no count of %s is believed, so none is saved: budgets on them stay undecided", uncounted},
	} {
		if len(one.states) > 0 {
			told = append(told, fmt.Sprintf(one.format, strings.Join(one.states, ", ")))
		}
	}
	return told
}

// Write puts the baseline into the file at path, in one step.
func (b *Baseline) Write(path string) error {
	return replace(path, func(w io.Writer) error {
		head := *b
		head.Numbers = nil
		text, err := json.MarshalIndent(head, "", "  ")
		if err != nil {
			return err
		}
		// The encoder would put each end of an interval on a line of its own.
		begin, _, _ := strings.Cut(string(text), `"numbers": null`)
		lines := []string{}
		for _, name := range slices.Sorted(maps.Keys(b.Numbers)) {
			number, err := json.Marshal(b.Numbers[name])
			if err != nil {
				return err
			}
			lines = append(lines, fmt.Sprintf("    %q: %s", name, number))
		}
		_, err = fmt.Fprintf(w, "%s\"numbers\": {\n%s\n  }\n}\n", begin, strings.Join(lines, ",\n"))
		return err
	})
}

// save says how to come by a saved baseline.
const save = "rehearse baseline save writes one"

// ReadBaseline reads what [Baseline.Write] wrote.
func ReadBaseline(path string) (*Baseline, error) {
	text, err := record.ReadFile(path, maxBaseline)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no saved baseline %s; %s", path, save)
	}
	return parseBaseline(path, text, err)
}

// KeptBaseline reads the one that a run directory keeps, nil if none: a file of that directory, wherever links may lead.
func KeptBaseline(dir string) (*Baseline, error) {
	path := filepath.Join(dir, BaselineFile)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	text, err := record.FilesOf(dir).Read(BaselineFile, maxBaseline)
	if err != nil {
		err = fmt.Errorf("%w; remove %s, or name another with --baseline", err, path)
	}
	return parseBaseline(path, text, err)
}

func parseBaseline(path string, text []byte, err error) (*Baseline, error) {
	if err != nil {
		return nil, fmt.Errorf("read the saved baseline: %w", err)
	}
	b := &Baseline{}
	if err := json.Unmarshal(text, b); err != nil {
		return nil, fmt.Errorf("%s is not a saved baseline: %w; %s", path, err, save)
	}
	if b.Schema != BaselineSchema {
		return nil, fmt.Errorf("%s has schema %q; this rehearse reads %q: save it anew", path, b.Schema, BaselineSchema)
	}
	return b, b.check(path)
}

// savedProblems are what is wrong with a baseline, the first of it.
type savedProblems struct {
	path  string
	wrong []error
}

func (p *savedProblems) add(format string, values ...any) {
	if len(p.wrong) < maxSavedProblems {
		p.wrong = append(p.wrong, fmt.Errorf("%s: "+format, append([]any{p.path}, values...)...))
	}
}

func (p *savedProblems) number(what string, value, most float64) {
	if !(value >= 0 && value <= most) {
		p.add("%s %v is out of range: 0 to %v", what, value, most)
	}
}

func (p *savedProblems) name(what, text string) {
	if len(text) > maxSavedName || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		p.add("%s %.80q is no name: it is longer than %d bytes, or has characters that cannot be seen", what, text, maxSavedName)
	}
}

// check finds what no run can have measured. What is unknown is left out of a file, so every number in it is one.
func (b *Baseline) check(path string) error {
	p := &savedProblems{path: path}
	p.name("scenario", b.Scenario)
	p.name("run", b.Run)
	p.name("stack", b.Stack)
	p.name("cpu", b.Host.CPU)
	p.number("rounds", float64(b.Rounds), maxSavedRounds)
	p.number("cpus", float64(b.Host.CPUs), maxSavedCPUs)
	p.number("memory_bytes", float64(b.Host.MemoryBytes), maxSavedNumber)
	for _, stage := range slices.Sorted(maps.Keys(b.Stages)) {
		p.name("stage", stage)
		p.number(fmt.Sprintf("seconds of stage %.80s", stage), b.Stages[stage].Seconds, maxSavedSeconds)
		p.number(fmt.Sprintf("hits of stage %.80s", stage), float64(b.Stages[stage].Hits), maxSavedHits)
	}
	for _, key := range slices.Sorted(maps.Keys(b.Numbers)) {
		p.name("number", key)
		p.saved(key, b.Numbers[key])
	}
	states, operations := side{Candidate: Candidate{Saved: b}}.states(), side{Candidate: Candidate{Saved: b}}.operations()
	if len(states) > maxSavedStates || len(states)*len(operations) > maxSavedCells {
		p.add("%d states and %d operations are too many: %d states at the most, and %d times operations", len(states), len(operations), maxSavedStates, maxSavedCells)
	}
	if len(p.wrong) > 0 {
		return fmt.Errorf("%w; save it anew", errors.Join(p.wrong...))
	}
	return nil
}

// saved holds a number to be one that can be measured, inside of its interval. None is below zero: a ratio to one that is
// would be inside of every limit.
func (p *savedProblems) saved(key string, n SavedNumber) {
	for _, value := range []stat.Number{n.Value, n.Lo, n.Hi} {
		if value.Known() {
			p.number(fmt.Sprintf("number %.80q", key), float64(value), maxSavedNumber)
		}
	}
	if n.Lo > n.Value || n.Value > n.Hi {
		p.add("number %.80q %v is not between %v and %v", key, float64(n.Value), float64(n.Lo), float64(n.Hi))
	}
}

// elsewhere says by what the machine of a run is of another class than the baseline's; empty if by nothing.
func (b *Baseline) elsewhere(h record.Header) string {
	var apart []string
	if b.Host.CPU != h.Host.CPU {
		apart = append(apart, fmt.Sprintf("CPU %s there, %s here", b.Host.CPU, h.Host.CPU))
	}
	if b.Host.CPUs != h.Host.CPUs {
		apart = append(apart, fmt.Sprintf("%d CPUs there, %d here", b.Host.CPUs, h.Host.CPUs))
	}
	if b.Stack != h.Stack {
		apart = append(apart, fmt.Sprintf("stack %s there, %s here", b.Stack, h.Stack))
	}
	return strings.Join(apart, ", ")
}

// lenient tells whether budgets on a metric are only warnings: on another machine than that of the saved baseline no
// latency fails a run.
func (l *Ledger) lenient(metric string) bool {
	return l.metric(metric).Unit == scenarios.Seconds && l.saved != nil && l.saved.elsewhere(l.header) != ""
}

// otherTraffic says by what the traffic of a run differs from the baseline's; empty if by nothing.
func (b *Baseline) otherTraffic(h record.Header) string {
	var apart []string
	if b.Seed != h.Seed {
		apart = append(apart, fmt.Sprintf("seed %d there, %d here", b.Seed, h.Seed))
	}
	now := savedStages(h)
	for _, s := range h.Stages {
		if was, both := b.Stages[s.Name]; both && s.Measure && was != now[s.Name] {
			apart = append(apart, fmt.Sprintf("%s hits in %v s at %s there, %s in %v s here", count(was.Hits), was.Seconds, s.Name,
				count(s.Hits), now[s.Name].Seconds))
		}
	}
	return strings.Join(apart, ", ")
}

// compared says what a reader has to know of the baseline that the run is judged against.
func (s *judgement) compared() {
	l := s.ledger
	if l.saved == nil {
		return
	}
	if apart := l.saved.elsewhere(l.header); apart != "" {
		s.press("the saved baseline is of another machine (%s): budgets on latency are only warnings", apart)
	}
	uses := slices.ContainsFunc(s.Budgets, func(b Budget) bool { return b.Of == scenarios.Saved })
	if apart := l.saved.otherTraffic(l.header); apart != "" && uses {
		s.press("the saved baseline is of other traffic: %s", apart)
	}
}

// answered is the share of the hits of a key that were answered in the saved run; one that does not say so is taken to have
// answered all of them.
func (b *Baseline) answered(k Key) stat.Number {
	k.Metric, k.API = "achieved", ""
	if n, known := b.Numbers[k.saved()]; known {
		return n.Value
	}
	return 1
}

// over is what a count of statements was divided by, as that of a ledger: of counts per hit it is the hits of the measured
// stages, for no others are saved, and so less than it was.
func (b *Baseline) over(k Key) (n stat.Number) {
	if _, isRate := k.rates(); isRate {
		return stat.Number(b.Stages[k.Stage].Seconds * float64(b.Rounds))
	}
	_, operation, per := k.perHit()
	for stage := range b.Stages {
		hits := Key{Metric: "hits", Operation: operation, Stage: stage, State: k.State}
		if saved := b.Numbers[hits.saved()].Value; per && saved.Known() {
			n += saved
		}
	}
	return n
}

// unsaved says why there is no saved number to compare with.
func (l *Ledger) unsaved(k Key) string {
	switch {
	case l.saved == nil:
		return "no saved baseline is given: add --baseline FILE; rehearse baseline save writes it"
	case l.saved.Scenario != l.header.Scenario:
		return fmt.Sprintf("the saved baseline is of scenario %s", l.saved.Scenario)
	}
	if _, known := l.saved.Numbers[k.saved()]; !known {
		return fmt.Sprintf("the saved baseline has no number %s", k.saved())
	}
	return ""
}

// over is an interval as a ratio to a saved number. What the two do not know of themselves adds up: the interval is as wide
// as the furthest ends of both.
func over(mean stat.Interval, n SavedNumber) stat.Interval {
	return stat.Interval{
		Value: mean.Value / float64(n.Value), Lo: mean.Lo / float64(n.Hi), Hi: mean.Hi / float64(n.Lo),
		Centre: mean.Centre / float64(n.Value), N: mean.N,
	}
}

// overCount is a count as a ratio to a saved one, to the five digits that a file of six keeps of it. Nothing of nothing is
// as much as before, and anything of nothing is beyond every limit.
func overCount(now, saved stat.Number) stat.Number {
	if saved == 0 && now == 0 {
		return 1
	}
	ratio := float64(now / saved)
	short, err := strconv.ParseFloat(strconv.FormatFloat(ratio, 'g', 5, 64), 64)
	if err != nil {
		return stat.Number(ratio)
	}
	return stat.Number(short)
}
