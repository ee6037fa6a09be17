package reports

import (
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// openMetrics writes metrics.txt in the OpenMetrics format, for GitLab, which compares the values of two pipelines as text:
// they have three significant digits, so that what did not change is not shown as a change. The names are those of
// summary.json.
func openMetrics(w io.Writer, s *summary) error {
	g := newGauges(s.Scenario)
	g.run(s)
	for _, state := range s.States {
		g.state(state)
	}
	for _, phase := range s.Compared() {
		g.set("phase_p95_ratio", "p95 after a phase over p95 before it.", phase.P95Ratio.Value, "phase", phase.Name)
		g.set("phase_primary_qps_ratio", "QPS of the primary (master DB) after a phase over those before it.",
			phase.PrimaryQPSRatio.Value, "phase", phase.Name)
	}
	return g.write(w)
}

func newGauges(scenario string) gauges {
	return gauges{registry: prometheus.NewRegistry(), scenario: label(scenario), vectors: map[string]*prometheus.GaugeVec{}}
}

// write writes all gauges that were set.
func (g gauges) write(w io.Writer) error {
	families, err := g.registry.Gather()
	out := expfmt.NewEncoder(w, expfmt.NewFormat(expfmt.TypeOpenMetrics))
	for _, family := range families {
		err = errors.Join(err, out.Encode(family))
	}
	if end, ok := out.(expfmt.Closer); ok {
		err = errors.Join(err, end.Close())
	}
	return err
}

// gauges are filled by name.
type gauges struct {
	registry *prometheus.Registry
	scenario string
	vectors  map[string]*prometheus.GaugeVec
}

// set gives a gauge a value for labels, in pairs of name and value. What is not known is left out.
func (g gauges) set(name, help string, value stat.Number, labels ...string) {
	if !value.Known() {
		return
	}
	values, names := prometheus.Labels{"scenario": g.scenario}, []string{"scenario"}
	for i := 0; i < len(labels); i += 2 {
		values[labels[i]], names = label(labels[i+1]), append(names, labels[i])
	}
	if g.vectors[name] == nil {
		g.vectors[name] = prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "rehearse", Name: name, Help: help}, names)
		g.registry.MustRegister(g.vectors[name])
	}
	g.vectors[name].With(values).Set(rounded(value))
}

func (g gauges) run(s *summary) {
	g.set("verdict", "1 for the verdict of the run.", 1, "verdict", s.Verdict.String())
	budgets := map[model.Verdict]int{}
	for _, b := range s.Budgets {
		budgets[b.Verdict]++
	}
	for _, v := range []model.Verdict{model.Pass, model.Fail, model.Inconclusive} {
		g.set("budgets", "Budgets by their verdict.", stat.Number(budgets[v]), "verdict", v.String())
	}
	if !s.answered() {
		return
	}
	g.answers(s.Declared, s.Correctness)
}

func (g gauges) answers(d reading.Declared, c reading.Correctness) {
	for _, check := range d.Checks {
		g.set(check.Name, check.Says, stat.Number(c.Of(check.Name)))
	}
}

// figures are the numbers of a state in a stage.
func (g gauges) figures(n model.Numbers, state, stage string) {
	for _, f := range model.Figures() {
		g.set(f.Field, f.Help, f.Of(n), "state", state, "stage", stage)
	}
}

// answered tells whether there is an answer that could have been wrong.
func (s *summary) answered() bool {
	return !s.Correctness.None() || slices.ContainsFunc(s.States, func(state model.State) bool { return state.N > 0 })
}

func (g gauges) state(state model.State) {
	for _, n := range state.Stages {
		if n.N == 0 {
			continue
		}
		g.figures(n.Numbers, state.Name, n.Stage)
	}
	for _, op := range slices.Sorted(maps.Keys(state.PrimaryStatementsPer)) {
		g.set("primary_statements_per", "Statements on the primary (master DB) for each hit of an operation.",
			state.PrimaryStatementsPer[op], "state", state.Name, "op", op)
	}
}

// rounded has three significant digits.
func rounded(n stat.Number) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(float64(n), 'g', 3, 64), 64)
	if err != nil {
		return float64(n)
	}
	return short
}

// label is text fit for the value of a label. GitLab takes the rest of a line from # on for a comment, wherever it stands,
// and refuses the whole file when that leaves a quote open.
func label(text string) string {
	return strings.Map(func(char rune) rune {
		switch {
		case char == '#':
			return '＃'
		case unicode.IsControl(char):
			return unicode.ReplacementChar
		}
		return char
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}
