package scenarios

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// entry is one key of the language: what editors and the reference say of it. Tests hold the table to the reader.
type entry struct {
	// path as mistakes write it, with [] for any entry of a list, and NODE, OPERATION or API for any name of the vocabulary.
	path     string
	takes    notation
	required bool
	// standard is what a file means that leaves the key out; where that depends on the rest, otherwise tells it.
	standard, otherwise string
	// example of a value; needed where the notation has none.
	example string
	says    string
}

// language lists every key, each before what is inside it.
func language(systems []Vocabulary) []entry {
	v := Union(systems...)
	return slices.Concat(headEntries(v), systemEntries(v, systemNames(systems)), nodeEntries(v), trafficEntries(v), sessionEntries(v), shapeEntries(), budgetEntries(v))
}

func headEntries(v Vocabulary) []entry {
	phases := words("phases", v.Phases)
	return []entry{
		{path: "version", takes: constant(Version), required: true, says: "The version of the language."},
		{path: "name", takes: slug(), required: true, example: "lunch-rush", says: "The name of the scenario in run directories and reports."},
		{path: "description", takes: prose(), otherwise: "none", example: "Friday at noon.", says: "The event, in a sentence or two."},
		{path: "seed", takes: whole(0, 0), standard: "1", says: "Drives everything random: data, arrivals, operations and users. The same seed gives the same requests."},
		{path: "rounds", takes: whole(1, MaxRounds), standard: "3", says: "How often every state is measured. More rounds make intervals narrower; the effect of a phase on a latency needs two."},
		{path: "system", takes: mapping(), otherwise: "as below", says: "What is put under test."},
		{path: "nodes", takes: mapping(), otherwise: "no limits", says: "What nodes may use. A node that is not listed may use the whole machine."},
		{path: "images", takes: mapping(), otherwise: "official ones", says: "What the servers are made of when they run in containers."},
		{path: "traffic", takes: mapping(), required: true, says: "The requests of one trial."},
		{path: "phases", takes: phases, otherwise: "all", says: "The changes of the architecture, each made to what the one before left. They have one order and no gaps."},
		{path: "only", takes: phases, otherwise: "all", says: "Measures just these phases: the baseline, and what is before and after each of them."},
		{path: "budgets", takes: list(0), otherwise: "none", says: "The limits that decide whether the run passes."},
	}
}

func systemEntries(v Vocabulary, names []string) []entry {
	entries := []entry{{path: "system.name", takes: word("system", names), standard: v.System, says: "The system under test."}}
	if len(v.seeded()) > 0 {
		entries = append(entries, entry{path: "system.data", takes: mapping(), otherwise: "as below", says: "What is in the database before the traffic begins."})
	}
	for _, k := range slices.Concat(v.seeded(), v.others()) {
		entries = append(entries, k.entry())
	}
	return entries
}

func nodeEntries(v Vocabulary) []entry {
	return []entry{
		{path: "nodes.NODE", takes: mapping(), otherwise: "no limits", says: "The limits of this node: " + strings.Join(slices.Sorted(maps.Keys(v.Nodes)), ", ") + "."},
		{path: "nodes.NODE.cpus", takes: number(minCPUs, maxCPUs, "0.5"), otherwise: "no limit", says: "How many CPUs it may use, in fractions if need be."},
		{path: "nodes.NODE.memory", takes: size(), otherwise: "no limit", says: "How much memory it may use."},
		{path: "images.postgres", takes: image(), example: "postgres:17", otherwise: "the official one", says: "The image of primary and replica."},
		{path: "images.redis", takes: image(), example: "redis:7", otherwise: "the official one", says: "The image of Redis."},
	}
}

