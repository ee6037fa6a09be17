package live

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// However often a page asks, and whatever it was sent before: what it knows in the end is what there is.
func TestEveryPageKnowsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b board
		there := map[int]string{}
		pages := make([]map[int]string, 3)
		seen := make([]uint64, len(pages))
		ask := func(i int) {
			if m := b.since(seen[i]); m != nil {
				for _, text := range m.Points {
					var p struct {
						Second int
						Text   string
					}
					if err := json.Unmarshal(text, &p); err != nil {
						t.Fatal(err)
					}
					pages[i][p.Second] = p.Text
				}
			}
			seen[i] = b.version
		}
		for i := range pages {
			pages[i] = map[int]string{}
		}
		for step := range rapid.IntRange(0, 60).Draw(t, "steps") {
			second := rapid.IntRange(0, 9).Draw(t, "second")
			there[second] = fmt.Sprint(step)
			b.put(key{kindPoint, 0, second}, map[string]any{"Second": second, "Text": there[second]})
			if page := rapid.IntRange(0, 5).Draw(t, "page"); page < len(pages) {
				ask(page)
			}
		}
		for i := range pages {
			ask(i)
			if diff := cmp.Diff(there, pages[i]); diff != "" {
				t.Fatalf("page %d: -want +got:\n%s", i, diff)
			}
			if m := b.since(seen[i]); m != nil {
				t.Fatalf("page %d: got %+v, want nothing more", i, m)
			}
		}
	})
}

// A run that nobody ends costs bounded memory. The run itself is never what goes.
func TestBoardIsBounded(t *testing.T) {
	var b board
	b.put(key{kind: kindRun}, "the run")
	for second := range maxItems {
		b.put(key{kindPoint, 0, second}, second)
	}
	m := b.since(0)
	want := fmt.Sprint(maxItems/10 - 1)
	if len(b.items) > maxItems || len(b.versions) != len(b.items) || string(m.Run) != `"the run"` || string(m.Points[0]) != want {
		t.Errorf("got %d items, %d versions, run %s and the oldest second %s, want %s", len(b.items), len(b.versions), m.Run, m.Points[0], want)
	}
}
