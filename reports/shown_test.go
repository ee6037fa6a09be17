package reports

import (
	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/judge"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/plot"
)

// detailsOf are the details of a run and its summary.
func detailsOf(run *record.Run, s *model.Summary) *model.Details {
	return judge.Examine(run).Details(s)
}

// looksOf is what the run looks like.
func looksOf(run *record.Run, s *model.Summary) visuals {
	return visualsOf(&summary{s}, detailsOf(run, s))
}

// runSecondsOf are the curves of the run as they are drawn.
func runSecondsOf(run *record.Run, s *model.Summary) runSeconds {
	return drawnSeconds(detailsOf(run, s).Curves)
}

// primaryOfRun are the statements of the primary per second as they are drawn.
func primaryOfRun(run *record.Run) []plot.Piece {
	return drawnSeconds(judge.Examine(run).Details(nil).Curves).primaryQPS
}

// writeAll leaves all files of a run and its summary in dir.
func writeAll(dir string, run *record.Run, s *model.Summary, fonts *plot.Fonts) error {
	of := judge.Examine(run)
	return write(dir, &summary{s}, of.Details(s), of.Windows, fonts)
}
