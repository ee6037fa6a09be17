package reports

import (
	"bytes"
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
