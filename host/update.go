package host

import (
	"cmp"
	"context"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/binding"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/scim/scimserver"
)

type wholeKey struct{}

// Whole marks a context in which edits come from a PUT, which leaves out what it clears. Where one column has two SCIM names, a
// client that speaks only one of them does not mean to clear the column by leaving out the other.
func Whole(ctx context.Context) context.Context { return context.WithValue(ctx, wholeKey{}, true) }

func isWhole(ctx context.Context) bool { return ctx.Value(wholeKey{}) != nil }

// change is an update on its way: edits of columns with references in the cache's form.
type change struct {
	row      cache.Row
	edits    []entry.Edit
	held     []heldRef
	released []release // what the columns edited no longer wait for
	waited   bool      // references of the row waited before
	turn     turn
	password connector.Secret
	trail    *trail // nil unless the object is renamed
}

// release ends the waiting of a column for some targets, or for all of them.
type release struct {
	column  string
	all     bool
	targets []string
}

// wait notes which references an edit puts on hold, and which it makes needless: those it replaces or removes.
func (ch *change) wait(e entry.Edit, missing []string, single bool) {
	r := release{column: e.Attr, all: e.Op == entry.Replace || len(e.Values) == 0 || single && e.Op == entry.Add}
	if e.Op == entry.Remove {
		for _, v := range e.Values {
			if ref, ok := v.(entry.Ref); ok {
				r.targets = append(r.targets, ref.ID)
			}
		}
	}
	if r.all || len(r.targets) > 0 {
		ch.released = append(ch.released, r)
		ch.held = slices.DeleteFunc(ch.held, r.covers) // of an earlier edit in the same change
	}
	if e.Op == entry.Remove {
		return
	}
	for _, id := range missing {
		ch.held = append(ch.held, heldRef{column: e.Attr, target: id})
	}
}

func (ch *change) releases(h heldRef) bool {
	return slices.ContainsFunc(ch.released, func(r release) bool { return r.covers(h) })
}

func (r release) covers(h heldRef) bool {
	return h.column == r.column && (r.all || slices.Contains(r.targets, h.target))
}

// Update implements scimserver.Store.
func (c *Coordinator) Update(ctx context.Context, t entry.Type, id, version string, edits []entry.Edit) (scimserver.Resource, error) {
	k, g, err := c.open(t)
	if err != nil {
		return scimserver.Resource{}, err
	}
	anchor, err := c.locate(ctx, k, g, id)
	if err != nil {
		return scimserver.Resource{}, err
	}
	done, err := c.cfg.Writing()
	if err != nil {
		return scimserver.Resource{}, err
	}
	defer done()
	row, ch, err := c.updateLocked(ctx, k, anchor, version, edits)
	if err == nil && ch.trail != nil {
		row, err = c.follow(ctx, k, ch.trail, row)
	}
	if row.Anchor != "" && (ch.waited || len(ch.held)+len(ch.released) > 0 || row.Anchor != anchor) {
		var keepErr error
		row, keepErr = c.keepHeld(ctx, k, row, ch.held)
		err = cmp.Or(err, keepErr)
	}
	if err != nil {
		return scimserver.Resource{}, err
	}
	if ch.turn == disabling && k.flows.disable == FlowDelete {
		return c.disableByDelete(ctx, k, g, row)
	}
	return c.resource(k, row.Flat(), false), nil
}

func (c *Coordinator) updateLocked(ctx context.Context, k *kind, anchor, version string, edits []entry.Edit) (cache.Row, change, error) {
	unlock := c.locks.lock(append(k.newNames(edits), k.anchorKey(anchor))...)
	defer unlock()
	row, ok := k.cache.Get(anchor, false)
	if !ok {
		return cache.Row{}, change{}, notFound(k.typ, cache.ID(k.typ, anchor))
	}
	if version != "" && version != row.Version {
		return cache.Row{}, change{}, fault.New(fault.Conflict, "update", "the %s changed meanwhile", k.typ).WithHint("read it again and repeat the change")
	}
	ch, err := c.change(ctx, k, row, edits)
	if err != nil {
		return cache.Row{}, change{}, err
	}
	if ch.turn == disabling && k.flows.disable == FlowDelete {
		return row, ch, nil // the object goes; nothing else is written to it
	}
	if ch.trail, err = c.begin(ctx, k, ch); err != nil {
		return row, ch, err
	}
	row, err = c.write(ctx, k, ch)
	if err != nil && ch.trail != nil {
		if c.trails.leave(ch.trail); row.Anchor == ch.row.Anchor && !passing(err) {
			err = cmp.Or(c.trails.drop(ch.trail), err) // what may have taken effect stays on its trail
		}
	}
	return row, ch, err
}

