package reports

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// from sets a series of one source from a second of the first trial's clock on.
func (m *made) from(second float64, source, key string, value float64) {
	m.samplesOf(0, source, func(s *record.Sample) {
		if s.AtSeconds >= 5+second {
			s.Values[key] = value
		}
	})
}

func TestNotes(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(*made)
		notes   []string
		doubts  []string
	}{
		"nothing": {func(*made) {}, []string{}, []string{}},
		"a checkpoint": {func(m *made) {
			m.from(0, "primary", "checkpoints_total", 3)
			m.from(5, "primary", "checkpoints_total", 4)
		}, []string{"a checkpoint began at 5.00 s (peak)"}, []string{}},
		"a checkpoint after the load": {func(m *made) { m.from(8.5, "primary", "checkpoints_total", 4) }, []string{}, []string{}},
		"autovacuum of a table that had none": {func(m *made) {
			m.from(2, "primary", "autovacuum_workers", 1)
			m.from(3, "primary", "autovacuums_total{table=token}", 1)
			m.from(3, "primary", "autoanalyzes_total{table=token}", 1)
		}, []string{"autovacuum of token ended at 3.00 s (calm)", "autoanalyze of token ended at 3.00 s (calm)"}, []string{}},
		"autovacuum without an end": {func(m *made) { m.from(6, "primary", "autovacuum_workers", 2) },
			[]string{"autovacuum was at work from 6.00 s (peak) to 8.00 s (peak)"}, []string{}},
		"some lag": {func(m *made) {
			m.from(5, "primary", "replica_lag_seconds", 0.3)
			m.from(6, "primary", "replica_lag_seconds", 0.2)
		}, []string{"the replica was 300 ms behind at 5.00 s (peak), over 250 ms: its answers were that old"}, []string{}},
		"much lag": {func(m *made) { m.from(7, "primary", "replica_lag_seconds", 2.5) }, []string{},
			[]string{"the replica was 2.50 s behind at 7.00 s (peak), over 2 s: its answers were that old"}},
		"Redis is flushed": {func(m *made) {
			m.from(0, "redis", "keys", 4000)
			m.from(6, "redis", "keys", 12)
			m.from(6, "redis", "commands_total{command=flushall}", 1)
		}, []string{}, []string{"Redis was flushed at 6.00 s (peak): 4,000 keys before, 12 after"}},
		"Redis is full": {func(m *made) {
			m.from(0, "redis", "evicted_keys_total", 10)
			m.from(6, "redis", "evicted_keys_total", 25)
		}, []string{"Redis evicted 15 keys at 6.00 s (peak)"}, []string{}},
	} {
		m := makeRun(1, steady, "baseline", "extract-main")
		c.happens(m)
		_, s := m.summarized(t)
		check := s.Validity[0]
		if diff := cmp.Diff([][]string{c.notes, c.doubts}, [][]string{check.Notes, check.Doubts}); diff != "" || !check.Valid {
			t.Errorf("%s: reasons %v, notes and doubts:\n%s", name, check.Reasons, diff)
		}
		if other := s.Validity[1]; len(other.Notes)+len(other.Doubts) > 0 {
			t.Errorf("%s: the other trial has %q and %q", name, other.Notes, other.Doubts)
		}
		var text, page bytes.Buffer
		if err := Print(&text, s, Options{}); err != nil {
			t.Fatal(err)
		}
		if err := markdown(&page, &summary{s}); err != nil {
			t.Fatal(err)
		}
		for _, told := range append(check.Notes, check.Doubts...) {
			if !strings.Contains(text.String(), told) || !strings.Contains(page.String(), told) {
				t.Errorf("%s: %q is not told in\n%s\n%s", name, told, text.String(), page.String())
			}
		}
	}
}
