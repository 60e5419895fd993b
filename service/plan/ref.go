package plan

import (
	"iter"

	"github.com/sallyport-id/sallyport/entry"
)

// edits returns the change from the references the target holds to the ones it should. References that wait are left
// alone: a member that is not linked yet is neither added nor taken out.
func (r Ref) edits(have entry.Attrs) []entry.Edit {
	if r.Single {
		return r.single(have)
	}
	named := map[string]bool{} // every id the target holds, and whether it has been dealt with; linear in the members of a large group
	for id := range refs(have, r.Attr) {
		named[id] = false
	}
	var fresh, stale []entry.Value
	for _, id := range r.Targets {
		done, there := named[id]
		if named[id] = true; !there && !done {
			fresh = append(fresh, entry.Ref{ID: id})
		}
	}
	if !r.AddOnly {
		for id := range refs(have, r.Attr) {
			if !named[id] {
				stale = append(stale, entry.Ref{ID: id})
				named[id] = true
			}
		}
	}
	var edits []entry.Edit
	if len(stale) > 0 {
		edits = append(edits, entry.Edit{Op: entry.Remove, Attr: r.Attr, Values: stale})
	}
	if len(fresh) > 0 {
		edits = append(edits, entry.Edit{Op: entry.Add, Attr: r.Attr, Values: fresh})
	}
	return edits
}

// single is the change of a reference that holds one value.
func (r Ref) single(have entry.Attrs) []entry.Edit {
	var old, want []entry.Value
	for id := range refs(have, r.Attr) {
		old = append(old, entry.Ref{ID: id})
	}
	for _, id := range r.Targets {
		want = append(want, entry.Ref{ID: id})
	}
	if entry.EqualValues(old, want) || len(want) == 0 && (len(r.Waiting) > 0 || r.AddOnly) {
		return nil
	}
	return []entry.Edit{{Op: entry.Replace, Attr: r.Attr, Values: want}}
}

// refs reads a reference attribute in any form a target gives it: Ref, {"value": id}, or the bare id,
// under its own name or, flattened, under name.value.
func refs(have entry.Attrs, attr string) iter.Seq[string] {
	values := have[attr]
	if len(values) == 0 {
		values = have[attr+".value"]
	}
	return func(yield func(string) bool) {
		for _, v := range values {
			if id, ok := idOf(v); ok && !yield(id) {
				return
			}
		}
	}
}

func idOf(v entry.Value) (string, bool) {
	switch v := v.(type) {
	case entry.Ref:
		return v.ID, true
	case entry.Complex:
		id, ok := v["value"].(string)
		return id, ok
	case string:
		return v, true
	}
	return "", false
}
