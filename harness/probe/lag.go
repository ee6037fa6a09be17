package probe

import "slices"

// maxMarks bounds the memory of a lagLine; a paused replica costs no more than this.
const maxMarks = 1024

// lagLine estimates how far behind a replica is, in seconds, from positions alone. The server's own estimate
// (pg_stat_replication.replay_lag) freezes when the replica stops replaying, exactly when it matters.
type lagLine struct {
	// marks are positions written and not yet replayed, with the time at which they were seen written. Ascending.
	marks []mark
}

type mark struct{ at, wal float64 }

// seconds is how long the oldest position known to be written and not replayed has been waiting: never more than the
// truth, and less by one reading's interval at most. Times are the server's, positions in bytes.
func (l *lagLine) seconds(now, written, replayed float64) float64 {
	l.marks = slices.DeleteFunc(l.marks, func(m mark) bool { return m.wal <= replayed })
	if written > replayed && (len(l.marks) == 0 || l.marks[len(l.marks)-1].wal < written) {
		l.marks = append(l.marks, mark{at: now, wal: written})
	}
	if len(l.marks) > maxMarks {
		l.marks = slices.Delete(l.marks, maxMarks/2, maxMarks/2+1)
	}
	if len(l.marks) == 0 {
		return 0
	}
	return max(now-l.marks[0].at, 0)
}
