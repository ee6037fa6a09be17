package scenarios

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// minimal is the shortest valid scenario; everything else has a default.
const minimal = "version: 1\nname: peak\ntraffic: {stages: [{name: lunch, hold: 6k/min, for: 1m}]}\n"

func TestDefaults(t *testing.T) {
	got, err := Parse("peak.yaml", []byte(minimal), carshare())
	if err != nil {
		t.Fatal(err)
	}
	want := &Scenario{
		Version: 1, Name: "peak", Seed: 1, Rounds: 3,
		Vocabulary: carshare(),
		System:     System{"carshare", map[string]any{"data.users": 50_000, "data.dead_tokens": 2_000_000, "data.live_tokens": 200_000, "password_iterations": 1000}},
		Traffic: Traffic{
			Arrivals: Poisson, Timeout: 5 * time.Second, Zipf: 0.75, Headline: "lunch",
			Stages: []Stage{{Name: "lunch", Duration: time.Minute, From: 100, To: 100, Measure: true}},
		},
		Phases: carshare().Phases,
		Source: []byte(minimal),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseShipped(t *testing.T) {
	at := func(v float64) *float64 { return &v }
	s := read(t, "stay-launch")
	want := []Budget{
		{Metric: "primary_qps", Stage: "plateau", State: "archive", Of: "baseline", Max: at(0.2), Level: LevelFail},
		{Metric: "errors", Max: at(0.001), Level: LevelFail},
		{Metric: "wrong_user", Max: at(0), Level: LevelFail},
		{Metric: "rejected_valid", Max: at(0), Level: LevelFail},
	}
	for i := range s.Budgets {
		line := strings.Split(string(s.Source), "\n")[s.Budgets[i].Line-1]
		if !strings.Contains(line, s.Budgets[i].Metric) {
			t.Errorf("budget %d is said to be on line %d, which is %q", i, s.Budgets[i].Line, line)
		}
		s.Budgets[i].Line, s.Budgets[i].Written = 0, Written{}
	}
	if diff := cmp.Diff(want, s.Budgets); diff != "" {
		t.Error(diff)
	}
}

func TestNodesAndImages(t *testing.T) {
	const text = `nodes:
  primary: {cpus: 1, memory: 1GiB}
  replica: {memory: '1GB'}
  auth: {cpus: 0.25}
images: {postgres: postgres:16, redis: "localhost:5000/team/redis:7@sha256:` + digest + `"}
`
	s, err := Parse("f", []byte(minimal+text), carshare())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Node{"primary": {CPUs: 1, MemoryBytes: 1 << 30}, "replica": {MemoryBytes: 1e9}, "auth": {CPUs: 0.25}}
	if diff := cmp.Diff(want, s.Nodes); diff != "" {
		t.Error(diff)
	}
	if s.Images.Postgres != "postgres:16" || s.Images.Redis != "localhost:5000/team/redis:7@sha256:"+digest {
		t.Errorf("got %+v", s.Images)
	}
}

const digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// The headline is the measured stage with the highest mean rate, a hold before what only passes, the last of equals.
func TestHeadline(t *testing.T) {
	for _, tt := range []struct{ name, stages, want, why string }{
		{"up, hold, down", "{name: up, ramp: {from: 0/s, to: 600/s}, for: 9s}, {name: top, hold: 600/s, for: 1s}, {name: down, ramp: {from: 600/s, to: 0/s}, for: 9s}",
			"top", "the highest mean rate of the measured stages, 600/s"},
		{"a warm-up is not measured", "{name: warm-up, hold: 900/s, for: 1s, measure: false}, {name: first, hold: 600/s, for: 1s}, {name: second, ramp: {from: 600/s, to: 100/s}, for: 1s}, {name: quiet, hold: 100/s, for: 1s}",
			"first", "the highest mean rate of the measured stages, 600/s"},
		{"the last of equals", "{name: first, hold: 60.5/s, for: 9s}, {name: second, hold: 60.5/s, for: 1s}", "second", "the highest mean rate of the measured stages, 60.5/s, as in first; it is the last of equals, by when the system has settled"},
		{"the higher hold", "{name: first, hold: 600/s, for: 9s}, {name: second, hold: 590/s, for: 9s}", "first", "the highest mean rate of the measured stages, 600/s"},
		{"as much on the way", "{name: top, hold: 300/s, for: 1s}, {name: down, ramp: {from: 600/s, to: 0/s}, for: 9s}", "top", "the highest mean rate of the measured stages, 300/s, as in down; it is a hold, which says more than a rate that passes"},
		{"a little more on the way", "{name: top, hold: 300/s, for: 1s}, {name: on, ramp: {from: 300/s, to: 360/s}, for: 9s}", "top", "a hold of 300/s, preferred to the mean of 330/s in on"},
		{"a little more before", "{name: on, ramp: {from: 360/s, to: 300/s}, for: 9s}, {name: top, hold: 300/s, for: 1s}", "top", "a hold of 300/s, preferred to the mean of 330/s in on"},
		{"far more on the way", "{name: calm, hold: 100/s, for: 9s}, {name: rush, spike: {from: 100/s, to: 900/s, rise: 1s, hold: 2s, decay: 1s}}", "rush", "the highest mean rate of the measured stages, 700/s"},
		{"no hold at all", "{name: up, ramp: {from: 0/s, to: 600/s}, for: 9s}, {name: down, ramp: {from: 600/s, to: 0/s}, for: 9s}", "down", "the highest mean rate of the measured stages, 300/s, as in up; it is the last of equals, by when the system has settled"},
		{"only one", "{name: up, ramp: {from: 0/s, to: 600/s}, for: 9s}, {name: top, hold: 600/s, for: 9s, measure: false}", "up", "the only measured stage"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := "version: 1\nname: peak\ntraffic: {stages: [" + tt.stages + "]}\n"
			s, err := Parse("f", []byte(text), carshare())
			if err != nil || s.Traffic.Headline != tt.want || s.HeadlineWhy() != tt.why {
				t.Fatalf("got %+v, %v, want %s, %s", s, err, tt.want, tt.why)
			}
			s, err = Parse("f", []byte(strings.Replace(text, "{stages", "{headline: "+tt.want+", stages", 1)), carshare())
			if err != nil || s.HeadlineWhy() != "as traffic.headline says" {
				t.Errorf("got %v, %v", s, err)
			}
		})
	}
}

// A file with every kind of mistake: each is found, at its own place, and none hides another.
func TestMistakes(t *testing.T) {
	errs := checkMistakes(t, "mistakes")
	if shown := strings.Split(errs.Error(), "\n"); len(shown) != MaxShown+1 || shown[MaxShown] != fmt.Sprintf("and %d more", len(errs)-MaxShown) {
		t.Errorf("got %d lines, the last %q", len(shown), shown[len(shown)-1])
	}
}

// parseBeside is Parse for a scenario with files beside it.
func parseBeside(name string, src []byte, files fs.FS) (*Scenario, error) {
	f := Open(name, src, carshare())
	f.Beside(files)
	return f.Read()
}

// checkMistakes compares the mistakes of a scenario in testdata with the golden file of its name.
func checkMistakes(t *testing.T, name string) Errors {
	t.Helper()
	directory := os.DirFS("testdata")
	src, err := fs.ReadFile(directory, name+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, err = parseBeside(name+".yaml", src, directory)
	var errs Errors
	if !errors.As(err, &errs) {
		t.Fatalf("got %v, want Errors", err)
	}
	var got strings.Builder
	for _, e := range errs {
		text, err := fs.ReadFile(directory, e.File)
		if err != nil {
			t.Fatal(err)
		}
		// The text at the place stands beside the mistake, so a reader of the golden file sees that it is the right one.
		fmt.Fprintf(&got, "%v\n    %s\n", e, strings.Split(string(text), "\n")[e.Line-1][e.Column-1:])
	}
	golden := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("run with -update if this is right (-want +got):\n%s", diff)
	}
	return errs
}

// replacement is a part of the valid scenario, what stands there instead, and what is said then.
type replacement struct{ old, new, want string }

const valid = `version: 1
name: peak
rounds: 3
system: {data: {users: 1000, dead_tokens: 0, live_tokens: 100000}}
traffic:
  timeout: 5s
  stages:
    - {name: warm-up, hold: 10/s, for: 1s, measure: false}
    - {name: lunch, hold: 60/s, for: 10s}
phases: [extract-main, extract-reads]
budgets:
  - {metric: p95, max: 50ms}
`

func headMistakes() []replacement {
	return []replacement{
		{"version: 1", "version: 3", "f:1:10: version: version 3 is not known to this rehearse; write version: 1"},
		{"version: 1", "version: one", "f:1:10: version: one is not plain decimal notation; write digits"},
		{"version: 1\n", "", "f:1:1: version: it is missing; begin the file with version: 1"},
		{"name: peak", "name: Peak Hour", `f:2:7: name: "Peak Hour" is not a name; use lower-case`},
		{"name: peak", "name: 2026", "f:2:7: name: 2026 is not text to YAML; put it in quotes"},
		{"name: peak", "name:", "f:2:6: name: it is empty, not a value; write one short value here"},
		{"name: peak", "name: [peak]", "f:2:7: name: it is a list, not a value"},
		{"name: peak", "name: &here peak", "f:2:7: anchors, aliases and tags are not part"},
		{"name: peak", "name: p\x01eak", "f:2:8: the file is not UTF-8 text"},
		{"name: peak", "name: !!str peak", "f:2:7: anchors, aliases and tags are not part"},
		{"rounds: 3", "rounds: 101", "f:3:9: rounds: 101 rounds are out of range; write a number from 1 to 100"},
		{"rounds: 3", "rounds: 0", "f:3:9: rounds: 0 rounds are out of range"},
		{"rounds: 3", "rounds: '3'", `f:3:9: rounds: "3" is text, not a number; remove the quotes`},
		{"rounds: 3", "rounds: 1e3", "f:3:9: rounds: 1e3 is not plain decimal notation; write 1000"},
		{"rounds: 3", "rouns: 3", "f:3:1: rouns: unknown key; did you mean rounds?"},
		{"rounds: 3", "name: other", "f:3:1: name: the key is on line 2 already; remove one"},
		{"rounds: 3", "<<: {rounds: 3}", "f:3:1: <<: unknown key"},
		{"rounds: 3", "{a: 1}: 3", "f:3:1: a key is a mapping, not text"},
		{"users: 1000", "users: 0", "f:4:24: system.data.users: 0 is out of range; write a number from 1 to"},
		{"users: 1000", "users: 9007199254740993", "f:4:24: system.data.users: 9007199254740993 is too large"},
		{"live_tokens: 100000", "live_tokens: 100", "refresh uses up 372 live tokens in 9 trials and 3 repeats; of 100 it gets 25; seed at least 1488,"},
		{"system: {data: {", "system: {name: taxi, data: {", `f:4:16: system.name: system "taxi" is unknown; use one of carshare`},
	}
}

func nodeMistakes() []replacement {
	nodes := func(text, want string) replacement { return replacement{"rounds: 3", "nodes: " + text, want} }
	images := func(text, want string) replacement { return replacement{"rounds: 3", "images: " + text, want} }
	return []replacement{
		nodes("{auth: {cpus: 0}}", "f:3:22: nodes.auth.cpus: 0 CPUs are out of range; write a number from 0.01 to 1024, or leave it out for no limit"),
		nodes("{auth: {cpus: 1024.5}}", "f:3:22: nodes.auth.cpus: 1024.5 CPUs are out of range"),
		nodes("{auth: {cpus: 50%}}", "f:3:22: nodes.auth.cpus: 50% is not a number of CPUs; write 0.5"),
		nodes("{auth: {cpus: 1500m}}", "f:3:22: nodes.auth.cpus: 1500m is not a number of CPUs; write 1.5"),
		nodes("{auth: {cpus: '1'}}", `f:3:22: nodes.auth.cpus: "1" is text, not a number; remove the quotes`),
		nodes("{auth: {cpus: .5}}", "f:3:22: nodes.auth.cpus: .5 is not plain decimal notation; write 0.5"),
		nodes("{auth: {cpus: half}}", "f:3:22: nodes.auth.cpus: half is not plain decimal notation"),
		images("{redis: '"+strings.Repeat("R", 1000)+"'}", `f:3:17: images.redis: "`+strings.Repeat("R", 80)+`" is not an image: invalid reference format: repository name (library/`+strings.Repeat("R", 80)),
		nodes("{auth: {memory: 512}}", "f:3:24: nodes.auth.memory: 512 is a size without a unit; write 512MiB or 512GiB"),
		nodes("{auth: {memory: 31MiB}}", "f:3:24: nodes.auth.memory: 31MiB is less than auth needs to run; give it 32MiB or more"),
		nodes("{primary: {memory: 256MB}}", "f:3:27: nodes.primary.memory: 244.1MiB is less than primary needs to run; give it 384MiB or more"),
		nodes("{auth: {cpu: 1}}", "f:3:16: nodes.auth.cpu: unknown key; did you mean cpus?"),
		nodes("{auth: {}}", "f:3:15: nodes.auth: it is given no limit; write cpus:, memory: or both, or leave the node out"),
		nodes("{auth: 1}", `f:3:15: nodes.auth: it is "1", not a mapping; write it as a mapping with cpus, memory`),
		nodes("{auht: {cpus: 1}}", "f:3:9: nodes.auht: unknown key; did you mean auth?"),
		nodes("{cache: {cpus: 1}}", "f:3:9: nodes.cache: unknown key; use one of auth, callers, primary, redis, replica"),
		nodes("[auth]", "f:3:8: nodes: it is a list, not a mapping; write it as a mapping with auth, callers"),
		images("{postgre: postgres:16}", "f:3:10: images.postgre: unknown key; did you mean postgres?"),
		images("{redis: 7}", "f:3:17: images.redis: 7 is not text to YAML; put it in quotes"),
		images("{redis: Redis:7}", `f:3:17: images.redis: "Redis:7" is not an image: invalid reference format: repository name (library/Redis) must be lowercase; write it like`),
		images("{redis: 'redis:'}", `f:3:17: images.redis: "redis:" is not an image: invalid reference format; write it like postgres:17 or`),
		images("postgres:16", `f:3:9: images: it is "postgres:16", not a mapping; write it as a mapping with postgres, redis`),
	}
}

func trafficMistakes() []replacement {
	return []replacement{
		{"timeout: 5s", "timeout: 3m", "f:6:12: traffic.timeout: 3m0s is longer than latencies are recorded; write at most 2m"},
		{"timeout: 5s", "arrivals: evn", `f:6:13: traffic.arrivals: arrivals "evn" are unknown; did you mean even?`},
		{"timeout: 5s", "mix: {verify: 70%, login: 20%}", "f:6:8: traffic.mix: the shares sum to 90%; make the shares sum to 100%"},
		{"timeout: 5s", "mix: {verify: 70%, login: 29.9%}", "f:6:8: traffic.mix: the shares sum to 99.9%"},
		{"timeout: 5s", "mix: {verify: 2, login: 1}", "f:6:8: traffic.mix: the shares sum to 300%; write weights as shares: {login: 33.333333%, verify: 66.666667%}"},
		{"timeout: 5s", "mix: {verify: 2, login: 0.5}", "f:6:8: traffic.mix: the shares sum to 250%; make the shares sum to 100%"},
		{"timeout: 5s", "mix: {verify: 70%, logn: 30%}", `f:6:28: traffic.mix.logn: operation "logn" is unknown; did you mean login?`},
		{"timeout: 5s", "mix: [verify]", "f:6:8: traffic.mix: it is a list, not a mapping; write it as key: value"},
		{"timeout: 5s", "headline: warm-up", `f:6:13: traffic.headline: "warm-up" is no measured stage; use one of lunch`},
		{"hold: 60/s", "hold: 60", "f:9:27: traffic.stages[1].hold: 60 is a rate without a unit; write 60/s or 3600/min"},
		{"hold: 60/s", "hold: 20001/s", "f:9:27: traffic.stages[1].hold: 20001/s is beyond what one generator can pace; stay at or below 20000/s"},
		{"hold: 60/s", "hold: 0/s", `f:9:7: traffic.stages[1]: not one hit is due in stage "lunch"; raise its rate`},
		{"max: 50ms}\n", "max: 50ms}\n  - {metric: p50, max: " + strings.Repeat("5", 1001) + "}\n", "f:13:24: budgets[1].max: it is too long, not a value; write one short value here"},
		{"hold: 60/s", "hold: 60/s, ramp: {from: 1/s, to: 2/s}", "f:9:39: traffic.stages[1].ramp: the stage is a hold already; remove one of the two, or make two stages of it"},
		{"hold: 60/s", "ramp: {from: 1/s, top: 2/s}", "f:9:39: traffic.stages[1].ramp.top: unknown key; did you mean to?"},
		{"hold: 60/s", "ramp: {from: 1/s}", "f:9:27: traffic.stages[1].ramp.to: it is missing; say where it ends"},
		{"hold: 60/s, ", "", "f:9:7: traffic.stages[1].hold: it is missing; give the stage a rate"},
		{"hold: 60/s", "hodl: 60/s", "f:9:21: traffic.stages[1].hodl: unknown key; did you mean hold?"},
		{"for: 10s", "for: 0s", "f:9:38: traffic.stages[1].for: 0s is no time at all; write a time above zero"},
		{"for: 10s", "for: 25h", "f:8:5: traffic.stages: one trial lasts longer than 24h0m0s; shorten a stage"},
		{"hold: 60/s, for: 10s", "spike: {from: 1/s, to: 2/s, rise: 2000000h, hold: 2000000h, decay: 2000000h}", "f:8:5: traffic.stages: one trial lasts longer than 24h0m0s; shorten a stage"},
		{"hold: 60/s, for: 10s", "spike: {from: 0/s, to: 1/s, decay: 500ms}", `f:9:7: traffic.stages[1]: not one hit is due in stage "lunch"; raise its rate`},
		{"hold: 60/s, for: 10s", "replay: {file: friday.csv}", "f:9:36: traffic.stages[1].replay.file: friday.csv cannot be read: the scenario has no directory; write the stage in another shape"},
		{"name: lunch", "name: warm-up", `f:9:14: traffic.stages[1].name: stage 1 is called "warm-up" already; give each stage its own name`},
		{"measure: false", "measure: no", `f:8:53: traffic.stages[0].measure: "no" is neither true nor false`},
		{"for: 10s}", "for: 10s, measure: false}", "f:8:5: traffic.stages: no stage is measured"},
	}
}

func judgedMistakes() []replacement {
	return []replacement{
		{"[extract-main, extract-reads]", "[extract-main, extract-read]", `f:10:24: phases[1]: phase "extract-read" is unknown to carshare; did you mean extract-reads?`},
		{"[extract-main, extract-reads]", "[extract-main, extract-main]", `f:10:24: phases[1]: phase "extract-main" is listed before; remove it`},
		{"[extract-main, extract-reads]", "[extract-reads, extract-main]", "f:10:9: phases: each phase builds on the ones before it: the order has gaps or is turned round; write phases: [extract-main, extract-reads]"},
		{"[extract-main, extract-reads]", "[cache]", "write phases: [extract-main, extract-reads, extract-writes, cache], and to measure cache alone, only: [cache] beside it, or --only cache"},
		{"[extract-main, extract-reads]", "[cache, extract-main]", "and to measure extract-main, cache alone, only: [extract-main, cache] beside it, or --only extract-main,cache"},
		{"[extract-main, extract-reads]", "extract-main", `f:10:9: phases: it is "extract-main", not a list`},
		{"metric: p95", "metric: p96", `f:12:14: budgets[0].metric: metric "p96" is unknown; did you mean p95?`},
		{"metric: p95, max: 50ms", "metric: p95", "f:12:5: budgets[0]: the budget has no limit; add max: or min:"},
		{"max: 50ms", "max: 50", "f:12:24: budgets[0].max: 50 is a time without a unit; write 50s or 50000ms"},
		{"max: 50ms", "max: 50ms, of: baseline", "f:12:24: budgets[0].max: 50ms is not a ratio"},
		{"max: 50ms", "max: 50%, of: extract-reads", `f:12:33: budgets[0].of: state "extract-reads" is compared with itself`},
		{"max: 50ms", "max: 50%, of: cache", `f:12:33: budgets[0].of: state "cache" is unknown`},
		{"max: 50ms", "max: 50ms, state: archive", `f:12:37: budgets[0].state: state "archive" is unknown; use one of baseline, extract-main, extract-reads`},
		{"max: 50ms", "max: 50ms, stage: lanch", `f:12:37: budgets[0].stage: stage "lanch" is unknown; did you mean lunch?`},
		{"max: 50ms", "max: 50ms, stage: warm-up", `f:12:37: budgets[0].stage: stage "warm-up" is not measured; choose a measured stage`},
		{"max: 50ms", "max: 50ms, min: 60ms", "f:12:35: budgets[0].min: min is higher than max; swap the two"},
		{"max: 50ms", "below: 50ms, above: 60ms", "f:12:39: budgets[0].above: above is higher than below; swap the two"},
		{"max: 50ms", "max: 50ms, below: 60ms", "f:12:37: budgets[0].below: the budget has max: already; remove one of the two"},
		{"max: 50ms", "min: 50ms, above: 40ms", "f:12:37: budgets[0].above: the budget has min: already; remove one of the two"},
		{"max: 50ms", "below: 50", "f:12:26: budgets[0].below: 50 is a time without a unit; write 50s or 50000ms"},
		{"max: 50ms", "max: 50ms, op: lgin", `f:12:34: budgets[0].op: operation "lgin" is unknown; did you mean login?`},
		{"metric: p95, max: 50ms", "metric: lag_p99, max: 50ms, op: verify", "f:12:38: budgets[0].op: lag_p99 is not counted by operation; leave op out: it is one number for all"},
		{"max: 50ms", "max: 50ms, api: GET main/v1/hom", `f:12:35: budgets[0].api: API "GET main/v1/hom" is unknown; did you mean GET main/v1/home?`},
		{"max: 50ms", "max: 50ms, api: GET main/v1/home, op: verify", "f:12:57: budgets[0].op: the budget has api: already; remove it: each API causes one operation"},
		{"max: 50ms", "max: 50ms, api: GET main/v1/home, for: 5s", "f:12:58: budgets[0].for: an API is not known for each second; leave out one of the two"},
		{"max: 50ms", "max: 120%, of: saved, api: GET main/v1/home", "f:12:34: budgets[0].of: saved baselines are small and know no API; compare it with a state"},
		{"metric: p95, max: 50ms", "metric: primary_qps, max: 5/s, api: GET main/v1/home", "f:12:42: budgets[0].api: primary_qps is not counted by API; leave api out, or limit one of p50, p95,"},
		{"max: 50ms", "max: 50%, state: baseline, of: before", "f:12:50: budgets[0].of: there is no state before the baseline; name the state of a phase"},
		{"max: 50ms", "max: 50%, of: befor", `f:12:33: budgets[0].of: state "befor" is unknown; did you mean before?`},
		{"max: 50ms", "max: 50ms, of: saved", "f:12:24: budgets[0].max: 50ms is not a ratio"},
		{"max: 50ms", "max: 50ms, for: 90s", `f:12:35: budgets[0].for: stage "lunch" lasts 10s, not 1m30s; write a shorter time, or lengthen the stage`},
		{"max: 50ms", "max: 50ms, for: 1.4s", "f:12:35: budgets[0].for: 1.4s is not a number of whole seconds; write 1s"},
		{"max: 50ms", "max: 50%, of: baseline, for: 5s", "f:12:48: budgets[0].for: a ratio is of whole stages, not of seconds; leave out one of the two"},
		{"metric: p95, max: 50ms", "metric: redis_ops, max: 5/s, for: 5s", "f:12:40: budgets[0].for: redis_ops is not known for each second; leave for out, or limit one of p50, p95, p99, errors,"},
		{"max: 50ms", "max: 50ms, abort: true", "f:12:37: budgets[0].abort: it cannot be clear during the run that this limit is breached; add for:, such as for: 5s"},
		{"max: 50ms", "max: 50ms, for: 5s, abort: true, level: warn", "f:12:46: budgets[0].abort: what is only a warning ends no run; remove one of the two"},
		{"metric: p95, max: 50ms", "metric: rechecked, min: 9, abort: true", "f:12:40: budgets[0].abort: it cannot be clear"},
		{"max: 50ms", "max: 50ms, level: wran", `f:12:37: budgets[0].level: level "wran" is unknown; did you mean warn?`},
		{"max: 50ms", "max: 50ms, least: 1.5", "f:12:37: budgets[0].least: 1.5 is not a whole number; write 2"},
		{"  - {metric: p95, max: 50ms}", "  - p95", `f:12:5: budgets[0]: it is "p95", not a mapping; write it as a mapping with metric, op, api, stage`},
	}
}

// Each mistake alone gives exactly one message, in its place.
func TestOneMistake(t *testing.T) {
	if _, err := Parse("f", []byte(valid), carshare()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range slices.Concat(headMistakes(), nodeMistakes(), trafficMistakes(), judgedMistakes(), idleLimits()) {
		t.Run(fmt.Sprintf("%.60s", tt.new), func(t *testing.T) {
			if !strings.Contains(valid, tt.old) {
				t.Fatalf("%q is not in the scenario", tt.old)
			}
			_, err := Parse("f", []byte(strings.Replace(valid, tt.old, tt.new, 1)), carshare())
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// Values at the edge of what is allowed are allowed.
func TestEdges(t *testing.T) {
	for _, tt := range []struct{ old, new string }{
		{"hold: 60/s", "hold: 20000/s"},
		{"rounds: 3", "rounds: 100"},
		{"timeout: 5s", "timeout: 2m"},
		{"for: 10s", "for: 23h59m59s"},
		{"max: 50ms", "max: 50ms, min: 50ms"},
		{"timeout: 5s", "mix: {login: 33.333333%, verify: 66.666667%}"},
		{"timeout: 5s", "mix: {verify: 33.33333%, login: 33.33333%, profile: 33.33333%}"},
		{"name: peak", "name: " + strings.Repeat("p", 63)},
		{"name: peak", "name: 'peak'"},
		{"name: peak", "name: peak\ndescription: " + strings.Repeat("d", 1000)},
		{"[extract-main, extract-reads]", "[]"},
		{"hold: 10/s", "hold: 0/s"},
		{"rounds: 3", "nodes: {auth: {cpus: 0.01, memory: 32MiB}, callers: {cpus: 1024, memory: 64TiB}}"},
		{"rounds: 3", "nodes: {}\nimages: {}"},
		{"dead_tokens: 0", "dead_tokens: 1000000000"},
	} {
		src := strings.Replace(valid, tt.old, tt.new, 1)
		src = strings.Replace(src, "live_tokens: 100000", "live_tokens: 1000000000", 1)
		s, err := Parse("f", []byte(src), carshare())
		if err != nil {
			t.Errorf("%.60s: %v", tt.new, err)
			continue
		}
		if sum := s.Plan().Operations; sum[0].Share <= 0 {
			t.Errorf("%.60s: got %v", tt.new, sum)
		}
	}
}

func TestErrorsAreCapped(t *testing.T) {
	for _, tt := range []struct {
		n    int
		last string
	}{{20, "f:1:2: what; do"}, {21, "and 1 more"}, {500, "and 480 more"}} {
		text := Errors(slices.Repeat([]Error{{File: "f", Line: 1, Column: 2, What: "what", Do: "do"}}, tt.n)).Error()
		if lines := strings.Split(text, "\n"); lines[len(lines)-1] != tt.last || len(lines) != min(tt.n, 21) {
			t.Errorf("%d mistakes: got %d lines, the last %q, want %q", tt.n, len(lines), lines[len(lines)-1], tt.last)
		}
	}
}

// Nothing in a file may make reading it expensive: the answer to any of these is immediate.
func TestHostile(t *testing.T) {
	bomb := "version: 1\na: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat("*"+string(c-1)+",", 9), ","))
	}
	for name, src := range map[string]string{
		"alias bomb":     bomb,
		"deep flow":      strings.Repeat("[", MaxBytes/2),
		"deep mapping":   strings.Repeat("{a: ", MaxBytes/8),
		"many keys":      strings.Repeat("a: 1\n", MaxBytes/5),
		"long number":    "version: " + strings.Repeat("9", MaxBytes/2),
		"long name":      minimal + "description: " + strings.Repeat("x", 100) + "\nx: " + strings.Repeat("y", MaxBytes/2),
		"too large":      minimal + strings.Repeat("#", MaxBytes),
		"many mistakes":  strings.Replace(minimal, "}]", "}"+strings.Repeat(",{}", MaxBytes/4)+"]", 1),
		"many budgets":   minimal + "budgets:\n" + strings.Repeat("- {metric: p9, max: 1}\n", MaxBytes/24),
		"many shares":    strings.Replace(minimal, "{stages", "{mix: {"+shares(MaxBytes/12)+"}, stages", 1),
		"long key":       minimal + strings.Repeat("k", MaxBytes/2) + ": 1\n",
		"many stages":    strings.Replace(minimal, "}]", "}"+strings.Repeat(", {name: lunch, hold: 6k/min, for: 1m}", 10_000)+"]", 1),
		"long node":      minimal + "nodes: {" + strings.Repeat("n", MaxBytes/2) + ": {cpus: 1}}\n",
		"long image":     minimal + "images: {redis: " + strings.Repeat("/R", MaxBytes/4) + "}\n",
		"many nodes":     minimal + "nodes: {" + strings.ReplaceAll(shares(MaxBytes/12), "%", "") + "}\n",
		"long share":     strings.Replace(minimal, "{stages", "{mix: {"+strings.Repeat("k", MaxBytes/2)+": 1}, stages", 1),
		"cyclic":         "version: &a [*a]\n",
		"nul":            "version: 1\x00",
		"binary":         "\x7fELF\x02\x01\x01\x00\xff\xfe",
		"utf-16":         "\xff\xfev\x00e\x00r\x00",
		"only a comment": "# nothing",
		"document end":   "...\n---\n",
		"null":           "~\n",
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			_, err := Parse("f", []byte(src), carshare())
			var errs Errors
			if !errors.As(err, &errs) || len(errs) == 0 {
				t.Fatalf("got %v, want Errors", err)
			}
			if len(err.Error()) > 32<<10 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
			// The slowest takes a fraction of a second; quadratic work would take minutes.
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func shares(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "op%d: 1%%,", i)
	}
	return b.String()
}

// A mistake in one place must not be told again as its consequences elsewhere.
func TestNoConsequences(t *testing.T) {
	src := strings.Replace(minimal, "stages:", "stagse:", 1) + "budgets: [{metric: p95, max: 5ms, stage: lunch}]\n"
	_, err := Parse("f", []byte(src), carshare())
	if want := "f:3:11: traffic.stagse: unknown key; did you mean stages?"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range Shipped() {
		text, _ := ReadShipped(name)
		f.Add(text)
	}
	mistakes, err := os.ReadFile(filepath.Join("testdata", "mistakes.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(mistakes)
	f.Add([]byte(minimal))
	f.Add([]byte(minimal + "nodes: {primary: {cpus: 1, memory: 1GiB}, auth: {cpus: 0.5}}\nimages: {postgres: postgres:16, redis: redis:7}\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		s, err := Parse("f", src, carshare())
		if err != nil {
			checkErrors(t, src, err)
			return
		}
		checkHits(t, s.Plan(), 0, 1000)
	})
}

// checkErrors demands that each mistake has a place in the file and says something, and that they are in order.
func checkErrors(t *testing.T, src []byte, err error) {
	t.Helper()
	var errs Errors
	if !errors.As(err, &errs) || len(errs) == 0 {
		t.Fatalf("got %#v, want Errors", err)
	}
	lines := strings.Count(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(string(src)), "\n") + 1
	for _, e := range errs {
		if e.Line < 1 || e.Line > lines+1 || e.Column < 1 || e.What == "" || e.Do == "" {
			t.Fatalf("a file of %d lines gives %+v", lines, e)
		}
	}
	if !slices.IsSortedFunc(errs, func(a, b Error) int { return a.Line - b.Line }) {
		t.Fatalf("not in order: %v", err)
	}
}

// The same for the shapes of stages, and for the files they name: their mistakes come after those of the scenario.
func TestStageMistakes(t *testing.T) {
	checkMistakes(t, "stages")
}

// A stage alone may fill the longest trial, and not a nanosecond more.
func TestLongestTrial(t *testing.T) {
	for length, want := range map[string]bool{"24h": true, "24h0m0.000000001s": false, "25h": false, "1000h": false} {
		_, err := Parse("f", []byte(strings.Replace(minimal, "hold: 6k/min, for: 1m", "hold: 1/min, for: "+length, 1)), carshare())
		if (err == nil) != want {
			t.Errorf("%s: got %v", length, err)
		}
	}
}
