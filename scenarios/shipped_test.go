package scenarios

import (
	"slices"
	"testing"
	"time"
)

// carshare is the vocabulary of the reference system, as far as this package has to know it.
func carshare() Vocabulary {
	return Vocabulary{
		System: "carshare",
		Phases: []string{"extract-main", "extract-reads", "extract-writes", "cache", "archive"},
		Operations: []Operation{
			{Name: "verify", Share: 0.80},
			{Name: "profile", Share: 0.08},
			{Name: "login", Share: 0.04},
			{Name: "refresh", Share: 0.05, Consumes: true},
			{Name: "logout", Share: 0.03, Consumes: true},
		},
	}
}

func read(t *testing.T, name string) *Scenario {
	t.Helper()
	text, found := ReadShipped(name)
	if !found {
		t.Fatalf("no shipped scenario %q", name)
	}
	s, err := Parse(name+".yaml", text, carshare())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every shipped scenario is valid as it is, quick, and quick on small data: the three ways the help page offers.
func TestShipped(t *testing.T) {
	if !slices.Contains(Shipped(), "stay-launch") {
		t.Fatalf("got %v, want stay-launch among them", Shipped())
	}
	for _, name := range Shipped() {
		s := read(t, name)
		if s.Name != name {
			t.Errorf("%s.yaml is named %s", name, s.Name)
		}
		quick := s.Quick()
		small, err := s.WithData("small")
		if err != nil {
			t.Fatal(err)
		}
		for way, varied := range map[string]*Scenario{"quick": quick, "small": small, "quick, small": small.Quick()} {
			if err := varied.Check(carshare()); err != nil {
				t.Errorf("%s, %s: %v", name, way, err)
			}
		}
		if expected := quick.Plan(carshare()).Expected(); expected > 90*time.Second {
			t.Errorf("%s: a quick run takes %v, want at most 90s", name, expected)
		}
	}
}

// The promise of stay-launch: a sixfold rise within two seconds, then a plateau.
func TestStayLaunch(t *testing.T) {
	stages := read(t, "stay-launch").Traffic.Stages
	i := slices.IndexFunc(stages, func(s Stage) bool { return s.From != s.To })
	rise, plateau := stages[i], stages[i+1]
	if rise.To != 6*rise.From || rise.Duration > 2*time.Second || plateau.From != rise.To || plateau.To != rise.To {
		t.Errorf("got a rise %+v and a plateau %+v", rise, plateau)
	}
}
