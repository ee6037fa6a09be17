package reports

import (
	"fmt"
	"slices"

	"github.com/rehearse-dev/rehearse/reports/model"
	"github.com/rehearse-dev/rehearse/reports/numeral"
	"github.com/rehearse-dev/rehearse/reports/page"
	"github.com/rehearse-dev/rehearse/reports/stat"
)

// detailTables are by query and by API, before all phases and after, and what of them the record does not have.
func (s *summary) detailTables() (tables []page.Table, absent string) {
	before, after := s.sides(s.Overall)
	queries, apis := queriesTable(before, after), apisTable(before, after)
	switch {
	case len(queries.Rows)+len(apis.Rows) == 0:
		return nil, "queries and the APIs"
	case len(queries.Rows) == 0:
		return []page.Table{apis}, "queries"
	case len(apis.Rows) == 0:
		return []page.Table{queries}, "APIs"
	}
	return []page.Table{queries, apis}, ""
}

// queriesTable has every statement, before all phases and after.
func queriesTable(before, after model.State) page.Table {
	t := page.Table{Caption: fmt.Sprintf("Queries one by one: %s, as the servers counted them", numeral.Arrow(before.Name, after.Name)),
		Columns: columns("query", "node", "#for each hit, before", "#after", "#per second, before", "#after")}
	t.Columns[0].Code = true
	type identity struct{ Node, Text string }
	find := func(list []model.Query, want identity) model.Query {
		for _, q := range list {
			if (identity{q.Node, q.Text}) == want {
				return q
			}
		}
		// Where queries are counted, one that was never sent cost nothing.
		if len(list) > 0 {
			return model.Query{}
		}
		return model.Query{PerHit: stat.Unknown(), QPS: stat.Unknown()}
	}
	seen := map[identity]bool{}
	for _, q := range slices.Concat(before.Queries, after.Queries) {
		id := identity{q.Node, q.Text}
		if seen[id] {
			continue
		}
		seen[id] = true
		b, a := find(before.Queries, id), find(after.Queries, id)
		t.Rows = append(t.Rows, cells(q.Text, q.Node, numeral.Number(b.PerHit), numeral.Number(a.PerHit), numeral.Number(b.QPS), numeral.Number(a.QPS)))
	}
	return t
}

// apisTable has every API, before all phases and after.
func apisTable(before, after model.State) page.Table {
	t := page.Table{Caption: "APIs: " + numeral.Arrow(before.Name, after.Name), Folded: true,
		Columns: columns("API", "operation", "#n, before", "#after", "#p95, before", "#after", "#primary statements for each hit, before", "#after",
			"#replica statements, before", "#after")}
	find := func(list []model.API, name string) model.API {
		for _, a := range list {
			if a.API == name {
				return a
			}
		}
		return model.API{Operation: model.Operation{P95Seconds: stat.Unknown()}, PrimaryStatements: stat.Unknown(), ReplicaStatements: stat.Unknown()}
	}
	seen := map[string]bool{}
	for _, api := range slices.Concat(before.APIs, after.APIs) {
		if seen[api.API] {
			continue
		}
		seen[api.API] = true
		b, a := find(before.APIs, api.API), find(after.APIs, api.API)
		t.Rows = append(t.Rows, cells(api.API, api.Op, numeral.Count(b.N), numeral.Count(a.N), numeral.Seconds(b.P95Seconds), numeral.Seconds(a.P95Seconds),
			numeral.Number(b.PrimaryStatements), numeral.Number(a.PrimaryStatements), numeral.Number(b.ReplicaStatements), numeral.Number(a.ReplicaStatements)))
	}
	return t
}