// newNames are the locks of names that the edits give the object.
func (k *kind) newNames(edits []entry.Edit) []string {
	var keys []string
	for _, e := range edits {
		if column, ok := k.b.Column(e.Attr); ok && column == k.name && len(e.Values) > 0 {
			keys = append(keys, k.nameKey(identity{column, e.Values[0]}))
		}
	}
	return keys
}

// change works out what a row's columns shall become.
func (c *Coordinator) change(ctx context.Context, k *kind, row cache.Row, edits []entry.Edit) (change, error) {
	ch := change{row: row, password: k.password(editedValues(edits))}
	columns := c.awaited(k, row, &ch)
	ch.turn = k.turns(edits, columns)
	asked, err := k.b.Edits(edits, columns, isWhole(ctx))
	if err != nil {
		return ch, err
	}
	for _, e := range override(asked, k.flowEdits(ch.turn)) {
		a, _ := k.b.Attribute(e.Attr)
		if long(a) {
			ch.edits = append(ch.edits, c.listEdits(k, row.Anchor, e, &ch)...)
			continue
		}
		here, missing := c.known(e.Values)
		if a.Type == connector.Reference {
			ch.wait(e, missing, true)
		}
		if len(missing) > 0 && len(here) == 0 {
			continue // a reference to be set later; the old one stays until then
		}
		e.Values = here
		ch.edits = append(ch.edits, e)
	}
	if err := k.permits(k.held(row), ch.edits); err != nil {
		return ch, err
	}
	return ch, c.freeName(k, row.Anchor, ch.edits)
}

// held shows a row's columns with references in the cache's form.
func (k *kind) held(row cache.Row) func(string) []entry.Value {
	return func(column string) []entry.Value { return row.Attrs[k.alias[column]] }
}

// awaited is k.columns with the references that wait in their places: an edit is compared with what was last asked for, so that one
// back to what the target has still ends the waiting.
func (c *Coordinator) awaited(k *kind, row cache.Row, ch *change) binding.Columns {
	columns, waiting := k.columns(row), map[string][]entry.Value{}
	if !slices.ContainsFunc(k.b.References(), func(column string) bool { a, _ := k.b.Attribute(column); return !long(a) }) {
		return columns
	}
	for _, h := range c.memory.of(cache.ID(k.typ, row.Anchor)) {
		if a, _ := k.b.Attribute(h.column); !long(a) {
			waiting[h.column], ch.waited = []entry.Value{entry.Ref{ID: h.target}}, true
		}
	}
	return func(column string) []entry.Value {
		if vs, ok := waiting[column]; ok {
			return vs
		}
		return columns(column)
	}
}

func editedValues(edits []entry.Edit) entry.Attrs {
	attrs := entry.Attrs{}
	for _, e := range edits {
		if e.Op != entry.Remove {
			attrs[e.Attr] = e.Values
		}
	}
	return attrs
}

// freeName refuses a name that another object has.
func (c *Coordinator) freeName(k *kind, self string, edits []entry.Edit) error {
	for _, e := range edits {
		if e.Attr == k.name && e.Op != entry.Remove && len(e.Values) > 0 {
			return c.taken(k, []identity{{k.name, e.Values[0]}}, self)
		}
	}
	return nil
}

// listEdits makes an edit of a list of references the smallest one: what is there is not added, what is not there is not removed,
// and a replacement becomes what differs of the references that this host shows. References to what is not there yet are held.
func (c *Coordinator) listEdits(k *kind, anchor string, e entry.Edit, ch *change) []entry.Edit {
	here, missing := c.known(e.Values)
	all := e.Op == entry.Replace || e.Op == entry.Remove && len(e.Values) == 0
	ch.wait(e, missing, false)
	e.Values = here
	if all {
		return c.replaceList(k, anchor, e)
	}
	e.Values = nil
	for _, v := range here {
		if holds := k.cache.Holds(anchor, k.alias[e.Attr], v.(entry.Ref).ID); holds == (e.Op == entry.Remove) {
			e.Values = append(e.Values, v)
		}
	}
	if len(e.Values) == 0 {
		return nil
	}
	return []entry.Edit{e}
}

