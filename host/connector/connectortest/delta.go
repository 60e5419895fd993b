package connectortest

import (
	"context"
	"maps"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// mark returns where the target's changes stand.
func (c *client) mark() connector.Watermark {
	c.t.Helper()
	d, ok := c.Session.(connector.DeltaImporter)
	if !ok {
		c.t.Fatalf("%T is no connector.DeltaImporter", c.Session)
	}
	w, err := d.Mark(c.ctx)
	if err != nil {
		c.t.Fatalf("mark: %s", said(err))
	}
	return w
}

// since reads the changes after w: what each object became, and the next watermark.
func (c *client) since(kind entry.Type, w connector.Watermark) (map[string]connector.Change, connector.Watermark) {
	c.t.Helper()
	changes, next, err := c.Session.(connector.DeltaImporter).ImportSince(c.ctx, kind, w)
	if err != nil {
		c.t.Fatalf("import since %q: %s", w, said(err))
	}
	last := map[string]connector.Change{}
	for x, err := range changes {
		if err != nil {
			c.t.Fatalf("import since %q: %s", w, said(err))
		}
		if x.Entry.ID == "" || x.Entry.Type != kind {
			c.t.Errorf("a change has no anchor, or the type %q: %+v", x.Entry.Type, x)
		}
		if c.own.before[kind][x.Entry.ID] {
			continue // somebody else's
		}
		last[x.Entry.ID] = x
	}
	return last, next()
}

// became fails unless the changes say what the object is now.
func (c *client) became(changes map[string]connector.Change, id string) {
	c.t.Helper()
	x, ok := changes[id]
	now, there := c.all(c.h.Type)[id]
	switch {
	case !ok && !there && !c.can.Deletions:
	case !ok:
		c.t.Errorf("the change of %s is not told", id)
	case x.Deleted == there:
		c.t.Errorf("%s is told as deleted: %v", id, x.Deleted)
	case there && (len(entry.Diff(now.Attrs, x.Entry.Attrs)) > 0 || len(entry.Diff(x.Entry.Attrs, now.Attrs)) > 0):
		c.t.Errorf("%s is told as %v, and is %v", id, x.Entry.Attrs, now.Attrs)
	}
}

// quiet wants no change to be told that is not so; one told twice does no harm.
func quiet(t *trial, h Harness) {
	c := begin(t, h)
	changes, next, err := c.Session.(connector.DeltaImporter).ImportSince(t.ctx, h.Type, c.mark())
	if err != nil {
		t.Fatalf("import since the mark: %s", said(err))
	}
	for x, err := range changes {
		if err != nil {
			t.Fatalf("import since the mark: %s", said(err))
		}
		if x.Deleted && c.own.before[h.Type][x.Entry.ID] {
			t.Errorf("%s is told as deleted, and is there", x.Entry.ID)
		}
	}
	if _, _, err := c.Session.(connector.DeltaImporter).ImportSince(t.ctx, h.Type, next()); err != nil {
		t.Errorf("the next watermark is not known: %s", said(err))
	}
}

func forgotten(t *trial, h Harness) {
	c := begin(t, h)
	for _, w := range []connector.Watermark{"no watermark of ours", "'; DROP TABLE x; --", "\x00", "999999999999999999999"} {
		changes, _, err := c.Session.(connector.DeltaImporter).ImportSince(t.ctx, h.Type, w)
		if err == nil {
			for _, e := range changes {
				if e != nil {
					err = e
				}
			}
		}
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("watermark %q: got %v (%v), want %v", w, fault.KindOf(err), err, fault.Conflict)
		}
	}
}

func told(t *trial, h Harness) {
	c := begin(t, h)
	old := c.sample(1, nil)
	c.sample(2, nil)
	w := c.mark()
	fresh := c.sample(3, nil)
	c.edit(old, replace(h.Required, "changed"))
	changes, w := c.since(h.Type, w)
	c.became(changes, fresh.ID)
	c.became(changes, old.ID)
	if h.Text != "" {
		c.edit(fresh, replace(h.Text, "text"))
		changes, w = c.since(h.Type, w)
		c.became(changes, fresh.ID)
		c.edit(fresh, replace(h.Text))
	}
	if h.Many != "" {
		c.edit(fresh, add(h.Many, "one", "two"))
	}
	c.edit(fresh, replace(h.Required, "changed again"))
	changes, _ = c.since(h.Type, w)
	c.became(changes, fresh.ID)
}

