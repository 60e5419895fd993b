package gsql

import (
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

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
		if err != nil && ok {
			err = r.naming(err)
		}
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

// naming says which row cannot be read, when its anchor can.
func (r *reader) naming(err error) error {
	if r.maker.nameless(r.row) {
		return err
	}
	for i, at := range r.maker.anchor {
		r.maker.key[i] = r.row[at]
	}
	id := anchorOf(r.maker.key)
	return fault.New(fault.KindOf(err), "import", "the row %s of %s: %w", id, r.object.table, err).About(id).WithHint("%s", fault.HintOf(err))
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
			if err := c.advance(); err != nil || !c.held {
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

// resting reports whether a result set that gave nothing may give more with the next page of objects.
func resting(r rows) bool {
	p, ok := r.(interface{ paused() bool })
	return ok && p.paused()
}

func (c *childReader) advance() error {
	if c.done {
		return nil
	}
	ok, err := c.rows.next(c.row)
	c.done, c.held = !ok && !resting(c.rows), ok
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
