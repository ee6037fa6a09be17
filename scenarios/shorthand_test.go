package scenarios

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// A budget in short is the budget in full, and the text of the run says where it is from.
func TestShorthand(t *testing.T) {
	for _, tt := range []struct{ short, full string }{
		{"p95 < 20ms", "{metric: p95, below: 20ms}"},
		{"lunch: p95 <= 20ms", "{metric: p95, stage: lunch, max: 20ms}"},
		{" lunch :p95>20ms ", "{metric: p95, stage: lunch, above: 20ms}"},
		{"baseline@lunch: errors >= 0.1%", "{metric: errors, state: baseline, stage: lunch, min: 0.1%}"},
		{"lunch: p95(verify) < 20ms", "{metric: p95, op: verify, stage: lunch, below: 20ms}"},
		{"extract-main@lunch:p95( login )<1m30s", "{metric: p95, op: login, state: extract-main, stage: lunch, below: 1m30s}"},
		{"lunch: p95(GET main/v1/home) < 20ms", "{metric: p95, api: GET main/v1/home, stage: lunch, below: 20ms}"},
		{"primary_qps < 50% of baseline", "{metric: primary_qps, of: baseline, below: 50%}"},
		{"lunch: primary_qps <= 50 %  of  before", "{metric: primary_qps, stage: lunch, of: before, max: 50 %}"},
		{"p50 <= 1.1x of saved", "{metric: p50, of: saved, max: 1.1x}"},
		{"p50 <= 0.9 of saved", "{metric: p50, of: saved, max: 0.9}"},
		{"wrong_user <= 0", "{metric: wrong_user, max: 0}"},
		{"primary_qps < 36k/min", "{metric: primary_qps, below: 36k/min}"},
	} {
		t.Run(tt.short, func(t *testing.T) {
			f := Open("f", []byte(valid), carshare())
			f.Budget(tt.short)
			got, err := f.Read()
			if err != nil {
				t.Fatal(err)
			}
			want, err := Parse("f", []byte(valid+"  - "+tt.full+"\n"), carshare())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Budgets, got.Budgets, cmpopts.IgnoreFields(Budget{}, "Line")); diff != "" {
				t.Error(diff)
			}
			last := strings.Split(strings.TrimSpace(string(got.Source)), "\n")
			if line := last[len(last)-1]; !strings.HasSuffix(line, " # --budget; not in the file") {
				t.Errorf("the text says %q of it", line)
			}
		})
	}
}

// Mistakes in a budget in short are shown in it, each with a mark where it is.
func TestShorthandMistakes(t *testing.T) {
	for _, tt := range []struct{ short, mark, want string }{
		{"", "^", "nothing is compared; write <, <=, > or >= and a limit, such as peak: p95 < 20ms"},
		{"lunch: p95", "          ^", "nothing is compared; write <,"},
		{"p95 = 20ms", "    ^", "= compares nothing with a limit; write <, <=, > or >="},
		{"p95 == 20ms", "    ^^", "== compares nothing"},
		{"p95 => 20ms", "    ^^", "=> compares nothing"},
		{"p95 <", "     ^", "the limit is missing; write a limit, such as 20ms"},
		{"< 20ms", "^", "the metric is missing; name the metric to limit"},
		{": p95 < 20ms", "^", "the stage is missing; name a stage before the colon"},
		{"@lunch: p95 < 20ms", "^", "the state is missing; name a state before @"},
		{"baseline@p95 < 20ms", "        ^", "a state is named and no stage; write it like cache@peak: p95 < 20ms"},
		{"p95() < 20ms", "    ^", "the operation is missing; name an operation"},
		{"p95(verify < 20ms", "   ^", "the operation does not end before the limit"},
		{"p95(verify)x < 20ms", "   ^", "the operation does not end before the limit"},
		{"p95 < 50% of", "            ^", "the state to compare with is missing; name a state, such as 50% of baseline"},
		{"p59 < 20ms", "^^^", `metric "p59" is unknown; did you mean p50?`},
		{"lanch: p95 < 20ms", "^^^^^", `stage "lanch" is unknown; did you mean lunch?`},
		{"warm-up: p95 < 20ms", "^^^^^^^", `stage "warm-up" is not measured; choose a measured stage`},
		{"baselin@lunch: p95 < 20ms", "^^^^^^^", `state "baselin" is unknown; did you mean baseline?`},
		{"p95(verfy) < 20ms", "    ^^^^^", `operation "verfy" is unknown; did you mean verify?`},
		{"redis_ops(verify) < 2/s", "          ^^^^^^", "redis_ops is not counted by operation"},
		{"lunch: p95 < 20", "             ^^", "20 is a time without a unit; write 20s or 20000ms"},
		{"p95 < 20ms of baseline", "      ^^^^", "20ms is not a ratio"},
		{"p95 < 20% of cash", "             ^^^^", `state "cash" is unknown; use one of baseline`},
		{"wrong_user < 0.5", "             ^^^", "0.5 is not a whole number"},
		{"p95 < 5ms, max: 9ms", "      ^^^^^^^^^^^^^", `"5ms, max: 9ms" is not a time`},
	} {
		t.Run(tt.short, func(t *testing.T) {
			f := Open("f", []byte(valid), carshare())
			f.Budget(tt.short)
			_, err := f.Read()
			errs, ok := errors.AsType[Errors](err)
			if !ok || len(errs) != 1 {
				t.Fatalf("got %v, want one mistake", err)
			}
			e := errs[0]
			if !strings.HasPrefix(e.Error(), "--budget: "+tt.want) {
				t.Errorf("got  %v\nwant --budget: %s", e, tt.want)
			}
			mark := strings.Repeat(" ", e.Excerpt.Column-1) + strings.Repeat("^", max(e.Excerpt.Span, 1))
			if mark != tt.mark || e.Excerpt.Text != tt.short || e.Excerpt.Line != 0 {
				t.Errorf("got\n%s\n%s\nwant\n%s", e.Excerpt.Text, mark, tt.mark)
			}
		})
	}
}

