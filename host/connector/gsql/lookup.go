package gsql

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// Lookup compares as the database does: its collations, its idea of a number. A value that the column could never hold
// is found nowhere. A JSON column cannot be asked: fault.Unsupported.
func (s *session) Lookup(ctx context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error) {
	const op = "look up"
	o, err := s.fresh(ctx, t)
	if err != nil {
		return nil, err
	}
	if o.table != "" {
		if _, err := s.lookupQuery(o, attr, v); err != nil && !fault.Is(err, fault.NotFound) {
			return nil, fault.Wrap(fault.Invalid, op, err)
		}
	} else if _, isColumn := o.column(attr); !isColumn {
		if _, isChild := o.child(attr); !isChild {
			return nil, fault.Wrap(fault.Invalid, op, invalid(attr, "%s has no attribute %q to look up by", o.name, attr))
		}
	}
	var found []entry.Entry
	err = s.read(ctx, op, func(ctx context.Context, c conn) error {
		found, err = s.find(ctx, c, o, attr, v)
		return err
	})
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		return nil, nil // the database cannot read the value as the column's type
	}
	return found, err
}

// lookupQuery is fault.NotFound for a value that no row can hold.
func (s *session) lookupQuery(o *object, attr string, v entry.Value) (query, error) {
	q := query{out: o.readable()}
	start := "SELECT " + selects("m.", q.out) + " FROM " + o.table + " m WHERE "
	if attr == o.anchorWord() {
		return s.anchorQuery(o, q, start, text(v))
	}
	if t, ok := o.child(attr); ok {
		cells, err := s.childCells(t, v)
		q.args = cells
		q.text = start + "EXISTS (SELECT 1 FROM " + t.table + " x WHERE " + t.on("x.", "m.", o.anchor) + " AND " + equals("x.", t.value, 1) + ")"
		return q, notFound(err)
	}
	c, ok := o.column(attr)
	if !ok || c.writeOnly {
		return q, invalid(attr, "%s has no column %q to look up by", o.table, attr)
	}
	if c.isJSON() {
		return q, fault.New(fault.Unsupported, "look up", "the JSON column %s cannot be searched", attr).
			About(attr).WithHint("match by a plain column")
	}
	arg, err := s.dialect().bind(c, s.layout.clock, v)
	q.args = []any{arg}
	q.text = start + equals("m.", []column{c}, 1)
	return q, notFound(err)
}

func (s *session) anchorQuery(o *object, q query, start, anchor string) (query, error) {
	key, err := s.bindAnchor(o.anchor, anchor)
	q.args = key
	q.text = start + equals("m.", o.anchor, 1)
	return q, err
}

func notFound(err error) error {
	if err == nil {
		return nil
	}
	return errNoSuch
}

// entries runs a query of whole rows and adds the values of the other tables.
func (s *session) entries(ctx context.Context, c conn, o *object, q query) ([]entry.Entry, error) {
	found, err := all(ctx, c, q)
	if err != nil {
		return nil, err
	}
	m := newMaker(o)
	var out []entry.Entry
	for _, row := range found {
		if m.nameless(row) {
			continue
		}
		e, err := m.entry(row)
		if err != nil {
			return nil, err
		}
		if err := s.fillChildren(ctx, c, o, &e); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// nameless reports whether a row has no anchor.
func (m maker) nameless(row []entry.Value) bool {
	for _, at := range m.anchor {
		if row[at] == nil {
			return true
		}
	}
	return false
}

func (s *session) fillChildren(ctx context.Context, c conn, o *object, e *entry.Entry) error {
	for _, t := range o.children {
		key, err := s.bindAnchor(t.owner, e.ID)
		if err != nil {
			return err
		}
		vs, err := readValues(ctx, c, t, key)
		if err != nil {
			return err
		}
		e.Attrs.Set(t.attr, vs...)
	}
	return nil
}

// all reads a whole result set.
func all(ctx context.Context, c conn, q query) ([][]entry.Value, error) {
	r, err := c.query(ctx, q)
	if err != nil {
		return nil, err
	}
	found, err := drain(r, len(q.out))
	if closeErr := r.close(); err == nil {
		err = closeErr
	}
	return found, err
}

func drain(r rows, width int) ([][]entry.Value, error) {
	var out [][]entry.Value
	for {
		row := make([]entry.Value, width)
		ok, err := r.next(row)
		if err != nil || !ok {
			return out, err
		}
		out = append(out, row)
	}
}

// Count counts the rows that have an anchor.
func (s *session) Count(ctx context.Context, t entry.Type) (n int, err error) {
	o, err := s.object(t)
	if err != nil {
		return 0, err
	}
	if o.table == "" {
		err := s.importAll(ctx, o, func(entry.Entry) bool { n++; return true })
		return n, err
	}
	q := query{text: "SELECT count(*) FROM " + o.table + " WHERE " + notNull("", o.anchor), out: []column{{name: "count", kind: connector.Integer, dbType: "int8"}}}
	err = s.read(ctx, "count", func(ctx context.Context, c conn) error {
		found, err := all(ctx, c, q)
		if err == nil {
			count, _ := found[0][0].(int64)
			n = int(count)
		}
		return err
	})
	return n, err
}
