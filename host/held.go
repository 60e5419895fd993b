package host

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/cache"
)

// hold keeps references of an object until their objects appear. The caller has the object locked, and answers nobody before
// keepHeld has returned.
func (c *Coordinator) hold(holder string, refs []heldRef) error {
	for _, h := range refs {
		h.holder = holder
		if !c.memory.hold(h) {
			return &fault.Error{Op: "hold a reference", Kind: fault.Unavailable, RetryAfter: retryImport,
				Err:  fault.New(fault.Unavailable, "", "%d references wait for their objects already", maxHeld),
				Hint: "the object itself was written; create the objects it refers to, then send the change again"}
		}
	}
	return nil
}

// keepHeld ends a write: references whose object appeared while they were put on hold are written, since no import may come for
// long; what still waits is made to outlive the process; and the row is returned as it is now. The caller has nothing locked.
func (c *Coordinator) keepHeld(ctx context.Context, k *kind, row cache.Row, refs []heldRef) (cache.Row, error) {
	settled := false
	for _, h := range refs {
		if _, _, here := c.find(h.target); here {
			h.holder = cache.ID(k.typ, row.Anchor)
			c.settleLogged(ctx, h)
			settled = true
		}
	}
	if settled {
		if now, ok := k.cache.Get(row.Anchor, false); ok {
			row = now
		}
	}
	return row, c.memory.flush()
}

// settle writes the references that waited for the object with the id. What fails for a passing reason waits on.
func (c *Coordinator) settle(ctx context.Context, id string) {
	for _, h := range c.memory.on(id) {
		c.settleLogged(ctx, h)
	}
}

func (c *Coordinator) settleLogged(ctx context.Context, h heldRef) {
	if err := c.settleOne(ctx, h); err != nil {
		c.log.Warn("held reference not written", "event", "host.reference.failed", "connector", c.cfg.Name, "column", h.column, "waits", c.memory.holds(h),
			"error", err, "hint", fault.HintOf(err))
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

// settleOne writes a held reference and forgets it, in this order, so that a crash in between only writes it again.
func (c *Coordinator) settleOne(ctx context.Context, h heldRef) error {
	k, anchor, ok := c.find(h.holder)
	if !ok {
		if g := c.cfg.Gate(); g.Fresh && !g.Held { // an old image may lack an object that was made since
			c.memory.drop(h) // the holder is gone, and its references with it
		}
		return nil
	}
	target, to, ok := c.find(h.target)
	if !ok {
		return nil
	}
	unlock := c.locks.lock(k.anchorKey(anchor))
	defer unlock()
	row, here := k.cache.Get(anchor, false)
	if !here || !c.memory.holds(h) { // gone, or changed meanwhile
		return nil
	}
	err := c.writeRef(ctx, k, row, h.column, entry.Ref{Type: target.typ, ID: to})
	if err == nil || !passing(err) && ctx.Err() == nil {
		c.memory.drop(h)
	}
	return err
}

// writeRef sets a reference, or adds it to a list. The caller has the object locked.
func (c *Coordinator) writeRef(ctx context.Context, k *kind, row cache.Row, column string, ref entry.Ref) error {
	a, _ := k.b.Attribute(column)
	e := entry.Edit{Op: entry.Replace, Attr: column, Values: []entry.Value{ref}}
	if long(a) {
		if e.Op = entry.Add; k.cache.Holds(row.Anchor, k.alias[column], ref.ID) {
			return nil
		}
	}
	_, err := c.writeEdits(ctx, k, change{row: row, edits: []entry.Edit{e}})
	return err
}

// settleBatch is after how many objects Settle writes down what it did.
const settleBatch = 1024

// Settle writes every held reference whose object has appeared; autosync calls it after imports. References that did not follow a rename do so
// now. It also saves what is remembered.
func (c *Coordinator) Settle(ctx context.Context) error {
	targets := c.memory.targets()
	if len(targets) == 0 && len(c.trails.waiting()) == 0 {
		return c.memory.save()
	}
	done, err := c.cfg.Writing()
	if err != nil {
		return err
	}
	defer done()
	if err := c.catchUp(ctx); err != nil {
		return err
	}
	for i, id := range targets {
		if ctx.Err() != nil {
			break
		}
		if i%settleBatch == settleBatch-1 {
			if err := c.memory.flush(); err != nil {
				return err
			}
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
