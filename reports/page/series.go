package page

import (
	"math"
	"strconv"
)

// Series are what a script draws in the place of a picture.
type Series struct {
	Axis Axis `json:"axis"`
	// Unit is that of the vertical axis.
	Unit string `json:"unit"`
	// From and To are the range of the horizontal axis.
	From       Value   `json:"from"`
	To         Value   `json:"to"`
	Lines      []Line  `json:"lines"`
	Bands      []Band  `json:"bands,omitempty"`
	Highlights []Span  `json:"highlights,omitempty"`
	Marks      []Mark  `json:"marks,omitempty"`
	Limits     []Limit `json:"limits,omitempty"`
}

// Axis is what a horizontal axis shows.
type Axis string

// Axes.
const (
	// Elapsed is seconds since the run began, shown as minutes and seconds.
	Elapsed Axis = "elapsed"
	// Percentile is 1/(1-q) of a quantile q, on a logarithmic axis and shown as a percentage.
	Percentile Axis = "percentile"
	// Amount is an amount on a logarithmic axis.
	Amount Axis = "amount"
)

// Colour is a role; the style knows its hue, by this name.
type Colour string

// Colours.
const (
	Ink     Colour = "ink"
	Primary Colour = "primary"
	Replica Colour = "replica"
	Before  Colour = "before"
	After   Colour = "after"
	Alert   Colour = "alert"
)

// Line is one series. A NaN in Y is a gap.
type Line struct {
	Name   string  `json:"name"`
	Colour Colour  `json:"colour"`
	Dashed bool    `json:"dashed,omitempty"`
	X      []Value `json:"x"`
	Y      []Value `json:"y"`
}

// Span is a stretch of the horizontal axis.
type Span struct {
	From Value `json:"from"`
	To   Value `json:"to"`
}

// Band is a span with a name.
type Band struct {
	Span
	Name string `json:"name"`
}

// Mark is a moment with a name.
type Mark struct {
	At   Value  `json:"at"`
	Name string `json:"name"`
}

// Limit is a level with a name.
type Limit struct {
	Y    Value  `json:"y"`
	Name string `json:"name"`
}

// Value is a number as it goes to the script: six significant digits, more than a screen can show. NaN is null.
type Value float64

// MarshalJSON implements json.Marshaler.
func (v Value) MarshalJSON() ([]byte, error) {
	x := float64(v)
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return []byte("null"), nil
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64)
	if err != nil {
		return nil, err
	}
	return strconv.AppendFloat(nil, short, 'g', -1, 64), nil
}
