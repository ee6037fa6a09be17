package probe

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKindOf(t *testing.T) {
	for kind, statements := range map[string][]string{
		read: {
			"SELECT 1", "select $1::int", "(SELECT 1) UNION (SELECT 2)", "((select 1))", "TABLE item", "VALUES ($1)",
			"SELECT id FROM item WHERE id = $1 FOR UPDATE", "SELECT update, delete FROM t", `SELECT "INTO" FROM t`,
			"SELECT 'x INTO y'", "SELECT $$ INTO $$", "SELECT $tag$ $$ INTO $tag$", `SELECT E'\' INTO '`, "SELECT 'it''s INTO'",
			"-- write\nSELECT 1", "/* INSERT /* nested */ INTO */ SELECT 1", "/* select */\n-- x\n\tSELECT 1",
			"WITH a AS (SELECT 1) SELECT * FROM a", "WITH a AS (SELECT id FROM t FOR UPDATE) SELECT * FROM a",
			"WITH RECURSIVE a(n) AS (VALUES (1) UNION ALL SELECT n+1 FROM a) TABLE a",
			"WITH a AS MATERIALIZED (SELECT update FROM t) SELECT (insert) FROM a", "WITH a AS (SELECT 1) SELECT 1 FOR NO KEY UPDATE",
			"COPY t TO STDOUT", "COPY (SELECT 1 FROM t) TO STDOUT", "FETCH 10 FROM c", "SELECT count(*) FROM t AS insert",
		},
		write: {
			"INSERT INTO t VALUES ($1)", "update t set a = $1", "DELETE FROM t", "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE",
			"TRUNCATE t", "COPY t FROM STDIN", "COPY t (a, b) FROM STDIN", "CREATE TABLE t ()", "VACUUM t", "CALL p()", "DO $$ begin end $$", "NOTIFY x",
			"SELECT * INTO t FROM s", "WITH a AS (SELECT 1) SELECT * INTO t FROM a",
			"WITH a AS (INSERT INTO t VALUES (1) RETURNING id) SELECT * FROM a", "with a as materialized (delete from t returning *) select 1",
			"WITH a AS NOT MATERIALIZED (UPDATE t SET x = 1 RETURNING *) SELECT * FROM a", "WITH a AS (SELECT 1) INSERT INTO t TABLE a",
			"WITH a AS (SELECT 1), b AS (/* x */ UPDATE t SET x = 1) SELECT 1", "WITH a AS (SELECT 1) UPDATE t SET x = 1 FROM a",
			"WITH a AS (SELECT 1) DELETE FROM t USING a", "WITH a AS (SELECT 1) MERGE INTO t USING a ON true WHEN MATCHED THEN DELETE",
			"REFRESH MATERIALIZED VIEW v", "something of a later version",
		},
		control: {
			"BEGIN", "begin isolation level repeatable read", "START TRANSACTION", "COMMIT", "commit;", "END", "ROLLBACK TO SAVEPOINT a", "SAVEPOINT a",
			"RELEASE a", "SET search_path = x", "RESET ALL", "SHOW all", "DISCARD ALL", "DEALLOCATE ALL", "", ";", "-- ping", "/* nothing",
			"DECLARE c CURSOR FOR SELECT 1", "CLOSE c", "EXPLAIN SELECT 1", "LISTEN x", "LOCK TABLE t",
		},
	} {
		for _, sql := range statements {
			if got := kindOf(sql); got != kind {
				t.Errorf("%q: got %s, want %s", sql, got, kind)
			}
		}
	}
}

// Spelling never changes the kind: case, comments, white space, and what stands in literals.
func TestKindIgnoresSpelling(t *testing.T) {
	statements := []string{
		"SELECT a FROM t WHERE b = 1 FOR UPDATE", "WITH a AS ( UPDATE t SET b = 1 RETURNING b ) SELECT b FROM a",
		"INSERT INTO t VALUES ( 1 )", "WITH a AS ( SELECT b FROM t ) SELECT b FROM a", "COPY t FROM STDIN", "COMMIT",
	}
	gaps := []string{" ", "\n", "\t ", " /* INTO INSERT ( */ ", " -- INSERT INTO (\n", " /* a /* b */ ' */ "}
	rapid.Check(t, func(t *rapid.T) {
		sql := rapid.SampledFrom(statements).Draw(t, "sql")
		var spelt strings.Builder
		spelt.WriteString(rapid.SampledFrom(append(gaps, "")).Draw(t, "lead"))
		for word := range strings.FieldsSeq(sql) {
			if rapid.Bool().Draw(t, "lower") {
				word = strings.ToLower(word)
			}
			if word == "1" {
				word = rapid.SampledFrom([]string{"1", "$1", "'INTO'", "$$ ( INSERT $$", `E'\'('`}).Draw(t, "literal")
			}
			spelt.WriteString(word + rapid.SampledFrom(gaps).Draw(t, "gap"))
		}
		if got, want := kindOf(spelt.String()), kindOf(sql); got != want {
			t.Fatalf("%q: got %s, want %s as for %q", spelt.String(), got, want, sql)
		}
	})
}

// Any text has a kind, and every token is either a word of the text or one byte.
func FuzzKindOf(f *testing.F) {
	for _, sql := range []string{"SELECT 1", "WITH a AS (DELETE FROM t) SELECT $1", "$a$ x", "e'\\", "/*/**/", "\"", "ſelect 'é'"} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if kind := kindOf(sql); !slices.Contains(kinds(), kind) {
			t.Errorf("%q: got kind %q", sql, kind)
		}
		if kind := kindOf("SELECT 1 --" + strings.NewReplacer("\n", " ", "\r", " ").Replace(sql)); kind != read {
			t.Errorf("%q in a comment: got %s, want %s", sql, kind, read)
		}
	})
}

func TestLagLine(t *testing.T) {
	var l lagLine
	for _, step := range []struct{ now, written, replayed, want float64 }{
		{0, 100, 100, 0},  // caught up
		{1, 200, 100, 0},  // 200 first seen now: how long it waits is not known yet
		{2, 300, 100, 1},  // 200 has been waiting since 1
		{3, 300, 100, 2},  // nothing new is written, the replica is stuck
		{4, 400, 250, 2},  // 200 is through, 300 has been waiting since 2
		{5, 400, 400, 0},  // caught up
		{65, 400, 400, 0}, // idle for a minute is no lag
		{66, 500, 400, 0},
	} {
		if got := l.seconds(step.now, step.written, step.replayed); got != step.want {
			t.Errorf("at %v: got %v, want %v", step.now, got, step.want)
		}
	}
}

// Against a replica that replays everything exactly d after it was written, the estimate is never above d and short of
// it by one interval at most; memory stays bounded.
func TestLagLineBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.Float64Range(0, 20).Draw(t, "delay")
		rate := rapid.Float64Range(1, 1e6).Draw(t, "bytes per second")
		var l lagLine
		for i := range 100 {
			now := float64(i)
			got := l.seconds(now, rate*now, max(rate*(now-d), 0))
			want := min(d, now)
			if got > want+1e-6 || got < want-1-1e-6 {
				t.Fatalf("at %v: got %v, want within one second below %v", now, got, want)
			}
		}
	})
	var l lagLine
	for i := range 10 * maxMarks {
		l.seconds(float64(i), float64(i+1), 0)
	}
	if got := l.seconds(1e6, 1e6, 0); len(l.marks) > maxMarks || got != 1e6 {
		t.Errorf("got %d marks and %v s, want at most %d and the whole time", len(l.marks), got, maxMarks)
	}
}
