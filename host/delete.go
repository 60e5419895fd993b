package host

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/scim/scimserver"
)

// Delete implements scimserver.Store. It runs the Delete flow. With the flows none and set the object stays in the target, but
// SCIM promises that a deleted resource is gone (RFC 7644 §3.6), so the cache forgets it: it comes back with the next import, or
// when a create for the same person finds it.
func (c *Coordinator) Delete(ctx context.Context, t entry.Type, id, version string) error {
	k, g, err := c.open(t)
	if err != nil {
		return err
	}
	anchor, err := c.locate(ctx, k, g, id)
	if err != nil {
		return err
	}
	done, err := c.cfg.Writing()
	if err != nil {
		return err
	}
	defer done()
	switch k.flows.remove {
	case FlowDelete:
		return c.remove(ctx, k, g, anchor, version)
	case FlowSet:
		return c.removeBySet(ctx, k, g, anchor, version)
	}
	unlock := c.locks.lock(k.anchorKey(anchor))
	defer unlock()
	if _, err := k.current(anchor, version); err != nil {
		return err
	}
	k.cache.Remove(anchor)
	return nil
}

// current returns the row if it is still there, in the version asked for.
func (k *kind) current(anchor, version string) (cache.Row, error) {
	row, ok := k.cache.Get(anchor, false)
	if !ok {
		return row, notFound(k.typ, cache.ID(k.typ, anchor))
	}
	if version != "" && version != row.Version {
		return row, fault.New(fault.Conflict, "delete", "the %s changed meanwhile", k.typ).WithHint("read it again and repeat the deletion")
	}
	return row, nil
}

// removeBySet marks the object in the target instead of deleting it. It counts against the budget like a deletion.
func (c *Coordinator) removeBySet(ctx context.Context, k *kind, g Gate, anchor, version string) error {
	if g.Held {
		return errHeldImport
	}
	unlock := c.locks.lock(k.anchorKey(anchor))
	defer unlock()
	row, err := k.current(anchor, version)
	if err != nil {
		return err
	}
	undo, err := c.budget.take()
	if err != nil {
		return err
	}
	edit := entry.Edit{Op: entry.Replace, Attr: k.flows.removeAttribute, Values: []entry.Value{k.flows.removeValue}}
	if _, err := c.writeEdits(ctx, k, change{row: row, edits: []entry.Edit{edit}}); err != nil {
		undo()
		return err
	}
	k.cache.Remove(anchor)
	return nil
}

// disableByDelete deletes a user who became inactive, and shows the user as inactive one last time.
func (c *Coordinator) disableByDelete(ctx context.Context, k *kind, g Gate, row cache.Row) (scimserver.Resource, error) {
	r := c.resource(k, row.Flat(), false)
	r.Attrs.Set(active, false)
	return r, c.remove(ctx, k, g, row.Anchor, "")
}

// remove deletes the object in the target, after taking it out of the lists that refer to it.
func (c *Coordinator) remove(ctx context.Context, k *kind, g Gate, anchor, version string) error {
	if g.Held {
		return errHeldImport
	}
	if _, err := k.current(anchor, version); err != nil {
		return err
	}
	undo, err := c.budget.take()
	if err != nil {
		return err
	}
	if err := c.leaveLists(ctx, k, anchor); err != nil {
		undo()
		return err
	}
	if err := c.removeLocked(ctx, k, anchor, version); err != nil {
		undo()
		return err
	}
	return nil
}

func (c *Coordinator) removeLocked(ctx context.Context, k *kind, anchor, version string) error {
	unlock := c.locks.lock(k.anchorKey(anchor))
	defer unlock()
	if _, err := k.current(anchor, version); err != nil {
		return err
	}
	err := c.send(ctx, connector.Export{Op: entry.Remove, Type: k.object, Anchor: connector.Anchor(anchor)}).Err
	switch fault.KindOf(err) {
	case fault.Timeout:
		if e, readErr := c.readOne(ctx, k, anchor); readErr != nil || e.ID != "" {
			return unknown("delete", err)
		}
		err = nil
	case 0, fault.NotFound:
	default:
		return unavailableSession(err)
	}
	k.cache.Remove(anchor)
	c.forget(k, anchor)
	return err
}

// leaveLists takes an object out of every list of references, so that the target does not refuse its deletion and nobody keeps a
// member that is gone. No two objects are locked at once.
func (c *Coordinator) leaveLists(ctx context.Context, k *kind, anchor string) error {
	ref := []entry.Value{entry.Ref{Type: k.typ, ID: anchor}}
	for _, other := range c.kinds {
		for _, column := range other.b.References() {
			for _, holder := range other.cache.Referrers(other.alias[column], anchor) {
				if err := c.leave(ctx, other, holder, entry.Edit{Op: entry.Remove, Attr: column, Values: ref}); err != nil {
					return fault.Wrap(fault.Internal, "take the object out of a "+string(other.typ), err)
				}
			}
		}
	}
	return nil
}

func (c *Coordinator) leave(ctx context.Context, k *kind, holder string, e entry.Edit) error {
	unlock := c.locks.lock(k.anchorKey(holder))
	defer unlock()
	row, ok := k.cache.Get(holder, false)
	if !ok {
		return nil
	}
	_, err := c.writeEdits(ctx, k, change{row: row, edits: []entry.Edit{e}})
	if fault.Is(err, fault.NotFound) {
		return nil // the holder itself is gone
	}
	return err
}

// forget clears lists that got the object as a member while it was being deleted; the target has no such row any more.
func (c *Coordinator) forget(k *kind, anchor string) {
	ref := []entry.Value{entry.Ref{Type: k.typ, ID: anchor}}
	for _, other := range c.kinds {
		for _, column := range other.b.References() {
			for _, holder := range other.cache.Referrers(other.alias[column], anchor) {
				if _, _, err := other.cache.Edit(holder, []entry.Edit{{Op: entry.Remove, Attr: other.alias[column], Values: ref}}); err != nil {
					c.log.Debug("list not cleared", "event", "host.cache.edit", "connector", c.cfg.Name, "error", err)
				}
			}
		}
	}
}
