package connectortest

import (
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

func references(t *trial, h Harness) {
	c := begin(t, h)
	boss, next := c.sample(1, nil), c.sample(2, nil)
	e := c.sample(3, entry.Attrs{h.Manager: {entry.Ref{Type: h.Type, ID: boss.ID}}})
	a := connector.Anchor(e.ID)
	c.is(h.Type, a, entry.Attrs{h.Manager: {entry.Ref{ID: boss.ID}}})
	if found := c.finds(h.Type, h.Manager, entry.Ref{ID: boss.ID}); c.can.Lookup && (len(found) != 1 || found[0].ID != e.ID) {
		t.Errorf("lookup by reference found %v", found)
	}
	c.edit(e, remove(h.Manager, entry.Ref{ID: boss.ID}), add(h.Manager, entry.Ref{ID: next.ID}))
	c.is(h.Type, a, entry.Attrs{h.Manager: {entry.Ref{ID: next.ID}}})
	c.edit(e, remove(h.Manager, entry.Ref{ID: boss.ID})) // it is next: nothing happens
	c.is(h.Type, a, entry.Attrs{h.Manager: {entry.Ref{ID: next.ID}}})
	c.edit(e, replace(h.Manager))
	c.is(h.Type, a, entry.Attrs{h.Manager: nil})
	c.edit(boss, replace(h.Manager, entry.Ref{ID: boss.ID})) // a cycle is data, not an error
	c.is(h.Type, connector.Anchor(boss.ID), entry.Attrs{h.Manager: {entry.Ref{ID: boss.ID}}})
}

func members(t *trial, h Harness) {
	c := begin(t, h)
	one, two := c.sample(1, nil), c.sample(2, nil)
	ref := func(e entry.Entry) entry.Value { return entry.Ref{Type: h.Type, ID: e.ID} }
	a := h.GroupSample(1).Clone()
	a[h.Members] = []entry.Value{ref(one)}
	g := c.make(h.Group, a)
	empty := c.make(h.Group, h.GroupSample(2))
	anchor := connector.Anchor(g.ID)
	c.is(h.Group, anchor, entry.Attrs{h.Members: {ref(one)}})
	c.edit(g, add(h.Members, ref(two)))
	c.edit(g, add(h.Members, ref(two)))
	c.is(h.Group, anchor, entry.Attrs{h.Members: {ref(one), ref(two)}})
	if found := c.finds(h.Group, h.Members, ref(two)); c.can.Lookup && (len(found) != 1 || found[0].ID != g.ID) {
		t.Errorf("lookup by member found %v", found)
	}
	c.edit(g, remove(h.Members, ref(one)))
	c.is(h.Group, anchor, entry.Attrs{h.Members: {ref(two)}})
	c.edit(g, replace(h.Members, ref(one)))
	c.is(h.Group, anchor, entry.Attrs{h.Members: {ref(one)}})
	c.is(h.Group, connector.Anchor(empty.ID), entry.Attrs{h.Members: nil})
	if err := c.Delete(t.Context(), h.Group, anchor); err != nil {
		t.Fatal(err)
	}
	_, err := c.Update(t.Context(), h.Group, anchor, []entry.Edit{add(h.Members, ref(one))})
	wants(t, err, fault.NotFound)
	if len(c.all(h.Group)) != 1 || len(c.all(h.Type)) != 2 {
		t.Error("deleting a group deleted something else, or nothing")
	}
}

// manyMembers is more than one fetch of any connector.
const manyMembers = 2100

func largeGroup(t *trial, h Harness) {
	c := begin(t, h)
	var refs []entry.Value
	for n := range manyMembers {
		refs = append(refs, entry.Ref{Type: h.Type, ID: c.sample(n, nil).ID})
	}
	a := h.GroupSample(1).Clone()
	a[h.Members] = refs
	g := c.make(h.Group, a)
	b := h.GroupSample(2).Clone()
	b[h.Members] = refs[:3]
	small := c.make(h.Group, b)
	c.is(h.Group, connector.Anchor(g.ID), entry.Attrs{h.Members: refs})
	c.is(h.Group, connector.Anchor(small.ID), entry.Attrs{h.Members: refs[:3]})
	c.edit(g, remove(h.Members, refs[7]))
	c.edit(g, replace(h.Members, refs[5:]...))
	c.is(h.Group, connector.Anchor(g.ID), entry.Attrs{h.Members: refs[5:]})
}

// finds is find where the connector can look up, and nothing where it cannot.
func (c *client) finds(kind entry.Type, attr string, v entry.Value) []entry.Entry {
	if !c.can.Lookup {
		return nil
	}
	return c.find(kind, attr, v)
}
