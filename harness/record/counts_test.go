package record

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Counts are members of their window, as the first records have them, and whatever else is there is none of them.
func TestCountsAreMembers(t *testing.T) {
	const early = `{"trial":0,"stage":"peak","op":"buy","second":3,"offered":9,"sent":9,"completed":8,"failed":1,"errors":{"eof":1},"failed_seconds":2,` +
		`"misled":2, "asked" : 7 ,"rechecked":4,"note":"misled\":5","share":0.5,"large":1e3,"nested":{"asked":3,"list":[1,{"deep":4}]},"below":-1,"none":0,` +
		`"response":[],"service":[],"lag":[],"crc":"01234567"}`
	var w Window
	if err := json.Unmarshal([]byte(early), &w); err != nil {
		t.Fatal(err)
	}
	want := Counts{{"misled", 2}, {"asked", 7}, {"none", 0}}
	if diff := cmp.Diff(want, w.Counts); diff != "" || w.Rechecked != 4 || w.Completed != 8 || w.Errors["eof"] != 1 {
		t.Errorf("got %+v: %s", w, diff)
	}
	text, err := json.Marshal(APIWindow{"GET /", w})
	if err != nil || !strings.HasSuffix(string(text), `,"misled":2,"asked":7}`) || strings.Contains(string(text), "none") {
		t.Errorf("got %s, %v", text, err)
	}
	var api APIWindow
	if err := json.Unmarshal(text, &api); err != nil || api.API != "GET /" || api.Counts.Of("asked") != 7 || api.Counts.Of("none") != 0 {
		t.Errorf("got %+v, %v", api, err)
	}
}

// What is written is read again, whatever the names are.
func TestCountsAreReadAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := Window{Stage: "peak", Op: "buy", Offered: 1, Errors: map[string]uint64{rapid.String().Draw(t, "class"): 1}}
		w.Response.Record(time.Second)
		name := rapid.StringMatching(`[a-z _é"}{:,\[\]]{1,9}`)
		for range rapid.IntRange(0, 5).Draw(t, "names") {
			// Names with a quote are written escaped, and nobody has such names.
			w.Counts.Set(strings.ReplaceAll(name.Draw(t, "name"), `"`, ""), rapid.Uint64Range(1, highestCount).Draw(t, "n"))
		}
		for _, own := range []string{"op", "lag", "sent", "api"} {
			if w.Counts.Of(own) > 0 {
				t.Skip("a member of its own")
			}
		}
		text, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		var again Window
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(w.Counts, again.Counts); diff != "" {
			t.Fatalf("%s\n%s", diff, text)
		}
	})
}

// Every member that a window has by itself is known, so that none is taken for a count.
func TestOwnMembers(t *testing.T) {
	names := map[string]bool{"api": true}
	for field := range reflect.TypeFor[Window]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "-" {
			names[name] = true
		}
	}
	for name := range names {
		if !ownMember([]byte(name)) {
			t.Errorf("%s would be a count", name)
		}
	}
	if ownMember([]byte("misled")) || len(names) < 15 {
		t.Errorf("got %v", names)
	}
}

// Adding leaves out what is zero, and what is added is not changed.
func TestAddCounts(t *testing.T) {
	var sum Counts
	one := Counts{{"misled", 1}, {"asked", 0}}
	for range 3 {
		sum.Add(one)
	}
	if got := fmt.Sprint(sum, one); got != "[{misled 3}] [{misled 1} {asked 0}]" {
		t.Error(got)
	}
}
