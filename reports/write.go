// Package reports shows a judged run: on a terminal, as a page, as Markdown and charts, and to build servers.
//
// Scope: from what package model holds to report.html, report.md, the tables of the terminal, the charts, junit.xml, metrics.txt,
// bench.txt and the annotations of a build. Nothing is judged here, and nothing is read but what was judged: summary.json and
// details.json make the same reports again, byte for byte.
//
// Opinion: the answer first, then what it rests on, then everything else, folded. A number is never shown without what a
// reader has to know of it; what came from outside is seen, and never read as markup.
//
// Steps: [Write] leaves all files of a run in its directory, [WriteCutover], [WriteSelfTest] and [WriteComparison] those of the
// other kinds; [Print] and its brothers write for a terminal; [Annotations] and [StepSummary] are for GitHub.
package reports

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/plot"
	"github.com/rehearse-dev/rehearse/reports/visible"
)

// Names of what [Write] leaves in a run directory, beside the charts.
const (
	SummaryFile    = "summary.json"
	MarkdownFile   = "report.md"
	HTMLFile       = "report.html"
	JUnitFile      = "junit.xml"
	MetricsFile    = "metrics.txt"
	BenchmarksFile = "bench.txt"
	WindowsFile    = "windows.csv"
	ChartsDir      = "charts"
)

// Files lists what [Write] leaves in a run directory, in the order in which a reader may want it.
func Files() []string {
	return []string{HTMLFile, MarkdownFile, ChartsDir + "/", SummaryFile, model.DetailsFile, JUnitFile, MetricsFile, BenchmarksFile, WindowsFile}
}

// Write leaves its [Files] in dir; windows writes windows.csv, which is made of the record. Each file appears whole or not at
// all; one that fails does not keep the others from being written. Where no font of this machine has the letters of a name, s is
// given a warning.
func Write(dir string, s *model.Summary, d *model.Details, windows func(io.Writer) error) error {
	return write(dir, &summary{s}, d, windows, &plot.Fonts{})
}

func write(dir string, s *summary, d *model.Details, windows func(io.Writer) error, fonts *plot.Fonts) error {
	if err := makeCharts(dir); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	for _, warning := range unseen(s, d, fonts) {
		if !slices.Contains(s.Warnings, warning) {
			s.Warn(model.AboutRun, warning)
		}
	}
	v := visualsOf(s, d)
	errs := []error{
		replace(filepath.Join(dir, SummaryFile), func(w io.Writer) error { return JSON(w, s.Summary) }),
		replace(filepath.Join(dir, model.DetailsFile), func(w io.Writer) error { return JSON(w, d) }),
		replace(filepath.Join(dir, MarkdownFile), func(w io.Writer) error { return markdown(w, s) }),
		replace(filepath.Join(dir, HTMLFile), func(w io.Writer) error { return html(w, s, d, v) }),
		replace(filepath.Join(dir, JUnitFile), func(w io.Writer) error { return junit(w, s) }),
		replace(filepath.Join(dir, MetricsFile), func(w io.Writer) error { return openMetrics(w, s) }),
		replace(filepath.Join(dir, BenchmarksFile), func(w io.Writer) error { return benchmarks(w, s.Provenance, d) }),
		replace(filepath.Join(dir, WindowsFile), windows),
	}
	return errors.Join(append(errs, charts(filepath.Join(dir, ChartsDir), s, v, fonts)...)...)
}

// makeCharts makes the directory of the charts in dir. One that is a link would have them written elsewhere, over files of
// their names.
func makeCharts(dir string) error {
	path := filepath.Join(dir, ChartsDir)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	info, err := os.Lstat(path)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is a link and no directory: remove it", path)
	}
	return err
}

// JSON writes summary.json, selftest.json, cutover.json, or a comparison.
func JSON[T model.Summary | model.Details | model.SelfTest | model.Cutover | model.Comparison](w io.Writer, judged *T) error {
	return visible.JSON(w, judged)
}

// replace puts what write produces in place of the file at path, in one step. A link or a pipe in its place goes, and what it
// leads to stays as it is; a directory stays.
func replace(path string, write func(io.Writer) error) (err error) {
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return fmt.Errorf("write %s: a directory is in its place: remove it, or move it away", path)
	}
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
