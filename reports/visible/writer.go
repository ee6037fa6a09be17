package visible

import (
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// Writer passes text on with everything in it made visible. Line breaks and tabs stay. It is safe for concurrent use; a
// character may come in pieces.
type Writer struct {
	mu  sync.Mutex
	out io.Writer
	// key tells escape sequences that come from inside.
	key    string
	reader reader
	// page tells that no build server looks for commands in the text.
	page bool
	// rest is the begin of a character whose end has not come yet.
	rest []byte
}

// NewWriter writes to out. Colours made by [Paint] with the same key, digits that nobody outside can know, stay colours; an
// empty key is none.
func NewWriter(out io.Writer, key string) *Writer { return &Writer{out: out, key: key} }

// NewPageWriter writes a page to out, in which styles and scripts may have what is a command in a log.
func NewPageWriter(out io.Writer) *Writer { return &Writer{out: out, page: true} }

// Paint is words between an escape sequence of colours, such as "\x1b[31m", and its end, marked by a key for the [Writer]
// that lets them pass. Without a key they are as a terminal takes them.
func Paint(words, colours, key string) string {
	if key != "" {
		key += ";"
	}
	mark := func(sequence string) string { return "\x1b[" + key + strings.TrimPrefix(sequence, "\x1b[") }
	return mark(colours) + words + mark("\x1b[0m")
}

// Write implements [io.Writer]. It tells of all of text or of an error.
func (w *Writer) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := io.WriteString(w.out, w.shown(string(append(w.rest, text...)))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// WritePlain passes on what was composed here, of parts that were made visible one by one: workflow commands, and pictures
// that are rewritten in place.
func (w *Writer) WritePlain(text string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reader = reader{begun: !strings.HasSuffix(text, "\n")}
	_, err := io.WriteString(w.out, text)
	return err
}

// shown is text as it may leave; what is left of it waits for more.
func (w *Writer) shown(text string) string {
	var b strings.Builder
	w.rest = nil
	for text != "" {
		if colours, rest, own := w.colours(text); own {
			b.WriteString(colours)
			text = rest
			continue
		}
		if !utf8.FullRuneInString(text) {
			w.rest = []byte(text)
			break
		}
		char, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		if !w.page && w.reader.command(char) {
			b.WriteByte(' ')
		}
		if char != '\n' && char != '\t' {
			char = seen(char)
		}
		b.WriteRune(char)
	}
	return b.String()
}

// colours cuts an own escape sequence off the front of text and takes the key out of it.
func (w *Writer) colours(text string) (sequence, rest string, own bool) {
	parameters, own := strings.CutPrefix(text, "\x1b["+w.key+";")
	if w.key == "" || !own {
		return "", text, false
	}
	end := strings.IndexFunc(parameters, func(char rune) bool { return char != ';' && (char < '0' || char > '9') })
	if end < 0 || parameters[end] != 'm' {
		return "", text, false
	}
	return "\x1b[" + parameters[:end+1], parameters[end+1:], true
}
