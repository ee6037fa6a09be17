package probe

import (
	"context"
	"maps"
	"strconv"
	"strings"
	"sync"

	"github.com/rehearse-dev/rehearse/harness/record"
)

// Queries is the instrument of a Postgres node's statements one by one: calls_total{query}, of those that [Postgres] adds
// up to reads and writes. A query is named by its id in hexadecimal. A reading is as large as there are queries, so it is
// for the edges of a trial.
type Queries struct {
	*Instrument
	node *postgres

	mu    sync.Mutex
	texts map[string]string
}

// NewQueries makes the instrument; url and roles are as for [Postgres].
func NewQueries(name, url string, roles []string) *Queries {
	q := &Queries{node: newPostgres(url, roles), texts: map[string]string{}}
	q.Instrument = newInstrument(name, q.count, q.node.close)
	return q
}

// Texts are the queries read so far by id, as the server writes them: with $1 in place of values.
func (q *Queries) Texts() map[string]string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return maps.Clone(q.texts)
}

func (q *Queries) count(ctx context.Context) (map[string]float64, error) {
	r, err := q.node.reading(ctx)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	values := map[string]float64{}
	for _, s := range r.statements {
		if kind := q.node.kinds[*s.id]; kind == read || kind == write {
			id := strconv.FormatUint(uint64(*s.id), 16)
			values[record.Key("calls_total", map[string]string{"query": id})] += s.calls
			// On one line, and without the second space that some servers leave before a value.
			q.texts[id] = strings.Join(strings.Fields(q.node.texts[*s.id]), " ")
		}
	}
	return values, nil
}
