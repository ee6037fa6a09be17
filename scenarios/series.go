package scenarios

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Bounds of a series.
const (
	// maxSpan is the longest one that is read: numbers that span more are hardly seconds.
	maxSpan = 366 * 24 * time.Hour
	// maxMistakes ends the search for more.
	maxMistakes = 1000
)

// seriesReader reads the rows of one CSV file: a time and a rate. It goes on after a mistake, to find them all.
type seriesReader struct {
	file   string
	text   text
	rows   *csv.Reader
	points []Point
	errs   Errors
	// apart is set once a row with another separator was told of: the rest of the file has it as well.
	apart bool
	// first and last are the times of the first and the last good row, notation is how the first is written, and line
	// where the last one is.
	first, last time.Time
	notation    string
	line        int
}

// readSeries reads a rate series: the columns time and rate, with a header or without. Times are seconds, durations or
// RFC 3339 timestamps, all of a kind, and they increase; only what passes between them counts, so the first point is at
// zero. Rates are per second when they carry no unit. File is the name used in mistakes; without any there are at least
// two points.
func readSeries(file string, src []byte) ([]Point, Errors) {
	// Spreadsheets begin their files with a byte order mark.
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	s := &seriesReader{file: file, text: text{src: src}}
	if line, column, m := unreadable(src); m.what != "" {
		s.report(line, column, m)
		return nil, s.errs
	}
	s.rows = csv.NewReader(bytes.NewReader(uncommented(src)))
	s.rows.FieldsPerRecord, s.rows.ReuseRecord, s.rows.TrimLeadingSpace = -1, true, true
	for number := 0; len(s.errs) < maxMistakes && s.row(number); number++ {
	}
	if len(s.errs) == 0 && len(s.points) < 2 {
		what := "there is nothing to follow from one point to another"
		if len(bytes.TrimSpace(src)) == 0 {
			what = "the file is empty: " + what
		}
		s.report(1, 1, mistake{what, "write two rows of time and rate, or more"})
	}
	return s.points, s.errs
}

// report places a mistake in a line, at a character.
func (s *seriesReader) report(line, column int, m mistake) {
	s.errs = append(s.errs, s.at(&yaml.Node{Line: line, Column: column}, m))
}

func (s *seriesReader) at(n *yaml.Node, m mistake) Error {
	e := Error{File: s.file, Line: n.Line, Column: n.Column, Excerpt: s.text.excerpt(n), What: m.what, Do: m.do}
	if e.Excerpt.Span > 0 {
		e.EndColumn = n.Column + e.Excerpt.Span
	}
	return e
}

// row reads one row and tells whether another may follow.
func (s *seriesReader) row(number int) bool {
	cells, err := s.rows.Read()
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return false
	case errors.As(err, &syntax):
		s.report(syntax.Line, s.character(syntax.Line, syntax.Column), mistake{"not CSV: " + syntax.Err.Error(), "check the quotes just before this place"})
		return false
	case s.separated(cells):
		return true
	case number == 0 && wordy(cells):
		return s.header(cells)
	case len(cells) != 2:
		s.reportCell(0, cells[0], columns(cells))
		return true
	}
	at, inTime := s.time(clip(strings.TrimSpace(cells[0])))
	count := clip(strings.TrimSpace(cells[1]))
	rate, wrong := readCount(count)
	if wrong != nil {
		wrong.what = "rate: " + wrong.what
		s.reportCell(1, count, *wrong)
	}
	s.points = append(s.points, Point{at, rate})
	return inTime
}

// reportCell places a mistake at a cell of the row, counted from zero.
func (s *seriesReader) reportCell(number int, cell string, m mistake) {
	line, at := s.rows.FieldPos(number)
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: line, Column: s.character(line, at), Value: cell}
	if rest := s.text.line(line); n.Column <= len(rest) && rest[n.Column-1] == '"' {
		n.Style = yaml.DoubleQuotedStyle
	}
	s.errs = append(s.errs, s.at(n, m))
}

