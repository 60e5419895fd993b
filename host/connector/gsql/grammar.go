package gsql

import (
	"fmt"
	"strings"
)

// grammar is how a dialect writes SQL text: pure functions of names, so that what is sent to a database that is not at hand can
// be read and compared. Text inside the connector has $1, $2, … for values; native turns them into the client library's own.
type grammar interface {
	// quote makes an identifier of a name, whatever is in it.
	quote(name string) string
	// native returns text and values as the client library takes them. Quoted names and texts are left alone.
	native(text string, args []any) (string, []any)
	// giveBack makes the query of an INSERT or UPDATE that also returns the row it wrote.
	giveBack(w writing) query
	// first limits a SELECT to a number of rows.
	first(text string, n int) string
	facts() facts
}

// facts are a dialect's words and limits.
type facts struct {
	name        string
	emptyInsert string   // tail of an INSERT of defaults only
	maxRows     int      // most rows of one INSERT
	maxArgs     int      // most values of one statement
	timeText    string   // expression: the server's time in UTC as a text like 2006-01-02 15:04:05.999999
	toText      string   // makes a text of a number, %s
	dual        string   // what a SELECT without a table ends with
	savepoint   string   // statement with %s
	rollbackTo  string   // statement with %s
	begin       string   // begins a transaction; "" leaves it to the client library
	snapshot    []string // begins one that sees one state of the data
	interleaves bool     // several result sets of one connection may be read in turn
}

// writing is an INSERT or UPDATE in two parts, for dialects that put the columns to return between them.
type writing struct {
	head, tail string // INSERT INTO t (…) | VALUES (…); UPDATE t SET … | WHERE …
	args       []any
	table      string
	anchor     []column
	after      []any // bound anchor after the write; nil when the database makes it
	update     bool
	given      []column // the columns written
	values     []any    // what is written into given
	out        []column
}

// keySource says where the key of a read-back comes from.
type keySource int

const (
	keyBound  keySource = iota // the second query has all its values
	keyLastID                  // its one value is the number the database made
	keyRowID                   // its one value is the row's address, an OUT parameter of the first
)

// returning is giveBack of dialects with INSERT … RETURNING.
func returning(w writing) query {
	return query{text: w.head + " " + w.tail + " RETURNING " + selects("", w.out), args: w.args, out: w.out}
}

// readBack reads the written row in a second query: by its anchor where that is known, by the generated number where the
// anchor is one, else by everything that was written.
func readBack(w writing, lock string) query {
	q := query{text: w.head + " " + w.tail, args: w.args}
	from := "SELECT " + selects("", w.out) + " FROM " + w.table + " WHERE "
	switch {
	case w.after != nil:
		q.then = &query{text: from + equals("", w.anchor, 1) + lock, args: w.after, out: w.out}
	case len(w.anchor) == 1 && w.anchor[0].counter:
		q.then, q.key = &query{text: from + equals("", w.anchor, 1) + lock, out: w.out}, keyLastID
	default:
		q.then = &query{text: from + sameAs(w.given, w.values) + lock, args: present(w.values), out: w.out}
	}
	return q
}

// sameAs compares columns with values, NULL being a value.
func sameAs(cs []column, values []any) string {
	parts, n := make([]string, len(cs)), 0
	for i, c := range cs {
		if values[i] == nil {
			parts[i] = c.quoted + " IS NULL"
			continue
		}
		n++
		parts[i] = fmt.Sprintf("%s = $%d", c.quoted, n)
	}
	if len(parts) == 0 {
		return "1 = 1"
	}
	return strings.Join(parts, " AND ")
}

func present(values []any) []any {
	out := []any{}
	for _, v := range values {
		if v != nil {
			out = append(out, v)
		}
	}
	return out
}

// placeholders rewrites $n by mark, outside of quoted names ("", “, []) and texts. With positional set the values are put in
// the order of their marks.
func placeholders(text string, args []any, positional bool, mark func(n int) string) (string, []any) {
	var b strings.Builder
	b.Grow(len(text))
	ordered := args
	if positional {
		ordered = make([]any, 0, len(args))
	}
	for i := 0; i < len(text); {
		end := quotedEnd(text, i)
		if end > i {
			b.WriteString(text[i:end])
			i = end
			continue
		}
		n, width := parameter(text[i:])
		if width == 0 || n > len(args) {
			b.WriteByte(text[i])
			i++
			continue
		}
		b.WriteString(mark(n))
		if positional {
			ordered = append(ordered, args[n-1])
		}
		i += width
	}
	return b.String(), ordered
}

// quotedEnd returns where the quoted name or text that starts at i ends; i when none does.
func quotedEnd(text string, i int) int {
	mark := text[i]
	switch mark {
	case '[':
		mark = ']'
	case '"', '\'', '`':
	default:
		return i
	}
	for j := i + 1; j < len(text); j++ {
		switch {
		case text[j] != mark:
		case j+1 < len(text) && text[j+1] == mark:
			j++
		default:
			return j + 1
		}
	}
	return len(text)
}

// parameter reads $12 and its width.
func parameter(s string) (n, width int) {
	if len(s) < 2 || s[0] != '$' || !isDigit(s[1]) {
		return 0, 0
	}
	for width = 1; width < len(s) && isDigit(s[width]) && width < 6; width++ {
		n = n*10 + int(s[width]-'0')
	}
	return n, width
}
