package record

import (
	"sort"
	"strings"
)

// Series of source cpu that the run loop and the judge both look at.
const (
	ForeignKey    = "foreign_seconds_total"
	ProcessorsKey = "processors"
)

// Key names one series of a sample: the metric and its labels in name order, as in
//
//	statements_total{kind=read,role=app}
//
// The series of each instrument, all cumulative counters end in _total:
//
//	primary, replica: statements_total{kind=read|write|control,role} calls of top-level
//	    statements by application role; exec_seconds_total{role}; dealloc_total; stats_reset_unix_seconds;
//	    transactions_total; wal_bytes; connections; and on the primary replica_lag_bytes,
//	    replica_lag_seconds, replicas_streaming, checkpoints_total begun, autovacuum_workers at work, and finished
//	    autovacuums_total{table}, autoanalyzes_total{table}
//	primary_by_query, replica_by_query: calls_total{query} of each statement by its id, whose text is in the header; at the
//	    edges of a trial alone
//	redis: commands_total{command=get|set|…} without those of the harness; keyspace_hits_total,
//	    keyspace_misses_total, evicted_keys_total, memory_bytes, keys
//	a service, by its name: what it counts itself: statements_total{kind=read|write,node=primary|replica,op},
//	    requests_total{op}, failures_total{op}, cache_requests_total{result=hit|miss}, fresh_lookups_total;
//	    foreign_requests_total of whoever came without the secret, and of the entrance received_total{op}, all requests that came,
//	    answered or not, those for no API under op=none; neither in early records
//	system: state{state} is 1 for the state in which the services say they are, and changes_total how many times that has
//	    changed; at the edges of a trial alone
//	a service and _by_api: statements_by_api_total{api,node}; at the edges of a trial alone
//	cpu: cpu_seconds_total{process=primary|replica|redis|generator|…}, memory_bytes{process};
//	    turns_total{process=generator} that its threads got on a processor, and wait_seconds_total{process=generator} that
//	    they were ready and none was free, added up over the threads; steal_seconds_total in which the host gave this
//	    machine's processors to others, added up over the processors; foreign_seconds_total that processes other than
//	    rehearse, its servers and its services had, since the first reading, of the processors which these may use, and
//	    processors, how many that is; neither where it cannot be told
//	load: in_flight{op} hits, due and not yet accounted for (early records: of all operations, without the label), and
//	    in_flight_seconds_total they have been so, added up
func Key(metric string, labels map[string]string) string {
	if len(labels) == 0 {
		return metric
	}
	pairs := make([]string, 0, len(labels))
	for name, value := range labels {
		pairs = append(pairs, name+"="+value)
	}
	sort.Strings(pairs)
	return metric + "{" + strings.Join(pairs, ",") + "}"
}

// ParseKey is the inverse of [Key]. A key without labels has a nil map.
func ParseKey(key string) (metric string, labels map[string]string) {
	metric, rest, found := strings.Cut(key, "{")
	if !found {
		return key, nil
	}
	labels = map[string]string{}
	for pair := range strings.SplitSeq(strings.TrimSuffix(rest, "}"), ",") {
		name, value, _ := strings.Cut(pair, "=")
		labels[name] = value
	}
	return metric, labels
}
