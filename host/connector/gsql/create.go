package gsql

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// Create inserts the row, and the rows of its multi-valued attributes in the same transaction. What it returns was read
// back from the database by the insert itself. When a column is gone that was only to be read back, it is made by what the table is now.
func (s *session) Create(ctx context.Context, e entry.Entry) (entry.Entry, error) {
	s.lacking = false
	made, err := s.createOnce(ctx, e)
	if err != nil && s.lacking && ctx.Err() == nil { // nothing took effect: it was refused, or rolled back
		return s.createOnce(ctx, e)
	}
	return made, err
}

func (s *session) createOnce(ctx context.Context, e entry.Entry) (entry.Entry, error) {
	const op = "create"
	o, err := s.fresh(ctx, e.Type)
	if err != nil {
		return entry.Entry{}, err
	}
	var made entry.Entry
	defer func() { s.note(e.Type, made.ID) }()
	if s.methodical(o) {
		err = s.transaction(ctx, op, func(ctx context.Context, c conn) error {
			made, err = s.methodCreate(ctx, c, o, e)
			return err
		})
		return made, err
	}
	plan, err := s.planCreate(o, e)
	if err != nil {
		return entry.Entry{}, fault.Wrap(fault.Invalid, op, err)
	}
	err = s.write(ctx, op, func(ctx context.Context, c conn) error {
		if plan.alone() {
			made, err = insert(ctx, c, o, plan.insert)
			return err
		}
		return c.transact(ctx, func() error {
			made, err = s.create(ctx, c, o, plan)
			return err
		})
	})
	return made, s.named(ctx, e.Type, e.Attrs, err)
}

// create carries a plan out, inside a transaction unless it is one statement.
func (s *session) create(ctx context.Context, c conn, o *object, plan creation) (entry.Entry, error) {
	made, err := insert(ctx, c, o, plan.insert)
	if err != nil {
		return made, err
	}
	return made, s.insertChildren(ctx, c, o, &made, plan.children)
}

// creation is a Create made ready to run.
type creation struct {
	insert   query
	row      row
	children []childValues
	unsure   bool // the row may turn out to have no anchor; then it must go again
}

// childValues are the values one table of values is to gain.
type childValues struct {
	child  child
	values []entry.Value
}

// alone reports whether one statement does it all.
func (p creation) alone() bool { return len(p.children) == 0 && !p.unsure }

func (s *session) planCreate(o *object, e entry.Entry) (creation, error) {
	var p creation
	args, names := make([]any, 0, len(e.Attrs)), make([]string, 0, len(e.Attrs))
	for _, name := range slices.Sorted(maps.Keys(e.Attrs)) {
		vs := e.Attrs[name]
		if c, ok := o.child(name); ok {
			if vs = distinct(vs); len(vs) > 0 {
				p.children = append(p.children, childValues{c, vs})
			}
			continue
		}
		c, err := o.writable(name)
		if err != nil {
			return p, err
		}
		if len(vs) == 0 {
			continue
		}
		arg, err := s.cell(c, vs)
		if err != nil {
			return p, err
		}
		args, names = append(args, arg), append(names, name)
	}
	in := s.insertion(o, names, args)
	p.insert, p.unsure = in.query, in.unsure
	p.insert.args = in.args(args)
	p.row = row{object: o, into: in.into, args: args}
	return p, nil
}

// insertion is the INSERT of one row of given columns that returns the row.
type insertion struct {
	into   []column
	query  query
	unsure bool // the row may turn out to have no anchor
}

// args are the values of the query; more than those of the columns where the row is read back by them.
func (in *insertion) args(given []any) []any {
	if in.query.then != nil {
		return in.query.args
	}
	return given
}

// insertion writes the INSERT, once for the same columns where the text is all that matters.
func (s *session) insertion(o *object, names []string, args []any) *insertion {
	key := strings.Join(names, "\x00")
	if in, ok := o.inserts[key]; ok {
		return in
	}
	in := &insertion{into: make([]column, len(names))}
	for i, name := range names {
		in.into[i], _ = o.column(name)
	}
	in.query = s.insertQuery(o, in.into, args)
	in.unsure = in.query.then != nil || slices.ContainsFunc(o.anchor, func(a column) bool {
		return a.nullable && !a.filled && !slices.Contains(names, a.name)
	})
	if in.query.then == nil {
		if o.inserts == nil {
			o.inserts = map[string]*insertion{}
		}
		in.query.args = nil
		o.inserts[key] = in
	}
	return in
}

func (s *session) insertQuery(o *object, into []column, args []any) query {
	w := writing{head: "INSERT INTO " + o.table, args: args, table: o.table, anchor: o.anchor, given: into, values: args, out: o.readable()}
	w.after = keyAfter(o.anchor, into, args, nil)
	switch empty := s.grammar().facts().emptyInsert; {
	case len(into) == 0 && empty == "":
		w.head += " (" + list("", o.anchor[:1]) + ")"
		w.tail = "VALUES (DEFAULT)"
	case len(into) == 0:
		w.tail = empty
	default:
		w.head += " (" + list("", into) + ")"
		w.tail = valuesText(len(into), 1)
	}
	return s.grammar().giveBack(w)
}

// keyAfter returns the bound anchor once the columns are written; nil when a part of it is not among them nor in key.
func keyAfter(anchor, into []column, args, key []any) []any {
	out := make([]any, len(anchor))
	for i, a := range anchor {
		at := slices.IndexFunc(into, func(c column) bool { return c.name == a.name })
		switch {
		case at >= 0 && args[at] != nil:
			out[i] = args[at]
		case at < 0 && key != nil:
			out[i] = key[i]
		default:
			return nil
		}
	}
	return out
}

