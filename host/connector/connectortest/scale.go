package connectortest

import (
	"sync"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

// defaultScale is more than the 5,000 objects at which other connectors stopped.
const defaultScale = 5300

// thousands writes many objects by the fastest way the connector has and imports each once.
func thousands(t *trial, h Harness) {
	c := begin(t, h)
	count := h.Scale
	if count == 0 {
		count = defaultScale
	}
	if c.can.Batch > 0 {
		c.addInBatches(count)
	} else {
		c.addInParallel(t, count)
	}
	if t.Failed() {
		return
	}
	got := c.all(h.Type)
	if len(got) != count {
		t.Errorf("imported %d of %d", len(got), count)
	}
	wanted := map[entry.Value]bool{}
	for n := range count {
		wanted[h.Sample(n).First(h.Required)] = true
	}
	for id, e := range got {
		if v := e.Attrs.First(h.Required); !wanted[v] {
			t.Errorf("%s has %v, which nobody wrote", id, v)
		}
	}
}

func (c *client) addInBatches(count int) {
	var adds []connector.Export
	for n := range count {
		adds = append(adds, c.adding(n, nil))
	}
	for n, r := range c.export(adds...) {
		if r.Err != nil {
			c.t.Errorf("create %d: %s", n, said(r.Err))
		}
	}
}

func (c *client) addInParallel(t *trial, count int) {
	writers := min(max(c.can.Writers, 1), sessions)
	var wg sync.WaitGroup
	for w := range writers {
		mine := join(t, c.h, c.own)
		wg.Go(func() {
			for n := w; n < count; n += writers {
				if _, err := mine.Create(t.ctx, entry.Entry{Type: c.h.Type, Attrs: c.h.Sample(n)}); err != nil {
					t.Errorf("create %d: %s", n, said(err))
					return
				}
			}
		})
	}
	wg.Wait()
}
