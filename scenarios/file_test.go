package scenarios

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func commented(t interface{ Fatal(...any) }) []byte {
	text, err := os.ReadFile(filepath.Join("testdata", "commented.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// compare compares got with a golden file.
func compare(t *testing.T, golden, got string) {
	t.Helper()
	golden = filepath.Join("testdata", golden)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("run with -update if this is right (-want +got):\n%s", diff)
	}
}

// The text of a varied scenario keeps what its writer wrote, and says of every value that is not theirs where it is from.
func TestEffective(t *testing.T) {
	f := Open("commented.yaml", commented(t), carshare())
	for _, assignment := range []string{
		"name=dinner", "traffic.stages[peak].ramp.to=800/s", "traffic.timeout=1s", "nodes.auth={cpus: 0.5, memory: 64MiB}", "nodes.auth.cpus=1",
		"budgets[errors].max=1%", "budgets[0].max=5ms", `description="two\nlines: # of text"`, "phases[0]=extract-main",
	} {
		f.Set(assignment)
	}
	f.Quick()
	f.Scale(0.5)
	f.Only("extract-reads")
	f.SetBy("--seed", "seed", "7")
	if err := f.Data("small"); err != nil {
		t.Fatal(err)
	}
	s, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "effective.yaml", string(s.Source))
}

// A file in which nothing is set stays as it is, to the byte.
func TestUnvaried(t *testing.T) {
	text := commented(t)
	f := Open("f", text, carshare())
	f.Scale(1)
	s, err := f.Read()
	if err != nil || string(s.Source) != string(text) {
		t.Errorf("got %v and\n%s", err, s.Source)
	}
}

// Each assignment that is wrong gives one message: at the flag when its value is wrong, in the file when its path is.
func TestSetMistakes(t *testing.T) {
	for _, tt := range []struct{ assignment, want string }{
		{"traffic.stages[lunch].hold=60", "--set traffic.stages[lunch].hold: 60 is a rate without a unit; write 60/s or 3600/min"},
		{"traffic.stages[1].hold=20001/s", "--set traffic.stages[1].hold: 20001/s is beyond what one generator can pace; stay at or below 20000/s"},
		{"rounds='3'", `--set rounds: "3" is text, not a number; remove the quotes`},
		{"rounds=", "--set rounds: it is empty, not a value; write one short value here"},
		{"rounds=# none", "--set rounds: it is empty, not a value; write one short value here"},
		{"rounds=[", "--set rounds: not YAML: while parsing a flow node: did not find expected node content; check indentation"},
		{"name=&a peak", "--set name: anchors, aliases and tags are not part of the language; write the value out"},
		{"name=a\n---\nb", "--set name: a second document begins here; keep one scenario each"},
		{"name=\xff", "--set name: the value is not UTF-8 text; "},
		{"nodes.auth={cpus: 50%}", "--set nodes.auth: nodes.auth.cpus: 50% is not a number of CPUs; write 0.5"},
		{"nodes.auth={cpu: 1}", "--set nodes.auth: nodes.auth.cpu: unknown key; did you mean cpus?"},
		{"budgets=[{metric: p95, max: 5ms}, p99]", `--set budgets: budgets[1]: it is "p99", not a mapping;`},
		{"budgets[p95].stage=lanch", `--set budgets[p95].stage: stage "lanch" is unknown; did you mean lunch?`},
		{"phases[1]=cache", "f:10:9: phases: each phase builds on the ones before it"},
		{"only=[cach]", `--set only: only[0]: phase "cach" is not in the scenario; use one of extract-main, extract-reads`},
		{"traffic.headline=warm-up", `--set traffic.headline: "warm-up" is no measured stage; use one of lunch`},
		{"traffic.stages[lunch].name=warm-up", `--set traffic.stages[lunch].name: stage 1 is called "warm-up" already`},
		{"traffic.stages[lunch].hodl=60/s", "f:9:7: --set traffic.stages[lunch].hodl: unknown key; did you mean hold?"},
		{"system.dat.users=5", "f:4:9: --set system.dat.users: system.dat: unknown key; did you mean data?"},
		{"traffic.stages[luch].hold=60/s", "f:8:5: --set traffic.stages[luch].hold: no entry of traffic.stages is called luch; did you mean lunch?"},
		{"traffic.stages[2].hold=60/s", "f:8:5: --set traffic.stages[2].hold: traffic.stages has 2 entries, counted from 0; use one of warm-up, lunch"},
		{"trafic.stages[0].hold=60/s", "f:1:1: --set trafic.stages[0].hold: the file has no trafic; did you mean traffic?"},
		{"images[0]=x", "f:1:1: --set images[0]: the file has no images; set it as a whole: --set 'images=...'"},
		{"traffic.stages.hold=60/s", "f:8:5: --set traffic.stages.hold: traffic.stages is a list; choose an entry, such as traffic.stages[0]"},
		{"system[0]=1", "f:4:9: --set system[0]: system is a mapping, not a list; leave out [0]"},
		{"rounds.x=1", `f:3:9: --set rounds.x: rounds is "3", with nothing inside; set rounds itself`},
		{"rounds", "--set rounds: it gives no value; write --set PATH=VALUE"},
		{"=3", "--set : it is not a path; write it like"},
		{"a..b=3", "--set a..b: it is not a path"},
		{".a=3", "--set .a: it is not a path"},
		{"a.=3", "--set a.: it is not a path"},
		{"a[=3", "--set a[: it is not a path"},
		{"a[]=3", "--set a[]: it is not a path"},
		{"a]=3", "--set a]: it is not a path"},
		{"a[b]c=3", "--set a[b]c: it is not a path"},
		{"[0]=3", "--set [0]: it is not a path"},
	} {
		f := Open("f", []byte(valid), carshare())
		f.Set(tt.assignment)
		_, err := f.Read()
		var errs Errors
		if !errors.As(err, &errs) || len(errs) != 1 || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", tt.assignment, err, tt.want)
		}
	}
}

