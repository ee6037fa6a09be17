package probe

import (
	"slices"
	"strings"
)

// Kinds of statements, as labels.
const (
	read    = "read"
	write   = "write"
	control = "control"
)

func kinds() []string { return []string{read, write, control} }

// kindOf tells what a statement does to the server, from its text alone: a read looks at data, a write may change data
// or schema, control does neither (transactions, settings, cursors, plans). SELECT … FOR UPDATE is a read: it locks
// rows, but changes none. What is not known to be harmless is a write; a function called by SELECT is believed.
func kindOf(sql string) string {
	tokens := tokenize(sql)
	for len(tokens) > 0 && (tokens[0] == "(" || tokens[0] == ";") {
		tokens = tokens[1:]
	}
	if len(tokens) == 0 {
		return control
	}
	switch tokens[0] {
	case "SELECT":
		// SELECT … INTO makes a table. INTO is a reserved word, so it is no column's name.
		return readUnless(slices.Contains(tokens, "INTO"))
	case "WITH":
		return readUnless(writesInWith(tokens))
	case "COPY":
		return readUnless(copiesFrom(tokens))
	case "VALUES", "TABLE", "FETCH", "MOVE":
		return read
	case "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE", "DEALLOCATE",
		"SET", "RESET", "SHOW", "DISCARD", "LISTEN", "UNLISTEN", "LOCK", "CHECKPOINT", "DECLARE", "CLOSE", "EXPLAIN", "LOAD":
		return control
	}
	return write
}

func readUnless(writes bool) string {
	if writes {
		return write
	}
	return read
}

// writesInWith tells whether a WITH statement changes data: in its main statement, or in one of its parts, which begin
// behind AS ( or MATERIALIZED (. Elsewhere these words are names, or the UPDATE of FOR UPDATE. Postgres allows parts
// that write at the top level only, but looking deeper does no harm.
func writesInWith(tokens []string) bool {
	depth, main := 0, false
	for i, token := range tokens {
		switch token {
		case "(":
			depth++
		case ")":
			depth--
		case "SELECT", "VALUES", "TABLE":
			main = main || depth == 0
		case "INTO":
			if main && depth == 0 {
				return true
			}
		case "INSERT", "UPDATE", "DELETE", "MERGE":
			part := i >= 2 && tokens[i-1] == "(" && (tokens[i-2] == "AS" || tokens[i-2] == "MATERIALIZED")
			if part || depth == 0 && !main {
				return true
			}
		}
	}
	return false
}

// copiesFrom tells whether a COPY brings data in: FROM outside of parentheses, where a query has its own.
func copiesFrom(tokens []string) bool {
	depth := 0
	for _, token := range tokens {
		switch token {
		case "(":
			depth++
		case ")":
			depth--
		case "FROM", "TO":
			if depth == 0 {
				return token == "FROM"
			}
		}
	}
	return true
}

// tokenize splits SQL into words in upper case and punctuation. Comments vanish; literals and quoted names become a
// single quote, so that nothing inside them is taken for a keyword. What is cut short ends where it ends.
func tokenize(sql string) []string {
	var tokens []string
	for sql != "" {
		var token string
		token, sql = next(sql)
		if token != "" {
			tokens = append(tokens, token)
		}
	}
	return tokens
}

// next takes the first token off sql; it is empty for space and comments. At least one byte is taken.
func next(sql string) (token, rest string) {
	switch c := sql[0]; {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
		return "", sql[1:]
	case strings.HasPrefix(sql, "--"):
		end := strings.IndexAny(sql, "\r\n")
		if end < 0 {
			end = len(sql)
		}
		return "", sql[end:]
	case strings.HasPrefix(sql, "/*"):
		return "", afterComment(sql)
	case c == '\'' || c == '"':
		return "'", afterQuote(sql[1:], c, false)
	case (c == 'E' || c == 'e') && len(sql) > 1 && sql[1] == '\'':
		return "'", afterQuote(sql[2:], '\'', true)
	case c == '$':
		return "'", afterDollar(sql)
	case wordByte(c):
		end := strings.IndexFunc(sql, func(r rune) bool { return r < 0x80 && !wordByte(byte(r)) && r != '$' })
		if end < 0 {
			end = len(sql)
		}
		return strings.ToUpper(sql[:end]), sql[end:]
	default:
		return sql[:1], sql[1:]
	}
}

func wordByte(c byte) bool {
	return c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// afterQuote is what follows the closing quote. A doubled quote is part of the literal; it simply begins the next one.
func afterQuote(sql string, quote byte, backslashes bool) string {
	for i := 0; i < len(sql); i++ {
		switch {
		case backslashes && sql[i] == '\\':
			i++
		case sql[i] == quote && i+1 < len(sql) && sql[i+1] == quote:
			i++
		case sql[i] == quote:
			return sql[i+1:]
		}
	}
	return ""
}

// afterComment is what follows a comment in slashes; they nest.
func afterComment(sql string) string {
	depth := 0
	for i := 0; i+1 < len(sql); i++ {
		switch sql[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
		}
		if depth == 0 {
			return sql[i+1:]
		}
	}
	return ""
}

// afterDollar is what follows a parameter such as $1, or a literal between $$ or $tag$.
func afterDollar(sql string) string {
	tag := 1
	for tag < len(sql) && wordByte(sql[tag]) {
		tag++
	}
	if tag == len(sql) || sql[tag] != '$' || tag > 1 && '0' <= sql[1] && sql[1] <= '9' {
		return sql[tag:]
	}
	_, rest, _ := strings.Cut(sql[tag+1:], sql[:tag+1])
	return rest
}
