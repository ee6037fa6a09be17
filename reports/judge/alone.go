package judge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rehearse-dev/rehearse/harness/record"
	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/reading"
)

// foreignLimit is the share of others' requests among those sent from which on they have taken time from the hits: beyond
// it latencies are void, too.
const foreignLimit = 0.05

// elsewhere finds out whether the system was in another state than the one that was measured. Records of runs before the
// state was read back say nothing of it.
func (t *trial) elsewhere(h *record.Header) (reasons []string) {
	begin, told := t.Edges[reading.Edge{Side: "begin", Source: "system"}]
	end, toldAtEnd := t.Edges[reading.Edge{Side: "end", Source: "system"}]
	meant := t.meant(h)
	for i, reading := range []record.Sample{begin, end} {
		for key := range reading.Values {
			if metric, labels := record.ParseKey(key); metric == "state" && labels["state"] != meant[i] {
				reasons = append(reasons, fmt.Sprintf("at the %s of the trial the system was in the state %s, not in %s; somebody else has switched it",
					[]string{"begin", "end"}[i], labels["state"], meant[i]))
			}
		}
	}
	grown := end.Values["changes_total"] - begin.Values["changes_total"]
	if told && toldAtEnd && grown > 0 && len(reasons) == 0 && h.Cutover == nil {
		reasons = append(reasons, fmt.Sprintf("the state of the system was changed %s times during the trial; somebody else has switched it", numeral.Whole(grown)))
	}
	return reasons
}

// meant are the states in which the system was to be at both edges of the trial. What a self-test compares are levels of
// one state; a cutover ends in another state than it began in.
func (t *trial) meant(h *record.Header) [2]string {
	switch {
	case h.SelfTest != nil:
		return [2]string{h.SelfTest.State, h.SelfTest.State}
	case h.Cutover != nil:
		return [2]string{t.State, cmp.Or(t.Entered, t.State)}
	}
	return [2]string{t.State, t.State}
}

// visitors are requests that the services received and the generator did not send.
type visitors struct {
	// of are those of each operation, beyond what was sent of it; lost are hits that never came.
	of   map[string]float64
	lost float64
	// sent are the generator's, known those of an operation.
	sent  float64
	known map[string]float64
	// barred came without the secret to a door that wants it.
	barred float64
}

// visitors reconciles what the services received with what was sent. Requests are counted as they come, so none that was
// cut off is missing. ok is false where the services did not count.
func (t *trial) visitors() (v visitors, ok bool) {
	v = visitors{of: map[string]float64{}, known: map[string]float64{}}
	for at, h := range t.Cells {
		v.known[at.Op] += float64(h.Sent)
		v.sent += float64(h.Sent)
	}
	entrance := t.Declared.Application.Entrance
	begin, began := t.Edges[reading.Edge{Side: "begin", Source: entrance}]
	end, ended := t.Edges[reading.Edge{Side: "end", Source: entrance}]
	received := map[string]float64{}
	for key, value := range end.Values {
		if metric, labels := record.ParseKey(key); metric == "received_total" {
			received[labels["op"]] += value - begin.Values[key]
			ok = true
		}
	}
	if !began || !ended || !ok {
		return v, false
	}
	for op, n := range received {
		v.of[op] = max(0, n-v.known[op])
	}
	for op, n := range v.known {
		v.lost += max(0, n-received[op])
	}
	v.barred = max(0, float64(t.Services("", reading.Counters{Metric: "foreign_requests_total", Labels: nil})))
	return v, true
}

// total is how many came uninvited.
func (v visitors) total() (n float64) {
	for _, of := range v.of {
		n += of
	}
	return n + v.barred
}

// told is the sentence on them: how many, and of what.
func (v visitors) told() string {
	var parts []string
	for _, op := range slices.Sorted(maps.Keys(v.of)) {
		if n := v.of[op]; n > 0 {
			parts = append(parts, numeral.Whole(n)+" "+map[bool]string{true: "for no API", false: op}[op == "none"])
		}
	}
	if v.barred > 0 {
		parts = append(parts, numeral.Whole(v.barred)+" without the secret")
	}
	return fmt.Sprintf("another client sent requests to the services: %s, beside the %s of the generator", strings.Join(parts, ", "), numeral.Whole(v.sent))
}

// visited are the reasons against the trial that others' requests make: too many of one operation spoil what is counted of
// it, and too many altogether make hits wait.
func (t *trial) visited() []reason {
	v, ok := t.visitors()
	if !ok || v.total() == 0 {
		return nil
	}
	// What is for no API costs no statement.
	many := v.total()-v.of["none"] > countTolerance*v.sent
	for op, n := range v.of {
		many = many || op != "none" && n > countTolerance*v.known[op]
	}
	switch {
	case v.total() > foreignLimit*v.sent:
		return []reason{{voidsMeasures, model.Reason{Kind: model.OtherClient, Text: v.told()}}}
	case many:
		return []reason{{voidsCounts, model.Reason{Kind: model.OtherClient, Text: v.told()}}}
	}
	return nil
}

// uninvited is the doubt that few of others' requests leave.
func (t *trial) uninvited() []string {
	if v, ok := t.visitors(); ok && v.total() > 0 && len(t.visited()) == 0 {
		return []string{v.told()}
	}
	return nil
}

// unreceived is the doubt that hits which never reached a service leave.
func (t *trial) unreceived() []string {
	if v, ok := t.visitors(); ok && v.lost > sentTolerance*v.sent {
		return []string{fmt.Sprintf("%s of %s hits that were sent never reached a service", numeral.Whole(v.lost), numeral.Whole(v.sent))}
	}
	return nil
}
