package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"sync"
	"syscall"

	"golang.org/x/term"

	"github.com/rehearse-dev/rehearse/reports"
	"github.com/rehearse-dev/rehearse/reports/visible"
)

// outlet is stdout or stderr: the one place where text leaves, and where whatever came from outside is made visible. That
// nobody takes the text any more ends nothing, because a run has a verdict, files and servers besides: what is wrong is kept
// for the end.
type outlet struct {
	*visible.Writer
	sink *sink
	// key tells colours of ours from those that came with a text.
	key string
}

func newOutlet(out io.Writer) *outlet {
	// Eight digits, because go-pretty reads them as a number.
	number, err := rand.Int(rand.Reader, big.NewInt(90_000_000))
	key := ""
	if err == nil {
		key = fmt.Sprint(10_000_000 + number.Int64())
	}
	s := &sink{out: out}
	return &outlet{Writer: visible.NewWriter(s, key), sink: s, key: key}
}

// sink takes everything. After the first error it passes nothing on.
type sink struct {
	out io.Writer

	mu     sync.Mutex
	failed error
}

// Write implements [io.Writer]; it never fails.
func (s *sink) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		_, s.failed = s.out.Write(text)
	}
	return len(text), nil
}

// lost is why text was lost, nil where none was or nobody wanted it any more: who closes a pipe has read enough, and who
// closes a terminal is gone.
func (o *outlet) lost() error {
	o.sink.mu.Lock()
	defer o.sink.mu.Unlock()
	for _, gone := range []error{syscall.EPIPE, syscall.EIO, io.ErrClosedPipe} {
		if errors.Is(o.sink.failed, gone) {
			return nil
		}
	}
	return o.sink.failed
}

// composed writes to an outlet what was put together here of parts that are visible already: a workflow command, or lines
// in colours.
func composed(w io.Writer, text string) error {
	if o, ok := w.(interface{ WritePlain(string) error }); ok {
		return o.WritePlain(text)
	}
	_, err := io.WriteString(w, text)
	return err
}

// fileOf is the file behind an outlet, nil if there is none.
func fileOf(w io.Writer) *os.File {
	if o, ok := w.(*outlet); ok {
		w = o.sink.out
	}
	file, _ := w.(*os.File)
	return file
}

// isTerminal tells whether somebody watches who can see lines rewritten and colours.
func isTerminal(w io.Writer) bool {
	file := fileOf(w)
	return file != nil && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"
}

// coloured tells whether words may be painted for w.
func coloured(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }

// options are how text is printed to out.
func options(out io.Writer) reports.Options {
	o := reports.Options{Color: coloured(out)}
	if outlet, ok := out.(*outlet); ok {
		o.Key = outlet.key
	}
	return o
}
