package gsql

import (
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

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
