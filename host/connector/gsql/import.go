package gsql

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// batch is how many rows are read before they are handed on; the command timeout runs only while rows are read.
const batch = 256

// errSlow is why an import is given up: no rows for as long as the command timeout.
var errSlow = errors.New("the database delivered no row within the command timeout")

// Import reads the table in one pass, and each table of values in one pass beside it, all in one snapshot and in the
// order of the anchor, so that nothing is looked up and nothing is kept. The session can do nothing else meanwhile.
// Two rows with one anchor are fault.Ambiguous; a row without an anchor is no object and is left out.
func (s *session) Import(ctx context.Context, t entry.Type) iter.Seq2[entry.Entry, error] {
	return func(yield func(entry.Entry, error) bool) {
		if err := s.stream(ctx, t, func(e entry.Entry) bool { return yield(e, nil) }); err != nil {
			yield(entry.Entry{}, err)
		}
	}
}

// stream calls yield for every object until that returns false.
func (s *session) stream(ctx context.Context, t entry.Type, yield func(entry.Entry) bool) error {
	const op = "import"
	o, err := s.object(t)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fault.Wrap(fault.Unavailable, op, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(s.layout.timeout, func() { cancel(errSlow) })
	defer watch.Stop()
	r, err := s.openReader(ctx, o)
	if err != nil {
		return s.importFailure(ctx, op, err)
	}
	defer r.end()
	buffer := make([]entry.Entry, 0, batch)
	for more := true; more; {
		watch.Reset(s.layout.timeout)
		buffer, more, err = r.fill(buffer[:0])
		watch.Stop()
		for _, e := range buffer {
			if !yield(e) {
				return nil
			}
		}
		if err != nil {
			return s.importFailure(ctx, op, err)
		}
	}
	return nil
}

func (s *session) importFailure(ctx context.Context, op string, err error) error {
	v := s.dialect().judge(err)
	if v.lost {
		s.Close()
	}
	if errors.Is(context.Cause(ctx), errSlow) {
		return fault.New(fault.Timeout, op, "%w", errSlow).WithHint("raise commandTimeout (now %s), or make the view faster", s.layout.timeout)
	}
	if ctx.Err() != nil {
		return &fault.Error{Op: op, Kind: fault.Unavailable, Err: errors.Join(context.Cause(ctx), err)}
	}
	if v.lost {
		v.kind, v.hint = fault.Unavailable, "the next import starts from the beginning"
	}
	return s.failure(op, v, err)
}

// openReader opens the result sets, on a new connection when the old one turns out to be lost.
func (s *session) openReader(ctx context.Context, o *object) (*reader, error) {
	for try := 1; ; try++ {
		if err := s.connect(ctx); err != nil {
			return nil, err
		}
		open, end, err := s.conn.streams(ctx, importQueries(o))
		if err == nil {
			return newReader(o, open, end), nil
		}
		v := s.dialect().judge(err)
		if v.lost {
			s.Close()
		}
		if !v.lost && !v.again || try >= attempts || ctx.Err() != nil {
			return nil, err
		}
		if v.again {
			pause(ctx, try)
		}
	}
}

// importQueries returns the query of the objects, then one for each table of values. A query of values joins the object's table so
// that every row has its object, in the same order of anchors: merging them needs no comparison but equality.
func importQueries(o *object) []query {
	where := " WHERE " + notNull(o.anchor)
	if !anyNullable(o.anchor) {
		where = ""
	}
	out := o.readable()
	qs := []query{{text: "SELECT " + selects("", out) + " FROM " + o.table + where, out: out}}
	if len(o.children) > 0 {
		qs[0].text += " ORDER BY " + list("", o.anchor)
	}
	for _, c := range o.children {
		qs = append(qs, query{
			text: "SELECT " + selects("m.", o.anchor) + ", " + selects("c.", c.value) + " FROM " + c.table + " c JOIN " + o.table +
				" m ON " + joins("m.", o.anchor, "c.", c.owner) + " ORDER BY " + list("m.", o.anchor),
			out: append(append([]column{}, o.anchor...), c.value...),
		})
	}
	return qs
}

func notNull(cs []column) string {
	parts := make([]string, len(cs))
	for i, c := range cs {
		parts[i] = c.quoted + " IS NOT NULL"
	}
	return strings.Join(parts, " AND ")
}

func anyNullable(cs []column) bool {
	for _, c := range cs {
		if c.nullable {
			return true
		}
	}
	return false
}

// reader merges the result sets of one import.
type reader struct {
	object   *object
	maker    maker
	main     rows
	row      []entry.Value
	children []*childReader
	seen     map[string]struct{} // anchors so far, when the database does not keep them unique
	end      func()
}

func newReader(o *object, open []rows, end func()) *reader {
	r := &reader{object: o, maker: newMaker(o), main: open[0], row: make([]entry.Value, len(o.readable())), end: end}
	if !o.anchorUnique {
		r.seen = map[string]struct{}{}
	}
	for i, c := range o.children {
		r.children = append(r.children, &childReader{child: c, anchors: len(o.anchor), rows: open[i+1],
			row: make([]entry.Value, len(o.anchor)+len(c.value))})
	}
	return r
}

// fill appends up to a batch of objects to buffer; more is false when there are no others.
func (r *reader) fill(buffer []entry.Entry) (_ []entry.Entry, more bool, err error) {
	for len(buffer) < batch {
		ok, err := r.main.next(r.row)
		if err != nil || !ok {
			return buffer, false, err
		}
		e, err := r.maker.entry(r.row)
		if err != nil {
			return buffer, false, err
		}
		if err := r.first(e.ID); err != nil {
			return buffer, false, err
		}
		for _, c := range r.children {
			vs, err := c.of(e.ID)
			if err != nil {
				return buffer, false, err
			}
			e.Attrs.Set(c.child.attr, vs...)
		}
		buffer = append(buffer, e)
	}
	return buffer, true, nil
}

// first refuses an anchor that came before.
func (r *reader) first(id string) error {
	if r.seen == nil {
		return nil
	}
	if _, twice := r.seen[id]; twice {
		return fault.New(fault.Ambiguous, "import", "two rows of %s have the same anchor", r.object.table).
			About(id).WithHint("make %s unique in the table, or choose another anchor", list("", r.object.anchor))
	}
	r.seen[id] = struct{}{}
	return nil
}

// childReader reads the values of one attribute, one object after the other.
type childReader struct {
	child   child
	anchors int // how many columns of row are the anchor
	rows    rows
	row     []entry.Value
	owner   string // whose value is in row
	held    bool   // row holds a value that was not taken yet
	done    bool
}

// of returns the values of the object that comes next in the order of anchors.
func (c *childReader) of(id string) ([]entry.Value, error) {
	var vs []entry.Value
	for {
		if !c.held {
			if err := c.advance(); err != nil || c.done {
				return vs, err
			}
		}
		if c.owner != id {
			return vs, nil
		}
		c.held = false
		if v := c.child.valueOf(c.row[c.anchors:]); v != nil {
			vs = append(vs, v)
		}
	}
}

func (c *childReader) advance() error {
	if c.done {
		return nil
	}
	ok, err := c.rows.next(c.row)
	c.done, c.held = !ok, ok
	if ok {
		c.owner = anchorOf(c.row[:c.anchors])
	}
	return err
}

// valueOf makes the attribute's value of the value columns; nil when one is NULL.
func (c child) valueOf(cells []entry.Value) entry.Value {
	for _, v := range cells {
		if v == nil {
			return nil
		}
	}
	if !c.ref {
		return cells[0]
	}
	return entry.Ref{Type: c.refType, ID: anchorOf(cells)}
}

// maker makes entries of rows.
type maker struct {
	object  *object
	columns []column
	anchor  []int // where the anchor columns are
	key     []entry.Value
}

func newMaker(o *object) maker {
	m := maker{object: o, columns: o.readable(), key: make([]entry.Value, len(o.anchor))}
	for _, a := range o.anchor {
		for i, c := range m.columns {
			if c.name == a.name {
				m.anchor = append(m.anchor, i)
			}
		}
	}
	return m
}

// entry makes an entry of a row. The values of all single-valued attributes share one array.
func (m maker) entry(row []entry.Value) (entry.Entry, error) {
	e := entry.Entry{Type: m.object.name, Attrs: make(entry.Attrs, len(row)+len(m.object.children))}
	for i, at := range m.anchor {
		m.key[i] = row[at]
	}
	e.ID = anchorOf(m.key)
	values := make([]entry.Value, len(row))
	for i, v := range row {
		c := &m.columns[i]
		switch {
		case v == nil:
			continue
		case c.kind == connector.JSON:
			vs, err := parseJSON(*c, text(v))
			if err != nil {
				return e, fault.New(fault.Invalid, "read", "%w", err).About(e.ID).WithHint("correct the row, or take the column out of the setting json")
			}
			e.Attrs.Set(c.name, vs...)
			continue
		case c.kind == connector.Reference:
			v = entry.Ref{Type: c.refType, ID: text(v)}
		}
		values[i] = v
		e.Attrs[c.name] = values[i : i+1 : i+1]
	}
	return e, nil
}
