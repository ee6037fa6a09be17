package scenarios

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// kitchen is a system with nothing in common with carshare, and a key of each kind.
func kitchen() Vocabulary {
	return Vocabulary{
		System: "kitchen", Phases: []string{"two-ovens"}, Operations: []Operation{{Name: "bake", Share: 0.9}, {Name: "eat", Share: 0.1, Consumes: true}},
		Keys: []Key{
			{Path: "data.cakes", Least: 1, Most: 100_000, Standard: "4000", Small: "40", Says: "Cakes on the shelf."},
			{Path: "data.sold", Takes: TakesShare, Standard: "25%", Says: "Cakes that are promised."},
			{Path: "oven", Takes: TakesText, Standard: "gas", Says: "What heats."},
			{Path: "warm_up", Takes: TakesTime, Says: "How long the oven takes."},
			{Path: "trays", Least: 2, Standard: "3", Says: "Trays in the oven."},
		},
		Supply: Supply{Key: "data.cakes", Called: "cakes", Kept: 0.2}, Records: "cakes",
		Checks: []Check{{Name: "burnt", Chances: "baked", Says: "Cakes that were burnt."}},
	}
}

// among puts what stands below system into a valid file.
func among(system string) []byte { return []byte(minimal + "rounds: 1\nsystem: " + system + "\n") }

// A file is read by what the system knows that it names, and its values have the type of their key.
func TestOwnKeys(t *testing.T) {
	text := among("{name: kitchen, data: {cakes: 9000, sold: 50%}, oven: coal, warm_up: 1m30s}")
	s, err := Parse("f", text, carshare(), kitchen())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"data.cakes": 9000, "data.sold": 0.5, "oven": "coal", "warm_up": 90 * time.Second, "trays": 3}
	if diff := cmp.Diff(want, s.System.Values); diff != "" || s.Vocabulary.System != "kitchen" {
		t.Errorf("%s: %s", s.Vocabulary.System, diff)
	}
	y := s.System
	if y.Whole("data.cakes") != 9000 || y.Share("data.sold") != 0.5 || y.Text("oven") != "coal" || y.Time("warm_up") != 90*time.Second || y.Whole("data.users") != 0 {
		t.Errorf("got %+v", y)
	}
	if other, err := Parse("f", []byte(minimal), carshare(), kitchen()); err != nil || other.System.Name != "carshare" || other.System.Whole("data.users") != 50_000 {
		t.Errorf("a file that names no system is of %+v, %v", other, err)
	}
}

// Flags name the system as the file does, and little data is what the system calls so.
func TestOwnKeysByFlags(t *testing.T) {
	f := Open("f", []byte(minimal), carshare(), kitchen())
	f.Set("system.name=kitchen")
	f.Set("system.oven=coal")
	if err := f.Data("small"); err != nil {
		t.Fatal(err)
	}
	f.Set("system.data.cakes=50000")
	s, err := f.Read()
	if err != nil || s.System.Text("oven") != "coal" || s.System.Whole("data.cakes") != 50000 || !strings.Contains(string(s.Source), "--data small says 40") {
		t.Errorf("got %+v, %v\n%s", s, err, s.Source)
	}
}

// Both passes know what was meant: the system, and then what is the system's.
func TestMistakesOfSystems(t *testing.T) {
	for _, tt := range []struct{ name, text string }{
		{"a nearly known system", "{name: kitchn, data: {caeks: 9, sold: 300%}}\ntraffic: {}"},
		{"its keys", "{name: kitchen, data: {cakes: 0, sold: 300%, users: 5}, ovn: gas, warm_up: 5, trays: 1}\nphases: [tow-ovens]\nbudgets: [{metric: p95, op: verify, max: 1s}, {metric: burn, max: 0}, {metric: rechecked, min: 1}, {metric: burnt, max: 0.5}]"},
		{"those of another", "{data: {cakes: 5}, password_iteration: 7}\nphases: [two-ovens]"},
		{"no system at all", "{name: bank, data: {cakes: 5, users: 5, coins: 5}, oven: 7}\nphases: [two-ovens]\nseed: x"},
		{"too few", "{name: kitchen, data: {cakes: 5}}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("f", among(tt.text), carshare(), kitchen())
			compare(t, filepath.Join("systems", strings.ReplaceAll(tt.name, " ", "-")+".txt"), err.Error()+"\n")
		})
	}
}

// Where no file names a system, what all of them know is offered, and a key that only some have says whose it is.
func TestSeveralSystems(t *testing.T) {
	systems := []Vocabulary{carshare(), kitchen()}
	keys := Keys(nil, systems...)
	for _, want := range []string{"system.data.users", "system.data.cakes", "system.warm_up", "nodes.auth.cpus", "traffic.mix.verify", "traffic.mix.bake"} {
		if !slices.Contains(keys, want) {
			t.Errorf("%s is not among %q", want, keys)
		}
	}
	reference := string(Reference(systems...))
	for _, want := range []string{"| `system.name` | carshare, kitchen | `carshare` |", "| `burnt` | whole number: `0` | lower | `op` | Cakes that were burnt. |", "| `wrong_user` |", "| `system.data.cakes` | whole number, 1 to 100000 | `4000` | Cakes on the shelf. Of kitchen. |"} {
		if !strings.Contains(reference, want) {
			t.Errorf("the reference does not say %s", want)
		}
	}
	schema, err := Schema(systems...)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(among("{name: kitchen, data: {cakes: 9000, sold: 50%}, oven: coal, warm_up: 1m30s, trays: 7}")), minimal, string(must(os.ReadFile("stay-launch.yaml")))} {
		if found := offences(plain(t, schema).(map[string]any), plain(t, []byte(text)), ""); len(found) > 0 {
			t.Errorf("the schema of both refuses %q in\n%s", found, text)
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// What two systems both call so is as wide as the wider of them, and has no default that only one means.
func TestKeysInCommon(t *testing.T) {
	one := Vocabulary{System: "one", Keys: []Key{{Path: "data.rows", Least: 5, Most: 9, Standard: "6"}, {Path: "depth", Most: 3, Standard: "1"}}}
	two := Vocabulary{System: "two", Keys: []Key{{Path: "depth", Standard: "1"}, {Path: "data.rows", Least: 2, Most: 7, Standard: "3"}}}
	want := []Key{{Path: "data.rows", Least: 2, Most: 9}, {Path: "depth", Standard: "1"}}
	if diff := cmp.Diff(want, Union(one, two).Keys); diff != "" {
		t.Error(diff)
	}
}

// A supply is as much as is kept of it, and as many operations share the rest.
func TestSupply(t *testing.T) {
	s, err := Parse("f", among("{name: kitchen, data: {cakes: 5000}}"), kitchen())
	if err != nil {
		t.Fatal(err)
	}
	if s.share() != 4000 {
		t.Errorf("of 5000 cakes %d can be eaten, want 4000", s.share())
	}
	p := s.Plan()
	_, most := p.consumption()
	few := *s
	few.System.Values = map[string]any{"data.cakes": 4000}
	if most != 3600 || s.Shortage(p) != 0 || few.Shortage(p) != 4500 {
		t.Errorf("%d are eaten; of 5000, %d are missing, and of 4000 it takes %d", most, s.Shortage(p), few.Shortage(p))
	}
	more := s.Supplied(9000)
	if more.System.Whole("data.cakes") != 9000 || s.System.Whole("data.cakes") != 5000 || s.Supplied(9).System.Whole("data.cakes") != 5000 {
		t.Errorf("got %+v of %+v", more.System, s.System)
	}
}
