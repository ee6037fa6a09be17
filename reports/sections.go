package reports

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// lineBytes is the length of a line that no report needs; what is longer is cut off.
const lineBytes = 1_000

// section is a piece of a page of Markdown. Rows may be left out at its end, where more says how many; a section without
// rows that has an end is not there at all.
type section struct {
	open, rows, end []string
	more            string
	left            int
	// kept is the last row, which is never left out, such as a sum; dear tells that rows of all others are left out first.
	kept string
	dear bool
}

// bulleted is a list of recorded text.
func bulleted(bullet string, lines []string) section {
	s := section{more: "- and %d more"}
	for _, line := range lines {
		s.rows = append(s.rows, bullet+plain(strings.TrimSpace(line)))
	}
	return s
}

// tabled is a table, with numbers in some of its columns, all counted from one.
func tabled(t table.Writer, columns int, numbers ...int) section {
	var configs []table.ColumnConfig
	for n := range columns {
		config := table.ColumnConfig{Number: n + 1, Transformer: func(cell any) string { return plain(fmt.Sprint(cell)) }}
		for _, number := range numbers {
			if number == n+1 {
				config.Align, config.AlignHeader = text.AlignRight, text.AlignRight
			}
		}
		configs = append(configs, config)
	}
	t.SetColumnConfigs(configs)
	lines := strings.Split(t.RenderMarkdown(), "\n")
	return section{open: lines[:2], rows: lines[2:], more: "| and %d more |"}
}

// apart ends a section with a blank line.
func (s section) apart() section {
	s.end = []string{""}
	return s
}

// folded hides a section below its title, until somebody asks for it.
func (s section) folded(title string, values ...any) section {
	s.open = append([]string{"<details><summary>" + fmt.Sprintf(title, values...) + "</summary>", ""}, s.open...)
	s.end = []string{"</details>"}
	return s
}

// summed keeps the last row of a table, and leaves out others only where there is nothing else to leave out.
func (s section) summed() section {
	if last := len(s.rows) - 1; last > 0 {
		s.rows, s.kept = s.rows[:last], s.rows[last]
	}
	s.dear = true
	return s
}

func (s section) lines() []string {
	if len(s.rows)+s.left == 0 && len(s.end) > 0 {
		return nil
	}
	lines := append(append([]string{}, s.open...), s.rows...)
	if s.left > 0 {
		lines = append(lines, fmt.Sprintf(s.more, s.left))
	}
	if s.kept != "" {
		lines = append(lines, s.kept)
	}
	return append(lines, s.end...)
}

// fit leaves out the last rows of the longest sections until everything is within the limits.
func fit(sections []section, lines, bytes int) {
	for i := range sections {
		sections[i].kept = clipped(sections[i].kept, lineBytes)
		for _, list := range [][]string{sections[i].open, sections[i].rows} {
			for j := range list {
				list[j] = clipped(list[j], lineBytes)
			}
		}
	}
	for {
		tall, wide := 0, 0
		for _, s := range sections {
			tall, wide = tall+len(s.lines()), wide+weight(s.lines())
		}
		most := longest(sections)
		if tall <= lines && wide <= bytes || most < 0 {
			return
		}
		s := &sections[most]
		s.rows, s.left = s.rows[:len(s.rows)-1], s.left+1
	}
}

// longest is the section from which a row is left out next; none if negative.
func longest(sections []section) int {
	most := -1
	for i, s := range sections {
		if len(s.rows) == 0 {
			continue
		}
		if most < 0 || sections[most].dear && !s.dear || sections[most].dear == s.dear && len(s.rows) > len(sections[most].rows) {
			most = i
		}
	}
	return most
}

func weight(lines []string) (bytes int) {
	for _, line := range lines {
		bytes += len(line) + 1
	}
	return bytes
}

// clipped is text of at most so many bytes, cut behind a word where there is one.
func clipped(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	if last := strings.LastIndexAny(text[:end+1], " ,"); last > 0 {
		end = last
	}
	return strings.TrimRight(text[:end], " ,") + "…"
}

func writeSections(w io.Writer, sections []section) error {
	var b strings.Builder
	for _, s := range sections {
		for _, line := range s.lines() {
			b.WriteString(line + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
