package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxShown bounds how many mistakes are printed: the first ones usually explain the rest.
const maxShown = 20

// Error is one mistake in a scenario file.
type Error struct {
	// File as the caller named it.
	File string
	// Line and Column count from one; both are zero when the mistake has no place in the file, as after a variation.
	Line, Column int
	// What is wrong, and what to Do about it.
	What, Do string
}

// Error is `file:line:column: what; what to do`, the form editors and problem matchers read.
func (e Error) Error() string {
	place := e.File
	if e.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", e.File, e.Line, e.Column)
	}
	return fmt.Sprintf("%s: %s; %s", place, e.What, e.Do)
}

// Errors are all mistakes of one file, in the order of their places.
type Errors []Error

// Error prints one mistake per line and stops after twenty with the number of the others.
func (e Errors) Error() string {
	var lines []string
	for _, one := range e[:min(len(e), maxShown)] {
		lines = append(lines, one.Error())
	}
	if more := len(e) - maxShown; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n")
}

// sorted puts the mistakes into the order of the file. Mistakes at one place keep the order in which they were found.
func (e Errors) sorted() Errors {
	slices.SortStableFunc(e, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return e
}