func trafficEntries(v Vocabulary) []entry {
	return []entry{
		{path: "traffic.arrivals", takes: word("arrivals", []string{Poisson, Even}), standard: Poisson, says: "How requests follow one another: poisson as those of many people do, even like clockwork."},
		{path: "traffic.timeout", takes: duration(), standard: "5s", says: "When a client gives up; the request has failed then. At most 2m."},
		{path: "traffic.zipf", takes: numeral("0.99"), standard: trim(defaultZipf), says: "How unevenly " + cmp.Or(v.Records, "records") + " are used: the share of the k-th most popular one is proportional to 1/k^zipf. Above 0, at most 10."},
		{path: "traffic.mix", takes: mapping(), otherwise: "as in the system's catalogue", says: "The operations and their shares, which sum to 100%. Operations that are not listed do not occur."},
		{path: "traffic.mix.OPERATION", takes: share(), otherwise: "does not occur", says: "The share of this operation: " + strings.Join(v.operationNames(), ", ") + "."},
		{path: "traffic.apis", takes: mapping(), otherwise: "as in the system's catalogue", says: "The APIs that are called and their weights. Without a mix they decide how often each operation occurs as well."},
		{path: "traffic.apis.API", takes: weight(), otherwise: "is not called", says: "The weight of this API: its share of all of them, in any unit."},
		{path: "traffic.sessions", takes: mapping(), otherwise: "a login is a request like any other", says: "What follows each login of the mix: a person who stays for a while. Those requests come on top of the stages' rates."},
		{path: "traffic.headline", takes: slug(), example: "peak", otherwise: "the measured stage with the highest mean rate, a hold before what only passes", says: "The stage whose numbers stand at the top of the report."},
		{path: "traffic.stages", takes: list(1), required: true, says: "The curve of the traffic, one stage after the other. Each has exactly one of " + strings.Join(kinds(), ", ") + "."},
		{path: "traffic.stages[].name", takes: slug(), required: true, example: "peak", says: "A name of its own, for reports and budgets."},
		{path: "traffic.stages[].hold", takes: rate(), otherwise: "another shape", says: "A rate that stays the same."},
		{path: "traffic.stages[].ramp", takes: mapping(), otherwise: "another shape", says: "A rate that changes evenly."},
		{path: "traffic.stages[].step", takes: mapping(), otherwise: "another shape", says: "A rate that changes like a staircase."},
		{path: "traffic.stages[].spike", takes: mapping(), otherwise: "another shape", says: "A rate that rises, stays, and falls back. It has its own length, so the stage has no for."},
		{path: "traffic.stages[].sine", takes: mapping(), otherwise: "another shape", says: "A rate that swings, such as over days."},
		{path: "traffic.stages[].replay", takes: mapping(), otherwise: "another shape", says: "A recorded rate. It has its own length, so the stage has no for."},
		{path: "traffic.stages[].for", takes: duration(), otherwise: "required but for spike and replay", says: "How long the stage lasts."},
		{path: "traffic.stages[].mix", takes: mapping(), otherwise: "that of the traffic", says: "The operations of this stage and their shares, which sum to 100%."},
		{path: "traffic.stages[].mix.OPERATION", takes: share(), otherwise: "does not occur", says: "The share of this operation in the stage."},
		{path: "traffic.stages[].measure", takes: truth(), standard: "true", says: "Whether the stage is judged; false is for warming up."},
	}
}

func sessionEntries(v Vocabulary) []entry {
	return []entry{
		{path: "traffic.sessions.steps", takes: operations(v.steps()), required: true, says: "What the person does after the login, one after the other."},
		{path: "traffic.sessions.repeat", takes: whole(1, maxRepeat), standard: "1", says: "How often the steps are gone through."},
		{path: "traffic.sessions.think", takes: duration(), required: true, example: "3s", says: "The mean pause before each step and before the person leaves. With even arrivals it is always the same; else half of it is, and the rest exponential."},
		{path: "traffic.sessions.logout", takes: share(), standard: "0%", says: "The share of people who log out when they leave. The others just go."},
		{path: "traffic.sessions.token_life", takes: duration(), otherwise: "the token is kept", example: "30s", says: "How old a token gets before it is exchanged for a new one, while the person is there: the echo of a surge of logins."},
		{path: "traffic.sessions.jitter", takes: share(), standard: "0%", says: "Spreads the exchanges: each comes earlier by up to this share of token_life."},
	}
}

