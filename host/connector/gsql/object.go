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

// object is an object type as it lies in the database: the configuration met with the catalogue.
type object struct {
	name         entry.Type
	table        string // quoted
	columns      []column
	anchor       []column
	anchorUnique bool // the database keeps two objects from having one anchor
	children     []child
	fromResult   []string // columns that the statement of the import must return

	inserts map[string]*insertion // by the columns written, so that a batch does not write the same text for every row
}

// child is a multi-valued attribute in a table of its own.
type child struct {
	attr    string
	table   string // quoted
	owner   []column
	value   []column
	ref     bool
	refType entry.Type
}

// on is the condition that joins the table of values with its object.
func (c child) on(prefix, owner string, anchor []column) string {
	return joins(prefix, c.owner, owner, anchor)
}

func (o *object) column(name string) (column, bool) {
	return table{columns: o.columns}.column(name)
}

func (o *object) child(attr string) (child, bool) {
	for _, c := range o.children {
		if c.attr == attr {
			return c, true
		}
	}
	return child{}, false
}

func (o *object) isAnchor(name string) bool {
	return slices.ContainsFunc(o.anchor, func(c column) bool { return c.name == name })
}

// readable returns the columns that are read back.
func (o *object) readable() []column {
	for i := range o.columns {
		if o.columns[i].writeOnly {
			return slices.DeleteFunc(slices.Clone(o.columns), func(c column) bool { return c.writeOnly })
		}
	}
	return slices.Clip(o.columns)
}

// describe reads the catalogue for every type of the layout.
func (s *session) describe(ctx context.Context) error {
	return s.read(ctx, "read the database's schema", func(ctx context.Context, c conn) error {
		b := builder{layout: s.layout, conn: c, dialect: s.layout.target.dialect, tables: map[entry.Type]table{}, returned: map[entry.Type][]string{}}
		objects, err := b.build(ctx)
		if err == nil {
			s.objects, s.stale = objects, false
		}
		return err
	})
}

// builder makes objects.
type builder struct {
	layout  layout
	conn    conn
	dialect dialect
	tables  map[entry.Type]table
	// returned are the columns that the statement of a type's import gave when it was looked at
	returned map[entry.Type][]string
}

func (b *builder) grammar() grammar { return b.layout.target.grammar }

func (b *builder) build(ctx context.Context) (map[entry.Type]*object, error) {
	for _, t := range b.layout.types {
		if len(t.table) == 0 {
			continue
		}
		tab, err := b.dialect.table(ctx, b.conn, t.table)
		if err != nil {
			return nil, err
		}
		b.tables[t.name] = tab
	}
	objects := map[entry.Type]*object{}
	for _, t := range b.layout.types {
		if err := b.detect(ctx, t); err != nil {
			return nil, err
		}
		o, err := b.object(t)
		if err != nil {
			return nil, err
		}
		objects[t.name] = o
	}
	b.foreignKeys(objects)
	for _, line := range b.layout.children {
		c, err := b.child(ctx, objects[line.t], line)
		if err != nil {
			return nil, err
		}
		objects[line.t].children = append(objects[line.t].children, c)
	}
	if err := b.references(objects); err != nil {
		return nil, err
	}
	for _, t := range b.layout.types {
		b.sideChildren(objects[t.name])
		if err := b.compile(ctx, objects[t.name]); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

func (b *builder) object(t typeLine) (*object, error) {
	tab := b.tables[t.name]
	o := &object{name: t.name, table: tab.quoted, columns: slices.Clone(tab.columns)}
	for name, line := range b.layout.columns[t.name] {
		i := slices.IndexFunc(o.columns, func(c column) bool { return c.name == name })
		if _, side := b.layout.method(t.name, "values", name); i < 0 && side {
			continue
		}
		if i < 0 {
			return nil, noColumn(tab, name)
		}
		o.columns[i].apply(line)
	}
	names := t.anchor
	if len(names) == 0 {
		names = tab.primary
	}
	if len(names) == 0 {
		return nil, fault.New(fault.Invalid, "read the database's schema", "%s has no primary key", tab.quoted).
			About(string(t.name)).WithHint("add a line to the setting anchors, such as %s=column", t.name)
	}
	for _, n := range names {
		c, ok := o.column(n)
		if !ok {
			return nil, noColumn(tab, n)
		}
		if c.kind == connector.Boolean || c.kind == connector.JSON || c.writeOnly {
			return nil, fault.New(fault.Invalid, "read the database's schema", "%s cannot be an anchor: it is %s", n, c.kind).
				About(string(t.name)).WithHint("choose columns of text, numbers or dates that identify an object for good")
		}
		o.anchor = append(o.anchor, c)
	}
	if m, ok := b.layout.method(t.name, "import", ""); ok && m != nil {
		o.fromResult = b.returned[t.name]
	}
	o.anchorUnique = slices.ContainsFunc(tab.unique, func(u []string) bool { return containsAll(names, u) })
	return o, nil
}

func containsAll(have, want []string) bool {
	return !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(have, w) })
}

func (c *column) apply(l columnLine) {
	if l.kind != "" {
		c.kind, c.list, c.refType = l.kind, l.list, l.refType
	}
	c.writeOnly = l.writeOnly
}

// foreignKeys turns columns that point to the anchor of an object type into references, unless the layout says what they are.
func (b *builder) foreignKeys(objects map[entry.Type]*object) {
	for t, o := range objects {
		for i, c := range o.columns {
			fk, ok := b.tables[t].foreign[c.name]
			if !ok || b.layout.columns[t][c.name].kind != "" || o.isAnchor(c.name) {
				continue
			}
			for _, to := range objects {
				if to.table == fk.table && len(to.anchor) == 1 && to.anchor[0].name == fk.column {
					o.columns[i].kind, o.columns[i].refType = connector.Reference, to.name
				}
			}
		}
	}
}

