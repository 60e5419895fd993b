package gsql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// method returns the section of the setting statements that does an operation of a type.
func (s *session) method(t entry.Type, operation, attr string) (*method, bool) {
	return s.layout.method(t, operation, attr)
}

func (l *layout) method(t entry.Type, operation, attr string) (*method, bool) {
	for _, m := range l.methods {
		if m.head == (methodHead{string(t), operation, attr}) {
			return m, true
		}
	}
	return nil, false
}

// sets reports whether any type has a section of the operation.
func (s *session) sets(operation string) bool {
	return slices.ContainsFunc(s.layout.methods, func(m *method) bool { return m.head.operation == operation })
}

// compile splits every section into statements with their parameters, now that the attributes are known.
func (b *builder) compile(ctx context.Context, o *object) error {
	for _, m := range b.layout.methods {
		if m.head.kind != string(o.name) {
			continue
		}
		if err := b.compileOne(ctx, o, m); err != nil {
			return fault.New(fault.Invalid, "read the settings", "%w", err).About("statements [" + strings.TrimSpace(m.head.kind+" "+m.head.operation+" "+m.head.attribute) + "]").
				WithHint("parameters are the names of attributes, and StartIndex, EndIndex, Watermark, Anchor, Value, Password")
		}
	}
	return nil
}

func (b *builder) compileOne(ctx context.Context, o *object, m *method) error {
	m.statements = nil
	known := o.parameter
	if m.call != nil {
		var err error
		if m.call.params, err = parseArguments(m.body); err != nil {
			return err
		}
		return b.resolveCall(ctx, o, m.call)
	}
	f := flavorOf(b.grammar().facts().name)
	positional := slices.Clone(m.positional)
	for i, p := range positional {
		name, ok := known(p)
		if !ok {
			return fmt.Errorf("the parameter %s is no attribute", p)
		}
		positional[i] = name
	}
	statements := f.split(m.body)
	if len(statements) == 0 {
		return fmt.Errorf("the section is empty")
	}
	for _, text := range statements {
		n := min(strings.Count(text, "?"), len(positional))
		t, err := f.template(text, positional[:n], known)
		if err != nil {
			return err
		}
		positional = positional[n:]
		if m.head.operation == "values" && slices.ContainsFunc(t.params, func(p string) bool { return p == anchorWord || strings.HasPrefix(p, anchorPart) || p == valueWord }) {
			return fmt.Errorf("a section of values gives those of all objects at once, the columns of the anchor and then the value, and there is no Anchor yet")
		}
		m.statements = append(m.statements, t)
	}
	return nil
}

// resolveCall checks the sources of a procedure's arguments, and asks PostgreSQL whether it is a function.
func (b *builder) resolveCall(ctx context.Context, o *object, p *procedure) error {
	if b.grammar().facts().name == SQLite {
		return fmt.Errorf("SQLite has no stored procedures")
	}
	for i, a := range p.params {
		if name, ok := o.parameter(a.source); ok {
			p.params[i].source = name
		} else if a.out {
			return fmt.Errorf("the OUTPUT parameter %s goes to %q, which is no attribute", a.name, a.source)
		}
	}
	if b.grammar().facts().name != PostgreSQL {
		return nil
	}
	found, err := all(ctx, b.conn, query{text: `SELECT prokind::text FROM pg_catalog.pg_proc WHERE proname::text = $1 LIMIT 1`, args: []any{p.path[len(p.path)-1]}, out: []column{asText}})
	if err == nil && len(found) == 0 {
		return fmt.Errorf("there is no procedure %s", strings.Join(p.path, "."))
	}
	p.function = err == nil && text(found[0][0]) == "f"
	return err
}

// parameter returns how a parameter is spelled: an attribute, an anchor column before the change, or one of the words.
func (o *object) parameter(typed string) (string, bool) {
	if _, ok := o.column(typed); ok {
		return typed, true
	}
	if _, ok := o.child(typed); ok {
		return typed, true
	}
	words := []string{startIndex, endIndex, pageLength, anchorWord, passwordNew, passwordOld, valueWord, sinceWord}
	for _, a := range o.anchor {
		words = append(words, anchorPart+a.name)
	}
	for _, c := range o.columns {
		words = append(words, c.name)
	}
	for _, w := range words {
		if strings.EqualFold(w, typed) {
			return w, true
		}
	}
	return "", false
}

// given are the values that the parameters of a method stand for.
type given struct {
	session *session
	object  *object
	attrs   entry.Attrs
	anchor  connector.Anchor // before the change
	words   map[string]any   // bound already
}

// value returns the bound value of a parameter.
func (g given) value(name string) (any, error) {
	if v, ok := g.words[name]; ok {
		return v, nil
	}
	s, o := g.session, g.object
	if c, ok := o.column(name); ok {
		return s.cell(c, g.attrs[name])
	}
	if _, ok := o.child(name); ok {
		return jsonText(column{name: name, list: true}, orEmpty(g.attrs[name]))
	}
	if name == anchorWord {
		return string(g.anchor), nil
	}
	if part, ok := strings.CutPrefix(name, anchorPart); ok {
		return g.part(part)
	}
	return name, nil // a constant, as a procedure's argument may be
}

