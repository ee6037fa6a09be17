package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// Names of what [Write] leaves in a run directory, beside the charts.
const (
	SummaryFile  = "summary.json"
	MarkdownFile = "report.md"
	ChartsDir    = "charts"
)

// Write leaves summary.json, report.md and the charts in dir. Each file appears whole or not at all; one that fails does
// not keep the others from being written.
func Write(dir string, run *record.Run, s *Summary) error {
	if err := os.MkdirAll(filepath.Join(dir, ChartsDir), 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	errs := []error{
		replace(filepath.Join(dir, SummaryFile), func(w io.Writer) error { return JSON(w, s) }),
		replace(filepath.Join(dir, MarkdownFile), func(w io.Writer) error { return markdown(w, run, s) }),
	}
	return errors.Join(append(errs, charts(filepath.Join(dir, ChartsDir), run, s)...)...)
}

// JSON writes summary.json, or selftest.json.
func JSON[T Summary | SelfTest](w io.Writer, judged *T) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(judged)
}

// replace puts what write produces in place of the file at path, in one step.
func replace(path string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(file.Name()))
		}
	}()
	if err := errors.Join(write(file), file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
