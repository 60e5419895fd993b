package binding

import (
	"maps"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
)

// Edits turns edits of SCIM attributes into the smallest edits of columns, given what the columns hold. Edits that change nothing
// vanish, but for lists of references, which are passed on unread. Attributes that no column backs are left to the caller.
//
// whole says that the edits come from a PUT, which clears what it leaves out: where a column has two names, leaving
// out one of them is then no wish to clear it. Nor is leaving out the anchor or the DN, which every object has.
func (b *Binding) Edits(edits []entry.Edit, have Columns, whole bool) ([]entry.Edit, error) {
	w := writer{b: b, have: have, scim: map[string][]entry.Value{}, want: map[string]wish{}}
	var lists []entry.Edit
	for _, e := range edits {
		s := b.slots[e.Attr]
		if s == nil {
			continue
		}
		if c := s.parts[0].column; s.shape == direct && long(c) {
			vs, err := s.parts[0].each(e.Values)
			if err != nil {
				return nil, err
			}
			lists = append(lists, entry.Edit{Op: e.Op, Attr: c.Name, Values: vs})
			continue
		}
		w.edit(s, e)
	}
	out, err := w.settle(whole)
	return append(out, lists...), err
}

// writer collects what the edits want the columns to hold.
type writer struct {
	b    *Binding
	have Columns
	scim map[string][]entry.Value // edited SCIM attributes, as they become
	want map[string]wish
}

// wish is what one column shall hold, and under which SCIM name it was asked for.
type wish struct {
	values []entry.Value
	by     string
	names  int // how many SCIM attributes asked
}

func (w *writer) edit(s *slot, e entry.Edit) {
	now, seen := w.scim[s.name]
	if !seen {
		now = s.values(w.have)
	}
	w.scim[s.name] = entry.Apply(entry.Attrs{s.name: now}, []entry.Edit{e})[s.name]
}

func (w *writer) settle(whole bool) ([]entry.Edit, error) {
	for _, name := range slices.Sorted(maps.Keys(w.scim)) {
		s := w.b.slots[name]
		columns, err := s.store(w.scim[name])
		if err != nil {
			return nil, err
		}
		for column, values := range columns {
			if err := w.ask(s, column, values, whole); err != nil {
				return nil, err
			}
		}
	}
	have, want := entry.Attrs{}, entry.Attrs{}
	for column, x := range w.want {
		if whole && len(x.values) == 0 && (w.b.naming(column) || x.names < len(w.b.shown[column]) && w.shownElsewhere(column)) {
			continue // left out under one name, still there under the other; or what no object is without
		}
		have[column], want[column] = w.have(column), x.values
	}
	return entry.Diff(have, want), nil
}

// ask records a wish. A name whose values did not change has no say when the other name of the column changed.
func (w *writer) ask(s *slot, column string, values []entry.Value, whole bool) error {
	old, twice := w.want[column]
	switch {
	case !twice || entry.EqualValues(old.values, values):
		w.want[column] = wish{values, s.name, old.names + 1}
	case entry.EqualValues(values, w.have(column)), whole && len(values) == 0:
		old.names++
		w.want[column] = old
	case entry.EqualValues(old.values, w.have(column)), whole && len(old.values) == 0:
		w.want[column] = wish{values, s.name, old.names + 1}
	default:
		return contradiction(old.by, s.name, column)
	}
	return nil
}

// naming reports whether the column is the anchor, or a part of it, or holds the DN: clients that do not know it leave it out of a PUT.
func (b *Binding) naming(column string) bool {
	return column == b.object.DN || slices.Contains(b.object.Anchor, column)
}

// shownElsewhere reports whether the column has several names, so that the one left out was not the only one.
func (w *writer) shownElsewhere(column string) bool { return len(w.b.shown[column]) > 1 }