// Mistakes of the file and of all flags come together, in the order of the file.
func TestSetTogether(t *testing.T) {
	f := Open("f", []byte(strings.Replace(valid, "p95", "p96", 1)), carshare())
	f.Set("traffic.stages[lunch].hold=60")
	f.Set("rounds=0")
	f.Set("nodes={auth: {cpus: x}, redis: {cpus: y}, replica: {cpus: z}}")
	f.SetBy("--seed", "seed", "-1")
	f.Set("nothing")
	const want = `--set nothing: it gives no value; write --set PATH=VALUE, such as --set traffic.stages[peak].hold=800/s
--seed: -1 is negative; write a number that is not negative
--set nodes: nodes.auth.cpus: x is not plain decimal notation; write digits, with a point at most
--set nodes: nodes.redis.cpus: y is not plain decimal notation; write digits, with a point at most
--set nodes: nodes.replica.cpus: z is not plain decimal notation; write digits, with a point at most
--set rounds: 0 rounds are out of range; write a number from 1 to 100
--set traffic.stages[lunch].hold: 60 is a rate without a unit; write 60/s or 3600/min
f:12:14: budgets[0].metric: metric "p96" is unknown; did you mean p95?`
	for range 10 {
		if _, err := f.Read(); err == nil || err.Error() != want {
			t.Fatal(cmp.Diff(want, fmt.Sprint(err)))
		}
	}
}

// A name is understood before a number, and one that several entries share is refused.
func TestEntries(t *testing.T) {
	const text = "version: 1\nname: peak\ntraffic: {stages: [{name: a, hold: 9/s, for: 1s}, {name: '0', hold: 8/s, for: 2s}]}\n" +
		"budgets: [{metric: p95, max: 1s}, {metric: p95, max: 2s}, {metric: p99, max: 3s}]\n"
	f := Open("f", []byte(text), carshare())
	f.Set("traffic.stages[0].hold=7/s")
	f.Set("budgets[1].max=4s")
	s, err := f.Read()
	if err != nil || s.Traffic.Stages[0].From != 9 || s.Traffic.Stages[1].From != 7 || *s.Budgets[1].Max != 4 {
		t.Errorf("got %+v, %v", s, err)
	}
	f.Set("budgets[p95].max=5s")
	f.Set("budgets[p98].max=5s")
	const want = "f:4:10: --set budgets[p95].max: several entries of budgets are called p95; use their numbers, counted from 0\n" +
		"f:4:10: --set budgets[p98].max: no entry of budgets is called p98; did you mean p99?"
	if _, err := f.Read(); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// Blank lines are worth less than a text that has one where it looks like a comment.
func TestEffectiveBlockText(t *testing.T) {
	f := Open("f", []byte("description: |\n  one\n  # two\n\n"+valid), carshare())
	f.Set("rounds=2")
	s, err := f.Read()
	if err != nil || s.Description != "one\n# two\n" || !strings.Contains(string(s.Source), "description: |\n  one\n  # two\nversion: 1\n") {
		t.Errorf("got %v, %v", s, err)
	}
}

// What a flag set may be set again, and every step is told.
func TestSetAgain(t *testing.T) {
	f := Open("f", []byte(valid), carshare())
	f.Set("rounds=2")
	f.SetBy("--rounds", "rounds", "1")
	f.Set("system.data={users: 10, live_tokens: 100000}")
	f.Set("system.data.users=20")
	s, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"rounds: 1 # --rounds; --set says 2; the file says 3\n",
		"users: 20 # --set; --set says 10\n",
	} {
		if !strings.Contains(string(s.Source), want) {
			t.Errorf("want %sin\n%s", want, s.Source)
		}
	}
}

