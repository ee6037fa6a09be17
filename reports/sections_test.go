package reports

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// The row that sums up all phases is told however much else there is to tell, and no phase is left out before all else is.
func TestPageKeepsTheSum(t *testing.T) {
	for _, jobs := range []int{0, 30, 300} {
		m := makeRun(3, wobble, allStates()...)
		for i := range jobs {
			m.events = append([]record.Event{{AtSeconds: 1, Trial: -1, Kind: record.EventJob, Text: "a job"}}, m.events...)
			m.scenario.Budgets = append(m.scenario.Budgets, scenarios.Budget{Metric: "p50", Max: new(float64(i) / 1e4), Line: i})
		}
		_, s := m.summarized(t)
		var page bytes.Buffer
		if err := markdown(&page, &summary{s}); err != nil {
			t.Fatal(err)
		}
		checkPage(t, page.Bytes())
		for _, row := range append(slices.Clone(allStates()[1:]), "overall") {
			if !strings.Contains(page.String(), "\n| "+row+" | ") {
				t.Errorf("with %d jobs the row %s is missing", jobs, row)
			}
		}
		// Of the narrowest page the sum remains.
		var few bytes.Buffer
		list := sections(&summary{s}, markdownReasons)
		fit(list, 30, markdownBytes)
		if err := writeSections(&few, list); err != nil || !strings.Contains(few.String(), "\n| overall | ") {
			t.Errorf("with %d jobs and 30 lines the sum is missing: %v", jobs, err)
		}
	}
}

// A line that is too long is cut behind a word, and anywhere where it has none.
func TestClipped(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"fsync on, users 50000", "fsync on, users 50000"},
		{"fsync on, users 50000, wal_level replica", "fsync on, users 50000…"},
		{"fsync on, track_io_timing on, users 50000", "fsync on…"},
		{"fsync_is_on_and_so_is_track_io_timing", "fsync_is_on_and_so_is…"},
		{"ü ü ü üüüüüüüüüüüüüüüüüüüüüüüü", "ü ü ü…"},
	} {
		if got := clipped(c.text, 24); got != c.want || len(got) > 24 {
			t.Errorf("%q became %q, want %q", c.text, got, c.want)
		}
	}
}