// character is the column of a byte, both counted from one.
func (s *seriesReader) character(line, column int) int {
	text := string(s.text.line(line))
	return utf8.RuneCountInString(text[:min(max(column-1, 0), len(text))]) + 1
}

// time is the time of the row since the first one. It is not ok when the rows after it would all be wrong, too.
func (s *seriesReader) time(text string) (since time.Duration, ok bool) {
	at, notation, wrong := readTime(text)
	if s.notation == "" && wrong == nil {
		s.first, s.notation = at, notation
	}
	if wrong != nil && strings.HasPrefix(text, "#") && !uncomputed(text) {
		wrong.do = "to leave the row out, write a blank behind the #"
	}
	if wrong == nil && notation != s.notation {
		wrong = &mistake{text + " is " + notation + ", and the times before are " + s.notation, "write all times of a file the same way"}
	}
	line, _ := s.rows.FieldPos(0)
	if wrong == nil && s.line > 0 && !at.After(s.last) {
		wrong = &mistake{text + " does not come after the time on line " + strconv.Itoa(s.line), "sort the rows by time, each time once"}
	}
	since = at.Sub(s.first)
	if ok = wrong != nil || since <= maxSpan; !ok {
		wrong = &mistake{text + " is more than a year after the first time", "write times in seconds, or cut the series"}
	}
	if wrong != nil {
		wrong.what = "time: " + wrong.what
		s.reportCell(0, text, *wrong)
		return 0, ok
	}
	s.last, s.line = at, line
	return since, true
}

// Notations of time, as mistakes call them.
const (
	inSeconds    = "a number of seconds"
	asDuration   = "a duration"
	asTimestamp  = "a timestamp"
	latestSecond = 1e11 // beyond every clock, and far below where time.Time ends
)

// readTime reads a time in any notation. Numbers and durations count from some moment, which is the same for all.
func readTime(text string) (at time.Time, notation string, wrong *mistake) {
	if value, err := readDecimal(text); err == nil {
		if value < 0 || value > latestSecond {
			return at, "", &mistake{text + " is no time", "write seconds from zero on"}
		}
		whole, part := math.Modf(value)
		return time.Unix(int64(whole), int64(math.Round(part*1e9))), inSeconds, nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at, asTimestamp, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return time.Unix(0, int64(d)), asDuration, nil
	}
	if text == "" {
		return at, "", &mistake{"it is empty", "write a time, or leave the row out"}
	}
	return at, "", &mistake{strconv.Quote(text) + " is not a time", "write seconds like 90, a duration like 1m30s, or a timestamp like 2026-07-01T10:00:00Z"}
}

// readCount reads a rate with its unit, or hits per second without.
func readCount(text string) (float64, *mistake) {
	if strings.Contains(text, "/") && !uncomputed(text) {
		return readRate(text)
	}
	value, err := readDecimal(text)
	switch {
	case text == "":
		return 0, &mistake{"it is empty", "write hits per second, or leave the row out"}
	case err != nil && strings.Trim(text, "0123456789,.") == "" && strings.Contains(text, ","):
		return 0, &mistake{strconv.Quote(text) + " is not a rate: it has a comma", "write a decimal point, as in 1.5, and thousands without any mark"}
	case err != nil:
		return 0, &mistake{strconv.Quote(text) + " is not a rate", "write hits per second like 120 or 120.5, or with a unit like 36k/min"}
	case value < 0:
		return 0, &mistake{text + " is negative", "write a number that is not negative"}
	case value > largest:
		return 0, &mistake{text + " is too large", "write a smaller number"}
	}
	return value, nil
}

// readDecimal reads a number as instruments write it, with an exponent if they like; infinite ones and those that are
// none are errors.
func readDecimal(text string) (float64, error) {
	if strings.Trim(text, "0123456789.eE+-") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(text, 64)
}

// clip is text short enough for a message.
func clip(text string) string {
	if utf8.RuneCountInString(text) > maxName {
		return string([]rune(text)[:maxName]) + "…"
	}
	return text
}