// draw varies a file with flags drawn at random.
func draw(t *rapid.T, f *File) {
	assignments := []string{
		"rounds=2", "name=other", "traffic.stages[0].hold=33/s", "traffic.stages[0].for=1m30s", "system.data.users=7", "system.data={users: 8}",
		"nodes.auth.cpus=0.5", "nodes={auth: {cpus: 1}, redis: {memory: 64MiB}}", "images.redis=redis:7", "budgets=[{metric: p95, max: 5ms}]",
		"budgets[0].max=7%", "budgets[1].max=0.5%", "traffic.mix={verify: 50%, login: 50%}", "phases=[extract-main]", "only=[]", "only=[extract-main]",
		"description='it''s: # \"quoted\", [and] {so} on'", "description=\"\\u2028\\ttwo\\nlines\"", "description=|\n  block\n  # text\n", "traffic.arrivals=even", "seed=010", "seed=1",
	}
	for _, assignment := range rapid.SliceOfN(rapid.SampledFrom(assignments), 0, 6).Draw(t, "set") {
		f.Set(assignment)
	}
	if rapid.Bool().Draw(t, "quick") {
		f.Quick()
	}
	if rapid.Bool().Draw(t, "scale") {
		f.Scale(rapid.Float64Range(0.01, 3).Draw(t, "factor"))
	}
	if rapid.Bool().Draw(t, "only") {
		f.Only(rapid.SliceOfN(rapid.SampledFrom(carshare().Phases), 0, 2).Draw(t, "phases")...)
	}
	if rapid.Bool().Draw(t, "seed") {
		f.SetBy("--seed", "seed", fmt.Sprint(rapid.Uint64().Draw(t, "seed")))
	}
	if rapid.Bool().Draw(t, "data") {
		if err := f.Data("small"); err != nil {
			t.Fatal(err)
		}
	}
}

// checkEffective demands that the text of a varied scenario reads as that scenario, with its comments, and plans the same.
func checkEffective(t fataler, f *File) {
	t.Helper()
	s, err := f.Read()
	if err != nil {
		return
	}
	set, _ := f.read(f.reading)
	again, err := Parse("again", s.Source, carshare())
	if err != nil {
		t.Fatalf("%v in\n%s", err, s.Source)
	}
	ignored := cmp.Options{cmpopts.IgnoreFields(Scenario{}, "Source"), cmpopts.IgnoreFields(Budget{}, "Line")}
	if diff := cmp.Diff(set, again, ignored, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s\n%s", diff, s.Source)
	}
	if diff := cmp.Diff(s.Plan(), again.Plan(), cmp.AllowUnexported(Plan{}, PlannedSessions{})); diff != "" {
		t.Fatalf("%s\n%s", diff, s.Source)
	}
	if f.varied && !strings.Contains(string(s.Source), " # --") {
		t.Fatalf("no origin is told in\n%s", s.Source)
	}
}

// A run of the text that a run leaves behind is the same run, whatever varied it.
func TestEffectiveReadsTheSame(t *testing.T) {
	texts := []string{string(commented(t)), valid, minimal}
	for _, name := range Shipped() {
		text, _ := ReadShipped(name)
		texts = append(texts, string(text))
	}
	rapid.Check(t, func(t *rapid.T) {
		f := Open("f", []byte(rapid.SampledFrom(texts).Draw(t, "text")), carshare())
		draw(t, f)
		checkEffective(t, f)
		// And once more: what is varied can be varied.
		if s, err := f.Read(); err == nil {
			f = Open("f", s.Source, carshare())
			draw(t, f)
			checkEffective(t, f)
		}
	})
}

func FuzzSet(f *testing.F) {
	texts := []string{string(commented(f)), valid, minimal}
	for _, name := range Shipped() {
		text, _ := ReadShipped(name)
		texts = append(texts, string(text))
	}
	for _, text := range texts {
		f.Add([]byte(text), "traffic.stages[0].hold=800/s", true, 0.5)
		f.Add([]byte(text), "nodes={auth: {cpus: 0.5}}", false, 1.0)
		f.Add([]byte(text), "description=\"a\\nb\"", true, 2.0)
		f.Add([]byte(text), "budgets[p95].max=10ms", false, 3.0)
	}
	for _, stage := range []string{
		"spike: {from: 100/s, to: 600/s, rise: 2s, hold: 8s, decay: 20s, decay_shape: exponential}",
		"sine: {low: 100/s, high: 36k/min, period: 24s, peak_at: 19s, growth: 200/s}, for: 1m",
		"step: {from: 60/s, to: 6/s, steps: 5}, for: 12m",
	} {
		f.Add([]byte(shaped(stage)), "traffic.stages[only].for=30s", true, 0.3)
	}
	f.Fuzz(func(t *testing.T, src []byte, assignment string, quick bool, factor float64) {
		file := Open("f", src, carshare())
		file.Set(assignment)
		if quick {
			file.Quick()
		}
		if factor > 0 {
			file.Scale(factor)
		}
		if _, err := file.Read(); err != nil {
			var errs Errors
			if !errors.As(err, &errs) || len(errs) == 0 || errs[0].What == unwritten {
				t.Fatalf("got %#v, want Errors", err)
			}
			return
		}
		checkEffective(t, file)
	})
}
