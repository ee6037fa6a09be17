package record

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Names of the files in a run directory.
const (
	HeaderFile   = "run.json"
	WindowsFile  = "windows.jsonl"
	APIsFile     = "apis.jsonl"
	SamplesFile  = "samples.jsonl"
	EventsFile   = "events.jsonl"
	ScenarioFile = "scenario.yaml"
)

// flushEvery bounds what a crash can lose of samples and windows.
const flushEvery = time.Second

// Writer appends to a run directory. It is safe for concurrent use. The first error sticks: every later call returns
// it, so a full disk ends the run once, clearly.
type Writer struct {
	dir     string
	started time.Time
	header  Header
	mu      sync.Mutex
	streams map[string]*stream
	taps    []*Tap
	err     error
}

type stream struct {
	file    *os.File
	buffer  *bufio.Writer
	flushed time.Time
}

// Create makes dir, writes the scenario and the header, and opens the streams. The caller closes the writer.
func Create(dir string, header Header, scenario []byte) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create run directory: %w", err)
	}
	w := &Writer{dir: dir, started: header.Started, streams: map[string]*stream{}}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, ScenarioFile), scenario, 0o644), w.setHeader(header)); err != nil {
		return nil, fmt.Errorf("create run directory: %w", err)
	}
	for _, name := range []string{WindowsFile, APIsFile, SamplesFile, EventsFile} {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("create run directory: %w", err), w.Close())
		}
		w.streams[name] = &stream{file: file, buffer: bufio.NewWriter(file)}
	}
	return w, nil
}

// Edit changes the header, for what is known only once the servers run, or have run. It changes what is there, which may
// be more than the caller has put there. A crash leaves the old header or the new. One goroutine edits.
func (w *Writer) Edit(change func(*Header)) error {
	header := w.header
	header.Trials = slices.Clone(header.Trials)
	change(&header)
	return w.setHeader(header)
}

func (w *Writer) setHeader(header Header) error {
	header.Schema, header.Checksums, header.CRC = Schema, Checksums, ""
	w.header = header
	text, err := json.MarshalIndent(header, "", "  ")
	if err != nil {
		return fmt.Errorf("encode run header: %w", err)
	}
	path := filepath.Join(w.dir, HeaderFile)
	if err := os.WriteFile(path+".new", append(seal(text, headerMember, headerEnd), '\n'), 0o644); err != nil {
		return fmt.Errorf("write run header: %w", err)
	}
	return os.Rename(path+".new", path)
}

// AddTrial adds a trial to the header: one that is run beyond the plan.
func (w *Writer) AddTrial(t Trial) error {
	return w.Edit(func(h *Header) { h.Trials = append(h.Trials, t) })
}

// AddFile keeps a file that the scenario names, under the same name beside it. It replaces no file of the run.
func (w *Writer) AddFile(name string, content []byte) error {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return fmt.Errorf("keep %s: it lies outside of the run directory", name)
	}
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("keep %s: %w", name, err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("keep %s: %w", name, err)
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Close())
}

// Dir is the run directory.
func (w *Writer) Dir() string { return w.dir }

// AddWindow appends a window.
func (w *Writer) AddWindow(window Window) error {
	return w.shared(w.add(WindowsFile, window), func() Entry { return window.clone() })
}

// AddAPIWindow appends what one API came to in a stage.
func (w *Writer) AddAPIWindow(window APIWindow) error { return w.add(APIsFile, window) }

// AddSample appends a sample.
func (w *Writer) AddSample(sample Sample) error {
	return w.shared(w.add(SamplesFile, sample), func() Entry { return sample })
}

// AddEvent appends an event and puts everything so far on disk. A zero AtSeconds becomes now.
func (w *Writer) AddEvent(event Event) error {
	if event.AtSeconds == 0 {
		event.AtSeconds = w.Since(time.Now())
	}
	return errors.Join(w.shared(w.add(EventsFile, event), func() Entry { return event }), w.Flush())
}

// Since is t on the run's clock, in seconds.
func (w *Writer) Since(t time.Time) float64 { return t.Sub(w.started).Seconds() }

// Flush hands everything written so far to the operating system, so it survives the death of this process.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.streams {
		_ = w.keep(s.buffer.Flush()) // kept and returned below; the other streams are flushed all the same
	}
	return w.err
}

// Close flushes and closes the streams.
func (w *Writer) Close() error {
	err := w.Flush()
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, s := range w.streams {
		err = errors.Join(err, s.file.Close())
		delete(w.streams, name)
	}
	return err
}

// encode is a line without its end. What writes itself is taken at its word: checking it once more would take as long.
func encode(value any) ([]byte, error) {
	if own, is := value.(json.Marshaler); is {
		return own.MarshalJSON()
	}
	return json.Marshal(value)
}

func (w *Writer) add(name string, value any) error {
	line, err := encode(value)
	if err == nil {
		line = append(seal(line, lineMember, lineEnd), '\n')
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.streams[name]
	switch {
	case w.err != nil:
		return w.err
	case s == nil:
		return fmt.Errorf("write %s: the run directory is closed", name)
	case err != nil:
		return w.keep(fmt.Errorf("encode line of %s: %w", name, err))
	}
	_, err = s.buffer.Write(line)
	if now := time.Now(); err == nil && now.Sub(s.flushed) >= flushEvery {
		s.flushed = now
		err = s.buffer.Flush()
	}
	return w.keep(err)
}

// keep remembers the first error. The caller holds the lock.
func (w *Writer) keep(err error) error {
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("write run directory: %w", err)
	}
	return w.err
}
