package scim

import (
	"maps"

	"github.com/sallyport-id/sallyport/entry"
)

// Apply returns the document after the patch and the smallest edits that lead there; no edits mean that nothing changes. doc stays
// as it is; on an error nothing happened at all. doc comes without detached attributes unless NeedsDetached; operations on them
// turn into edits only. An edit names the canonical top-level attribute: single values and cleared attributes are Replace, of
// multi-valued attributes the elements gone are Remove and the new ones Add, as whole values; detached attributes likewise, or
// Replace when the patch replaces them. It fails with fault.Invalid and scimType noTarget, mutability or invalidValue.
func (p *Patch) Apply(doc entry.Entry) (entry.Entry, []entry.Edit, error) {
	for _, id := range p.ownIDs {
		if id != doc.ID {
			return doc, nil, refuse(Mutability, "attribute \"id\" is read-only")
		}
	}
	a := &applier{patch: p, have: doc.Attrs, attrs: maps.Clone(doc.Attrs), owned: make(map[string]bool, len(p.ops))}
	if a.attrs == nil {
		a.attrs = entry.Attrs{}
	}
	for i := range p.ops {
		if err := a.apply(&p.ops[i]); err != nil {
			return doc, nil, err
		}
	}
	edits, err := a.finish()
	if err != nil {
		return doc, nil, err
	}
	out := doc
	out.Attrs = a.attrs
	return out, edits, nil
}

// applier is one run of a patch over one document.
type applier struct {
	patch   *Patch
	have    entry.Attrs // as it was
	attrs   entry.Attrs // as it becomes; lists are the document's own until owned
	owned   map[string]bool
	touched []*field
	sets    map[*field]*refSet
}

// list returns the values of an attribute for changing in place.
func (a *applier) list(f *field) []entry.Value {
	vs := a.attrs[f.name]
	if !a.owned[f.name] {
		a.owned[f.name] = true
		a.touched = append(a.touched, f)
		vs = entry.CloneValues(vs)
	}
	return vs
}

func (a *applier) apply(o *operation) error {
	f := o.path.field
	if f.attr.Detached {
		return a.detached(o)
	}
	vs := a.list(f)
	var err error
	switch {
	case o.path.filter != nil:
		vs, err = a.selected(o, vs)
	case o.path.sub != nil:
		vs, err = a.sub(o, vs)
	case o.kind == opRemove && o.given:
		vs = f.without(vs, o.values)
	case o.kind == opRemove || len(o.values) == 0:
		if o.kind != opAdd || !f.multi() {
			vs = nil
		}
	case !f.multi():
		vs = f.mergeRef(vs, o.values)
	case o.kind == opReplace:
		vs = entry.CloneValues(o.values)
	default:
		vs = f.addAll(vs, entry.CloneValues(o.values))
	}
	if err == nil && len(vs) > maxValues {
		err = tooManyValues(f)
	}
	if err == nil {
		a.attrs.Set(f.name, vs...)
	}
	return err
}

// mergeRef sets a single value. A reference (manager) keeps what was known of the same target and drops it for another.
func (f *field) mergeRef(have, values []entry.Value) []entry.Value {
	fresh, ok := values[0].(entry.Complex)
	if !ok || !f.refs {
		return entry.CloneValues(values)
	}
	out := entry.Complex{}
	if old, ok := first(have).(entry.Complex); ok && (fresh["value"] == nil || entry.Equal(fresh["value"], old["value"])) {
		out = maps.Clone(old)
	}
	maps.Copy(out, fresh)
	return []entry.Value{out}
}

func first(vs []entry.Value) entry.Value {
	if len(vs) == 0 {
		return nil
	}
	return vs[0]
}

// sub applies an operation on a.b without brackets: on the one value, or on every value of a multi-valued attribute.
func (a *applier) sub(o *operation, vs []entry.Value) ([]entry.Value, error) {
	if len(vs) == 0 {
		if len(o.values) == 0 || o.kind == opRemove {
			return nil, nil
		}
		return []entry.Value{entry.Complex{o.path.sub.attr.Name: o.values[0]}}, nil
	}
	all := make([]int, len(vs))
	for i := range all {
		all[i] = i
	}
	return setSub(o, vs, all)
}