func shapeEntries() []entry {
	return []entry{
		{path: "traffic.stages[].ramp.from", takes: rate(), required: true, says: "The rate it begins with."},
		{path: "traffic.stages[].ramp.to", takes: rate(), required: true, says: "The rate it ends with."},
		{path: "traffic.stages[].step.from", takes: rate(), required: true, says: "The rate it begins with."},
		{path: "traffic.stages[].step.to", takes: rate(), required: true, says: "The rate it ends with."},
		{path: "traffic.stages[].step.steps", takes: whole(1, maxSteps), standard: "1", says: "How many steps lie between the two; all levels last equally long."},
		{path: "traffic.stages[].spike.from", takes: rate(), required: true, says: "The rate it begins and ends with."},
		{path: "traffic.stages[].spike.to", takes: rate(), required: true, says: "The rate at its top."},
		{path: "traffic.stages[].spike.rise", takes: duration(), otherwise: "none", says: "How long it takes to the top."},
		{path: "traffic.stages[].spike.hold", takes: duration(), otherwise: "none", says: "How long it stays there."},
		{path: "traffic.stages[].spike.decay", takes: duration(), otherwise: "none", says: "How long it takes back."},
		{path: "traffic.stages[].spike.decay_shape", takes: word("shape", []string{Linear, Exponential}), standard: Linear, says: "How it falls: in a straight line, or fast at first."},
		{path: "traffic.stages[].sine.low", takes: rate(), required: true, says: "The lowest rate."},
		{path: "traffic.stages[].sine.high", takes: rate(), required: true, says: "The highest rate."},
		{path: "traffic.stages[].sine.period", takes: duration(), required: true, says: "The time from one peak to the next."},
		{path: "traffic.stages[].sine.peak_at", takes: duration(), otherwise: "half a period", says: "The time of the first peak, from 0s to the period."},
		{path: "traffic.stages[].sine.growth", takes: rate(), standard: "0/s", says: "How much higher the whole curve is at the end than at the begin."},
		{path: "traffic.stages[].replay.file", takes: csvFile(), required: true, example: "friday.csv", says: "A CSV file beside the scenario with the columns time and rate."},
		{path: "traffic.stages[].replay.speed", takes: number(1/maxSpeed, maxSpeed, "60"), standard: "1", says: "How many times faster than recorded it is played."},
		{path: "traffic.stages[].replay.scale", takes: ratio(), standard: "1", says: "What every recorded rate is multiplied by."},
	}
}

func budgetEntries(v Vocabulary) []entry {
	names := append([]string{Baseline}, v.Phases...)
	states := word("state", names)
	return []entry{
		{path: "budgets[].metric", takes: word("metric", v.metricNames()), required: true, says: "The number to limit."},
		{path: "budgets[].op", takes: word("operation", v.operationNames()), otherwise: "all of them", says: "Counts the hits, answers and statements of this operation alone."},
		{path: "budgets[].api", takes: word("API", v.apiNames()), otherwise: "all of them", says: "Counts the hits and answers of this API alone."},
		{path: "budgets[].stage", takes: slug(), example: "peak", otherwise: "the headline", says: "The measured stage it is taken in."},
		{path: "budgets[].state", takes: states, otherwise: "the last one", says: "The state it is taken in: the baseline, or what a phase leads to."},
		{path: "budgets[].of", takes: word("state", slices.Concat([]string{Before, Saved}, names)), otherwise: "no comparison", says: "Limits the ratio to what the metric is elsewhere, such as max: 20%: in a state, in the state before this one, or in a baseline saved in a file."},
		{path: "budgets[].max", takes: limit(), otherwise: "another limit", says: "The highest value that passes."},
		{path: "budgets[].min", takes: limit(), otherwise: "another limit", says: "The lowest value that passes."},
		{path: "budgets[].below", takes: limit(), otherwise: "another limit", says: "The lowest value that no longer passes."},
		{path: "budgets[].above", takes: limit(), otherwise: "another limit", says: "The highest value that does not pass yet."},
		{path: "budgets[].for", takes: duration(), example: "10s", otherwise: "the whole stage at once", says: "Breached is the limit when every second of so long a time is outside of it, in whole seconds."},
		{path: "budgets[].abort", takes: truth(), standard: "false", says: "Ends the run as soon as the breach is clear; with for, or for counts of answers."},
		{path: "budgets[].level", takes: word("level", []string{LevelFail, LevelProven, LevelWarn}), standard: LevelFail, says: "What a breach means: fail, the run fails, and is inconclusive where that is open; proven, it fails, and what is open is only told; warn, it is told and nothing else."},
		{path: "budgets[].least", takes: whole(0, 0), standard: "0", says: "How many hits the number must rest on; with fewer it is inconclusive."},
	}
}

// notation is how a value is written.
type notation struct {
	// called says it to a person.
	called string
	// as has the rules for the value alone.
	as schema
	// example is a value.
	example string
}

// Patterns of what the reader takes. Schemas cannot see how a bare number is spelt, so only the reader refuses 1e3.
const (
	decimal         = `(0|[1-9][0-9]*)(\.[0-9]+)?`
	timeUnit        = `(ns|us|µs|μs|ms|s|m|h)`
	durationPattern = decimal + timeUnit + `([0-9]+(\.[0-9]+)?` + timeUnit + `)*`
	ratePattern     = decimal + `k?/(s|min|h)`
	barePattern     = `(0(\.[0-9]+)?|1(\.0+)?) *`
	sharePattern    = decimal + ` *%|` + barePattern
	ratioPattern    = decimal + ` *[%x]|` + barePattern
)

