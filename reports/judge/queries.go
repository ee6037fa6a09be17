package judge

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/reading"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// queries are the statements of the trials, those of the primary first and of each node the most frequent first.
func (l *Ledger) queries(trials []*trial) (list []model.Query) {
	for _, node := range []string{"primary", "replica"} {
		calls, seconds, answered := map[string]float64{}, 0.0, sum(trials, "", (*reading.Hits).Answered)
		for _, t := range trials {
			grown, took := t.Calls(node)
			for id, n := range grown {
				calls[id] += n
			}
			seconds += took
		}
		for _, id := range slices.SortedFunc(maps.Keys(calls), func(a, b string) int {
			return cmp.Or(cmp.Compare(calls[b], calls[a]), cmp.Compare(a, b))
		}) {
			if calls[id] > 0 {
				text := cmp.Or(l.header.Statements[id], "query "+id)
				list = append(list, model.Query{Node: node, Text: text, PerHit: per(stat.Number(calls[id]), answered), QPS: stat.Number(calls[id] / seconds)})
			}
		}
	}
	return list
}

// perCall divides the statements on a node that the services sent on account of an API by its hits that were answered, over
// whole trials.
func perCall(trials []*trial, node, api string) stat.Number {
	statements, answered, known := 0.0, uint64(0), false
	of := reading.Counters{Metric: "statements_by_api_total", Labels: map[string][]string{"api": {api}, "node": {node}}}
	for _, t := range trials {
		for _, source := range t.Declared.Application.Services {
			source += "_by_api"
			if _, read := t.Edges[reading.Edge{Side: "end", Source: source}]; read {
				grown, _ := t.Growth("", source, of)
				statements, known = statements+grown, true
			}
		}
		for at, h := range t.APIs {
			if at.Op == api {
				answered += h.Answered()
			}
		}
	}
	if !known {
		return stat.Unknown()
	}
	return per(stat.Number(statements), answered)
}