// selected applies an operation on a[filter] or a[filter].b.
func (a *applier) selected(o *operation, vs []entry.Value) ([]entry.Value, error) {
	var hits []int
	for i, v := range vs {
		if o.path.filter.element(v) {
			hits = append(hits, i)
		}
	}
	clear := o.kind == opRemove || len(o.values) == 0
	switch {
	case len(hits) == 0 && clear:
		return vs, nil
	case len(hits) == 0:
		return a.createSelected(o, vs)
	case o.path.sub != nil:
		return setSub(o, vs, hits)
	case clear:
		return dropAt(vs, hits), nil
	case o.kind == opReplace || !o.path.field.isComplex():
		return o.path.field.replaceAt(vs, hits, o.values[0]), nil
	}
	return o.path.field.mergeAt(vs, hits, o.values[0].(entry.Complex))
}

// createSelected makes the element that a filter describes, when the mode and the form of the operation allow it.
func (a *applier) createSelected(o *operation, vs []entry.Value) ([]entry.Value, error) {
	allowed := o.kind == opAdd || a.patch.mode == Entra && o.path.sub != nil
	made := entry.Complex{}
	if !allowed || !o.path.filter.describe(made) {
		return nil, refuse(NoTarget, "no value of %q matches the filter of %q", o.path.field.name, o.path.text)
	}
	if !o.path.field.isComplex() {
		return o.path.field.addAll(vs, o.values), nil
	}
	if o.path.sub != nil {
		made[o.path.sub.attr.Name] = o.values[0]
	} else {
		maps.Copy(made, o.values[0].(entry.Complex))
	}
	vs = append(vs, made)
	return o.path.field.keepPrimary(vs, len(vs)-1), nil
}

// describe collects the eq terms of a conjunction as sub-attributes; false when the filter is anything else.
func (e *expr) describe(into entry.Complex) bool {
	switch {
	case e.kind == exprAnd:
		return e.left.describe(into) && e.right.describe(into)
	case e.kind != exprCompare || e.op != opEq:
		return false
	case e.field.isSub():
		into[e.field.attr.Name] = e.literalValue()
	}
	return true
}

// finish checks the changed attributes and computes the edits.
func (a *applier) finish() ([]entry.Edit, error) {
	var edits []entry.Edit
	for _, f := range a.touched {
		if s := a.sets[f]; s != nil {
			edits = s.edits(edits, f.name)
			continue
		}
		if err := a.check(f); err != nil {
			return nil, err
		}
		a.attrs.Set(f.name, distinct(a.have[f.name], a.attrs[f.name])...)
		have, want := a.have[f.name], a.attrs[f.name]
		if f.attr.Mutability == WriteOnly && len(want) == 0 && !a.patch.creating {
			edits = append(edits, entry.Edit{Op: entry.Replace, Attr: f.name}) // what is there is not known
			continue
		}
		edits = f.diff(edits, have, want)
	}
	return edits, nil
}

func (a *applier) check(f *field) error {
	have, want := a.have[f.name], a.attrs[f.name]
	if a.patch.creating {
		return nil
	}
	if f.attr.Required && unset(want) {
		return refuse(Mutability, "attribute %q is required and cannot be removed", f.name)
	}
	return f.checkImmutable(have, want)
}

// checkImmutable refuses to change what may be given once only.
func (f *field) checkImmutable(have, want []entry.Value) error {
	if f.attr.Mutability == Immutable && len(have) > 0 && !entry.EqualValues(have, want) {
		return refuse(Mutability, "attribute %q is immutable", f.name)
	}
	if f.multi() || len(have) == 0 {
		return nil
	}
	old, _ := have[0].(entry.Complex)
	now, _ := first(want).(entry.Complex)
	for _, s := range f.subs {
		was := old[s.attr.Name]
		if s.attr.Mutability == Immutable && was != nil && !entry.Equal(was, now[s.attr.Name]) {
			return refuse(Mutability, "attribute %q is immutable", s.name)
		}
	}
	return nil
}
