package reading

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// WindowsCSV writes windows.csv, one row at a time: the hits of each operation in each second of each trial. Lines end as
// RFC 4180 has it. What is not known is an empty cell: a percentile beyond which fewer than ten hits of the second lie is
// not known.
func WindowsCSV(w io.Writer, run *record.Run) error {
	table := csv.NewWriter(w)
	table.UseCRLF = true
	row := []string{"trial", "round", "state", "stage", "operation", "second", "offered", "sent", "completed", "failed",
		"missed", "p50_seconds", "p95_seconds", "p99_seconds", "lag_p99_seconds", "reconnected", "resent"}
	trials := map[int]record.Trial{}
	for _, t := range run.Header.Trials {
		trials[t.Index] = t
	}
	err := table.Write(row)
	for i := range run.Windows {
		if t, planned := trials[run.Windows[i].Trial]; planned && err == nil {
			err = table.Write(appendWindow(row[:0], t, &run.Windows[i]))
		}
	}
	table.Flush()
	if err == nil {
		err = table.Error()
	}
	return err
}

// appendWindow adds the cells of a window. Trials and rounds count from one, as in the progress of the run.
func appendWindow(row []string, t record.Trial, w *record.Window) []string {
	row = append(row, strconv.Itoa(t.Index+1), strconv.Itoa(t.Round+1), inert(t.State), inert(w.Stage), inert(w.Op),
		strconv.Itoa(w.Second))
	for _, n := range []uint64{w.Offered, w.Sent, w.Completed, w.Failed, w.Missed} {
		row = append(row, strconv.FormatUint(n, 10))
	}
	h := Declared{}.Hits(w)
	for _, q := range []float64{0.5, 0.95, 0.99} {
		row = append(row, h.Percentile(q).Text())
	}
	return append(row, h.LagP99().Text(), strconv.FormatUint(w.Reconnected, 10), strconv.FormatUint(w.Resent, 10))
}

// inert is text that no spreadsheet takes for a formula. Source: OWASP, "CSV Injection".
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}