func (b *builder) child(ctx context.Context, o *object, line childLine) (child, error) {
	c := child{attr: line.attr, ref: line.ref, refType: line.refType}
	if _, taken := o.column(line.attr); taken {
		return c, fault.New(fault.Invalid, "read the database's schema", "%s is a column of %s and a multi-valued attribute", line.attr, o.table).
			About("multiValued").WithHint("give the multi-valued attribute another name")
	}
	if len(line.owner) != len(o.anchor) {
		return c, fault.New(fault.Invalid, "read the database's schema", "%d owner columns for an anchor of %d", len(line.owner), len(o.anchor)).
			About(string(line.t) + "." + line.attr).WithHint("name one owner column for each anchor column, in the same order")
	}
	tab, err := b.dialect.table(ctx, b.conn, line.table)
	if err != nil {
		return c, err
	}
	c.table = tab.quoted
	if c.owner, err = columnsOf(tab, line.owner); err != nil {
		return c, err
	}
	c.value, err = columnsOf(tab, line.value)
	return c, err
}

// references refuses a table of references whose columns cannot hold the anchor of what they point to.
func (b *builder) references(objects map[entry.Type]*object) error {
	for _, line := range b.layout.children {
		to := objects[line.refType]
		if !line.ref || to == nil || len(to.anchor) == len(line.value) {
			continue
		}
		return fault.New(fault.Invalid, "read the database's schema", "%d columns for a reference to %s, whose anchor has %d", len(line.value), to.name, len(to.anchor)).
			About(string(line.t)+"."+line.attr).WithHint("name one column of values for each anchor column of %s (%s), in the same order", to.name, list("", to.anchor))
	}
	return nil
}

func columnsOf(t table, names []string) ([]column, error) {
	var out []column
	for _, n := range names {
		c, ok := t.column(n)
		if !ok {
			return nil, noColumn(t, n)
		}
		out = append(out, c)
	}
	return out, nil
}

func noColumn(t table, name string) error {
	f := fault.New(fault.Invalid, "read the database's schema", "%s has no column %q", t.quoted, name).About(name)
	for _, c := range t.columns {
		if strings.EqualFold(c.name, name) {
			return f.WithHint("names are used exactly as typed: did you mean %s?", c.name)
		}
	}
	return f.WithHint("check the spelling, and that the account may read the table")
}

// Schema reads the catalogue again and returns what it offers.
func (s *session) Schema(ctx context.Context) (connector.Schema, error) {
	if err := s.describe(ctx); err != nil {
		return connector.Schema{}, err
	}
	var out connector.Schema
	for _, t := range s.layout.types {
		out.Types = append(out.Types, s.objects[t.name].schema())
	}
	return out, nil
}

func (o *object) schema() connector.ObjectType {
	t := connector.ObjectType{Name: o.name}
	for _, c := range o.anchor {
		t.Anchor = append(t.Anchor, c.name)
	}
	for _, c := range o.columns {
		t.Attributes = append(t.Attributes, connector.Attribute{
			Name: c.name, Type: c.kind, MultiValued: c.list, Required: c.required, ReadOnly: c.readOnly,
			Unique: c.unique, CaseExact: c.caseExact, WriteOnly: c.writeOnly, RefType: c.refType,
		})
	}
	for _, c := range o.children {
		a := connector.Attribute{Name: c.attr, Type: c.value[0].kind, MultiValued: true, CaseExact: c.value[0].caseExact}
		if c.ref {
			a.Type, a.RefType = connector.Reference, c.refType
		}
		t.Attributes = append(t.Attributes, a)
	}
	return t
}

// fresh is object, after the tables were described anew if they turned out to be others.
func (s *session) fresh(ctx context.Context, t entry.Type) (*object, error) {
	if err := s.refresh(ctx); err != nil {
		return nil, err
	}
	return s.object(t)
}

func (s *session) refresh(ctx context.Context) error {
	if !s.stale {
		return nil
	}
	return s.describe(ctx)
}

func (s *session) object(t entry.Type) (*object, error) {
	if o, ok := s.objects[t]; ok {
		return o, nil
	}
	return nil, fault.New(fault.Invalid, "find the object type", "the connector has no type %q", t).
		WithHint("add it to the setting types")
}

// list writes quoted columns, each after the prefix, separated by commas.
func list(prefix string, cs []column) string {
	var b strings.Builder
	for i, c := range cs {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(prefix + c.quoted)
	}
	return b.String()
}

// selects is list for columns that are read.
func selects(prefix string, cs []column) string {
	var b strings.Builder
	for i, c := range cs {
		if i > 0 {
			b.WriteString(", ")
		}
		if c.reads == "" {
			b.WriteString(prefix + c.quoted)
		} else {
			fmt.Fprintf(&b, c.reads, prefix+c.quoted)
		}
	}
	return b.String()
}

// equals writes a.x = $n AND …, one for each column, from the parameter number on.
func equals(prefix string, cs []column, from int) string {
	parts := make([]string, len(cs))
	for i, c := range cs {
		parts[i] = fmt.Sprintf("%s%s = $%d", prefix, c.quoted, from+i)
	}
	return strings.Join(parts, " AND ")
}

// joins writes a.x = b.y AND … for two lists of columns.
func joins(pa string, as []column, pb string, bs []column) string {
	parts := make([]string, len(as))
	for i := range as {
		parts[i] = pa + as[i].quoted + " = " + pb + bs[i].quoted
	}
	return strings.Join(parts, " AND ")
}
