package host

import (
	"context"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/host/connector"
)

// A write whose answer was lost is never repeated: the target is read back and the true outcome answered. If that cannot be found
// out either, the answer is 503, and a client that comes again goes through match and look-up first.

const retryUnknown = 15 * time.Second

// unknown is the answer when even reading back did not tell.
func unknown(op string, cause error) error {
	return &fault.Error{Op: op, Kind: fault.Unavailable, RetryAfter: retryUnknown, Err: cause,
		Hint: "the target's answer was lost and the outcome is not known yet; look the object up again before repeating"}
}

// readBack looks an object up in the target by any of its identities; without a look-up, or while the target is away, it fails.
func (c *Coordinator) readBack(ctx context.Context, k *kind, ids []identity) ([]entry.Entry, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readBackTime)
	defer cancel()
	var found []entry.Entry
	err := c.pool.with(ctx, func(ctx context.Context, s connector.Session) error {
		look, ok := s.(connector.Lookup)
		if !ok {
			return fault.New(fault.Unsupported, "read back", "the connector cannot look up single objects")
		}
		for _, id := range ids {
			if id.column == "" {
				continue
			}
			es, err := look.Lookup(ctx, k.object, id.column, id.value)
			if err != nil {
				return err
			}
			found = append(found, es...)
		}
		return nil
	})
	return found, err
}

// createdAfterAll answers a create whose outcome is unknown: the object that now has its anchor or names is the one we made, since none
// had them under the same lock a moment ago. One that is not there may still come (a commit under way), so that stays unknown.
func (c *Coordinator) createdAfterAll(ctx context.Context, k *kind, d draft, cause error) (cache.Row, error) {
	ids := k.identities(d.columns, true)
	found, err := c.readBack(ctx, k, ids)
	if err != nil || len(found) == 0 || len(ids) == 0 {
		return cache.Row{}, unknown("create", cause)
	}
	c.log.Info("outcome read back", "event", "host.outcome.read", "connector", c.cfg.Name, "op", "create")
	return c.keep(k, found[0])
}

// updatedAfterAll answers an update whose outcome is unknown by comparing what the target holds with what was asked.
func (c *Coordinator) updatedAfterAll(ctx context.Context, k *kind, ch change, cause error) (cache.Row, error) {
	e, err := c.readOne(ctx, k, ch.anchorAfter(k))
	if err != nil || e.ID == "" {
		return cache.Row{}, unknown("update", cause)
	}
	row, err := c.row(k, e)
	if err != nil || !k.satisfies(row, ch) {
		return cache.Row{}, unknown("update", cause)
	}
	if e.ID != ch.row.Anchor {
		if err := c.renamed(k, ch.row.Anchor, e.ID); err != nil {
			return cache.Row{}, err
		}
	}
	c.log.Info("outcome read back", "event", "host.outcome.read", "connector", c.cfg.Name, "op", "update")
	row, _, err = k.cache.Put(row)
	return row, err
}

// readOne reads the object with the anchor; an empty entry when it is not there.
func (c *Coordinator) readOne(ctx context.Context, k *kind, anchor string) (entry.Entry, error) {
	id := k.anchorIdentity(anchor)
	if id.column == "" {
		return entry.Entry{}, fault.New(fault.Unsupported, "read back", "the object cannot be asked for by its anchor")
	}
	found, err := c.readBack(ctx, k, []identity{id})
	for _, e := range found {
		if e.ID == anchor {
			return e, err
		}
	}
	return entry.Entry{}, err
}

// satisfies reports whether a row that was read back holds what the edits asked for.
func (k *kind) satisfies(row cache.Row, ch change) bool {
	for _, e := range k.toCache(ch.edits) {
		have := row.Attrs[e.Attr]
		if !entry.EqualValues(have, entry.Apply(entry.Attrs{e.Attr: have}, []entry.Edit{e})[e.Attr]) {
			return false
		}
	}
	return true
}

// unavailableSession turns a refused credential or a dead target into 503; other failures are the object's own.
func unavailableSession(err error) error {
	switch fault.KindOf(err) {
	case fault.Unauthenticated:
		return unavailable(err)
	case fault.Unavailable:
		if fault.RetryAfterOf(err) == 0 {
			return &fault.Error{Kind: fault.Unavailable, RetryAfter: retryOpen, Err: err, Hint: fault.HintOf(err)}
		}
	}
	return err
}
