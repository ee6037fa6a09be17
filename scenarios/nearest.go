package scenarios

import "strings"

// maxEdits is how far a typing mistake goes: two edits cover a swapped pair of letters.
const maxEdits = 2

// Nearest is the known word that was most likely meant by word, or "" when none is near. The first of equals wins.
func Nearest(word string, known []string) string {
	best, distance := "", maxEdits+1
	for _, candidate := range known {
		d := edits(strings.ToLower(word), strings.ToLower(candidate))
		// A word that would have to be replaced altogether is no typing mistake.
		if d < distance && d < len(candidate) {
			best, distance = candidate, d
		}
	}
	return best
}

// oneOf is the remedy for an unknown word.
func oneOf(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	if len(known) == 0 {
		return "leave it out: there is nothing to choose from"
	}
	return "use one of " + strings.Join(known, ", ")
}

// edits is the Levenshtein distance of a and b in bytes. Words longer than any name of ours are far by definition,
// which keeps the work bounded.
func edits(a, b string) int {
	const longest = 64
	if len(a) > longest || len(b) > longest {
		return longest
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
