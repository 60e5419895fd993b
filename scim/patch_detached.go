package scim

import (
	"github.com/sallyport-id/sallyport/entry"
)

// refSet is what a patch does to a detached attribute, kept as changes relative to values that are not read.
type refSet struct {
	replaced bool // everything that was there is gone
	added    orderedRefs
	removed  orderedRefs
}

// orderedRefs is a set of references in the order in which they came.
type orderedRefs struct {
	refs []entry.Ref // ID "" marks one taken out again
	at   map[string]int
}

func (o *orderedRefs) put(r entry.Ref) {
	if _, in := o.at[r.ID]; in {
		return
	}
	if o.at == nil {
		o.at = map[string]int{}
	}
	o.at[r.ID] = len(o.refs)
	o.refs = append(o.refs, r)
}

func (o *orderedRefs) drop(id string) {
	if i, in := o.at[id]; in {
		o.refs[i] = entry.Ref{}
		delete(o.at, id)
	}
}

func (o *orderedRefs) values() []entry.Value {
	var out []entry.Value
	for _, r := range o.refs {
		if r.ID != "" {
			out = append(out, r)
		}
	}
	return out
}

func (s *refSet) add(r entry.Ref) {
	s.removed.drop(r.ID)
	s.added.put(r)
}

func (s *refSet) remove(r entry.Ref) {
	s.added.drop(r.ID)
	if !s.replaced {
		s.removed.put(r)
	}
}

func (s *refSet) clear() { *s = refSet{replaced: true} }

func (s *refSet) edits(edits []entry.Edit, attr string) []entry.Edit {
	add, gone := s.added.values(), s.removed.values()
	if s.replaced {
		return append(edits, entry.Edit{Op: entry.Replace, Attr: attr, Values: add})
	}
	if len(gone) > 0 {
		edits = append(edits, entry.Edit{Op: entry.Remove, Attr: attr, Values: gone})
	}
	if len(add) > 0 {
		edits = append(edits, entry.Edit{Op: entry.Add, Attr: attr, Values: add})
	}
	return edits
}

// detached applies an operation to a detached attribute.
func (a *applier) detached(o *operation) error {
	f := o.path.field
	s := a.sets[f]
	if s == nil {
		s = &refSet{}
		if a.sets == nil {
			a.sets = map[*field]*refSet{}
		}
		a.sets[f] = s
		a.touched = append(a.touched, f)
	}
	if o.path.filter != nil {
		return a.detachedSelected(o, s)
	}
	fresh := o.refs()
	switch {
	case o.kind == opRemove && o.given:
		for _, r := range fresh {
			s.remove(r)
		}
		return nil
	case o.kind != opAdd:
		s.clear()
	}
	for _, r := range fresh {
		s.add(r)
	}
	return nil
}

// refs returns the operation's values as references; a plain id stands for one.
func (o *operation) refs() []entry.Ref {
	out := make([]entry.Ref, 0, len(o.values))
	for _, v := range o.values {
		switch v := v.(type) {
		case entry.Ref:
			out = append(out, v)
		case string:
			out = append(out, entry.Ref{ID: v})
		}
	}
	return out
}

// detachedSelected applies an operation on members[filter].
func (a *applier) detachedSelected(o *operation, s *refSet) error {
	hits, exact := o.path.filter.ids(nil)
	if !exact || a.patch.needsRead(o) {
		hits = a.currentRefs(o, s)
	}
	clear := o.kind == opRemove || len(o.values) == 0
	if len(hits) == 0 && !clear && o.kind == opReplace {
		return refuse(NoTarget, "no value of %q matches the filter of %q", o.path.field.name, o.path.text)
	}
	if clear || o.kind == opReplace {
		for _, id := range hits {
			s.remove(entry.Ref{ID: id})
		}
	}
	for _, r := range o.refs() {
		s.add(r)
	}
	return nil
}

// currentRefs evaluates a filter over the values as they are after the operations so far.
func (a *applier) currentRefs(o *operation, s *refSet) []string {
	var out []string
	take := func(v entry.Value) {
		if o.path.filter.element(v) {
			out = append(out, v.(entry.Ref).ID)
		}
	}
	for _, v := range a.have[o.path.field.name] {
		r, ok := v.(entry.Ref)
		_, gone := s.removed.at[r.ID]
		if ok && !s.replaced && !gone {
			take(r)
		}
	}
	for _, v := range s.added.values() {
		take(v)
	}
	return out
}

// ids returns the ids that a filter names, when it is nothing but value eq "…" terms joined by or.
func (e *expr) ids(list []string) ([]string, bool) {
	switch {
	case e.kind == exprOr:
		list, ok := e.left.ids(list)
		if !ok {
			return nil, false
		}
		return e.right.ids(list)
	case e.kind == exprCompare && e.op == opEq && e.field.plainRef():
		return append(list, e.text), true
	}
	return nil, false
}

// plainRef reports whether the field is the id that a value of a detached attribute points to.
func (f *field) plainRef() bool {
	return f.top.attr.Detached && (f == f.top.value || f == f.top && !f.isComplex())
}

// needsRead reports whether an operation on a detached attribute cannot be carried out without its values.
func (p *Patch) needsRead(o *operation) bool {
	if !o.path.field.attr.Detached || o.path.filter == nil {
		return false
	}
	_, exact := o.path.filter.ids(nil)
	return !exact || o.kind == opReplace && len(o.values) > 0
}

// NeedsDetached reports whether Apply must be given the values of detached attributes, because an operation selects members by
// something else than their id, or replaces a selected one. Rare.
func (p *Patch) NeedsDetached() bool {
	for i := range p.ops {
		if p.needsRead(&p.ops[i]) {
			return true
		}
	}
	return false
}
