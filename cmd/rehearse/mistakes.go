package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/rehearse-dev/rehearse/reports"
	"github.com/rehearse-dev/rehearse/reports/visible"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// formats are the values of --format, and how each writes mistakes.
func formats() map[string]func(io.Writer, scenarios.Errors) error {
	return map[string]func(io.Writer, scenarios.Errors) error{
		"text": writeText, "json": writeJSON, "github": writeGitHub, "gitlab": writeGitLab,
	}
}

// writeText shows mistakes to a person, in colour where that is seen.
func writeText(w io.Writer, errs scenarios.Errors) error {
	if coloured(w) {
		return composed(w, mistakesText(errs, true))
	}
	_, err := io.WriteString(w, mistakesText(errs, false))
	return err
}

func mistakesText(errs scenarios.Errors, colour bool) string {
	paint := func(word string, colours ...text.Color) string {
		if !colour {
			return word
		}
		return text.Escape(word, text.Colors(colours).EscapeSeq())
	}
	var b strings.Builder
	for i, e := range errs[:min(len(errs), scenarios.MaxShown)] {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s: %s", paint(visible.Line(e.Place()), text.Bold), visible.Line(e.What))
		if e.Excerpt.Text == "" {
			fmt.Fprintf(&b, "; %s\n", visible.Line(e.Do))
			continue
		}
		number, line, before, mark := marked(e.Excerpt)
		fmt.Fprintf(&b, "\n%5s │ %s\n", number, line)
		fmt.Fprintf(&b, "%5s │ %s%s\n", "", before, paint(mark+" "+visible.Line(e.Do), text.FgRed))
	}
	if more := len(errs) - scenarios.MaxShown; more > 0 {
		fmt.Fprintf(&b, "\nand %d more\n", more)
	}
	return b.String()
}

// marked is the number and the text of a line, and what stands below it: blanks, and a mark as wide as the mistake.
func marked(x scenarios.Excerpt) (number, line, before, mark string) {
	if x.Line > 0 {
		number = strconv.Itoa(x.Line)
	}
	line = visible.Line(x.Text)
	chars := []rune(line)
	begin := min(x.Column-1, len(chars))
	end := min(begin+x.Span, len(chars))
	width := text.StringWidthWithoutEscSequences
	return number, line, strings.Repeat(" ", width(string(chars[:begin]))), strings.Repeat("^", max(width(string(chars[begin:end])), 1))
}

// sentence is a mistake without its place.
func sentence(e scenarios.Error) string {
	if e.Flag != "" {
		return e.Flag + ": " + e.What + "; " + e.Do
	}
	return e.What + "; " + e.Do
}

// writeJSON writes one object for each mistake. Line and column are 0 where a mistake has no place in the file.
func writeJSON(w io.Writer, errs scenarios.Errors) error {
	type mistake struct {
		File      string `json:"file"`
		Line      int    `json:"line"`
		Column    int    `json:"column"`
		EndColumn int    `json:"end_column,omitempty"`
		Flag      string `json:"flag,omitempty"`
		Message   string `json:"message"`
		Hint      string `json:"hint"`
		Severity  string `json:"severity"`
	}
	mistakes := []mistake{}
	for _, e := range errs {
		mistakes = append(mistakes, mistake{e.File, e.Line, e.Column, e.EndColumn, e.Flag, e.What, e.Do, "error"})
	}
	return visible.JSON(w, mistakes)
}

// writeGitHub writes workflow commands, which GitHub shows beside the lines of a pull request.
func writeGitHub(w io.Writer, errs scenarios.Errors) error {
	for _, e := range errs {
		a := reports.Annotation{Level: "error", File: e.File, Line: e.Line, EndColumn: e.EndColumn, Title: "invalid scenario", Message: sentence(e)}
		if e.Line > 0 {
			a.Column = e.Column
		}
		if err := composed(w, a.String()+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// writeGitLab writes a Code Quality report, which GitLab shows in a merge request.
// Source: docs.gitlab.com, "Code Quality", section on the report's format.
func writeGitLab(w io.Writer, errs scenarios.Errors) error {
	type lines struct {
		Begin int `json:"begin"`
	}
	type location struct {
		Path  string `json:"path"`
		Lines lines  `json:"lines"`
	}
	type issue struct {
		Description string   `json:"description"`
		Check       string   `json:"check_name"`
		Fingerprint string   `json:"fingerprint"`
		Severity    string   `json:"severity"`
		Location    location `json:"location"`
	}
	issues, times := []issue{}, map[string]int{}
	for _, e := range errs {
		// Not the line: a mistake that only moved is the same one. The like mistakes of a file are counted.
		same := filepath.ToSlash(e.File) + "\x00" + sentence(e)
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", same, times[same]))
		times[same]++
		issues = append(issues, issue{
			Description: sentence(e), Check: "rehearse/scenario", Fingerprint: hex.EncodeToString(sum[:16]), Severity: "major",
			Location: location{filepath.ToSlash(e.File), lines{max(e.Line, 1)}},
		})
	}
	return visible.JSON(w, issues)
}

// explain prints err. Mistakes in a scenario are shown in their lines, unless err says more than them.
func explain(err error, stderr io.Writer) {
	words := strings.TrimLeft(err.Error(), "\n") // an error that only decides the code has no words
	if mistakes, ok := errors.AsType[scenarios.Errors](err); ok && words == mistakes.Error() && writeText(stderr, mistakes) == nil {
		return
	}
	if words != "" {
		fmt.Fprintln(stderr, words)
	}
}
