package record

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxLineBytes bounds one line of a stream; a window of five full histograms stays far below.
const maxLineBytes = 16 << 20

// Run is a run directory read back.
type Run struct {
	Dir     string
	Header  Header
	Windows []Window
	// APIs is empty in early records, and lacks the trials that did not end.
	APIs     []APIWindow
	Samples  []Sample
	Events   []Event
	Scenario []byte
	// Notes say what the reader had to leave out, such as a last line cut short by a crash.
	Notes []string
}

// Complete tells whether the run reached its end.
func (r *Run) Complete() bool {
	return len(r.Events) > 0 && r.Events[len(r.Events)-1].Kind == EventDone
}

// ReadHeader reads the header of the run directory dir and nothing else, for those who have to know what kind of run it is.
func ReadHeader(dir string) (h Header, err error) {
	text, err := os.ReadFile(filepath.Join(dir, HeaderFile))
	if errors.Is(err, fs.ErrNotExist) {
		return h, fmt.Errorf("%s is not a run directory: it has no %s", dir, HeaderFile)
	}
	if err != nil {
		return h, fmt.Errorf("read run: %w", err)
	}
	if err := foreign(dir, text); err != nil {
		return h, err
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return h, fmt.Errorf("read %s: %w", filepath.Join(dir, HeaderFile), err)
	}
	return h, nil
}

// Open reads the run directory dir. A run that was cut short is read as far as it goes; what is missing or broken
// besides its last lines is an error.
func Open(dir string) (*Run, error) {
	r := &Run{Dir: dir}
	var err error
	if r.Header, err = ReadHeader(dir); err != nil {
		return nil, err
	}
	if r.Scenario, err = os.ReadFile(filepath.Join(dir, ScenarioFile)); err != nil {
		return nil, fmt.Errorf("read run: %w", err)
	}
	r.Windows, err = readLines[Window](r, WindowsFile)
	samples, err2 := readLines[Sample](r, SamplesFile)
	events, err3 := readLines[Event](r, EventsFile)
	apis, err4 := readLines[APIWindow](r, APIsFile)
	if errors.Is(err4, fs.ErrNotExist) {
		err4 = nil
	}
	r.Samples, r.Events, r.APIs = samples, events, apis
	return r, errors.Join(err, err2, err3, err4)
}

// foreign refuses a header of another format. It is asked before the header is decoded, which may mean something else there.
func foreign(dir string, header []byte) error {
	var told struct{ Schema, Version string }
	// What is wrong with the rest of it is told by whoever decodes it.
	_ = json.Unmarshal(header, &told)
	if told.Schema == Schema || !json.Valid(header) {
		return nil
	}
	return fmt.Errorf("%s has schema %q; this rehearse reads %q: read it with the rehearse that recorded it (%s), or a later one",
		dir, told.Schema, Schema, cmp.Or(told.Version, "it does not say which"))
}

// readLines decodes one value a line. Only the last line may be broken: it was being written when the run died.
func readLines[T any](r *Run, name string) ([]T, error) {
	file, err := os.Open(filepath.Join(r.Dir, name))
	if err != nil {
		return nil, fmt.Errorf("read run: %w", err)
	}
	defer file.Close()
	var values []T
	var line []byte
	lines := bufio.NewReaderSize(file, 1<<16)
	for number := 1; ; number++ {
		line, err = readLine(lines, line[:0])
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return values, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return values, fmt.Errorf("read %s:%d: %w", name, number, err)
		}
		var value T
		if broken := json.Unmarshal(line, &value); broken != nil {
			if errors.Is(err, io.EOF) {
				r.Notes = append(r.Notes, fmt.Sprintf("%s: the last line was cut short and is left out", name))
				return values, nil
			}
			return values, fmt.Errorf("read %s:%d: %w", name, number, broken)
		}
		values = append(values, value)
	}
}

// readLine appends the next line to line.
func readLine(r *bufio.Reader, line []byte) ([]byte, error) {
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLineBytes {
			return nil, fmt.Errorf("line longer than %d bytes", maxLineBytes)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}