func orEmpty(vs []entry.Value) []entry.Value {
	if vs == nil {
		return []entry.Value{}
	}
	return vs
}

// part returns one bound part of the anchor before the change.
func (g given) part(name string) (any, error) {
	key, err := g.session.bindAnchor(g.object.anchor, string(g.anchor))
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(g.object.anchor, func(c column) bool { return c.name == name })
	if at < 0 {
		return nil, invalid(name, "%s is no anchor column", name)
	}
	return key[at], nil
}

// perform carries a method out and returns what it gave back: OUT values, and the first row of its last result, by name.
func (s *session) perform(ctx context.Context, c conn, o *object, m *method, g given) (entry.Attrs, error) {
	back := entry.Attrs{}
	if m.call != nil {
		return back, s.callProcedure(ctx, c, o, m.call, g, func(cs []column, row []entry.Value) { o.take(back, cs, row) })
	}
	for _, t := range m.statements {
		q, err := t.query(s.grammar(), g.value)
		if err != nil {
			return nil, err
		}
		if err := s.firstRow(ctx, c, o, q, back); err != nil {
			return nil, err
		}
	}
	return back, nil
}

// firstRow runs a statement and keeps its first row.
func (s *session) firstRow(ctx context.Context, c conn, o *object, q query, back entry.Attrs) error {
	first := true
	return s.eachRow(ctx, c, o, q, nil, func(cs []column, row []entry.Value) error {
		if first {
			o.take(back, cs, row)
		}
		first = false
		return nil
	})
}

// eachRow runs a statement and hands over every row of its result, if it has one. Columns are renamed as the names say.
func (s *session) eachRow(ctx context.Context, c conn, o *object, q query, names map[string]string, f func([]column, []entry.Value) error) error {
	var cs []column
	r, err := c.ask(ctx, q, func(found []column) []column {
		for i, c := range found {
			if name, ok := names[c.name]; ok {
				found[i].name = name
			}
		}
		cs = o.resolve(found)
		return cs
	})
	if err != nil {
		return err
	}
	row := make([]entry.Value, len(cs))
	ok, err := r.next(row)
	for ; ok && err == nil; ok, err = r.next(row) {
		if err = f(cs, row); err != nil {
			break
		}
	}
	if closeErr := r.close(); err == nil {
		err = closeErr
	}
	return err
}

// resolve says how the columns of a result are read: as the attributes of their names are.
func (o *object) resolve(found []column) []column {
	out := slices.Clone(found)
	for i, f := range found {
		if c, ok := o.column(f.name); ok {
			c.dbType = f.dbType // how it travels is the result's affair
			out[i] = c
		}
	}
	return out
}

// take puts a row's cells into attributes.
func (o *object) take(into entry.Attrs, cs []column, row []entry.Value) {
	for i, c := range cs {
		if _, known := o.column(c.name); known && row[i] != nil {
			into[c.name] = []entry.Value{row[i]}
		}
	}
}

// callProcedure runs a procedure and hands over its OUT values and the rows of its result.
func (s *session) callProcedure(ctx context.Context, c conn, o *object, p *procedure, g given, f func([]column, []entry.Value)) error {
	call := p.calling(s.grammar())
	for _, t := range call.before {
		q, err := t.query(s.grammar(), g.value)
		if err == nil {
			_, err = c.exec(ctx, q)
		}
		if err != nil {
			return err
		}
	}
	outs := map[string]*outValue{}
	q, err := call.call.query(s.grammar(), func(name string) (any, error) {
		source, isOut := strings.CutPrefix(name, outPlace)
		v, err := g.value(source)
		if isOut && err == nil {
			outs[source] = &outValue{in: v}
			return outs[source], nil
		}
		return v, err
	})
	if err != nil {
		return err
	}
	each := func(cs []column, row []entry.Value) error { f(cs, row); return nil }
	if err := s.eachRow(ctx, c, o, q, p.outNames(), each); err != nil {
		return err
	}
	for source, v := range outs {
		if cs := o.resolve([]column{{name: source, kind: connector.String, dbType: "text"}}); v.text != "" {
			cell, err := adapt(&cs[0], s.layout.clock, v.text)
			if err != nil {
				return err
			}
			f(cs, []entry.Value{cell})
		}
	}
	if call.collects == "" {
		return nil
	}
	return s.eachRow(ctx, c, o, query{text: call.collects, ready: true}, nil, each)
}

// outNames says which attribute a column of the result is for that PostgreSQL names after an OUT parameter.
func (p procedure) outNames() map[string]string {
	names := map[string]string{}
	for _, a := range p.params {
		if a.out && a.name != "" {
			names[a.name] = a.source
		}
	}
	return names
}

// outValue is the place of a procedure's OUT value.
type outValue struct {
	in   any
	text string
}
