package connectortest

import (
	"context"
	"maps"
	"sync"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// client is a session with the words of the suite. It leaves alone what the target held before it came.
type client struct {
	t   judge
	ctx context.Context
	h   Harness
	connector.Session
	connector.Exporter
	can  connector.Capabilities
	open func(context.Context) (connector.Session, error)
	own  *own
}

// own tells the suite's objects from those that were there before.
type own struct {
	mu     sync.Mutex
	before map[entry.Type]map[string]bool
	made   map[entry.Type]map[connector.Anchor]bool
}

// begin opens a session on the trial's target, and sees to it that what the check leaves behind goes.
func begin(t *trial, h Harness) *client {
	c := join(t, h, &own{before: map[entry.Type]map[string]bool{}, made: map[entry.Type]map[connector.Anchor]bool{}})
	for _, kind := range c.kinds() {
		c.own.before[kind] = c.anchors(kind)
		c.own.made[kind] = map[connector.Anchor]bool{}
	}
	if h.New == nil {
		t.Cleanup(c.tidy)
	}
	return c
}

// join opens a further session of the same check.
func join(t *trial, h Harness, mine *own) *client {
	s, err := t.open(t.ctx)
	if err != nil {
		t.Fatalf("open: %s", said(err))
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %s", said(err))
		}
	})
	c := &client{t: t, ctx: t.ctx, h: h, Session: s, can: connector.CapabilitiesOf(s), open: t.open, own: mine}
	if x, ok := s.(connector.Exporter); ok {
		c.Exporter = tracked{x, mine}
	}
	return c
}

// reporting is the client within a property: what fails fails there.
func (c *client) reporting(t judge) *client {
	other := *c
	other.t = t
	return &other
}

func (c *client) kinds() []entry.Type {
	if c.h.Group == "" {
		return []entry.Type{c.h.Type}
	}
	return []entry.Type{c.h.Type, c.h.Group}
}

func (c *client) anchors(kind entry.Type) map[string]bool {
	found := map[string]bool{}
	for e, err := range c.Import(c.ctx, kind) {
		if err != nil {
			c.t.Fatalf("import %s: %s", kind, said(err))
		}
		found[e.ID] = true
	}
	return found
}

// tidy deletes what the check made, groups first, also when the suite was cancelled.
func (c *client) tidy() {
	ctx := context.WithoutCancel(c.ctx)
	kinds := c.kinds()
	for i := range kinds {
		kind := kinds[len(kinds)-1-i]
		absent := false
		for a := range c.own.made[kind] {
			err := c.Exporter.Delete(ctx, kind, a)
			if absent = absent || fault.Is(err, fault.NotFound); err != nil && !fault.Is(err, fault.NotFound) {
				c.t.Errorf("%s %q was left behind: %s", kind, a, said(err))
			}
		}
		if absent {
			c.isTidy(ctx, kind)
		}
	}
}

// isTidy sees that what the target did not find when it was to be deleted is not there.
func (c *client) isTidy(ctx context.Context, kind entry.Type) {
	for e, err := range c.Import(ctx, kind) {
		if err != nil {
			c.t.Errorf("import %s to see what is left: %s", kind, said(err))
			return
		}
		if c.own.made[kind][connector.Anchor(e.ID)] {
			c.t.Errorf("%s %q is there, and yet was not found to be deleted", kind, e.ID)
		}
	}
}

// tracked notes which objects the suite made.
type tracked struct {
	connector.Exporter
	own *own
}

func (x tracked) Create(ctx context.Context, e entry.Entry) (entry.Entry, error) {
	made, err := x.Exporter.Create(ctx, e)
	if err == nil {
		x.own.add(e.Type, connector.Anchor(made.ID))
	}
	return made, err
}

func (x tracked) Update(ctx context.Context, t entry.Type, a connector.Anchor, edits []entry.Edit) (connector.Anchor, error) {
	after, err := x.Exporter.Update(ctx, t, a, edits)
	if err == nil && after != a {
		x.own.add(t, after)
	}
	return after, err
}

func (o *own) add(t entry.Type, a connector.Anchor) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.made[t] != nil {
		o.made[t][a] = true
	}
}

// make creates an object.
func (c *client) make(kind entry.Type, a entry.Attrs) entry.Entry {
	c.t.Helper()
	e, err := c.Create(c.ctx, entry.Entry{Type: kind, Attrs: a})
	if err != nil {
		c.t.Fatalf("create %v: %s", a, said(err))
	}
	return e
}

// sample creates the n-th sample, changed by with.
func (c *client) sample(n int, with entry.Attrs) entry.Entry {
	c.t.Helper()
	return c.make(c.h.Type, c.attrs(n, with))
}

func (c *client) attrs(n int, with entry.Attrs) entry.Attrs {
	a := c.h.Sample(n).Clone()
	maps.Copy(a, with)
	return a
}

// edit updates an object and returns its anchor afterwards.
func (c *client) edit(e entry.Entry, edits ...entry.Edit) connector.Anchor {
	c.t.Helper()
	a, err := c.Update(c.ctx, e.Type, connector.Anchor(e.ID), edits)
	if err != nil {
		c.t.Fatalf("update %s: %s", e.ID, said(err))
	}
	return a
}