// Several of them, beside a mistake in the file, in a file without budgets, and on top of other flags.
func TestShorthandAmongOthers(t *testing.T) {
	f := Open("f", []byte(minimal), carshare())
	f.Set("budgets=[{metric: errors, max: 1%}]")
	f.Budget("p95 < 20ms")
	f.Budget("p95 < 5")
	f.Budget("lanch: p99 < 20ms")
	_, err := f.Read()
	const want = `--budget: stage "lanch" is unknown; did you mean lunch?` + "\n--budget: 5 is a time without a unit; write 5s or 5000ms"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want\n%s", err, want)
	}
	f = Open("f", []byte(minimal), carshare())
	f.Budget("p95 < 20ms")
	f.Budget("wrong_user <= 0")
	s, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	if text := string(s.Source); text != minimal+"budgets:\n  - {metric: p95, below: 20ms} # --budget; not in the file\n  - {metric: wrong_user, max: 0} # --budget; not in the file\n" {
		t.Errorf("got\n%s", text)
	}
	f = Open("f", []byte(minimal+"budgets: 5\n"), carshare())
	f.Budget("p95 < 20ms")
	if _, err := f.Read(); err == nil || err.Error() != "f:4:10: budgets: it is \"5\", not a list; write the entries below it, each after a dash" {
		t.Errorf("got %v", err)
	}
}

// Whatever is typed is a budget that reads the same from the text of the run, or a mistake of the flag.
func TestShorthandOfAnything(t *testing.T) {
	words := []string{"p95", "errors", "wrong_user", "lunch", "baseline", "cache", ":", "@", "(", ")", "verify", "<", "<=", ">", ">=", "=",
		"20ms", "0.1%", "5/s", "0", "of", " ", "  ", "\t", "'", "#", "{", "é", "\x00", "\n"}
	rapid.Check(t, func(t *rapid.T) {
		f := Open("f", []byte(valid), carshare())
		short := rapid.OneOf(
			rapid.String(),
			rapid.Map(rapid.SliceOfN(rapid.SampledFrom(words), 1, 9), func(words []string) string { return strings.Join(words, "") }),
			rapid.Map(rapid.SliceOfN(rapid.SampledFrom(words), 1, 9), func(words []string) string { return strings.Join(words, " ") }),
			rapid.Just("lunch: p95 < 20ms"),
		).Draw(t, "short")
		f.Budget(short)
		_, err := f.Read()
		if err == nil {
			checkEffective(t, f)
			return
		}
		errs, _ := errors.AsType[Errors](err)
		for _, e := range errs {
			if e.Flag != "--budget" || e.Excerpt.Column < 1 || e.What == "" || e.Do == "" {
				t.Fatalf("%q: got %+v", short, e)
			}
		}
	})
}
