package main

import (
	"strings"
	"testing"

	"github.com/rehearse-dev/rehearse/harness/doctor"
)

// A fix stands below the line it is for, whatever the lengths of the columns.
func TestPrintFindings(t *testing.T) {
	var b strings.Builder
	err := printFindings(&b, doctor.Report{Summary: "not ready: see redis image", Findings: []doctor.Finding{
		{Check: "docker", Level: doctor.OK, Found: "Docker 27", Required: "any"},
		{Check: "redis_image", Level: doctor.Problem, Found: "missing", Required: "an image that is here", Fix: "rehearse images build"},
		{Check: "cpu", Level: doctor.Note, Found: "2 CPUs, 3 % idle", Required: "2 CPUs, 75 % idle", Fix: "ps"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(b.String(), "\n\n")
	want := `check                 found             required
───────────────────────────────────────────────────────────────
docker       ok       Docker 27         any
redis image  PROBLEM  missing           an image that is here
    fix: rehearse images build
cpu          note     2 CPUs, 3 % idle  2 CPUs, 75 % idle
    fix: ps

not ready: see redis image
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPainted(t *testing.T) {
	for _, c := range []struct {
		level  doctor.Level
		line   string
		colour bool
		want   string
	}{
		{doctor.Problem, "disk  PROBLEM  none", true, "disk  \x1b[31;1mPROBLEM\x1b[0m  none"},
		{doctor.Note, "cpu  note  busy", true, "cpu  \x1b[33mnote\x1b[0m  busy"},
		{doctor.OK, "cpu  ok  idle", true, "cpu  ok  idle"},
		{doctor.Problem, "disk  PROBLEM  none", false, "disk  PROBLEM  none"},
	} {
		if got := painted(c.line, c.level, c.colour); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
