// Package visible makes text that came from outside do nothing but be read: names and descriptions of scenarios, paths,
// lines of files, words of servers, whatever a record says.
//
// Scope: what a terminal, a build server that looks for commands in a log, or a reader's eye could be led by. It knows
// neither what the text is about nor where it goes.
//
// Opinion: text is filtered where it leaves, once and all of it, since nobody remembers to do so wherever it comes in.
// What cannot be shown stands as U+FFFD, so that a reader sees that something was there; nothing is dropped.
//
// Steps: [Writer] filters what is printed; [Line] is one line of it, for tables whose columns have to fit; [JSON] writes
// the same as data, in which nothing is replaced but escaped.
package visible

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Line is text as one line of characters that can be seen, rune for rune: line breaks and other blanks are blanks.
func Line(text string) string {
	return strings.Map(func(char rune) rune {
		if char == '\n' || char == '\t' {
			return ' '
		}
		return seen(char)
	}, text)
}

// seen is a character, or what stands for it where it controls something or is not seen: escape sequences of terminals, C1
// controls, marks that change the direction of reading, blanks without a width.
func seen(char rune) rune {
	switch {
	case unicode.Is(unicode.Zs, char):
		return ' '
	case !unicode.IsPrint(char), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, char):
		return unicode.ReplacementChar
	}
	return char
}

// Workflow commands begin a line with two colons, behind blanks as well; or they are two hashes, a word and a bracket
// anywhere in it, as in ##[error], ##vso[ and ##teamcity[.
// Source: github.com/actions/runner, ActionCommand.cs; learn.microsoft.com, "Logging commands"; jetbrains.com, "Service messages".

// reader follows a text to where a build server would find a command in it. The zero value begins a text.
type reader struct {
	// begun tells that the line has more than blanks, colon that its only character is one.
	begun, colon bool
	// hashes are those that stand right before, or right before the word that does.
	hashes int
	word   bool
}

// command tells whether char completes the begin of a command.
func (r *reader) command(char rune) bool {
	switch {
	case char == '\n':
		*r = reader{}
		return false
	case char == '[' && r.hashes >= 2, char == ':' && r.colon:
		*r = reader{begun: true}
		return true
	}
	r.colon = char == ':' && !r.begun
	r.begun = r.begun || !unicode.IsSpace(char)
	switch {
	case char == '#' && !r.word:
		r.hashes++
	case char == '#':
		r.hashes, r.word = 1, false
	case r.hashes > 0 && (unicode.IsLetter(char) || unicode.IsDigit(char)):
		r.word = true
	default:
		r.hashes, r.word = 0, false
	}
	return false
}

// JSON writes value as indented JSON in which everything that is not plainly seen is escaped, so that whoever reads it gets
// every character and a terminal none. Its errors are those of encoding and of w.
func JSON(w io.Writer, value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	var b strings.Builder
	var r reader
	for _, char := range text.String() {
		switch high, low := utf16.EncodeRune(char); {
		case !r.command(char) && (char == '\n' || seen(char) == char):
			b.WriteRune(char)
		case high != unicode.ReplacementChar:
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, char)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
