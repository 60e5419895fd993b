package gsql

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// detect runs the statement of a type's import for one object, to see which columns it returns. A type without a table has these
// and no others; with one, those that the table lacks are read only.
func (b *builder) detect(ctx context.Context, t typeLine) error {
	m, ok := b.layout.method(t.name, "import", "")
	if !ok {
		if len(t.table) == 0 {
			return fault.New(fault.Invalid, "read the settings", "nothing says how to import %s", t.name).About("types").
				WithHint("add a section [%s import] to the setting statements", t.name)
		}
		return nil
	}
	found, err := b.returns(ctx, t.name, m)
	if err != nil {
		return err
	}
	tab := b.tables[t.name]
	for _, c := range found {
		b.returned[t.name] = append(b.returned[t.name], c.name)
		if _, known := tab.column(c.name); known {
			continue
		}
		c.quoted, c.readOnly = b.grammar().quote(c.name), len(t.table) > 0
		tab.columns = append(tab.columns, c)
	}
	b.tables[t.name] = tab
	return nil
}

// returns describes the result of a section.
func (b *builder) returns(ctx context.Context, t entry.Type, m *method) ([]column, error) {
	bare := &object{name: t}
	if err := b.compileOne(ctx, bare, m); err != nil {
		return nil, fault.New(fault.Invalid, "read the settings", "%w", err).About(fmt.Sprintf("statements [%s %s]", t, m.head.operation)).
			WithHint("the parameters of an import are StartIndex, EndIndex and PageSize")
	}
	s := &session{layout: b.layout, conn: b.conn}
	words := map[string]any{startIndex: int64(1), endIndex: int64(1), pageLength: int64(1), sinceWord: nil}
	seeing := &describing{conn: b.conn}
	err := s.rowsOf(ctx, seeing, bare, m, given{session: s, object: bare, words: words}, func([]column, []entry.Value) error { return errStopped })
	if err != nil && !errors.Is(err, errStopped) {
		return nil, err
	}
	if len(seeing.found) == 0 {
		return nil, fault.New(fault.Invalid, "read the settings", "it returns no columns").About(fmt.Sprintf("statements [%s %s]", t, m.head.operation)).
			WithHint("the last statement of an import is a SELECT, or a procedure with a result")
	}
	return seeing.found, nil
}

// describing is a connection that remembers the columns of the last result.
type describing struct {
	conn
	found []column
}

func (d *describing) ask(ctx context.Context, q query, resolve func([]column) []column) (rows, error) {
	return d.conn.ask(ctx, q, func(found []column) []column {
		if len(found) > 0 {
			d.found = slices.Clone(found)
		}
		return resolve(found)
	})
}

// sideChildren are the multi-valued attributes that sections [Type values attribute] give.
func (b *builder) sideChildren(o *object) {
	for _, m := range b.layout.methods {
		if m.head.kind != string(o.name) || m.head.operation != "values" {
			continue
		}
		if _, listed := o.child(m.head.attribute); listed {
			continue
		}
		line := b.layout.columns[o.name][m.head.attribute]
		c := child{attr: m.head.attribute, value: []column{{name: m.head.attribute, kind: connector.String, dbType: "text", caseExact: true}}}
		if line.kind == connector.Reference {
			c.ref, c.refType = true, line.refType
		} else if line.kind != "" {
			c.value[0].kind = line.kind
		}
		o.children = append(o.children, c)
	}
}

// find asks the target for objects whose attribute has the value: the table, a section [Type lookup attribute], or the statement of
// the import with a condition around it; where none of these can be, everything is read and compared.
func (s *session) find(ctx context.Context, c conn, o *object, attr string, v entry.Value) ([]entry.Entry, error) {
	if o.table != "" {
		q, err := s.lookupQuery(o, attr, v)
		if err != nil {
			return nil, err
		}
		return s.entries(ctx, c, o, q)
	}
	m, ok := s.method(o.name, "lookup", attr)
	if ok {
		col, known := o.column(attr)
		if !known {
			col = column{name: attr, kind: connector.String, dbType: "text"}
		}
		bound, err := s.dialect().bind(col, s.layout.clock, v)
		if err != nil {
			return nil, errNoSuch
		}
		return s.collect(ctx, c, o, m, given{session: s, object: o, attrs: entry.Attrs{attr: {v}}, words: map[string]any{valueWord: bound}}, nil)
	}
	m, _ = s.method(o.name, "import", "")
	match := o.matcher(attr, v)
	if m.paged() || m.call != nil || len(m.statements) != 1 {
		var found []entry.Entry
		err := s.importByMethod(ctx, o, m, given{session: s, object: o}, func(e entry.Entry, _ string) bool {
			if match(e) {
				found = append(found, e)
			}
			return true
		})
		return found, err
	}
	return s.collect(ctx, c, o, m, given{session: s, object: o}, match)
}

// collect makes entries of a method's rows, those that match.
func (s *session) collect(ctx context.Context, c conn, o *object, m *method, g given, match func(entry.Entry) bool) ([]entry.Entry, error) {
	values, err := s.sideValuesOn(ctx, c, o)
	if err != nil {
		return nil, err
	}
	var found []entry.Entry
	err = s.rowsOf(ctx, c, o, m, g, func(cs []column, row []entry.Value) error {
		e, _, err := s.entryOf(o, cs, row, values)
		if err == nil && e.ID != "" && (match == nil || match(e)) {
			found = append(found, e)
		}
		return err
	})
	return found, err
}

// matcher compares as memory does.
func (o *object) matcher(attr string, v entry.Value) func(entry.Entry) bool {
	if attr == anchorWord || len(o.anchor) == 1 && o.anchor[0].name == attr {
		return func(e entry.Entry) bool { return e.ID == text(v) }
	}
	return func(e entry.Entry) bool {
		return slices.ContainsFunc(e.Attrs[attr], func(have entry.Value) bool { return entry.Equal(have, v) || text(have) == text(v) })
	}
}

func (s *session) sideValuesOn(ctx context.Context, c conn, o *object) (sideValues, error) {
	out := sideValues{}
	for _, t := range o.children {
		of := map[string][]entry.Value{}
		out[t.attr] = of
		if err := s.eachSideValue(ctx, c, o, t, func(id string, v entry.Value) { of[id] = append(of[id], v) }); err != nil {
			return nil, err
		}
	}
	return out, nil
}
