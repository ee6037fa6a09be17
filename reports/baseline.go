package reports

import (
	"io"

	"github.com/rehearse-dev/rehearse/reports/model"
)

// WriteBaseline puts a baseline into the file at path, in one step.
func WriteBaseline(b *model.Baseline, path string) error {
	return replace(path, func(w io.Writer) error {
		text, err := b.Text()
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	})
}
