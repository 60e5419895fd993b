package host

import (
	"cmp"
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/binding"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/scim/scimserver"
)

// draft is an object to be created, as far as it can be known beforehand.
type draft struct {
	columns  entry.Attrs // references in the cache's form
	held     []heldRef   // references whose object is not there yet
	password connector.Secret
	anchor   string // "" when the target makes it
	ids      []identity
}

// Create implements scimserver.Store. Whatever the cache says, the target itself is asked for the matching attributes before a
// second object could be made (law 8). An object found there is taken into the cache and the answer is fault.Exists: the client
// then matches it, which keeps the decision about an existing account with whoever owns the matching rules.
func (c *Coordinator) Create(ctx context.Context, e entry.Entry) (scimserver.Resource, error) {
	k, g, err := c.open(e.Type)
	if err != nil {
		return scimserver.Resource{}, err
	}
	d, err := c.draft(k, e.Attrs)
	if err != nil {
		return scimserver.Resource{}, err
	}
	done, err := c.cfg.Writing()
	if err != nil {
		return scimserver.Resource{}, err
	}
	defer done()
	row, err := c.createLocked(ctx, k, g, d)
	if row.Anchor == "" {
		return scimserver.Resource{}, err
	}
	c.settle(ctx, cache.ID(k.typ, row.Anchor))
	row, keepErr := c.keepHeld(ctx, k, row, d.held)
	if err = cmp.Or(err, keepErr); err != nil {
		return scimserver.Resource{}, err
	}
	return c.resource(k, row.Flat(), false), nil
}

// createLocked returns the row as soon as the object exists, even when a later step fails.
func (c *Coordinator) createLocked(ctx context.Context, k *kind, g Gate, d draft) (cache.Row, error) {
	unlock := c.locks.lock(k.keys(d.ids, d.anchor)...)
	defer unlock()
	if d.anchor != "" && k.cache.Has(d.anchor) {
		return cache.Row{}, k.exists(k.b.Object().Anchor[0])
	}
	if err := c.taken(k, d.ids, ""); err != nil {
		return cache.Row{}, err
	}
	if err := c.absent(ctx, k, g, d.ids); err != nil {
		return cache.Row{}, err
	}
	row, err := c.export(ctx, k, d)
	if err != nil {
		return cache.Row{}, err
	}
	id := cache.ID(k.typ, row.Anchor)
	c.memory.drop(c.memory.of(id)...) // of an object that had this anchor before
	heldErr := c.hold(id, d.held)
	return row, cmp.Or(c.setPassword(ctx, k, row.Anchor, d.password), heldErr)
}

func (c *Coordinator) draft(k *kind, attrs entry.Attrs) (draft, error) {
	columns, err := k.b.Store(attrs)
	if err != nil {
		return draft{}, err
	}
	d := draft{columns: columns, password: k.password(attrs)}
	for _, column := range k.b.References() {
		here, missing := c.known(columns[column])
		columns.Set(column, here...)
		for _, id := range missing {
			d.held = append(d.held, heldRef{column: column, target: id})
		}
	}
	k.createActive(columns, attrs[active])
	if err := k.allows(columns); err != nil {
		return draft{}, err
	}
	d.anchor = k.anchorOf(columns)
	d.ids = k.identities(columns, false)
	return d, nil
}

// createActive gives a new object the Disable flow's attribute, where active has no column of its own.
func (k *kind) createActive(columns entry.Attrs, active []entry.Value) {
	switch {
	case k.typ != entry.User || k.flows.disable != FlowSet:
	case isFalse(active):
		columns.Set(k.flows.attribute, k.flows.value)
	case k.flows.restoreAtCreate && len(columns[k.flows.attribute]) == 0:
		columns.Set(k.flows.attribute, k.flows.restore...)
	}
}

// password returns the password that is set as a step of its own; one with a column of its own travels with the rest.
func (k *kind) password(attrs entry.Attrs) connector.Secret {
	for _, name := range []string{"password", k.pseudo(binding.ExportPassword)} {
		if s := attrs.Text(name); name != "" && s != "" && !k.b.Bound(name) {
			return connector.NewSecret(s)
		}
	}
	return connector.Secret{}
}

// absent asks the target for objects that the cache lacks. Attributes that the target itself keeps unique need no question: it
// refuses a second object.
func (c *Coordinator) absent(ctx context.Context, k *kind, g Gate, ids []identity) error {
	var ask []identity
	for _, id := range ids {
		if a, _ := k.b.Attribute(id.column); !a.Unique {
			ask = append(ask, id)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	n, err := c.adopt(ctx, k, ask)
	switch {
	case fault.Is(err, fault.Unsupported) && (!g.Fresh || g.Held):
		return &fault.Error{Op: "create", Kind: fault.Unavailable, RetryAfter: retryImport, Err: err,
			Hint: "this connector cannot look up single objects, so new ones wait until a full import has finished"}
	case fault.Is(err, fault.Unsupported):
		return nil
	case err != nil:
		return unavailable(err)
	case n > 0:
		return k.exists(ask[0].column)
	}
	return nil
}

// export creates the object in the target and keeps what the target made of it.
func (c *Coordinator) export(ctx context.Context, k *kind, d draft) (cache.Row, error) {
	e := entry.Entry{Type: k.object, Attrs: make(entry.Attrs, len(d.columns))}
	for column, values := range d.columns {
		e.Attrs[column] = c.refsToConnector(values)
	}
	r := c.send(ctx, connector.Export{Op: entry.Add, Type: k.object, Entry: e})
	err := r.Err
	switch fault.KindOf(err) {
	case 0:
		return c.keep(k, r.Entry)
	case fault.Timeout:
		return c.createdAfterAll(ctx, k, d, err)
	case fault.Exists:
		if _, lookErr := c.adopt(ctx, k, k.identities(d.columns, true)); lookErr != nil {
			c.log.Debug("existing object not read", "event", "host.lookup.failed", "connector", c.cfg.Name, "error", lookErr)
		}
	}
	return cache.Row{}, unavailableSession(c.suspect(ctx, err))
}

func exporter(s connector.Session) (connector.Exporter, error) {
	x, ok := s.(connector.Exporter)
	if !ok {
		return nil, fault.New(fault.Unsupported, "write", "this connector only reads").WithHint("choose a connector that can write, or stop provisioning to it")
	}
	return x, nil
}

func (c *Coordinator) setPassword(ctx context.Context, k *kind, anchor string, password connector.Secret) error {
	if password.IsZero() {
		return nil
	}
	err := c.pool.with(ctx, func(ctx context.Context, s connector.Session) error {
		p, ok := s.(connector.PasswordSetter)
		if !ok {
			return fault.New(fault.Unsupported, "set the password", "this connector cannot set passwords")
		}
		return p.SetPassword(ctx, k.object, connector.Anchor(anchor), password)
	})
	return fault.WrapHint(fault.Internal, "set the password", err, "the object itself was written; send the password again")
}
