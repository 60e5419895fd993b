package connectortest

import (
	"context"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// client is a session with every capability the suite uses, failing the test where the connector lacks one.
type client struct {
	t testing.TB
	h Harness
	connector.Session
	connector.Exporter
	open func(context.Context) (connector.Session, error)
}

// begin makes a target and opens a session on it.
func begin(t testing.TB, h Harness) *client {
	t.Helper()
	return join(t, h, h.New(t))
}

func join(t testing.TB, h Harness, open func(context.Context) (connector.Session, error)) *client {
	t.Helper()
	s, err := open(t.Context())
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	x, ok := s.(connector.Exporter)
	if !ok {
		t.Fatalf("%T is no connector.Exporter", s)
	}
	return &client{t: t, h: h, Session: s, Exporter: x, open: open}
}

// make creates an object.
func (c *client) make(kind entry.Type, a entry.Attrs) entry.Entry {
	c.t.Helper()
	e, err := c.Create(c.t.Context(), entry.Entry{Type: kind, Attrs: a})
	if err != nil {
		c.t.Fatalf("create %v: %v", a, err)
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
	a, err := c.Update(c.t.Context(), e.Type, connector.Anchor(e.ID), edits)
	if err != nil {
		c.t.Fatalf("update %s: %v", e.ID, err)
	}
	return a
}

// all imports a type, by anchor.
func (c *client) all(kind entry.Type) map[string]entry.Entry {
	c.t.Helper()
	found := map[string]entry.Entry{}
	for e, err := range c.Import(c.t.Context(), kind) {
		if err != nil {
			c.t.Fatalf("import %s: %v", kind, err)
		}
		if e.ID == "" || e.Type != kind {
			c.t.Errorf("imported an object without anchor or type: %+v", e)
		}
		if _, twice := found[e.ID]; twice {
			c.t.Errorf("%s was imported twice", e.ID)
		}
		found[e.ID] = e
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
	found := c.find(kind, c.anchorAttr(kind), string(anchor))
	if len(found) != 1 {
		c.t.Fatalf("lookup by anchor found %d", len(found))
	}
	for name := range got.Attrs {
		if !entry.EqualValues(found[0].Attrs[name], got.Attrs[name]) {
			c.t.Errorf("lookup and import differ in %s: %s", name, cmp.Diff(got.Attrs[name], found[0].Attrs[name]))
		}
	}
}

func (c *client) anchorAttr(kind entry.Type) string {
	c.t.Helper()
	s, err := c.Schema(c.t.Context())
	if err != nil {
		c.t.Fatalf("schema: %v", err)
	}
	o, ok := s.Type(kind)
	if !ok || len(o.Anchor) == 0 {
		c.t.Fatalf("the schema has no anchor of %s", kind)
	}
	return o.Anchor[0]
}

// find looks up.
func (c *client) find(kind entry.Type, attr string, v entry.Value) []entry.Entry {
	c.t.Helper()
	l, ok := c.Session.(connector.Lookup)
	if !ok {
		c.t.Fatalf("%T is no connector.Lookup", c.Session)
	}
	found, err := l.Lookup(c.t.Context(), kind, attr, v)
	if err != nil {
		c.t.Fatalf("look up %s: %v", attr, err)
	}
	return found
}

// wants fails unless err is a fault of the kind with words.
func wants(t testing.TB, err error, k fault.Kind) {
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
