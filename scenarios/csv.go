package scenarios

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unreadable says why a whole file is no CSV that a series can be read from, and from where on; empty if it may be.
func unreadable(src []byte) (line, column int, m mistake) {
	if len(src) > MaxBytes {
		return 1, 1, mistake{"the file is larger than 1 MiB", "thin it out: a point every few seconds tells the same"}
	}
	for _, mark := range []string{"\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(src, []byte(mark)) {
			return 1, 1, mistake{"the file is not UTF-8 text but UTF-16", "save it as CSV in UTF-8"}
		}
	}
	if line, column, ok := textual(src); !ok {
		return line, column, mistake{"the file is not UTF-8 text", "save it as CSV in UTF-8"}
	}
	text := string(src)
	for at := strings.IndexByte(text, '\r'); at >= 0; {
		if at+1 < len(text) && text[at+1] != '\n' {
			before := text[:at]
			return 1 + strings.Count(before, "\n"), utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1,
				mistake{"a line ends as on old Macs, with a carriage return alone", "save the file with line ends of Unix or Windows"}
		}
		next := strings.IndexByte(text[at+1:], '\r')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return 0, 0, mistake{}
}

// uncommented is src with its comments blanked out, so that every row keeps its line. A comment begins its line with #. A
// line that would be a row without that is none: what a spreadsheet cannot compute begins so as well, such as #N/A.
func uncommented(src []byte) []byte {
	out := slices.Clone(src)
	for begin := 0; begin < len(out); {
		end := len(out)
		if at := bytes.IndexByte(out[begin:], '\n'); at >= 0 {
			end = begin + at
		}
		if line := bytes.TrimSpace(out[begin:end]); bytes.HasPrefix(line, []byte("#")) && !rowLike(string(line)) {
			for i := begin; i < end; i++ {
				out[i] = ' '
			}
		}
		begin = end + 1
	}
	return blanked(out)
}

// blanked makes lines of blanks empty ones, which a reader of CSV skips.
func blanked(src []byte) []byte {
	lines := bytes.Split(src, []byte("\n"))
	for i, line := range lines {
		if len(bytes.Trim(line, " ")) == 0 {
			lines[i] = nil
		}
	}
	return bytes.Join(lines, []byte("\n"))
}

// rowLike tells whether a line that begins with # reads like a row: nothing but a blank makes a comment of a time and a
// rate, or of what stands where they should.
func rowLike(line string) bool {
	rest := strings.TrimLeft(line, "#")
	if rest == "" || unicode.IsSpace(rune(rest[0])) {
		return false
	}
	cells := strings.Split(rest, ",")
	_, wrong := readCount(strings.Trim(cells[len(cells)-1], " \t\""))
	return len(cells) == 2 && wrong == nil || uncomputed(line)
}

// uncomputed tells whether a line begins with what spreadsheets write for a value they do not have: #N/A, #DIV/0!, #NAME?.
func uncomputed(line string) bool {
	cell, _, _ := strings.Cut(line, ",")
	cell = strings.TrimSpace(cell)
	return cell == "#N/A" || len(cell) > 2 && strings.ContainsRune("!?", rune(cell[len(cell)-1])) && strings.Trim(cell[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ_/0!?") == ""
}

// separated tells of a row whose columns are kept apart by something else than a comma, once.
func (s *seriesReader) separated(cells []string) bool {
	row := strings.TrimSpace(strings.Join(cells, ","))
	for _, by := range []struct{ mark, called string }{{";", "semicolons"}, {"\t", "tabs"}, {"|", "bars"}} {
		if !strings.Contains(row, by.mark) {
			continue
		}
		if !s.apart {
			s.reportCell(0, cells[0], mistake{"the columns are separated by " + by.called, "separate them by a comma, and write decimals with a point: 60,1.5"})
		}
		s.apart = true
		return true
	}
	return false
}

// columns is what is wrong with a row that has not two of them.
func columns(cells []string) mistake {
	do := "write time and rate, separated by a comma"
	if len(cells) == 3 || len(cells) == 4 {
		// 60,1,5 may be a minute and one and a half.
		if _, err := strconv.Atoi(strings.TrimSpace(cells[len(cells)-1])); err == nil {
			do += "; decimals have a point"
		}
	}
	return mistake{fmt.Sprintf("columns: %d instead of 2", len(cells)), do}
}

// wordy tells whether the cells of the first row begin like words, as those of a header do; NaN is none.
func wordy(cells []string) bool {
	for _, cell := range cells {
		cell = strings.TrimSpace(cell)
		first, _ := utf8.DecodeRuneInString(cell)
		if _, err := strconv.ParseFloat(cell, 64); err == nil || !unicode.IsLetter(first) {
			return false
		}
	}
	return len(cells) == 2
}

// header checks the first row where it is made of words, and tells whether there is a use in reading on. A header names
// what it stands over: any other words may be a typo in a row, which must not vanish.
func (s *seriesReader) header(cells []string) bool {
	time, rate := strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1])
	if names(time, rateWords()) && !names(time, timeWords()) {
		s.reportCell(0, time, mistake{"the first column is the rate", "write time first, then rate"})
		return false
	}
	const do = "call the columns time and rate, or correct the row"
	if !names(time, timeWords()) {
		s.reportCell(0, clip(time), mistake{strconv.Quote(clip(time)) + " is neither a time nor the name of a column of times", do})
	}
	if !names(rate, rateWords()) {
		s.reportCell(1, clip(rate), mistake{strconv.Quote(clip(rate)) + " is neither a rate nor the name of a column of rates", do})
	}
	return true
}

// names tells whether one of the words of a header is known.
func names(cell string, known []string) bool {
	words := strings.FieldsFunc(strings.ToLower(cell), func(r rune) bool { return !unicode.IsLetter(r) })
	return slices.ContainsFunc(words, func(word string) bool { return slices.Contains(known, word) })
}

func timeWords() []string {
	return []string{"time", "times", "timestamp", "timestamps", "date", "datetime", "ts", "at", "when", "moment", "clock", "elapsed",
		"offset", "second", "seconds", "sec", "secs", "minute", "minutes", "hour", "hours", "day", "epoch", "unix", "unixtime"}
}

func rateWords() []string {
	return []string{"rate", "rates", "rps", "qps", "tps", "hit", "hits", "request", "requests", "req", "reqs", "call", "calls", "load",
		"traffic", "throughput", "value", "values", "count", "counts", "volume", "transactions", "queries", "users", "visits", "logins", "persecond"}
}