func (c *Coordinator) replaceList(k *kind, anchor string, e entry.Edit) []entry.Edit {
	row, _ := k.cache.Get(anchor, true)
	var shown []entry.Value
	for _, v := range row.Attrs[k.alias[e.Attr]] {
		if ref, ok := v.(entry.Ref); ok && c.serves(cache.ID(ref.Type, ref.ID)) {
			shown = append(shown, v)
		}
	}
	want := e.Values
	if e.Op == entry.Remove {
		want = nil
	}
	var out []entry.Edit
	for _, d := range []entry.Edit{{Op: entry.Remove, Attr: e.Attr, Values: without(shown, want)}, {Op: entry.Add, Attr: e.Attr, Values: without(want, shown)}} {
		if len(d.Values) > 0 {
			out = append(out, d)
		}
	}
	return out
}

// without returns the references of a that b lacks.
func without(a, b []entry.Value) []entry.Value {
	in := make(map[string]bool, len(b))
	for _, v := range b {
		in[v.(entry.Ref).ID] = true
	}
	var out []entry.Value
	for _, v := range a {
		if !in[v.(entry.Ref).ID] {
			out = append(out, v)
		}
	}
	return out
}

// write carries a change out and brings the cache up to date with it.
func (c *Coordinator) write(ctx context.Context, k *kind, ch change) (cache.Row, error) {
	row, err := c.writeEdits(ctx, k, ch)
	if err != nil {
		return row, err
	}
	id := cache.ID(k.typ, row.Anchor)
	if len(ch.released) > 0 {
		c.memory.drop(slices.DeleteFunc(c.memory.of(id), func(h heldRef) bool { return !ch.releases(h) })...)
	}
	heldErr := c.hold(id, ch.held)
	return row, cmp.Or(c.setPassword(ctx, k, row.Anchor, ch.password), heldErr)
}

func (c *Coordinator) writeEdits(ctx context.Context, k *kind, ch change) (cache.Row, error) {
	if len(ch.edits) == 0 {
		return ch.row, nil
	}
	r := c.send(ctx, connector.Export{Op: entry.Replace, Type: k.object, Anchor: connector.Anchor(ch.row.Anchor),
		Edits: c.shaped(k, ch.row.Anchor, c.toConnector(ch.edits))})
	after, err := r.Anchor, r.Err
	switch fault.KindOf(err) {
	case 0:
	case fault.NotFound:
		k.cache.Remove(ch.row.Anchor)
		return ch.row, err
	case fault.Timeout:
		return c.updatedAfterAll(ctx, k, ch, err)
	default:
		return ch.row, unavailableSession(c.suspect(ctx, err))
	}
	anchor := ch.row.Anchor
	if after != "" && string(after) != anchor {
		if err := c.renamed(k, anchor, string(after)); err != nil {
			return ch.row, err
		}
		anchor = string(after)
	}
	row, _, err := k.cache.Edit(anchor, k.toCache(ch.edits))
	if err != nil {
		return row, err
	}
	return k.moved(row, ch.edits)
}

// moved gives the row the DN that an edit asked for.
func (k *kind) moved(row cache.Row, edits []entry.Edit) (cache.Row, error) {
	column := k.b.DNColumn()
	if column == "" || !slices.ContainsFunc(edits, func(e entry.Edit) bool { return e.Attr == column }) {
		return row, nil
	}
	return k.cache.Rename(row.Anchor, row.Anchor, row.Attrs.Text(k.alias[column]))
}

// renamed gives an object its new anchor and remembers the old id, so that a client that knows only that one still finds it.
func (c *Coordinator) renamed(k *kind, from, to string) error {
	dn := "" // as it is: the column that holds it is edited by itself
	if k.b.DNColumn() == "" {
		dn = k.b.MakeDN(to, nil)
	}
	if _, err := k.cache.Rename(from, to, dn); err != nil {
		return err
	}
	for _, other := range c.kinds {
		for _, column := range other.b.References() {
			other.cache.Repoint(other.alias[column], from, to)
		}
	}
	c.memory.rename(cache.ID(k.typ, from), cache.ID(k.typ, to))
	return nil
}

// anchorAfter returns the anchor that the object has once the edits are done.
func (ch change) anchorAfter(k *kind) string {
	columns := entry.Attrs{}
	for _, name := range k.b.Object().Anchor {
		columns[name] = ch.row.Attrs[k.alias[name]]
	}
	if after := k.anchorOf(entry.Apply(columns, ch.edits)); after != "" {
		return after
	}
	return ch.row.Anchor
}
