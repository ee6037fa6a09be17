package reports

import (
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/plot"
)

// detailsOf are the details of a run and its summary.
func detailsOf(run *record.Run, s *Summary) *Details { return Examine(run).Details(s) }

// looksOf is what the run looks like.
func looksOf(run *record.Run, s *Summary) visuals { return visualsOf(&summary{s}, detailsOf(run, s)) }

// runSecondsOf are the curves of the run as they are drawn.
func runSecondsOf(run *record.Run, s *Summary) runSeconds {
	return drawnSeconds(detailsOf(run, s).Curves)
}

// primaryOfRun are the statements of the primary per second as they are drawn.
func primaryOfRun(run *record.Run) []plot.Piece {
	return drawnSeconds(Examine(run).Details(nil).Curves).primaryQPS
}

// writeAll leaves all files of a run and its summary in dir.
func writeAll(dir string, run *record.Run, s *Summary, fonts *plot.Fonts) error {
	of := Examine(run)
	return write(dir, &summary{s}, of.Details(s), of.Windows, fonts)
}
