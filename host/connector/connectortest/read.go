package connectortest

import (
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

// enough is how many objects of a live target a check looks at closely.
const enough = 2000

// fitting wants every imported object to have an anchor of its own and values of the schema's types.
func fitting(t *trial, h Harness) {
	c := begin(t, h)
	for _, kind := range c.kinds() {
		o, seen := c.object(kind), map[string]bool{}
		for e, err := range c.Import(t.ctx, kind) {
			if err != nil {
				t.Fatalf("import %s: %s", kind, said(err))
			}
			if e.ID == "" || e.Type != kind {
				t.Errorf("an object has no anchor, or the type %q", e.Type)
			}
			if seen[e.ID] {
				t.Errorf("%s was imported twice", e.ID)
			}
			seen[e.ID] = true
			c.fits(o, e)
		}
	}
}

func (c *client) fits(o connector.ObjectType, e entry.Entry) {
	c.t.Helper()
	for name, vs := range e.Attrs {
		a, ok := o.Attribute(name)
		switch {
		case !ok:
			c.t.Errorf("%s: %s is not in the schema", e.ID, name)
		case a.WriteOnly:
			c.t.Errorf("%s: %s was read, although it is write-only", e.ID, name)
		case !a.MultiValued && len(vs) > 1:
			c.t.Errorf("%s: %s has %d values", e.ID, name, len(vs))
		}
		for _, v := range vs {
			if ok && !a.Type.Holds(v) {
				c.t.Errorf("%s: %s holds %T, the schema says %s", e.ID, name, v, a.Type)
			}
		}
	}
	if n := len(o.Anchor); n > 0 && connector.SplitAnchor(connector.Anchor(e.ID), n) == nil {
		c.t.Errorf("the anchor %q does not have %d parts", e.ID, n)
	}
}

// twice wants two imports of an unchanged target to yield the same objects.
func twice(t *trial, h Harness) {
	c := begin(t, h)
	first, second := c.some(), c.some()
	for id, e := range first {
		if other, ok := second[id]; !ok || len(entry.Diff(e.Attrs, other.Attrs))+len(entry.Diff(other.Attrs, e.Attrs)) > 0 {
			t.Errorf("%s differs between two imports", id)
		}
	}
	if len(first) != len(second) {
		t.Errorf("%d objects, then %d", len(first), len(second))
	}
}

// some imports at most enough objects of the type, whoever made them.
func (c *client) some() map[string]entry.Entry {
	found := map[string]entry.Entry{}
	for e, err := range c.Import(c.ctx, c.h.Type) {
		if err != nil {
			c.t.Fatalf("import %s: %s", c.h.Type, said(err))
		}
		if found[e.ID] = e; len(found) == enough {
			break
		}
	}
	return found
}

// left wants an import that was left early to leave the session of use.
func left(t *trial, h Harness) {
	c := begin(t, h)
	for range 3 {
		for _, err := range c.Import(t.ctx, h.Type) {
			if err != nil {
				t.Fatalf("import: %s", said(err))
			}
			break
		}
	}
	if n, want := len(c.anchors(h.Type)), len(c.own.before[h.Type]); n != want {
		t.Errorf("%d objects after three imports were left, %d before", n, want)
	}
}

// foundByAnchor looks the first objects up one by one.
func foundByAnchor(t *trial, h Harness) {
	c := begin(t, h)
	o, before := c.object(h.Type), c.own.before
	c.own.before = map[entry.Type]map[string]bool{} // those that are there are meant
	defer func() { c.own.before = before }()
	n := 0
	for id, e := range c.some() {
		if n++; n > 25 {
			return
		}
		found, ok := c.one(h.Type, connector.Anchor(id))
		if !ok {
			t.Errorf("%s is imported but not found by %s", id, o.Anchor[0])
			continue
		}
		if diff := entry.Diff(e.Attrs, found.Attrs); len(diff) > 0 {
			t.Errorf("%s: lookup and import differ in %s", id, diff[0].Attr)
		}
	}
}