// all imports the suite's own objects of a type, by anchor.
func (c *client) all(kind entry.Type) map[string]entry.Entry {
	c.t.Helper()
	found := map[string]entry.Entry{}
	for e, err := range c.Import(c.ctx, kind) {
		if err != nil {
			c.t.Fatalf("import %s: %s", kind, said(err))
		}
		if e.ID == "" || e.Type != kind {
			c.t.Errorf("imported an object without anchor or type: %+v", e)
		}
		if _, twice := found[e.ID]; twice {
			c.t.Errorf("%s was imported twice", e.ID)
		}
		if !c.own.before[kind][e.ID] {
			found[e.ID] = e
		}
	}
	return found
}

// is fails unless import and lookup both give exactly these attributes, and the anchor attribute.
func (c *client) is(kind entry.Type, anchor connector.Anchor, want entry.Attrs) {
	c.t.Helper()
	got, ok := c.all(kind)[string(anchor)]
	if !ok {
		c.t.Fatalf("%s is not imported", anchor)
	}
	for name, vs := range want {
		if !entry.EqualValues(got.Attrs[name], vs) {
			c.t.Errorf("import: %s is %s", name, cmp.Diff(vs, got.Attrs[name]))
		}
	}
	if !c.can.Lookup {
		return
	}
	found, ok := c.one(kind, anchor)
	if !ok {
		c.t.Fatalf("lookup by anchor does not find %s", anchor)
	}
	for name := range got.Attrs {
		if !entry.EqualValues(found.Attrs[name], got.Attrs[name]) {
			c.t.Errorf("lookup and import differ in %s: %s", name, cmp.Diff(got.Attrs[name], found.Attrs[name]))
		}
	}
}

// one looks an object up by its anchor, of a compound one by the first part.
func (c *client) one(kind entry.Type, anchor connector.Anchor) (entry.Entry, bool) {
	c.t.Helper()
	o := c.object(kind)
	parts := connector.SplitAnchor(anchor, len(o.Anchor))
	if parts == nil {
		c.t.Fatalf("the anchor %q has not the %d parts that the schema says", anchor, len(o.Anchor))
	}
	n, one := 0, entry.Entry{}
	for _, e := range c.find(kind, o.Anchor[0], c.anchorValue(o, parts[0])) {
		if e.ID == string(anchor) {
			n, one = n+1, e
		}
	}
	if n > 1 {
		c.t.Errorf("%d objects have the anchor %s", n, anchor)
	}
	return one, n == 1
}

// anchorValue is the text of an anchor as its attribute has it.
func (c *client) anchorValue(o connector.ObjectType, text string) entry.Value {
	if a, _ := o.Attribute(o.Anchor[0]); a.Type != connector.String {
		if e, ok := c.imported(o.Name, text); ok {
			return e
		}
	}
	return text
}

// imported finds the value of the anchor attribute that has the text.
func (c *client) imported(kind entry.Type, text string) (entry.Value, bool) {
	o := c.object(kind)
	for e, err := range c.Import(c.ctx, kind) {
		if err != nil {
			return nil, false
		}
		if parts := connector.SplitAnchor(connector.Anchor(e.ID), len(o.Anchor)); len(parts) > 0 && parts[0] == text {
			return e.Attrs.First(o.Anchor[0]), true
		}
	}
	return nil, false
}

func (c *client) object(kind entry.Type) connector.ObjectType {
	c.t.Helper()
	s, err := c.Schema(c.ctx)
	if err != nil {
		c.t.Fatalf("schema: %s", said(err))
	}
	o, ok := s.Type(kind)
	if !ok || len(o.Anchor) == 0 {
		c.t.Fatalf("the schema has no anchor of %s", kind)
	}
	return o
}

func (c *client) anchorAttr(kind entry.Type) string { return c.object(kind).Anchor[0] }

// find looks up, and leaves out what was there before.
func (c *client) find(kind entry.Type, attr string, v entry.Value) []entry.Entry {
	c.t.Helper()
	l, ok := c.Session.(connector.Lookup)
	if !ok || !c.can.Lookup {
		c.t.Fatalf("%T is no connector.Lookup", c.Session)
	}
	found, err := l.Lookup(c.ctx, kind, attr, v)
	if err != nil {
		c.t.Fatalf("look up %s: %s", attr, said(err))
	}
	var mine []entry.Entry
	for _, e := range found {
		if !c.own.before[kind][e.ID] {
			mine = append(mine, e)
		}
	}
	return mine
}

// wants fails unless err is a fault of the kind with words.
func wants(t judge, err error, k fault.Kind) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Errorf("got %v (%v), want %v", fault.KindOf(err), err, k)
	}
	if err != nil && err.Error() == k.String() {
		t.Errorf("the fault says nothing beyond its kind")
	}
}

func replace(attr string, vs ...entry.Value) entry.Edit {
	return entry.Edit{Op: entry.Replace, Attr: attr, Values: vs}
}

func add(attr string, vs ...entry.Value) entry.Edit {
	return entry.Edit{Op: entry.Add, Attr: attr, Values: vs}
}

func remove(attr string, vs ...entry.Value) entry.Edit {
	return entry.Edit{Op: entry.Remove, Attr: attr, Values: vs}
}
