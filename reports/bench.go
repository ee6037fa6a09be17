package reports

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/reports/visible"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// benchUnit is what bench.txt calls a number. Source: golang.org/design/14313-benchmark-format, and for the unit lines
// golang.org/x/perf/benchfmt.
func benchUnit(n model.NamedNumber) string {
	return strings.ReplaceAll(strings.Replace(n.Field, "_seconds", "-sec", 1), "_", "-")
}

// benchBetter is the direction in which it improves, in the word of a unit line; empty for what merely moves.
func benchBetter(n model.NamedNumber) string {
	metric, _ := scenarios.FindMetric(n.Metric)
	return map[scenarios.Better]string{scenarios.Lower: "lower", scenarios.Higher: "higher"}[metric.Better]
}

// benchmarks writes bench.txt: Go benchmark lines, one for each trial that reached its end and measured stage, with the
// numbers of it that are believed, so that benchstat has as many samples as there were rounds. Above them stands what has to be the same for a comparison to mean something:
// benchstat puts runs that differ in it into tables of their own.
func benchmarks(w io.Writer, p model.Provenance, d *model.Details) error {
	out := bufio.NewWriter(w)
	benchHead(out, p)
	for _, t := range d.Trials {
		fmt.Fprint(out, benchLine(t.State, t.Stage, t.Due, t.Values))
	}
	return out.Flush()
}

// benchHead says what has to be the same, and which way numbers improve.
func benchHead(out io.Writer, h model.Provenance) {
	system, architecture, _ := strings.Cut(h.Host.OS, "/")
	for _, line := range [][2]string{{"goos", system}, {"goarch", architecture}, {"cpu", h.Host.CPU},
		{"cpus", strconv.Itoa(h.Host.CPUs)}, {"scenario", h.Scenario}, {"stack", h.Stack}} {
		if value := strings.Join(strings.Fields(visible.Line(line[1])), " "); value != "" {
			fmt.Fprintf(out, "%s: %s\n", line[0], value)
		}
	}
	for _, n := range model.Figures() {
		if better := benchBetter(n); better != "" {
			fmt.Fprintf(out, "Unit %s better=%s\n", benchUnit(n), better)
		}
	}
}

// benchLine is the line of a trial in a stage; without a number there is none.
func benchLine(state, stage string, due uint64, values []stat.Number) string {
	var cells []string
	for i, f := range model.Figures() {
		if value := values[i]; due > 0 && value.Known() {
			cells = append(cells, value.Text(), benchUnit(f))
		}
	}
	if len(cells) == 0 {
		return ""
	}
	return fmt.Sprintf("BenchmarkRehearse/state=%s/stage=%s %d %s\n", part(state), part(stage), due, strings.Join(cells, " "))
}

// part is text as a part of a benchmark's name, in which blanks end the name and slashes begin the next part. Like in an
// address they are written by their number, so that two names never become one.
func part(text string) string {
	var b strings.Builder
	for _, char := range text {
		if char == '/' || char == '%' || unicode.IsSpace(char) || !unicode.IsPrint(char) {
			b.WriteString(url.PathEscape(string(char)))
		} else {
			b.WriteRune(char)
		}
	}
	return b.String()
}
