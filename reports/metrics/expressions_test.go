package metrics

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/page"
)

// vocabulary has, for each name an expression may use, its labels.
type vocabulary map[string][]string

// known are the metrics while a run lasts. What Prometheus adds to each is a label as well.
func known(t *testing.T) vocabulary {
	t.Helper()
	run := recorded(t)
	x := New(run.Header, func() uint64 { return 0 })
	for _, entry := range entries(run) {
		if e, ok := entry.(record.Event); !ok || e.Kind != record.EventTrialEnd {
			x.Observe(entry)
		}
	}
	families, err := x.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	v := vocabulary{}
	for _, family := range families {
		labels := []string{"instance", "job"}
		for _, l := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		if family.GetMetric()[0].GetHistogram() == nil {
			v[family.GetName()] = labels
			continue
		}
		v[family.GetName()+"_bucket"] = append(slices.Clone(labels), "le")
		v[family.GetName()+"_sum"], v[family.GetName()+"_count"] = labels, labels
	}
	return v
}

// words are those of the language that are no metric.
func words() []string {
	return []string{"sum", "max", "min", "avg", "count", "rate", "increase", "histogram_quantile", "label_values",
		"by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "bool", "offset"}
}

// mistakes are what an expression names that is not there, and brackets that do not match. It knows the words of the
// language and not its grammar.
func (v vocabulary) mistakes(expression string) (found []string) {
	token := regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[a-zA-Z_:][a-zA-Z0-9_:]*|[0-9][0-9.a-z]*|[=!]~|[=!<>]=|\$[a-zA-Z_]+|\S`)
	tokens := token.FindAllString(expression, -1)
	name := regexp.MustCompile(`^[a-zA-Z_:]`)
	var open []string
	var metric, word string
	var labels, all []string
	for i, t := range tokens {
		switch {
		case slices.Contains([]string{"(", "{", "["}, t):
			if t == "(" && slices.Contains([]string{"by", "without", "on", "ignoring", "group_left", "group_right"}, word) {
				t = word
			}
			open = append(open, t)
		case t == ")" || t == "}" || t == "]":
			if len(open) == 0 || strings.Contains("{[", open[len(open)-1]) && t == ")" || t == "}" && open[len(open)-1] != "{" || t == "]" && open[len(open)-1] != "[" {
				return append(found, "brackets do not match at "+t)
			}
			open = open[:len(open)-1]
		case !name.MatchString(t) || len(open) > 0 && open[len(open)-1] == "[":
		case len(open) > 0 && open[len(open)-1] == "{":
			if i+1 < len(tokens) && strings.ContainsAny(tokens[i+1], "=!") && !slices.Contains(v[metric], t) {
				found = append(found, metric+" has no label "+t)
			}
		case len(open) > 0 && slices.Contains([]string{"by", "without", "on", "ignoring", "group_left", "group_right"}, open[len(open)-1]):
			labels = append(labels, t)
		case slices.Contains(words(), t):
			word = t
			continue
		default:
			metric = t
			if _, there := v[t]; !there {
				found = append(found, "there is no "+t)
			}
			all = append(all, v[t]...)
		}
		word = ""
	}
	if len(open) > 0 {
		found = append(found, "not closed: "+open[0])
	}
	for _, l := range labels {
		if !slices.Contains(all, l) {
			found = append(found, "nothing has a label "+l)
		}
	}
	return found
}

// The check finds what it is there for.
func TestMistakesAreFound(t *testing.T) {
	v := vocabulary{"a_total": {"state"}, "d_bucket": {"state", "le"}}
	for expression, want := range map[string]string{
		`sum by (state) (rate(a_total{state=~"x (y"}[30s])) / 2`:          "[]",
		`histogram_quantile(0.95, sum by (le) (rate(d_bucket[$__rate])))`: "[]",
		`sum(rate(b_total[30s]))`:                                         "[there is no b_total]",
		`sum(rate(a_total{stage="x"}[30s]))`:                              "[a_total has no label stage]",
		`sum by (le) (rate(a_total[30s]))`:                                "[nothing has a label le]",
		`sum(rate(a_total[30s])`:                                          "[not closed: (]",
		`sum(rate(a_total[30s))`:                                          "[brackets do not match at )]",
	} {
		if got := fmt.Sprint(v.mistakes(expression)); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}

// rules reads the recording rules.
func rules(t *testing.T) (list []struct{ Record, Expr string }) {
	t.Helper()
	text, err := os.ReadFile("rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name, Interval string
			Rules          []struct{ Record, Expr string }
		}
	}
	if err := yaml.Load(text, &file, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	for _, group := range file.Groups {
		list = append(list, group.Rules...)
	}
	return list
}

// Each rule rests on metrics and labels there are, and is named by what its result is grouped by.
func TestRules(t *testing.T) {
	v := known(t)
	by := regexp.MustCompile(`by \(([a-z_, ]+)\)`)
	list := rules(t)
	for _, rule := range list {
		if found := v.mistakes(rule.Expr); len(found) > 0 {
			t.Errorf("%s: %v", rule.Record, found)
		}
		if !regexp.MustCompile(`^[a-z_]+:[a-z_]+:[a-z0-9_]+$`).MatchString(rule.Record) {
			t.Errorf("%s: got this name, want level:metric:operations", rule.Record)
		}
		var labels []string
		for label := range strings.SplitSeq(by.FindStringSubmatch(rule.Expr)[1], ",") {
			if label = strings.TrimSpace(label); label != "le" {
				labels = append(labels, label)
			}
		}
		v[rule.Record] = labels
	}
	if len(list) < 5 {
		t.Errorf("got %d rules", len(list))
	}
}

// dashboard is what the test reads of it.
type dashboard struct {
	Inputs     []struct{ Name string } `json:"__inputs"`
	UID        string
	Templating struct {
		List []struct {
			Name, Definition string
			Datasource       struct{ UID string }
		}
	}
	Annotations struct{ List []struct{ Expr string } }
	Panels      []struct {
		ID      int
		Title   string
		GridPos struct{ X, Y, W, H int }
		Targets []struct {
			Expr       string
			Datasource struct{ UID string }
		}
	}
}

// Every expression of the dashboard rests on metrics and labels there are, asks the Prometheus that is chosen when it is
// imported, and uses no variable it does not have.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	v, variables := known(t), []string{"$__rate_interval"}
	check := func(where, expression string) {
		if found := v.mistakes(expression); len(found) > 0 {
			t.Errorf("%s: %v in %s", where, found, expression)
		}
		for _, used := range regexp.MustCompile(`\$[a-zA-Z_]+`).FindAllString(expression, -1) {
			if !slices.Contains(variables, used) {
				t.Errorf("%s: there is no variable %s", where, used)
			}
		}
	}
	for _, variable := range d.Templating.List {
		variables = append(variables, "$"+variable.Name)
		// label_values(metric, label): the second is a label of the first.
		of, label, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(variable.Definition, "label_values("), ")"), ", ")
		if !slices.Contains(v[of], label) {
			t.Errorf("variable %s: %s has no label %s", variable.Name, of, label)
		}
	}
	for _, annotation := range d.Annotations.List {
		check("annotation", annotation.Expr)
	}
	seen := map[[2]int]string{}
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			check(panel.Title, target.Expr)
			if target.Datasource.UID != "${DS_PROMETHEUS}" {
				t.Errorf("%s: asks %q, want the input", panel.Title, target.Datasource.UID)
			}
		}
		for x := range panel.GridPos.W {
			for y := range panel.GridPos.H {
				at := [2]int{panel.GridPos.X + x, panel.GridPos.Y + y}
				if seen[at] != "" || at[0] >= 24 {
					t.Fatalf("%s overlaps %s", panel.Title, seen[at])
				}
				seen[at] = panel.Title
			}
		}
	}
	if len(d.Inputs) != 1 || d.Inputs[0].Name != "DS_PROMETHEUS" || d.UID == "" || len(d.Panels) < 10 {
		t.Errorf("got inputs %v, uid %q, %d panels", d.Inputs, d.UID, len(d.Panels))
	}
}

// A colour means the same here and in the reports.
func TestDashboardHasTheColoursOfTheReports(t *testing.T) {
	text, err := os.ReadFile("grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	shared, err := page.Assets()
	if err != nil {
		t.Fatal(err)
	}
	used := regexp.MustCompile(`"#[0-9A-Fa-f]{6}"`).FindAllString(string(text), -1)
	for _, colour := range used {
		if !strings.Contains(strings.ToLower(shared.Style), strings.ToLower(strings.Trim(colour, `"`))) {
			t.Errorf("%s is no colour of the reports", colour)
		}
	}
	if len(used) < 10 {
		t.Errorf("got %d colours", len(used))
	}
}

// Prometheus itself reads the rules, where it is installed.
func TestRulesAreValidForPrometheus(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (Debian: prometheus); names and labels are checked above")
	}
	if out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", "rules.yaml").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
