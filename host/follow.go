package host

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/host/connector"
)

// When an object is renamed, what refers to it by its old name would lose it, and the next object of that name would take its place
// in groups. So the references are made to follow, unless the target does so itself. Until that is done the rename is on a trail,
// which is written down before the rename and outlives the process; what fails is tried again after the next import.

// names are the columns that name objects of a kind, as the connector says; follower is false when it has nothing to say.
type names struct {
	columns  []string
	follower bool
}

// naming asks the connector once what names objects of the kind.
func (c *Coordinator) naming(ctx context.Context, k *kind) (names, error) {
	if n := k.names.Load(); n != nil {
		return *n, nil
	}
	var n names
	err := c.pool.with(ctx, func(_ context.Context, s connector.Session) error {
		if f, ok := s.(connector.Follower); ok {
			n = names{f.Names(k.object), true}
		}
		return nil
	})
	if err == nil {
		k.names.Store(&n)
	}
	return n, err
}

// begin puts a change that renames its object on a trail; nil when it renames nothing.
func (c *Coordinator) begin(ctx context.Context, k *kind, ch change) (*trail, error) {
	if len(ch.edits) == 0 {
		return nil, nil
	}
	n, err := c.naming(ctx, k)
	if err != nil {
		return nil, unavailableSession(err)
	}
	moves := ch.anchorAfter(k) != ch.row.Anchor
	if !moves && !n.follower {
		return nil, nil
	}
	was := map[string]string{}
	for _, column := range n.columns {
		if v := ch.row.Attrs.First(k.alias[column]); v != nil {
			was[column] = textOf(v)
		}
	}
	if !moves && !slices.ContainsFunc(ch.edits, func(e entry.Edit) bool { return n.names(e.Attr, ch.row.DN) }) {
		return nil, nil
	}
	t := &trail{Type: k.typ, From: ch.row.Anchor, DN: ch.row.DN, Was: was}
	return t, c.trails.add(t)
}

// names reports whether an edit of the column renames an object: it is one of those, or the DN begins with it.
func (n names) names(column, dn string) bool {
	return slices.Contains(n.columns, column) || len(dn) > len(column) && dn[len(column)] == '=' && strings.EqualFold(dn[:len(column)], column)
}

// follow makes references follow a rename that was carried out, and returns the object as the target has it now. A failure leaves
// the rename on its trail.
func (c *Coordinator) follow(ctx context.Context, k *kind, t *trail, row cache.Row) (cache.Row, error) {
	row, err := c.followed(ctx, k, t, row)
	if err == nil {
		return row, c.trails.drop(t)
	}
	c.trails.leave(t)
	err = fault.WrapHint(fault.Internal, "let references follow the rename", err,
		"the object itself was written; references to its old name are put right after the next import of the target, or correct them there")
	c.log.Warn("references did not follow a rename", "event", "host.rename.behind", "connector", c.cfg.Name, "type", k.typ, "error", err, "hint", fault.HintOf(err))
	return row, err
}

func (c *Coordinator) followed(ctx context.Context, k *kind, t *trail, row cache.Row) (cache.Row, error) {
	n, err := c.naming(ctx, k)
	if err != nil {
		return row, err
	}
	if !n.follower {
		return row, c.repoint(ctx, k, t.From, row.Anchor)
	}
	err = c.pool.with(ctx, func(ctx context.Context, s connector.Session) error {
		f, ok := s.(connector.Follower)
		if !ok {
			return nil
		}
		return f.Follow(ctx, k.object, connector.Anchor(row.Anchor), t.DN, t.Was)
	})
	if err != nil {
		return row, err
	}
	return c.reread(ctx, k, row)
}

// reread takes the object into the cache as the target has it now: a rename gives it another DN, and may change what it is made of.
func (c *Coordinator) reread(ctx context.Context, k *kind, row cache.Row) (cache.Row, error) {
	unlock := c.locks.lock(k.anchorKey(row.Anchor))
	defer unlock()
	e, err := c.readOne(ctx, k, row.Anchor)
	if err != nil || e.ID == "" {
		if fault.Is(err, fault.Unsupported) {
			err = nil
		}
		return row, err
	}
	return c.keep(k, e)
}

