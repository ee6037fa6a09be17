package record

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
)

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
	for _, e := range slices.Backward(r.Events) {
		// Other runs come and go when they like.
		if e.Kind != EventBeside {
			return e.Kind == EventDone
		}
	}
	return false
}

// ReadHeader reads the header of the run directory dir and nothing else, for those who have to know what kind of run it is.
func ReadHeader(dir string) (h Header, err error) {
	path := filepath.Join(dir, HeaderFile)
	text, err := FilesOf(dir).Read(HeaderFile, maxHeaderBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return h, fmt.Errorf("%s is not a run directory: it has no %s", dir, HeaderFile)
	}
	if err != nil {
		return h, fmt.Errorf("read run: %w", err)
	}
	if n := parts(text); n > mostParts {
		return h, fmt.Errorf("read %s: it has %d entries: %d at the most; %s", path, n, mostParts, remedy)
	}
	if err := foreign(dir, text); err != nil {
		return h, err
	}
	sealed, err := unsealed(text, headerMember, headerEnd)
	if err != nil {
		return h, fmt.Errorf("read %s: %w; %s", path, err, remedy)
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return h, fmt.Errorf("read %s: %w", path, err)
	}
	if !sealed && (h.CRC != "" || h.Checksums != "") {
		return h, fmt.Errorf("read %s: %w; %s", path, errUnsealed, remedy)
	}
	h.CRC = ""
	if err := h.check().err(path); err != nil {
		return h, fmt.Errorf("%w\n%s", err, remedy)
	}
	return h, nil
}

// remedy is what to do about a record that cannot be read.
const remedy = "the record is damaged, or was not made by rehearse: restore it from a copy, or run again"

// Open reads the run directory dir. A run that was cut short is read as far as it goes; what is missing, broken or out of
// bounds besides its last lines is an error.
func Open(dir string) (*Run, error) { return new(Room).Open(dir) }

// Room is the memory for the records that are looked at together. The zero value is empty.
type Room struct {
	// held is about how many bytes they take.
	held int
}

// Open reads one more run directory, as [Open] does; one that takes more memory than the others left is an error.
func (m *Room) Open(dir string) (*Run, error) {
	r := &Run{Dir: dir}
	var err error
	if r.Header, err = ReadHeader(dir); err != nil {
		return nil, err
	}
	if r.Scenario, err = FilesOf(dir).Read(ScenarioFile, maxScenarioBytes); err != nil {
		return nil, fmt.Errorf("read run: %w", err)
	}
	in := &reader{run: r, frame: frameOf(&r.Header, m)}
	var errs [4]error
	r.Windows, errs[0] = readLines[Window](in, WindowsFile)
	r.Samples, errs[1] = readLines[Sample](in, SamplesFile)
	r.Events, errs[2] = readLines[Event](in, EventsFile)
	r.APIs, errs[3] = readLines[APIWindow](in, APIsFile)
	if errors.Is(errs[3], fs.ErrNotExist) {
		errs[3] = nil
	}
	if err := cmp.Or(errors.Join(errs[:]...), checkEvents(dir, r.Events)); err != nil {
		if in.told >= mostProblems {
			err = fmt.Errorf("%w\nand perhaps more: the rest was not read", err)
		}
		if errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("%w\nread the run as the account that made it, or let others read its files", err)
		}
		return nil, fmt.Errorf("%w\n%s", err, remedy)
	}
	return r, nil
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

// reader is a run on its way from its directory.
type reader struct {
	run   *Run
	frame *frame
	// told is how many problems have been told.
	told int
}

// readLines decodes one value a line. Only the last line may be broken: it was being written when the run died. Of what is
// wrong otherwise, the first lines are told.
func readLines[T any, P interface {
	*T
	line
}](in *reader, name string) (values []T, err error) {
	file, err := FilesOf(in.run.Dir).Open(name)
	if err != nil {
		return nil, fmt.Errorf("read run: %w", err)
	}
	defer file.Close()
	var text []byte
	var wrong []error
	lines := bufio.NewReaderSize(file, 1<<16)
	for number := 1; in.told < mostProblems; number++ {
		where := fmt.Sprintf("%s:%d", filepath.Join(in.run.Dir, name), number)
		text, err = readLine(lines, text[:0])
		last := errors.Is(err, io.EOF)
		if last && len(text) == 0 {
			break
		}
		if err != nil && !last {
			return values, errors.Join(append(wrong, fmt.Errorf("read %s: %w", where, err))...)
		}
		var value T
		broken := in.decode(text, &value)
		if broken != nil && last {
			in.run.Notes = append(in.run.Notes, fmt.Sprintf("%s: the last line was cut short and is left out", name))
			break
		}
		p := &problems{}
		if broken != nil {
			p.add("%w", broken)
		} else {
			P(&value).check(in.frame, p)
		}
		if err := p.err(where); err != nil {
			wrong, in.told = append(wrong, err), in.told+len(p.found)
			continue
		}
		if err := in.frame.full(P(&value)); err != nil {
			return values, errors.Join(append(wrong, fmt.Errorf("%s: %w", where, err))...)
		}
		if number == fewLines {
			if values, err = makeRoom(in, values, name, P(new(T)).size()); err != nil {
				return values, errors.Join(append(wrong, err)...)
			}
		}
		values = append(values, value)
	}
	return values, errors.Join(wrong...)
}

// fewLines are so few that it does not matter how a list of them grows.
const fewLines = 1000

// makeRoom makes a list as long as the stream has lines: growing it step by step takes more than twice its memory. Where
// that many cannot be held, however short, none of them is read.
func makeRoom[T any](in *reader, values []T, name string, least int) ([]T, error) {
	n, err := in.countLines(name)
	if err != nil {
		return values, fmt.Errorf("read run: %w", err)
	}
	more := max(n-len(values), 0)
	if err := in.frame.room.fits(more * least); err != nil {
		return values, fmt.Errorf("%s: %w", filepath.Join(in.run.Dir, name), err)
	}
	return slices.Grow(values, more), nil
}

// countLines counts the lines of a stream.
func (in *reader) countLines(name string) (n int, err error) {
	file, err := FilesOf(in.run.Dir).Open(name)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	for part := make([]byte, 1<<16); ; {
		read, err := file.Read(part)
		n += bytes.Count(part[:read], []byte{'\n'})
		if errors.Is(err, io.EOF) {
			return n + 1, nil // the last one may lack its end
		}
		if err != nil {
			return n, err
		}
	}
}

// decode makes a value of a line whose checksum matches.
func (in *reader) decode(text []byte, value any) error {
	sealed, err := unsealed(text, lineMember, lineEnd)
	if err != nil {
		return err
	}
	if err := decode(text, value); err != nil {
		return err
	}
	if !sealed && in.run.Header.Checksums != "" {
		return errUnsealed
	}
	return nil
}

// decode reads a line. What reads itself looks for itself whether the line is sound.
func decode(text []byte, value any) error {
	if own, is := value.(json.Unmarshaler); is {
		return own.UnmarshalJSON(text)
	}
	return json.Unmarshal(text, value)
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
