package stat

import (
	"encoding/json"
	"math"
	"strconv"
)

// Number is a measured number in base units. NaN means that nobody knows it, +Inf that it lies among the hits that never
// came back; both are null in JSON and "-" in text, because neither is a number to reckon with. JSON carries six
// significant digits, twice what the histograms know.
type Number float64

// Unknown is a number that nobody knows.
func Unknown() Number { return Number(math.NaN()) }

// Known tells whether the number can be printed and compared.
func (n Number) Known() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Known() {
		return []byte("null"), nil
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(float64(n), 'g', 6, 64), 64)
	if err != nil {
		return nil, err
	}
	return strconv.AppendFloat(nil, short, 'f', -1, 64), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(data []byte) error {
	value := new(float64)
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	if *n = Unknown(); value != nil {
		*n = Number(*value)
	}
	return nil
}

// Text is the number as JSON has it; empty where it is not known.
func (n Number) Text() string {
	text, err := n.MarshalJSON()
	if err != nil || !n.Known() {
		return ""
	}
	return string(text)
}