// repoint makes what refers to one anchor refer to another. Where the target did so itself, which one referrer shows, nothing is
// written. No two objects are locked at once.
func (c *Coordinator) repoint(ctx context.Context, k *kind, from, to string) error {
	if from == to || k.cache.Has(from) {
		return nil // not renamed, or another object has taken the name: whose references those are nobody knows
	}
	for _, other := range c.kinds {
		for _, column := range other.b.References() {
			a, _ := other.b.Attribute(column)
			if a.ReadOnly || a.Immutable {
				continue
			}
			if err := c.repointColumn(ctx, other, a, entry.Ref{Type: k.typ, ID: from}, entry.Ref{Type: k.typ, ID: to}); err != nil {
				return fault.Wrap(fault.Internal, "rename the object in a "+string(other.typ), err)
			}
		}
	}
	return nil
}

func (c *Coordinator) repointColumn(ctx context.Context, k *kind, a connector.Attribute, from, to entry.Ref) error {
	if !long(a) {
		return c.repointSingle(ctx, k, a.Name, from, to)
	}
	alias := k.alias[a.Name]
	holders := k.cache.Referrers(alias, from.ID)
	for _, h := range k.cache.Referrers(alias, to.ID) {
		if !slices.Contains(holders, h) {
			holders = append(holders, h)
		}
	}
	edits := []entry.Edit{{Op: entry.Remove, Attr: a.Name, Values: []entry.Value{from}}, {Op: entry.Add, Attr: a.Name, Values: []entry.Value{to}}}
	for i, holder := range holders {
		if i == 0 && c.wentAlong(ctx, k, holder, a.Name, from.ID) {
			return nil
		}
		if err := c.relist(ctx, k, holder, edits); err != nil {
			return err
		}
	}
	return nil
}

// wentAlong reports whether the target has let the references follow itself: the holder shows the old one no more.
func (c *Coordinator) wentAlong(ctx context.Context, k *kind, holder, column, from string) bool {
	e, err := c.readOne(ctx, k, holder)
	if err != nil || e.ID == "" {
		return false
	}
	return !slices.ContainsFunc(e.Attrs[column], func(v entry.Value) bool { ref, ok := v.(entry.Ref); return ok && ref.ID == from })
}

func (c *Coordinator) relist(ctx context.Context, k *kind, holder string, edits []entry.Edit) error {
	unlock := c.locks.lock(k.anchorKey(holder))
	defer unlock()
	row, ok := k.cache.Get(holder, false)
	if !ok {
		return nil
	}
	_, err := c.writeEdits(ctx, k, change{row: row, edits: edits})
	if fault.Is(err, fault.NotFound) {
		return nil // the holder itself is gone
	}
	return err
}

// repointSingle asks the target who still has the old reference in a single-valued column; there is no index of those.
func (c *Coordinator) repointSingle(ctx context.Context, k *kind, column string, from, to entry.Ref) error {
	old := c.refsToConnector([]entry.Value{from})[0]
	found, err := c.readBack(ctx, k, []identity{{column, old}})
	if err != nil && !fault.Is(err, fault.Unsupported) {
		return err
	}
	edits := []entry.Edit{{Op: entry.Replace, Attr: column, Values: []entry.Value{to}}}
	for _, e := range found {
		if err := c.relist(ctx, k, e.ID, edits); err != nil {
			return err
		}
	}
	return nil
}

// catchUp follows the renames that are still on their trails. One that fails again is logged, and stays.
func (c *Coordinator) catchUp(ctx context.Context) error {
	var failed error
	for _, t := range c.trails.waiting() {
		if ctx.Err() == nil {
			failed = errors.Join(failed, c.catchUpOne(ctx, t))
		}
	}
	return failed
}

// catchUpOne fails only when it cannot be written down that a rename is done with.
func (c *Coordinator) catchUpOne(ctx context.Context, t *trail) error {
	log := c.log.With("connector", c.cfg.Name, "type", t.Type)
	id := cache.ID(t.Type, t.From)
	row, here := cache.Row{}, false
	k, anchor, ok := c.find(id)
	if ok {
		row, here = k.cache.Get(anchor, false)
	}
	if g := c.cfg.Gate(); !here && (!g.Fresh || g.Held) {
		return nil // an old image may lack it
	}
	if !here {
		log.Warn("a renamed object is gone before its references followed", "event", "host.rename.gone")
		return c.trails.drop(t)
	}
	if _, renamed := c.memory.renamed(id); renamed && anchor == t.From {
		log.Warn("another object has the name of a renamed one whose references did not follow", "event", "host.rename.taken",
			"hint", "look through the groups that hold it: they may mean either of the two")
		return c.trails.drop(t)
	}
	_, _ = c.follow(ctx, k, t, row) // logged there, and still on its trail
	return nil
}