// writable returns the column, or why it cannot be written.
func (o *object) writable(name string) (column, error) {
	c, ok := o.column(name)
	if !ok {
		return c, invalid(name, "%s has no column %q", o.table, name).WithHint("take it out of the mapping, or read the schema again: the table may have changed")
	}
	if c.readOnly {
		return c, invalid(name, "the database makes the value of %s itself", name)
	}
	return c, nil
}

func invalid(attr, format string, args ...any) *fault.Error {
	return &fault.Error{Op: "take the value", Kind: fault.Invalid, Object: attr, Err: fmt.Errorf(format, args...)}
}

// cell returns the bound value of a column that shall hold the values; nil is NULL.
func (s *session) cell(c column, vs []entry.Value) (any, error) {
	if len(vs) == 0 {
		return nil, nil
	}
	if len(vs) > 1 && !c.list {
		return nil, invalid(c.name, "%s takes one value, not %d", c.name, len(vs))
	}
	v := vs[0]
	if c.isJSON() {
		doc, err := jsonText(c, vs)
		if err != nil {
			return nil, invalid(c.name, "%w", err)
		}
		v = doc
	}
	arg, err := s.dialect().bind(c, s.layout.clock, v)
	if err != nil {
		return nil, invalid(c.name, "%w", err)
	}
	return arg, nil
}

// insertText writes INSERT INTO for a number of rows.
func insertText(table string, into []column, rows int) string {
	return "INSERT INTO " + table + " (" + list("", into) + ") " + valuesText(len(into), rows)
}

func valuesText(width, rows int) string {
	var b strings.Builder
	b.WriteString("VALUES ")
	n := 0
	for r := range rows {
		if r > 0 {
			b.WriteString(", ")
		}
		for i := range width {
			n++
			if i == 0 {
				b.WriteString("($")
			} else {
				b.WriteString(", $")
			}
			b.WriteString(strconv.Itoa(n))
		}
		b.WriteString(")")
	}
	return b.String()
}

// insert runs the insert and makes the entry of what it returns.
func insert(ctx context.Context, c conn, o *object, q query) (entry.Entry, error) {
	w, err := c.exec(ctx, q)
	if err != nil {
		return entry.Entry{}, err
	}
	return inserted(o, w)
}

// inserted makes the entry of the row that an insert gave back.
func inserted(o *object, w written) (entry.Entry, error) {
	if len(w.rows) != 1 {
		return entry.Entry{}, fault.New(fault.Conflict, "create", "the insert made %d rows", len(w.rows)).
			WithHint("a trigger or rule of %s takes the insert away", o.table)
	}
	m := newMaker(o)
	if m.nameless(w.rows[0]) {
		return entry.Entry{}, invalid(o.anchor[0].name, "the row would have no anchor").WithHint("map a value to %s", list("", o.anchor))
	}
	return m.entry(w.rows[0])
}

func (s *session) insertChildren(ctx context.Context, c conn, o *object, e *entry.Entry, lists []childValues) error {
	for _, l := range lists {
		owner, err := s.bindAnchor(l.child.owner, e.ID)
		if err != nil {
			return err
		}
		if err := s.insertValues(ctx, c, l.child, owner, l.values); err != nil {
			return err
		}
		e.Attrs.Set(l.child.attr, l.values...)
	}
	return nil
}

// insertValues adds rows that are known to be new, many at a time. Chunks are powers of two, so that few different
// statements have to be prepared.
func (s *session) insertValues(ctx context.Context, c conn, t child, owner []any, vs []entry.Value) error {
	into := append(slices.Clone(t.owner), t.value...)
	for size := s.chunk(len(into)); len(vs) > 0; size /= 2 {
		for len(vs) >= size {
			q := query{text: insertText(t.table, into, size)}
			for _, v := range vs[:size] {
				cells, err := s.childCells(t, v)
				if err != nil {
					return err
				}
				q.args = append(append(q.args, owner...), cells...)
			}
			if _, err := c.exec(ctx, q); err != nil {
				return err
			}
			vs = vs[size:]
		}
	}
	return nil
}

// chunk is how many rows of a width one INSERT takes: a power of two within what the dialect can do.
func (s *session) chunk(width int) int {
	f := s.grammar().facts()
	size := 256
	for size > 1 && (size > f.maxRows || size*width > f.maxArgs) {
		size /= 2
	}
	return size
}

// childCells returns the bound values of the value columns.
func (s *session) childCells(t child, v entry.Value) ([]any, error) {
	if t.ref {
		cells, err := s.bindAnchor(t.value, text(v))
		if err != nil {
			return nil, invalid(t.attr, "%q cannot be the anchor of any object", text(v))
		}
		return cells, nil
	}
	cell, err := s.dialect().bind(t.value[0], s.layout.clock, v)
	if err != nil {
		return nil, invalid(t.attr, "%w", err)
	}
	return []any{cell}, nil
}

// distinct drops repeated values, keeping the order: a table of values is a set.
func distinct(vs []entry.Value) []entry.Value {
	seen := make(map[string]struct{}, len(vs))
	return slices.DeleteFunc(slices.Clone(vs), func(v entry.Value) bool {
		k := text(v)
		_, twice := seen[k]
		seen[k] = struct{}{}
		return twice
	})
}
