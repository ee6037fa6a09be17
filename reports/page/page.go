// Package page writes a report as one HTML file that needs nothing but itself.
//
// Scope: finished texts, tables, pictures and series in, one file out. It knows no record and no verdict, and nobody else
// knows the markup. Its [Shared] parts serve other pages as well.
//
// Opinion: what is told is there without a script, on paper and to somebody who does not see the pictures; a script only
// adds zoom and a cursor. The file asks the network for nothing, and a content policy inside holds it to that: not even a
// script somebody smuggled into a name would run. Texts are escaped where they are written, pictures are taken apart and
// put together again from what pictures are made of. No colour means something alone.
//
// Steps: the caller fills a [Page]; Write cleans the pictures, fills the template, and names the scripts in the policy.
package page

import (
	"fmt"
	"html/template"
	"io"
	"strconv"
)

// Page is a report. All texts are finished: nothing is worded or reckoned here.
type Page struct {
	// Title names the document.
	Title string
	Head  Head
	// Sections follow the first screen, in this order; each has its place in the contents.
	Sections []Section
	// Footer ends the page.
	Footer string
}

// Head is the first screen: did it pass, what changed most, can it be trusted.
type Head struct {
	// Name is what was measured, Facts how, each a few words.
	Name  string
	Facts []string
	// Verdict is the word, Sentence the finding, Doubt how sure it is.
	Verdict         Status
	Sentence, Doubt string
	// Reasons say why the verdict is what it is; Answers answer what everybody asks first.
	Reasons []string
	Answers []Answer
	Figures []Figure
}

// Answer is a question of the first screen, answered.
type Answer struct {
	Question, Text string
	Tone           Tone
	// Section is the identifier of the section that says more; empty is none.
	Section string
}

// Figure is one number that matters, before and after. Without a change there is only After.
type Figure struct {
	Name, Before, After string
	// Change is the difference, Note how sure it is or what it rests on.
	Change Status
	Note   string
}

// Status is a word and how it is meant.
type Status struct {
	Word string
	Tone Tone
}

// Tone is how something is meant. Each is shown by an icon and a word as well as by its colour.
type Tone int

// Tones. The zero value means nothing in particular.
const (
	Neutral Tone = iota
	Good
	Bad
	Doubtful
)

// String is the tone's name in the style.
func (t Tone) String() string {
	switch t {
	case Good:
		return "good"
	case Bad:
		return "bad"
	case Doubtful:
		return "doubtful"
	}
	return "neutral"
}

// Section is one part of the report. What is empty is left out.
type Section struct {
	// ID is what links name, in lower-case words with hyphens; Title stands above and in the contents.
	ID, Title string
	// Text is what has to be known first, a paragraph each.
	Text   []string
	Bars   []Bars
	Panels Panels
	Charts []Chart
	Tables []Table
	Lists  []List
	Codes  []Code
}

// Panels are charts over one axis of time: they share cursor and zoom.
type Panels struct {
	// Name is that of the group.
	Name   string
	Charts []Chart
	// Spans are what one can look at closely, by name.
	Spans []Band
}

// Bars are pairs of bars, one for each change, and their own table: every bar carries its value.
type Bars struct {
	Title string
	Pairs []Pair
}

// Pair is one change. Shares are of the longest bar, 0 to 1; NaN is a value nobody knows.
type Pair struct {
	Name                    string
	Before, After           string
	BeforeShare, AfterShare float64
	Change                  Status
}

// Chart is a picture, what it shows in numbers, and the series from which a script draws it again.
type Chart struct {
	Name, Caption string
	// SVG is the picture; it is all there is without a script and on paper.
	SVG []byte
	// Summary says what the picture shows to somebody who does not see it.
	Summary string
	// Table is behind the picture.
	Table Table
	// Series, if any, replace the picture where scripts run.
	Series *Series
}

// Table has a caption, which stands above it.
type Table struct {
	Caption string
	Columns []Column
	Rows    [][]Cell
	// Folded shows only the caption at first.
	Folded bool
}

// Column is the head of one column. Numbers stand to the right; code is in the letters of a terminal.
type Column struct {
	Name         string
	Number, Code bool
}

// Cell is one value, with a tone where it is a verdict.
type Cell struct {
	Text string
	Tone Tone
}

// List is a heading and what there is to say under it.
type List struct {
	Title string
	Items []Answer
}

// Code is text in the letters of a terminal. Folded shows only its title at first.
type Code struct {
	Title, Text string
	Folded      bool
}

// Write writes the page. A picture that cannot be shown safely is an error that names its chart.
func (p Page) Write(w io.Writer) error {
	shared, err := Assets()
	if err != nil {
		return err
	}
	glue, err := assets.ReadFile("assets/glue.js")
	if err != nil {
		return fmt.Errorf("read the page's script: %w", err)
	}
	text, err := template.New("page.html").Funcs(functions()).ParseFS(assets, "assets/page.html")
	if err != nil {
		return fmt.Errorf("read the page's template: %w", err)
	}
	scripts, styles := []string{shared.Plot, string(glue)}, []string{shared.PlotStyle, shared.Style}
	if err := text.Execute(w, filled{p, policy(scripts, styles), trusted[template.JS](scripts), trusted[template.CSS](styles)}); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// filled is what the template sees.
type filled struct {
	Page
	Policy  string
	Scripts []template.JS
	Styles  []template.CSS
}

// trusted are texts of this repository and of the plotting library; nothing of a user is ever among them.
func trusted[T ~string](texts []string) (list []T) {
	for _, text := range texts {
		list = append(list, T(text))
	}
	return list
}

// functions are what the template cannot say by itself.
func functions() template.FuncMap {
	return template.FuncMap{
		"draw": func(c Chart) (template.HTML, error) {
			drawn, err := picture(c.SVG)
			if err != nil {
				return "", fmt.Errorf("chart %q: %w", c.Name, err)
			}
			return drawn, nil
		},
		"percent": percent,
	}
}

// roomForWords is the share of a bar's width that its value may take behind the longest one.
const roomForWords = 0.2

// percent is how long a bar is, in per cent of its place. What is there is seen, however small.
func percent(share float64) string {
	if !(share > 0) {
		return "0"
	}
	return strconv.FormatFloat(max(share*(1-roomForWords)*100, 0.3), 'f', 2, 64)
}
