package reading

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/stat"
	"github.com/rehearse-dev/rehearse/scenarios"
)

// Correctness counts wrong answers. Valid or not, every trial counts: a wrong answer is wrong whenever it is given. On a
// state it covers all stages, warm-up included. In JSON it is one object, with the checks by their names.
type Correctness struct {
	// Counts are the answers that broke each check, and behind those the evidence for the zeros: answers that could have,
	// which early records have not.
	Counts record.Counts
	// Rechecked hits tested something that was acknowledged earlier in the run. Acknowledged is how much was, and FirstRechecks
	// how much of that was tested; the rest was left unchecked.
	Rechecked, Acknowledged, FirstRechecks uint64
	// Unsaid are the rechecked hits of early records, which do not say what they could have been; not in JSON.
	Unsaid uint64
}

// Correctness are the answers of a window.
func (d Declared) Correctness(w *record.Window) Correctness {
	c := Correctness{Rechecked: w.Rechecked, Acknowledged: w.Acknowledged, FirstRechecks: w.FirstRechecks}
	c.Counts.Add(w.Counts)
	// Every answer that is judged could have been wrong in one way.
	if d.Early(c) {
		c.Unsaid = c.Rechecked
	}
	return c
}

// Add counts more answers.
func (c *Correctness) Add(o Correctness) {
	c.Counts.Add(o.Counts)
	c.Rechecked += o.Rechecked
	c.Acknowledged += o.Acknowledged
	c.FirstRechecks += o.FirstRechecks
	c.Unsaid += o.Unsaid
}

// Of is a count of answers by its name.
func (c Correctness) Of(name string) uint64 { return c.Counts.Of(name) }

// None tells that nothing was counted.
func (c Correctness) None() bool {
	sum := c.Rechecked + c.Acknowledged + c.FirstRechecks + c.Unsaid
	for _, one := range c.Counts {
		sum += one.N
	}
	return sum == 0
}

// Ordered is c with the counts of all checks in the order of the declarations, zeros too, and then the chances that there
// were.
func (d Declared) Ordered(c Correctness) Correctness {
	counts := record.Counts{}
	for _, check := range d.Checks {
		counts.Set(check.Name, c.Of(check.Name))
	}
	for _, check := range d.Checks {
		if n := c.Of(check.Chances); n > 0 {
			counts.Set(check.Chances, n)
		}
	}
	c.Counts = counts
	return c
}

// Early tells that the record counts no chances.
func (d Declared) Early(c Correctness) bool {
	for _, check := range d.Checks {
		if c.Of(check.Chances) > 0 {
			return false
		}
	}
	return true
}

// Promise is what a system promises of its answers, and what became of it.
type Promise struct {
	record.Check
	// Wrong answers broke it; Possible are those that could have.
	Wrong, Possible uint64
}

// Promises are those of each check. Of an early record it is known how much was rechecked, and that stands for the chances of
// each.
func (d Declared) Promises(c Correctness) (list []Promise) {
	for _, check := range d.Checks {
		list = append(list, Promise{check, c.Of(check.Name), c.Of(check.Chances) + c.Unsaid})
	}
	return list
}

// Wrong counts the answers that broke any check.
func (d Declared) Wrong(c Correctness) (n uint64) {
	for _, check := range d.Checks {
		n += c.Of(check.Name)
	}
	return n
}

// Check is the check that a metric counts the breaches of, if it is one.
func (d Declared) Check(metric string) (check record.Check, is bool) {
	for _, check := range d.Checks {
		if check.Name == metric {
			return check, true
		}
	}
	return check, false
}

// Into adds the counts of answers under their names in the language.
func (d Declared) Into(m map[string]stat.Number, c Correctness) {
	for _, check := range d.Checks {
		m[check.Name] = stat.Number(c.Of(check.Name))
	}
	m[scenarios.Rechecked] = stat.Number(c.Rechecked)
}

// Members of the JSON object that have the same name for every system.
const (
	memberRechecked     = scenarios.Rechecked
	memberAcknowledged  = "acknowledged"
	memberFirstRechecks = "first_rechecks"
)

// MarshalJSON implements [json.Marshaler].
func (c Correctness) MarshalJSON() ([]byte, error) {
	text := []byte{'{'}
	for _, one := range c.Counts {
		name, err := json.Marshal(one.Name)
		if err != nil {
			return nil, err
		}
		text = append(strconv.AppendUint(append(append(text, name...), ':'), one.N, 10), ',')
	}
	text = fmt.Appendf(text, "%q:%d", memberRechecked, c.Rechecked)
	if c.Acknowledged > 0 {
		text = fmt.Appendf(text, ",%q:%d", memberAcknowledged, c.Acknowledged)
	}
	if c.FirstRechecks > 0 {
		text = fmt.Appendf(text, ",%q:%d", memberFirstRechecks, c.FirstRechecks)
	}
	return append(text, '}'), nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (c *Correctness) UnmarshalJSON(text []byte) error {
	*c = Correctness{}
	members := json.NewDecoder(bytes.NewReader(text))
	if _, err := members.Token(); err != nil {
		return err
	}
	for members.More() {
		name, err := members.Token()
		if err != nil {
			return err
		}
		var n uint64
		if err := members.Decode(&n); err != nil {
			return err
		}
		switch name {
		case memberRechecked:
			c.Rechecked = n
		case memberAcknowledged:
			c.Acknowledged = n
		case memberFirstRechecks:
			c.FirstRechecks = n
		default:
			c.Counts.Set(fmt.Sprint(name), n)
		}
	}
	return nil
}
