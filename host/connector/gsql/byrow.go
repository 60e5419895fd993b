package gsql

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// sectionPage is how many objects a statement with @StartIndex and @EndIndex, or @PageSize, is asked for at once.
const sectionPage = 1000

// importByMethod reads all objects by the type's own statement or procedure. Values of other tables are read before, and kept.
func (s *session) importByMethod(ctx context.Context, o *object, m *method, g given, yield func(entry.Entry, string) bool) error {
	const op = "import"
	values, err := s.sideValues(ctx, o)
	if err != nil {
		return err
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	seen := map[string]struct{}{}
	stopped := false
	for page := int64(0); !stopped; page++ {
		g.words = withPage(g.words, page)
		rows := 0
		err := s.rowsOf(ctx, s.conn, o, m, g, func(cs []column, row []entry.Value) error {
			rows++
			e, change, err := s.entryOf(o, cs, row, values)
			if err != nil || e.ID == "" {
				return err
			}
			if _, twice := seen[e.ID]; twice && !strings.EqualFold(change, "delete") && m.head.operation == "import" {
				return fault.New(fault.Ambiguous, op, "two rows have the same anchor").About(e.ID).
					WithHint("make the anchor unique; if the statement is paged, check that @StartIndex and @EndIndex are used")
			}
			seen[e.ID] = struct{}{}
			if !yield(e, change) {
				stopped = true
				return errStopped
			}
			return nil
		})
		switch {
		case stopped:
			return nil
		case err != nil:
			return s.importFailure(ctx, op, err)
		case rows == 0 || !m.paged():
			return nil
		}
	}
	return nil
}

var errStopped = fault.New(fault.Unavailable, "import", "nobody reads on")

func withPage(words map[string]any, page int64) map[string]any {
	out := map[string]any{startIndex: page*sectionPage + 1, endIndex: (page + 1) * sectionPage, pageLength: int64(sectionPage)}
	for k, v := range words {
		if _, own := out[k]; !own {
			out[k] = v
		}
	}
	return out
}

// paged reports whether the method reads a page at a time.
func (m *method) paged() bool {
	if m.call != nil {
		return slices.ContainsFunc(m.call.params, func(a argument) bool { return a.source == startIndex })
	}
	return slices.ContainsFunc(m.statements, func(t template) bool { return t.uses(startIndex) })
}

// rowsOf runs a method that reads; the rows are those of its last statement.
func (s *session) rowsOf(ctx context.Context, c conn, o *object, m *method, g given, f func([]column, []entry.Value) error) error {
	checked := func(cs []column, row []entry.Value) error {
		if err := o.complete(cs); err != nil {
			return err
		}
		return f(cs, row)
	}
	if m.call != nil {
		var failed error
		err := s.callProcedure(ctx, c, o, m.call, g, func(cs []column, row []entry.Value) {
			if failed == nil {
				failed = checked(cs, row)
			}
		})
		if failed != nil {
			return failed
		}
		return err
	}
	for i, t := range m.statements {
		q, err := t.query(s.grammar(), g.value)
		if err != nil {
			return err
		}
		each := checked
		if i < len(m.statements)-1 {
			each = func([]column, []entry.Value) error { return nil }
		}
		if err := s.eachRow(ctx, c, o, q, nil, each); err != nil {
			return err
		}
	}
	return nil
}

// complete refuses a result that lacks the anchor, naming what is missing.
func (o *object) complete(cs []column) error {
	for _, want := range o.fromResult {
		if !slices.ContainsFunc(cs, func(c column) bool { return c.name == want }) {
			return fault.New(fault.Invalid, "import", "the column %s is not in the result any more", want).About(want).
				WithHint("correct the statement, or read the schema again to go on without the column")
		}
	}
	return nil
}

// entryOf makes an entry of a row, and says what kind of change it is.
func (s *session) entryOf(o *object, cs []column, row []entry.Value, values sideValues) (entry.Entry, string, error) {
	e := entry.Entry{Type: o.name, Attrs: entry.Attrs{}}
	change := ""
	for i, c := range cs {
		if row[i] == nil {
			continue
		}
		if strings.EqualFold(c.name, "ChangeType") {
			change = text(row[i])
		}
		known, ok := o.column(c.name)
		switch {
		case !ok || known.writeOnly:
		case known.kind == connector.JSON:
			vs, err := parseJSON(known, text(row[i]))
			if err != nil {
				return e, "", fault.New(fault.Invalid, "read", "%w", err)
			}
			e.Attrs.Set(c.name, vs...)
		case known.kind == connector.Reference:
			e.Attrs[c.name] = []entry.Value{entry.Ref{Type: known.refType, ID: text(row[i])}}
		default:
			e.Attrs[c.name] = []entry.Value{row[i]}
		}
	}
	e.ID = o.anchorIn(e.Attrs)
	for _, c := range o.children {
		e.Attrs.Set(c.attr, values[c.attr][e.ID]...)
	}
	return e, change, nil
}

// anchorIn returns the anchor that attributes make up, "" when a part is missing.
func (o *object) anchorIn(a entry.Attrs) string {
	key := make([]entry.Value, len(o.anchor))
	for i, c := range o.anchor {
		if key[i] = a.First(c.name); key[i] == nil {
			return ""
		}
	}
	return anchorOf(key)
}

// sideValues are the values of multi-valued attributes, by attribute and anchor.
type sideValues map[string]map[string][]entry.Value

func (s *session) sideValues(ctx context.Context, o *object) (sideValues, error) {
	out := sideValues{}
	for _, t := range o.children {
		of := map[string][]entry.Value{}
		out[t.attr] = of
		err := s.read(ctx, "import", func(ctx context.Context, c conn) error {
			clear(of)
			return s.eachSideValue(ctx, c, o, t, func(id string, v entry.Value) { of[id] = append(of[id], v) })
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *session) eachSideValue(ctx context.Context, c conn, o *object, t child, f func(id string, v entry.Value)) error {
	if m, ok := s.method(o.name, "values", t.attr); ok {
		n := len(o.anchor)
		return s.rowsOfValues(ctx, c, o, m, func(row []entry.Value) {
			if v := t.valueOf(row[n:]); v != nil {
				f(anchorOf(row[:n]), v)
			}
		})
	}
	n := len(o.anchor)
	q := query{text: "SELECT " + selects("", t.owner[:n]) + ", " + selects("", t.value) + " FROM " + t.table, out: append(slices.Clone(t.owner[:n]), t.value...)}
	found, err := all(ctx, c, q)
	for _, row := range found {
		if v := t.valueOf(row[n:]); v != nil {
			f(anchorOf(row[:n]), v)
		}
	}
	return err
}

// rowsOfValues runs a section [Type values attribute], which returns the anchor's columns and then the value's.
func (s *session) rowsOfValues(ctx context.Context, c conn, o *object, m *method, f func(row []entry.Value)) error {
	plain := *o
	plain.fromResult = nil
	width := len(o.anchor) + 1
	return s.rowsOf(ctx, c, &plain, m, given{session: s, object: o}, func(cs []column, row []entry.Value) error {
		if len(row) < width {
			return fault.New(fault.Invalid, "import", "the section returns %d columns", len(row)).About("[" + string(o.name) + " values " + m.head.attribute + "]").
				WithHint("return the columns of the anchor, then the value")
		}
		f(row)
		return nil
	})
}
