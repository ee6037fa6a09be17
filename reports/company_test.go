package reports

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// What else was on the machine is a warning of every form, before those of the trials.
func TestCompany(t *testing.T) {
	const other = "20260701T080000Z-theirs-0001 of user mallory, pid 77, since 2026-07-01T08:00:00Z, in /home/mallory/out/x"
	for _, c := range []struct {
		name   string
		events []record.Event
		want   []string
	}{
		{"alone and quiet", nil, nil},
		{"a busy machine", []record.Event{{AtSeconds: 0.6, Trial: -1, Kind: record.EventBusy, Text: "2 CPUs, 3 % idle"}},
			[]string{"the machine was not quiet before the run began: 2 CPUs, 3 % idle"}},
		{"another run, for a time", []record.Event{
			{AtSeconds: 3, Trial: -1, Kind: record.EventBeside, Text: other, Values: map[string]float64{"present": 1}},
			{AtSeconds: 65, Trial: -1, Kind: record.EventBeside, Text: other, Values: map[string]float64{"present": 0}}},
			[]string{"another run was on this machine: " + other + "; from 0:00:03 to 0:01:05 of this one"}},
		{"two others, of which one stays", []record.Event{
			{AtSeconds: 3, Trial: -1, Kind: record.EventBeside, Text: "a", Values: map[string]float64{"present": 1}},
			{AtSeconds: 4, Trial: -1, Kind: record.EventBeside, Text: "b", Values: map[string]float64{"present": 1}},
			{AtSeconds: 5, Trial: -1, Kind: record.EventBeside, Text: "b", Values: map[string]float64{"present": 0}}},
			[]string{"another run was on this machine: a; from 0:00:03 to the end of this one", "another run was on this machine: b; from 0:00:04 to 0:00:05 of this one"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := makeRun(1, steady, "baseline")
			m.watchGenerator(0, 0.4) // a doubt of a trial
			m.events = append(c.events, m.events...)
			run, s := m.summarized(t)
			if got := s.Warnings[:len(s.Warnings)-1]; !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			var terminal, markup, page bytes.Buffer
			if err := errors.Join(Print(&terminal, s, Options{}), markdown(&markup, &summary{s}), html(&page, &summary{s}, detailsOf(run, s), looksOf(run, s))); err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{terminal.String(), markup.String(), page.String()} {
				for _, want := range c.want {
					if begin, _, _ := strings.Cut(want, ":"); !strings.Contains(text, begin) {
						t.Errorf("%q is not told in\n%s", begin, text)
					}
				}
			}
		})
	}
}