func toldOfMembers(t *trial, h Harness) {
	c := begin(t, h)
	one, two := c.sample(1, nil), c.sample(2, nil)
	a := h.GroupSample(1).Clone()
	a[h.Members] = []entry.Value{entry.Ref{Type: h.Type, ID: one.ID}}
	g := c.make(h.Group, a)
	_, w := c.since(h.Group, c.mark())
	for _, step := range []entry.Edit{add(h.Members, entry.Ref{Type: h.Type, ID: two.ID}), remove(h.Members, entry.Ref{Type: h.Type, ID: one.ID})} {
		c.edit(g, step)
		var changes map[string]connector.Change
		changes, w = c.since(h.Group, w)
		now := c.all(h.Group)[g.ID]
		if x, ok := changes[g.ID]; !ok || !entry.EqualValues(x.Entry.Attrs[h.Members], now.Attrs[h.Members]) {
			t.Errorf("after %v the group is told with %v, and has %v", step.Op, x.Entry.Attrs[h.Members], now.Attrs[h.Members])
		}
	}
}

func toldOfDeletions(t *trial, h Harness) {
	c := begin(t, h)
	gone, stays := c.sample(1, nil), c.sample(2, nil)
	w := c.mark()
	brief := c.sample(3, nil)
	for _, e := range []entry.Entry{gone, brief} {
		if err := c.Delete(t.ctx, h.Type, connector.Anchor(e.ID)); err != nil {
			t.Fatalf("delete: %s", said(err))
		}
	}
	changes, _ := c.since(h.Type, w)
	c.became(changes, gone.ID)
	if x, ok := changes[brief.ID]; ok && !x.Deleted {
		t.Errorf("%s is told as there, and was deleted", brief.ID)
	}
	if changes[stays.ID].Deleted {
		t.Errorf("%s is told as deleted, and is there", stays.ID)
	}
}

func toldOfRenames(t *trial, h Harness) {
	c := begin(t, h)
	e := c.sample(1, nil)
	w := c.mark()
	after := c.edit(e, replace(h.Anchor, h.newName(2, "Renamed-and-told")))
	changes, _ := c.since(h.Type, w)
	c.became(changes, string(after))
	if x, ok := changes[e.ID]; c.can.Deletions && (!ok || !x.Deleted) {
		t.Errorf("the old anchor %s is not told as gone", e.ID)
	}
}

// readAgain leaves the changes in the middle and reads them once more: what was not committed is not lost.
func readAgain(t *trial, h Harness) {
	c := begin(t, h)
	w := c.mark()
	made := map[string]bool{}
	for n := range 40 {
		made[c.sample(n, nil).ID] = true
	}
	changes, _, err := c.Session.(connector.DeltaImporter).ImportSince(t.ctx, h.Type, w)
	if err != nil {
		t.Fatalf("import since: %s", said(err))
	}
	for _, err := range changes {
		if err != nil {
			t.Fatalf("import since: %s", said(err))
		}
		break
	}
	again, next := c.since(h.Type, w)
	for id := range made {
		c.became(again, id)
		if t.Failed() {
			return
		}
	}
	extra := c.sample(50, nil)
	rest, _ := c.since(h.Type, next)
	c.became(rest, extra.ID)
}

// soon is how long a push may take before it counts as missing. The host's promise is shorter; a machine that is busy is no failure.
const soon = time.Minute

func pushes(t *trial, h Harness) {
	c := begin(t, h)
	c.sample(1, nil)
	_, w := c.since(h.Type, c.mark())
	watching := join(t, h, c.own)
	ctx, cancel := context.WithTimeout(t.ctx, soon)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- watching.Session.(connector.Watcher).Watch(ctx, h.Type, w) }()
	e := c.sample(2, nil)
	if err := <-done; err != nil {
		t.Fatalf("no push within %v: %s", soon, said(err))
	}
	changes, next := c.since(h.Type, w)
	for !isTold(changes, e.ID) && ctx.Err() == nil { // a false alarm: the next one counts
		if err := watching.Session.(connector.Watcher).Watch(ctx, h.Type, next); err != nil {
			t.Fatalf("no push within %v: %s", soon, said(err))
		}
		var more map[string]connector.Change
		more, next = c.since(h.Type, next)
		maps.Copy(changes, more)
	}
	c.became(changes, e.ID)
	if err := watching.Session.(connector.Watcher).Watch(ctx, h.Type, w); err != nil {
		t.Errorf("a change that was there already is not reported at once: %s", said(err))
	}
}

func isTold(changes map[string]connector.Change, id string) bool {
	_, ok := changes[id]
	return ok
}

func pushEnds(t *trial, h Harness) {
	c := begin(t, h)
	_, w := c.since(h.Type, c.mark())
	ctx, cancel := context.WithCancel(t.ctx)
	done := make(chan error, 1)
	go func() { done <- c.Session.(connector.Watcher).Watch(ctx, h.Type, w) }()
	cancel()
	select {
	case <-done: // an alarm that came first is right too
	case <-time.After(soon):
		t.Errorf("Watch does not end with its context")
	}
}
