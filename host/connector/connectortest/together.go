package connectortest

import (
	"context"
	"errors"
	"sync"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// sessions is how many work at once in the tests of parallel work.
const sessions = 16

func parallel(t *trial, h Harness) {
	c := begin(t, h)
	const each = 12
	var wg sync.WaitGroup
	for w := range sessions {
		mine := join(t, h, c.own)
		wg.Go(func() {
			if err := work(t.Context(), mine, w*1000, each); err != nil {
				t.Errorf("session %d: %v", w, err)
			}
		})
	}
	wg.Wait()
	got := c.all(h.Type)
	if len(got) != sessions*each {
		t.Errorf("%d objects, want %d", len(got), sessions*each)
	}
	for id, e := range got {
		if e.Attrs.First(h.plain()) != "changed" {
			t.Errorf("%s was not updated", id)
		}
	}
}

// work creates objects, changes each, and creates and deletes another beside it.
func work(ctx context.Context, c *client, from, count int) error {
	for n := from; n < from+count; n++ {
		e, err := c.Create(ctx, entry.Entry{Type: c.h.Type, Attrs: c.h.Sample(n)})
		if err != nil {
			return err
		}
		if _, err := c.Update(ctx, e.Type, connector.Anchor(e.ID), []entry.Edit{replace(c.h.plain(), "changed")}); err != nil {
			return err
		}
		gone, err := c.Create(ctx, entry.Entry{Type: c.h.Type, Attrs: c.h.Sample(n + 500)})
		if err != nil {
			return err
		}
		if err := c.Delete(ctx, gone.Type, connector.Anchor(gone.ID)); err != nil {
			return err
		}
	}
	return nil
}

// raceAt is a sample's number that no other check takes.
const raceAt = 980_000

func race(t *trial, h Harness) {
	c := begin(t, h)
	results := make([]error, sessions)
	one := []entry.Value{"the one"}
	if vs := h.Sample(raceAt)[h.Unique]; len(vs) > 0 {
		one = vs // which nobody else has, also where what is unique is so beyond what the connector sees
	}
	var wg sync.WaitGroup
	for w := range sessions {
		mine := join(t, h, c.own)
		a := c.attrs(w, entry.Attrs{h.Unique: one})
		wg.Go(func() {
			_, results[w] = mine.Create(t.Context(), entry.Entry{Type: h.Type, Attrs: a})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
		} else {
			wants(t, err, fault.Exists)
		}
	}
	if won != 1 || len(c.all(h.Type)) != 1 {
		t.Errorf("%d creates won", won)
	}
}

func cancelled(t *trial, h Harness) {
	c := begin(t, h)
	e := c.sample(1, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Create(ctx, entry.Entry{Type: h.Type, Attrs: h.Sample(2)})
	ended(t, "create", err)
	_, err = c.Update(ctx, h.Type, connector.Anchor(e.ID), []entry.Edit{replace(h.Required, "x")})
	ended(t, "update", err)
	ended(t, "delete", c.Delete(ctx, h.Type, connector.Anchor(e.ID)))
	var last error
	for _, err := range c.Import(ctx, h.Type) {
		last = err
	}
	ended(t, "import", last)
	if len(c.all(h.Type)) != 1 {
		t.Error("a cancelled write took effect")
	}
	c.is(h.Type, connector.Anchor(e.ID), e.Attrs)
	midImport(t, c)
}

// midImport cancels while an import runs; the session is of use afterwards.
func midImport(t *trial, c *client) {
	for n := range 700 {
		c.sample(n+10, nil)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	count := 0
	for _, err := range c.Import(ctx, c.h.Type) {
		if count++; count == 3 {
			cancel()
		}
		last = err
	}
	if count < 701 {
		ended(t, "import", last)
	}
	if n := len(c.all(c.h.Type)); n != 701 {
		t.Errorf("%d objects after a cancelled import", n)
	}
}

func ended(t judge, what string, err error) {
	t.Helper()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%s: %v does not say that the context was cancelled", what, err)
	}
	if fault.KindOf(err) == fault.Internal {
		t.Errorf("%s: %v is an internal fault", what, err)
	}
}

func counts(t *trial, h Harness) {
	c := begin(t, h)
	k := c.Session.(connector.Counter)
	before := len(c.own.before[h.Type])
	made := 0
	if c.can.Export {
		for ; made < 3; made++ {
			c.sample(made, nil)
		}
	}
	if n, err := k.Count(t.ctx, h.Type); n != before+made || err != nil {
		t.Errorf("count is %d, %v; want %d", n, err, before+made)
	}
}
