package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// MaxShown bounds how many mistakes are printed: the first ones usually explain the rest.
const MaxShown = 20

// Error is one mistake in a scenario file.
type Error struct {
	// File as the caller named it.
	File string
	// Line and Column count from one, columns in characters; both are zero when the mistake has no place in the file.
	Line, Column int
	// EndColumn is just behind the place; 0 where that is not known.
	EndColumn int
	// Flag is not empty when the mistake is in a value of the command line, such as --set traffic.stages[peak].hold.
	// The place is then where the file has that value, or what would surround it.
	Flag string
	// Excerpt shows the mistake.
	Excerpt Excerpt
	// What is wrong, and what to Do about it.
	What, Do string
}

// Error is `file:line:column: what; what to do`, the form editors and problem matchers read.
func (e Error) Error() string { return fmt.Sprintf("%s: %s; %s", e.Place(), e.What, e.Do) }

// Place is where the mistake is: file:line:column, or a flag.
func (e Error) Place() string {
	switch {
	case e.Flag != "":
		return e.Flag
	case e.Line > 0:
		return fmt.Sprintf("%s:%d:%d", e.File, e.Line, e.Column)
	default:
		return e.File
	}
}

// Errors are all mistakes of one file, in the order of their places.
type Errors []Error

// Error prints one mistake per line and stops after twenty with the number of the others.
func (e Errors) Error() string {
	var lines []string
	for _, one := range e[:min(len(e), MaxShown)] {
		lines = append(lines, one.Error())
	}
	if more := len(e) - MaxShown; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n")
}

// sorted puts the mistakes into the order of the file. Mistakes at one place keep the order in which they were found.
func (e Errors) sorted() Errors {
	slices.SortStableFunc(e, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Flag, b.Flag),
			cmp.Compare(a.Excerpt.Column, b.Excerpt.Column))
	})
	return e
}
