package gsql

import (
	"strconv"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

// bundleRows is how many creates become one INSERT at most: beyond that the server gains nothing.
const bundleRows = 64

// bundled makes one INSERT of neighbouring creates that write the same columns, since the server takes many rows in one statement
// several times as fast. It returns the pieces in the same order; at then says of each which results it is for.
//
// The rows come back in the order they were sent; nothing in the server's manual promises that, so every bundle has a witness: a
// column whose values are all different, which must come back as they were sent. Where it does not, the bundle fails, and every row
// is sent alone.
func (s *session) bundled(pieces []piece) []piece {
	out := make([]piece, 0, len(pieces))
	for len(pieces) > 0 {
		n := neighbours(pieces)
		for n > 1 && (n > bundleRows || n*len(pieces[0].row.args) > s.grammar().facts().maxArgs || n&(n-1) != 0) {
			n-- // powers of two, so that few different statements have to be prepared
		}
		if n > 1 { // one alone may be no create at all
			if b, ok := s.bundle(pieces[:n]); ok {
				out, pieces = append(out, b), pieces[n:]
				continue
			}
		}
		out, pieces = append(out, pieces[0]), pieces[1:]
	}
	return out
}

// row is a create that is one plain INSERT.
type row struct {
	object *object
	into   []column
	args   []any
}

// neighbours counts how many pieces from the first on are creates of the same columns.
func neighbours(pieces []piece) int {
	first := pieces[0].row
	if first == nil || len(first.into) == 0 {
		return 1
	}
	n := 1
	for n < len(pieces) && pieces[n].row != nil && pieces[n].query.text == pieces[0].query.text {
		n++
	}
	return n
}

// bundle makes one piece of several; false where no column can be the witness.
func (s *session) bundle(pieces []piece) (piece, bool) {
	first := pieces[0].row
	witness := witnessOf(pieces)
	if witness < 0 {
		return piece{}, false
	}
	q := first.object.bundleQuery(first.into, pieces[0].query, len(pieces))
	q.args = make([]any, 0, len(pieces)*len(first.args))
	for _, p := range pieces {
		q.args = append(q.args, p.row.args...)
	}
	return piece{query: q, bundle: pieces, witness: first.into[witness].name}, true
}

// bundleQuery writes the INSERT of a number of rows, once for the same columns.
func (o *object) bundleQuery(into []column, one query, rows int) query {
	key := strconv.Itoa(rows) + one.text
	if in, ok := o.inserts[key]; ok {
		return in.query
	}
	q := query{text: insertText(o.table, into, rows) + " RETURNING " + selects("", one.out), out: one.out}
	o.inserts[key] = &insertion{query: q}
	return q
}

// witnessOf returns the place of a column whose values all differ and come back as text that can be compared; -1 when there is none.
func witnessOf(pieces []piece) int {
	for at, c := range pieces[0].row.into {
		if (c.kind == connector.String || c.kind == connector.Integer) && !c.writeOnly && allDiffer(pieces, at) {
			return at
		}
	}
	return -1
}

func allDiffer(pieces []piece, at int) bool {
	seen := make(map[string]struct{}, len(pieces))
	for _, p := range pieces {
		v, ok := p.row.args[at].(string)
		if _, twice := seen[v]; !ok || twice {
			return false
		}
		seen[v] = struct{}{}
	}
	return true
}

// unbundled gives each row of a bundle its result; false when the rows are not those that were sent.
func (p piece) unbundled(w written, results []connector.Result) bool {
	if len(w.rows) != len(p.bundle) {
		return false
	}
	first := p.bundle[0].row
	m := newMaker(first.object)
	for i, one := range p.bundle {
		if m.nameless(w.rows[i]) {
			return false
		}
		e, err := m.entry(w.rows[i])
		if err != nil || text(e.Attrs.First(p.witness)) != p.sent(one) {
			return false
		}
		results[one.at] = connector.Result{Entry: e, Anchor: connector.Anchor(e.ID)}
	}
	return true
}

// sent is what the witness of a row was sent as.
func (p piece) sent(one piece) string {
	for i, c := range one.row.into {
		if c.name == p.witness {
			return text(entry.Value(one.row.args[i]))
		}
	}
	return ""
}
