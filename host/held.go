package host

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/cache"
)

// settle writes the references that waited for the object with the id. What fails for a passing reason waits on.
func (c *Coordinator) settle(ctx context.Context, id string) {
	for _, h := range c.memory.take(id) {
		err := c.settleOne(ctx, h)
		switch {
		case err == nil:
			continue
		case passing(err):
			c.memory.hold(h)
		}
		c.log.Warn("held reference not written", "event", "host.reference.failed", "connector", c.cfg.Name, "column", h.column, "error", err, "hint", fault.HintOf(err))
	}
}

// passing reports whether the same write may succeed later.
func passing(err error) bool {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Timeout, fault.Throttled, fault.Internal, fault.Conflict:
		return true
	}
	return false
}

func (c *Coordinator) settleOne(ctx context.Context, h heldRef) error {
	k, anchor, ok := c.find(h.holder)
	if !ok {
		return nil // the holder is gone, and its references with it
	}
	target, to, ok := c.find(h.target)
	if !ok {
		c.memory.hold(h)
		return nil
	}
	unlock := c.locks.lock(k.anchorKey(anchor))
	defer unlock()
	row, here := k.cache.Get(anchor, false)
	if !here {
		return nil
	}
	a, _ := k.b.Attribute(h.column)
	e := entry.Edit{Op: entry.Replace, Attr: h.column, Values: []entry.Value{entry.Ref{Type: target.typ, ID: to}}}
	if long(a) {
		if e.Op = entry.Add; k.cache.Holds(anchor, k.alias[h.column], to) {
			return nil
		}
	}
	_, err := c.writeEdits(ctx, k, change{row: row, edits: []entry.Edit{e}})
	return err
}

// Settle writes every held reference whose object has appeared; autosync calls it after imports. It also saves what is remembered.
func (c *Coordinator) Settle(ctx context.Context) error {
	for _, id := range c.memory.targets() {
		if ctx.Err() != nil {
			break
		}
		if _, _, ok := c.find(id); ok {
			c.settle(ctx, id)
		}
	}
	return c.memory.save()
}

// Held returns how many references wait for their object.
func (c *Coordinator) Held() int { return c.memory.held() }

// Len returns how many objects of a type the cache holds.
func (c *Coordinator) Len(t entry.Type) int {
	k, err := c.kind(t)
	if err != nil {
		return 0
	}
	return k.cache.Len()
}

// Cache returns the cache of a type, nil when the type is not served.
func (c *Coordinator) Cache(t entry.Type) *cache.Cache {
	k, err := c.kind(t)
	if err != nil {
		return nil
	}
	return k.cache
}
