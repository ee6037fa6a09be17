package reports

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/plot"
)

// sameFiles compares all files of two directories but what is made of the record.
func sameFiles(t *testing.T, a, b string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(a, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == WindowsFile {
			return err
		}
		name, err := filepath.Rel(a, path)
		if err != nil {
			return err
		}
		n++
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		got, err := os.ReadFile(filepath.Join(b, name))
		if err == nil && !bytes.Equal(got, want) {
			t.Errorf("%s differs (-as judged +as read back):\n%.2000s", name, cmp.Diff(string(want), string(got)))
		}
		return err
	})
	if err != nil || n < 7 {
		t.Errorf("compared %d files, %v", n, err)
	}
}

func nothing(io.Writer) error { return nil }

// What summary.json says is all that the forms know: read back without the record it makes the same page, text, Markdown,
// charts and files for build servers.
func TestReadBack(t *testing.T) {
	fonts := &plot.Fonts{}
	runs := odd()
	maps.Copy(runs, told())
	for name, make := range runs {
		t.Run(name, func(t *testing.T) {
			run, s := make().summarized(t)
			a, b := t.TempDir(), t.TempDir()
			if err := writeAll(a, run, s, fonts); err != nil {
				t.Fatal(err)
			}
			again, details, err := model.Read[model.Summary](a, SummaryFile)
			if err != nil {
				t.Fatal(err)
			}
			if err := write(b, &summary{again}, details, nothing, fonts); err != nil {
				t.Fatal(err)
			}
			var first, second bytes.Buffer
			if Print(&first, s, Options{}) != nil || Print(&second, again, Options{}) != nil || first.String() != second.String() {
				t.Errorf("the text differs: %s", cmp.Diff(first.String(), second.String()))
			}
			if diff := cmp.Diff(Annotations(s), Annotations(again)); diff != "" {
				t.Error(diff)
			}
			sameFiles(t, a, b)
		})
	}
}

func TestReadBackACutover(t *testing.T) {
	run, c := thereAndBack().cutover(t)
	a, b := t.TempDir(), t.TempDir()
	if err := WriteCutover(a, c, judge.Examine(run).Details(nil), nothing); err != nil {
		t.Fatal(err)
	}
	again, details, err := model.Read[model.Cutover](a, CutoverFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteCutover(b, again, details, nothing); err != nil {
		t.Fatal(err)
	}
	sameFiles(t, a, b)
}

// Whoever shows a run leaves it as it was judged: the order of its budgets, too, which some forms show the other way round.
func TestShowingChangesNothing(t *testing.T) {
	for name, make := range odd() {
		run, s := make().summarized(t)
		before, d := numbers(t, s), detailsOf(run, s)
		errs := []error{markdown(io.Discard, &summary{s}), html(io.Discard, &summary{s}, d, looksOf(run, s)), junit(io.Discard, &summary{s}),
			StepSummary(io.Discard, s, 1<<16), Print(io.Discard, s, Options{}), openMetrics(io.Discard, &summary{s})}
		Annotations(s)
		if diff := cmp.Diff(before, numbers(t, s)); diff != "" || errors.Join(errs...) != nil {
			t.Errorf("%s: %v\n%.2000s", name, errors.Join(errs...), diff)
		}
	}
}

// numbers are summary.json as it would be written now.
func numbers(t *testing.T, s *model.Summary) string {
	t.Helper()
	var text bytes.Buffer
	if err := JSON(&text, s); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// Each reason and each warning has a kind, whatever happened: one without would give its kind to the next.
func TestEveryRemarkHasAKind(t *testing.T) {
	rulings := map[string]model.Ruling{}
	for name, make := range odd() {
		_, s := make().summarized(t)
		rulings[name] = s.Ruling
	}
	slow := thereAndBack()
	for i := range slow.windows {
		if w := &slow.windows[i]; w.Offered > 0 {
			w.Failed = w.Offered / 50
			w.Completed = w.Sent - w.Failed
		}
	}
	_, c := slow.cutover(t)
	if rulings["cutover"] = c.Ruling; len(c.Warnings) == 0 {
		t.Error("no warning of a cutover that answered 98 of 100 hits")
	}
	for name, r := range rulings {
		if len(r.Reasons) != len(r.ReasonKinds) || len(r.Warnings) != len(r.WarningKinds) {
			t.Errorf("%s: got %d reasons of %d kinds, %d warnings of %d", name, len(r.Reasons), len(r.ReasonKinds), len(r.Warnings), len(r.WarningKinds))
		}
	}
}
