package scenarios

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Lengths of a quick trial.
const (
	quickTrial = 7 * time.Second
	quickStage = time.Second
)

// Quick makes of f a first look: one round, and the stages shortened in proportion so that a trial takes about seven
// seconds. No stage is cut below one second and none is lengthened; the rates stay, and so does the shape: periods, rises and decays
// shrink with their stage, as do the times of budgets, and pauses and lives of tokens with the trial, so that an echo is
// still seen. A file with mistakes stays as it is.
func (f *File) Quick() {
	const flag = "--quick"
	s, r := f.read(f.reading)
	if !r.sound() {
		return
	}
	if s.Rounds != 1 {
		f.SetBy(flag, "rounds", "1")
	}
	shortened := shorten(s.Traffic.Stages)
	for i, short := range shortened {
		long, at := s.Traffic.Stages[i].Duration, fmt.Sprintf("traffic.stages[%d]", i)
		if replay, is := s.Traffic.Stages[i].Shape.(Replay); is && short < long {
			f.SetBy(flag, at+".replay.speed", trim(digits(replay.Speed*long.Seconds()/short.Seconds())))
		}
		f.respell(flag, r, at, func(spelt string) (string, bool) {
			d, wrong := readDuration(spelt)
			// A shape keeps its proportions, and a stage that is one hold gets exactly its time.
			other := rounded(time.Duration(float64(d) * (float64(short) / float64(long))))
			if d == long {
				other = short
			}
			return durationText(other), wrong == nil && other != d
		})
	}
	f.hurry(flag, r, s.Traffic.Stages, shortened)
	f.hurryBudgets(flag, s, shortened)
}

// hurryBudgets shortens the times of budgets as much as their stages.
func (f *File) hurryBudgets(flag string, s *Scenario, shortened []time.Duration) {
	for i, b := range s.Budgets {
		long := s.stageOf(b)
		at := slices.IndexFunc(s.Traffic.Stages, func(stage Stage) bool { return stage.Name == long.Name })
		if b.For == 0 || at < 0 || shortened[at] == long.Duration {
			continue
		}
		seconds := math.Floor(b.For.Seconds() * shortened[at].Seconds() / long.Duration.Seconds())
		short := max(time.Duration(seconds)*time.Second, time.Second)
		if short != b.For {
			f.SetBy(flag, fmt.Sprintf("budgets[%d].for", i), durationText(short))
		}
	}
}

// hurry shortens the times of sessions as much as the whole trial was shortened.
func (f *File) hurry(flag string, r *reader, stages []Stage, shortened []time.Duration) {
	var long, short time.Duration
	for i, stage := range stages {
		long, short = long+stage.Duration, short+shortened[i]
	}
	f.respell(flag, r, "traffic.sessions", func(spelt string) (string, bool) {
		d, wrong := readDuration(spelt)
		other := rounded(time.Duration(float64(d) * (float64(short) / float64(long))))
		return durationText(other), wrong == nil && other != d
	})
}

// shorten finds the proportion: stages at their shortest give nothing, so the others share what is left, until no
// further stage falls to its shortest.
func shorten(stages []Stage) []time.Duration {
	short := make([]time.Duration, len(stages))
	fixed := make([]bool, len(stages))
	for {
		budget, long := quickTrial, time.Duration(0)
		for i, s := range stages {
			if fixed[i] {
				budget -= short[i]
			} else {
				long += s.Duration
			}
		}
		again := false
		factor := min(max(budget.Seconds(), 0)/long.Seconds(), 1)
		for i, s := range stages {
			if fixed[i] {
				continue
			}
			// Tenths of a second read better and change nothing.
			short[i] = min(time.Duration(factor*float64(s.Duration)).Round(100*time.Millisecond), s.Duration)
			if least := min(s.Duration, quickStage); short[i] <= least {
				short[i], fixed[i], again = least, true, true
			}
		}
		if !again {
			return short
		}
	}
}

// Scale multiplies every rate of the traffic. A file with mistakes stays as it is.
func (f *File) Scale(factor float64) {
	s, r := f.read(f.reading)
	if !r.sound() {
		return
	}
	flag := "--scale " + trim(factor)
	f.respell(flag, r, "traffic.stages", func(spelt string) (string, bool) {
		_, wrong := readRate(spelt)
		number := strings.TrimRight(spelt, "/kminsh")
		value, unread := readNumber(number)
		if wrong != nil || unread != nil {
			return "", false
		}
		other := digits(value * factor)
		return trim(other) + strings.TrimPrefix(spelt, number), other != value
	})
	for i, stage := range s.Traffic.Stages {
		if replay, is := stage.Shape.(Replay); is && factor != 1 {
			f.SetBy(flag, fmt.Sprintf("traffic.stages[%d].replay.scale", i), trim(digits(100*replay.Scale*factor))+"%")
		}
	}
}

// digits is value with twelve of them, which hide that one third of three is not quite one.
func digits(value float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(value, 'g', 12, 64), 64)
	if err != nil {
		return value
	}
	return short
}

// rounded is d with about four digits, as a person would write it.
func rounded(d time.Duration) time.Duration {
	unit := time.Microsecond
	for unit < d/10_000 {
		unit *= 10
	}
	return max(d.Round(unit), unit)
}

// respell sets those values inside path that offer changes. Names look like values at times.
func (f *File) respell(flag string, r *reader, path string, offer func(spelt string) (other string, changed bool)) {
	for _, inner := range slices.Sorted(maps.Keys(r.nodes)) {
		n := r.nodes[inner]
		if n.Kind != yaml.ScalarNode || !within(inner, path) || strings.HasSuffix(inner, ".name") {
			continue
		}
		if other, changed := offer(n.Value); changed {
			f.SetBy(flag, inner, other)
		}
	}
}

// durationText writes d as a person would: 1m and not 1m0s.
func durationText(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = strings.TrimSuffix(text, zero[1:])
		}
	}
	return text
}

// Only measures just the named phases: the baseline, and the states before and after each of them. States in between are
// passed through unmeasured, since each builds on the ones before.
func (f *File) Only(phases ...string) {
	s := &setting{flag: "--only", place: "--only", whole: true, text: text{src: []byte(strings.Join(phases, ",")), flag: true}}
	s.value = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle, Line: 1, Column: 1}
	column := 1
	for _, phase := range phases {
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: phase, Line: 1, Column: column}
		s.value.Content = append(s.value.Content, n)
		column += len(phase) + 1
	}
	if f.document != nil {
		f.put(s, []step{{name: "only"}})
	}
}

// DataSizes are the sizes [File.Data] knows besides the scenario's own.
func DataSizes() []string { return []string{"small"} }

// Data makes the data of another size; see [DataSizes]. Small seeds in a moment and still has enough of the supply for the
// shipped scenarios; its latencies say little about a full table.
func (f *File) Data(size string) error {
	if size != "small" {
		return fmt.Errorf("data size %q is unknown; %s", size, oneOf(size, DataSizes()))
	}
	v, _ := f.vocabulary()
	for _, k := range v.Keys {
		if k.Small != "" {
			f.SetBy("--data "+size, "system."+k.Path, k.Small)
		}
	}
	return nil
}
