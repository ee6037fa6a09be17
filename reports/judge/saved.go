package judge

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
)

// BaselineFile is the name under which a run directory keeps the baseline it was judged against.
const BaselineFile = "baseline.json"

// ReadBaseline reads what [model.Baseline.Text] wrote.
func ReadBaseline(path string) (*model.Baseline, error) {
	text, err := record.ReadFile(path, model.MaxBaseline)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no saved baseline %s; %s", path, model.HowToSave)
	}
	if err != nil {
		return nil, fmt.Errorf("read the saved baseline: %w", err)
	}
	return model.ParseBaseline(path, text)
}

// KeptBaseline reads the one that a run directory keeps, nil if none: a file of that directory, wherever links may lead.
func KeptBaseline(dir string) (*model.Baseline, error) {
	path := filepath.Join(dir, BaselineFile)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	text, err := record.FilesOf(dir).Read(BaselineFile, model.MaxBaseline)
	if err != nil {
		return nil, fmt.Errorf("read the saved baseline: %w; remove %s, or name another with --baseline", err, path)
	}
	return model.ParseBaseline(path, text)
}