// anchored is a pattern for the whole value.
func anchored(pattern string) string { return "^(" + pattern + ")$" }

func mapping() notation { return notation{called: "mapping", as: schema{Type: "object"}} }

// list is a list of mappings.
func list(least int) notation {
	return notation{called: "list", as: schema{Type: "array", MinItems: least, MaxItems: maxItems}}
}

func words(of string, known []string) notation {
	items := word(of, known).as
	return notation{
		called: "list of " + of + ": " + strings.Join(known, ", "), as: schema{Type: "array", UniqueItems: true, Items: &items},
		example: "[" + strings.Join(known[:min(len(known), 1)], "") + "]",
	}
}

// operations is a list in which one may occur more than once.
func operations(known []string) notation {
	n := words("operations", known)
	n.as.UniqueItems, n.as.MinItems, n.as.MaxItems = false, 1, maxItems
	return n
}

func word(of string, known []string) notation {
	called := strings.Join(known, ", ")
	if len(known) > 10 {
		called = of + ", see below"
	}
	return notation{called: called, as: schema{Type: "string", Enum: known}, example: strings.Join(known[:min(len(known), 1)], "")}
}

func slug() notation {
	return notation{called: "name of a-z, 0-9 and inner dashes", as: schema{Type: "string", Pattern: `^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`}}
}

func prose() notation {
	return notation{called: "text", as: schema{Type: "string", MaxLength: maxText}}
}

func image() notation { return notation{called: "image reference", as: schema{Type: "string"}} }

func csvFile() notation {
	return notation{called: "path of a file", as: schema{Type: "string", Pattern: `\` + seriesSuffix + `$`}}
}

func truth() notation {
	return notation{called: "true or false", as: schema{Type: "boolean"}, example: "false"}
}

func constant(value int) notation {
	return notation{called: strconv.Itoa(value), as: schema{Const: value}, example: strconv.Itoa(value)}
}

// whole is a whole number; most zero is no bound.
func whole(least, most int) notation {
	n := notation{called: "whole number", as: schema{Type: "integer", Minimum: least}, example: strconv.Itoa(max(least, 1))}
	if most > 0 {
		n.called, n.as.Maximum = "whole number, "+strconv.Itoa(least)+" to "+strconv.Itoa(most), most
	}
	return n
}

func number(least, most float64, example string) notation {
	return notation{called: "number, " + trim(least) + " to " + trim(most), as: schema{Type: "number", Minimum: least, Maximum: most}, example: example}
}

// weight is a number of any size.
func weight() notation {
	return notation{called: "number", as: schema{Type: "number", Minimum: 0}, example: "3"}
}

// numeral is a number that may be quoted.
func numeral(example string) notation {
	return notation{called: "number", as: schema{Type: []string{"number", "string"}, Minimum: 0, Pattern: anchored(decimal)}, example: example}
}

func duration() notation {
	return notation{called: "time, such as 500ms or 1m30s", as: schema{Type: "string", Pattern: anchored(durationPattern)}, example: "1m30s"}
}

func rate() notation {
	return notation{called: "rate, such as 600/s or 36k/min", as: schema{Type: "string", Pattern: anchored(ratePattern)}, example: "600/s"}
}

func size() notation {
	pattern := anchored(decimal + "(" + strings.Join(sizeUnits(), "|") + ")")
	return notation{called: "size, such as 512MiB or 1GB", as: schema{Type: "string", Pattern: pattern}, example: "512MiB"}
}

// share is a part of something.
func share() notation {
	return notation{
		called: "share, such as 20% or 0.2", example: "20%",
		as: schema{Type: []string{"number", "string"}, Minimum: 0, Maximum: 1, Pattern: anchored(sharePattern)},
	}
}

// ratio may be above one, but not without a unit.
func ratio() notation {
	return notation{
		called: "ratio, such as 80%, 1.2x or 0.8", example: "20%",
		as: schema{Type: []string{"number", "string"}, Minimum: 0, Maximum: 1, Pattern: anchored(ratioPattern)},
	}
}

// limit is in the unit of its metric, which the schema leaves to the reader.
func limit() notation {
	return notation{
		called: "limit in the metric's unit; a ratio such as 80% or 0.8x where of is given", example: "50ms",
		as: schema{Type: []string{"number", "string"}, Minimum: 0, Pattern: anchored(durationPattern + "|" + ratePattern + "|" + decimal + " *[%x]?")},
	}
}
