package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rehearse-dev/rehearse/scenarios"
)

// roughly is a time as people say it, to half a minute.
func roughly(d time.Duration) string {
	numbers := []string{"no", "a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
	halves := max(int(math.Round(2*d.Minutes())), 2)
	switch whole := numbers[halves/2]; {
	case halves == 2:
		return "a minute"
	case halves == 3:
		return "a minute and a half"
	case halves%2 == 1:
		return whole + " and a half minutes"
	default:
		return whole + " minutes"
	}
}

// takes is how long a scenario takes, as list, plan and run estimate it.
func takes(t *testing.T, name string, quick bool) time.Duration {
	t.Helper()
	s, err := (&variation{quick: quick}).read(name)
	if err != nil {
		t.Fatal(err)
	}
	return wholeOutlay(s, s.Plan())
}

// Wherever it is told how long a run takes, it is the same time: in the README, in pages of help, in the list and in plans.
func TestLengthsAgree(t *testing.T) {
	readme := string(must(os.ReadFile(filepath.Join("..", "..", "README.md"))))
	full, quick := takes(t, "stay-launch", false), takes(t, "stay-launch", true)
	want := fmt.Sprintf("# everything, in %s; make rehearse ARGS=--quick takes %s\n", roughly(full), roughly(quick))
	if !strings.Contains(readme, want) {
		t.Errorf("the README does not say %q: %v, and quick %v", want, full, quick)
	}
	for name, page := range map[string]string{"rehearse": newRoot().Example, "run": newRun().Example} {
		if !strings.Contains(page, "in about "+roughly(quick)+"\n") || strings.Count(page, "minute") != 1 {
			t.Errorf("the help of %s does not say %s:\n%s", name, roughly(quick), page)
		}
	}
	starter := filepath.Join(t.TempDir(), "peak.yaml")
	if err := os.WriteFile(starter, scenarios.Starter(), 0o600); err != nil {
		t.Fatal(err)
	}
	if page, length := newInit().Long, takes(t, starter, false); !strings.Contains(page, "in about "+roughly(length)+".") {
		t.Errorf("the help of init does not say %s:\n%s", roughly(length), page)
	}
}

// What can be rehearsed and what cannot stands in the README before the first command, as on the page of help.
func TestWhatCanBeRehearsed(t *testing.T) {
	readme, _, _ := strings.Cut(string(must(os.ReadFile(filepath.Join("..", "..", "README.md")))), "\n    ")
	for name, text := range map[string]string{"README": readme, "help": newRoot().Long} {
		text = strings.Join(strings.Fields(text), " ")
		for _, want := range []string{"reference system", "carshare", "A service of your own cannot be", noCapacity[:strings.Index(noCapacity, " yet")]} {
			if !strings.Contains(text, want) {
				t.Errorf("the %s does not say %q:\n%s", name, want, text)
			}
		}
	}
}
