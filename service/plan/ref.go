package plan

import (
	"slices"

	"github.com/sallyport-id/sallyport/entry"
)

// edits returns the change from the references the target holds to the ones it should. References that wait are left
// alone: a member that is not linked yet is neither added nor taken out.
func (r Ref) edits(have entry.Attrs) []entry.Edit {
	old := refs(have, r.Attr)
	want := make([]entry.Value, len(r.Targets))
	for i, id := range r.Targets {
		want[i] = entry.Ref{ID: id}
	}
	if r.Single {
		if entry.EqualValues(old, want) || len(want) == 0 && len(r.Waiting) > 0 {
			return nil
		}
		return []entry.Edit{{Op: entry.Replace, Attr: r.Attr, Values: want}}
	}
	edits := entry.Diff(entry.Attrs{r.Attr: old}, entry.Attrs{r.Attr: want})
	if r.AddOnly {
		edits = slices.DeleteFunc(edits, func(e entry.Edit) bool { return e.Op != entry.Add })
	}
	return edits
}

// refs reads a reference attribute in any form a target gives it: Ref, {"value": id}, or the bare id,
// under its own name or, flattened, under name.value.
func refs(have entry.Attrs, attr string) []entry.Value {
	values := have[attr]
	if len(values) == 0 {
		values = have[attr+".value"]
	}
	out := make([]entry.Value, 0, len(values))
	for _, v := range values {
		switch v := v.(type) {
		case entry.Ref:
			out = append(out, entry.Ref{ID: v.ID})
		case entry.Complex:
			if id, ok := v["value"].(string); ok {
				out = append(out, entry.Ref{ID: id})
			}
		case string:
			out = append(out, entry.Ref{ID: v})
		}
	}
	return out
}
