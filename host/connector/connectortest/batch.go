package connectortest

import (
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// export writes a batch, in as many calls as the connector's size asks for.
func (c *client) export(xs ...connector.Export) []connector.Result {
	c.t.Helper()
	b, ok := c.Session.(connector.BatchExporter)
	if !ok {
		c.t.Fatalf("%T is no connector.BatchExporter", c.Session)
	}
	var out []connector.Result
	for from := 0; from < len(xs); from += c.can.Batch {
		part := xs[from:min(from+c.can.Batch, len(xs))]
		results := b.Export(c.ctx, part)
		if len(results) != len(part) {
			c.t.Fatalf("%d results for %d writes", len(results), len(part))
		}
		out = append(out, results...)
	}
	for i, r := range out {
		if r.Err == nil && xs[i].Op == entry.Add {
			c.own.add(xs[i].Entry.Type, connector.Anchor(r.Entry.ID))
		} else if r.Err == nil && r.Anchor != "" {
			c.own.add(xs[i].Type, r.Anchor)
		}
	}
	return out
}

func (c *client) adding(n int, with entry.Attrs) connector.Export {
	return connector.Export{Op: entry.Add, Type: c.h.Type, Entry: entry.Entry{Type: c.h.Type, Attrs: c.attrs(n, with)}}
}

func (c *client) changing(e entry.Entry, edits ...entry.Edit) connector.Export {
	return connector.Export{Op: entry.Replace, Type: e.Type, Anchor: connector.Anchor(e.ID), Edits: edits}
}

func deleting(e entry.Entry) connector.Export {
	return connector.Export{Op: entry.Remove, Type: e.Type, Anchor: connector.Anchor(e.ID)}
}

func batches(t *trial, h Harness) {
	c := begin(t, h)
	const count = 250
	var adds []connector.Export
	for n := range count {
		adds = append(adds, c.adding(n, nil))
	}
	var made []entry.Entry
	for n, r := range c.export(adds...) {
		if r.Err != nil {
			t.Fatalf("create %d: %s", n, said(r.Err))
		}
		if r.Entry.ID == "" || string(r.Anchor) != r.Entry.ID && r.Anchor != "" {
			t.Fatalf("the result of a create is %+v", r)
		}
		if !entry.EqualValues(r.Entry.Attrs[h.Required], h.Sample(n)[h.Required]) {
			t.Fatalf("result %d is of another object: %v", n, r.Entry.Attrs[h.Required])
		}
		made = append(made, r.Entry)
	}
	var mixed []connector.Export
	for n, e := range made {
		if n%2 == 0 {
			mixed = append(mixed, c.changing(e, replace(h.plain(), "changed")))
		} else {
			mixed = append(mixed, deleting(e))
		}
	}
	for n, r := range c.export(mixed...) {
		if r.Err != nil {
			t.Errorf("write %d: %s", n, said(r.Err))
		} else if n%2 == 0 && r.Anchor != connector.Anchor(made[n].ID) {
			t.Errorf("the anchor after update %d is %q", n, r.Anchor)
		}
	}
	got := c.all(h.Type)
	if len(got) != count/2 {
		t.Errorf("%d objects, want %d", len(got), count/2)
	}
	for id, e := range got {
		if e.Attrs.First(h.plain()) != "changed" {
			t.Errorf("%s was not updated", id)
		}
	}
	if out := c.export(); len(out) != 0 {
		t.Errorf("an empty batch has %d results", len(out))
	}
}

// batchFails puts a bad write between good ones.
func batchFails(t *trial, h Harness) {
	c := begin(t, h)
	e := c.sample(1, nil)
	gone := entry.Entry{Type: h.Type, ID: c.sample(2, nil).ID}
	if err := c.Delete(t.ctx, h.Type, connector.Anchor(gone.ID)); err != nil {
		t.Fatalf("delete: %s", said(err))
	}
	batch := []connector.Export{
		c.adding(10, nil), c.adding(11, entry.Attrs{"no such attribute": {"x"}}), c.adding(12, nil), c.changing(gone, replace(h.plain(), "x")),
		c.changing(e, replace(h.plain(), "changed")), deleting(gone), c.adding(13, entry.Attrs{h.Required: nil}), c.adding(14, nil),
	}
	want := []fault.Kind{0, fault.Invalid, 0, fault.NotFound, 0, fault.NotFound, fault.Invalid, 0}
	if h.Unique != "" {
		batch = append(batch, c.adding(15, entry.Attrs{h.Unique: e.Attrs[h.Unique]}), c.adding(16, nil))
		want = append(want, fault.Exists, 0)
	}
	alive := 1
	for n, r := range c.export(batch...) {
		if got := fault.KindOf(r.Err); got != want[n] {
			t.Errorf("write %d: got %v (%v), want %v", n, got, r.Err, want[n])
		}
		if want[n] == 0 && batch[n].Op == entry.Add {
			alive++
		}
	}
	if n := len(c.all(h.Type)); n != alive {
		t.Errorf("%d objects, want %d", n, alive)
	}
	c.is(h.Type, connector.Anchor(e.ID), entry.Attrs{h.plain(): {"changed"}})
}

// batchEquals makes the same objects singly and in a batch.
func batchEquals(t *trial, h Harness) {
	c := begin(t, h)
	with := entry.Attrs{}
	if h.Text != "" {
		with[h.Text] = []entry.Value{`it's "50%" \ done`}
	}
	if h.Many != "" {
		with[h.Many] = []entry.Value{"a", "b"}
	}
	single := c.sample(1, with)
	r := c.export(c.adding(2, with))[0]
	if r.Err != nil {
		t.Fatalf("create: %s", said(r.Err))
	}
	edits := []entry.Edit{replace(h.plain(), "the same")}
	if h.Many != "" {
		edits = append(edits, remove(h.Many, "a"), add(h.Many, "c"))
	}
	c.edit(single, edits...)
	if r := c.export(c.changing(r.Entry, edits...))[0]; r.Err != nil {
		t.Fatalf("update: %s", said(r.Err))
	}
	all := c.all(h.Type)
	one, two := all[single.ID], all[r.Entry.ID]
	for _, name := range []string{h.plain(), h.Text, h.Many} {
		if name != "" && !entry.EqualValues(one.Attrs[name], two.Attrs[name]) {
			t.Errorf("%s is %v singly and %v in a batch", name, one.Attrs[name], two.Attrs[name])
		}
	}
}
