package review

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// revert gives the attributes that were written their old values, if they still hold what was written.
func (u *undoer) revert(w *wrote, have entry.Entry) Row {
	moved, expect := w.since(have)
	if len(moved) > 0 && !u.Force {
		return cannot(w.record, "changed since by somebody else: "+strings.Join(moved, "; "), "--force takes it back nevertheless")
	}
	verb := plan.Update
	if !w.Active { // it was switched off before the run, and is again
		verb = plan.Disable
	}
	r := u.start(w, verb, "the old values of exactly the attributes written")
	r.Write = &Write{Edits: w.edits(have), Link: w.record.Source.ID != ""}
	if !u.Force {
		r.Write.Expect = expect
	}
	if len(r.Write.Edits) == 0 {
		return cannot(w.record, "the target holds the old values already", "")
	}
	r.Changes = u.shown(w.record, have.Attrs, r.Write.Edits)
	if len(w.Hidden) > 0 {
		r.Hint = "cannot be taken back, since their values are not kept: " + strings.Join(w.Hidden, ", ")
	}
	return r
}

// edits are the writes that bring the old values back.
func (w *wrote) edits(have entry.Entry) []entry.Edit {
	var out []entry.Edit
	for _, attr := range w.attrs() {
		if slices.Contains(w.Partial, attr) {
			out = append(out, partial(attr, have.Attrs[attr], w.After[attr], w.Before[attr])...)
			continue
		}
		if !entry.EqualValues(have.Attrs[attr], w.Before[attr]) {
			out = append(out, entry.Edit{Op: entry.Replace, Attr: attr, Values: w.Before[attr]})
		}
	}
	return out
}

// partial takes out of a long list what was put in, and puts back what was taken out, as far as that is not so already.
func partial(attr string, have, put, taken []entry.Value) (out []entry.Edit) {
	if gone := common(put, have, true); len(gone) > 0 {
		out = append(out, entry.Edit{Op: entry.Remove, Attr: attr, Values: gone})
	}
	if back := common(taken, have, false); len(back) > 0 {
		out = append(out, entry.Edit{Op: entry.Add, Attr: attr, Values: back})
	}
	return out
}

// common returns the values of a that b holds, or, with there false, those that it lacks.
func common(a, b []entry.Value, there bool) (out []entry.Value) {
	for _, v := range a {
		if slices.ContainsFunc(b, func(x entry.Value) bool { return same(x, v) }) == there {
			out = append(out, v)
		}
	}
	return out
}

// same compares values as people read them: a target may give back a number as text, and a reference as its bare id.
func same(a, b entry.Value) bool {
	if entry.Equal(a, b) || refID(a) != "" && refID(a) == refID(b) {
		return true
	}
	return text([]entry.Value{a}) == text([]entry.Value{b})
}

func refID(v entry.Value) string {
	switch v := v.(type) {
	case entry.Ref:
		return v.ID
	case string:
		return v
	case entry.Complex:
		id, _ := v["value"].(string)
		return id
	}
	return ""
}

func (w *wrote) attrs() []string {
	all := map[string]bool{}
	for attr := range w.Before {
		all[attr] = true
	}
	for attr := range w.After {
		all[attr] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// since says in words which attributes do not hold any more what the run wrote, and what must still be so when the row is carried out.
func (w *wrote) since(have entry.Entry) (moved []string, expect entry.Attrs) {
	expect = entry.Attrs{}
	for _, attr := range w.attrs() {
		if slices.Contains(w.Partial, attr) {
			continue // others may have come and gone meanwhile; only ours are taken back
		}
		now, put := have.Attrs[attr], w.After[attr]
		if len(now) != len(put) || len(common(put, now, false)) > 0 {
			moved = append(moved, fmt.Sprintf("%s holds %s, the run wrote %s", attr, text(now), text(put)))
		}
		expect[attr] = now
	}
	return moved, expect
}

// text shows values to people.
func text(values []entry.Value) string {
	cs := cycle.ChangesOf(plan.Plan{Edits: []entry.Edit{{Op: entry.Add, Attr: "x", Values: values}}})
	if len(values) == 0 || len(cs) == 0 {
		return "nothing"
	}
	return cs[0].New
}

// shown lists what edits change, before and after, but for values that no log may show.
func (u *undoer) shown(r journal.Record, have entry.Attrs, edits []entry.Edit) []journal.Change {
	return cycle.ChangesOf(plan.Plan{
		Verb: plan.Update, Edits: edits, Have: entry.Entry{Attrs: have}, Redacted: u.rules.Redacted(entry.Type(r.Source.Type)),
	})
}

// uncreate takes a create back in the way that was asked for.
func (u *undoer) uncreate(ctx context.Context, w *wrote, have entry.Entry) (Row, error) {
	if u.Created == KeepCreated {
		return cannot(w.record, "created objects are kept", "--created disable or --created delete takes them back"), nil
	}
	moved, expect := w.since(have)
	if len(moved) > 0 && !u.Force {
		return cannot(w.record, "changed since by somebody else: "+strings.Join(moved, "; "), "--force takes it back nevertheless"), nil
	}
	if u.Force {
		expect = nil
	}
	if u.Created == DeleteCreated {
		r := u.start(w, plan.Delete, "the object is deleted")
		r.Write = &Write{Expect: expect, Unlink: true}
		r.Changes = u.removed(w.record, have)
		return r, nil
	}
	edits, why, err := u.disabling(ctx, w.record, have)
	if err != nil {
		return Row{}, err
	}
	if len(edits) == 0 {
		return cannot(w.record, why, "--created delete deletes it"), nil
	}
	r := u.start(w, plan.Disable, "the account is switched off, not deleted")
	r.Write = &Write{Edits: edits, Expect: only(expect, edits), Link: w.record.Source.ID != ""}
	r.Changes = u.shown(w.record, have.Attrs, edits)
	return r, nil
}

// only are the attributes that edits write.
func only(a entry.Attrs, edits []entry.Edit) entry.Attrs {
	out := entry.Attrs{}
	for _, e := range edits {
		if vs, ok := a[e.Attr]; ok {
			out[e.Attr] = vs
		}
	}
	return out
}

func (u *undoer) removed(r journal.Record, have entry.Entry) []journal.Change {
	var edits []entry.Edit
	for _, attr := range slices.Sorted(maps.Keys(have.Attrs)) {
		edits = append(edits, entry.Edit{Op: entry.Remove, Attr: attr, Values: have.Attrs[attr]})
	}
	return u.shown(r, have.Attrs, edits)
}

// disabling asks the mappings what they write for somebody who is deleted in the directory: that is how this application disables.
func (u *undoer) disabling(ctx context.Context, r journal.Record, have entry.Entry) (edits []entry.Edit, why string, err error) {
	src, err := u.Source.Get(ctx, entry.Type(r.Source.Type), r.Source.ID)
	if fault.Is(err, fault.NotFound) {
		return nil, "its person is gone from the directory, so that the mappings cannot say how to switch the account off", nil
	}
	if err != nil {
		return nil, "", err
	}
	src.Attrs = src.Attrs.Clone()
	src.Attrs.Set(directory.DeletedDateTime, time.Now().UTC())
	p, err := u.rules.Make(ctx, still{have}, plan.Input{
		Change: directory.Change{Entry: src}, Link: plan.Link{Source: src.ID, Type: src.Type, Target: have.ID, Active: true},
		Now: time.Now(), Rand: noRandom{}, Compare: true, Assigned: true,
	})
	if err != nil {
		return nil, err.Error(), nil //nolint:nilerr // the row tells it
	}
	switch {
	case p.Verb == plan.Disable:
		return p.Edits, "", nil
	case p.Code == "RedundantExport":
		return nil, "it is switched off in the target already", nil
	}
	return nil, "the mappings do not say how to switch it off: none of them depends on IsSoftDeleted", nil
}

// recreate makes a deleted object anew from what it held.
func (u *undoer) recreate(ctx context.Context, w *wrote) (Row, error) {
	if len(w.Before) == 0 {
		return cannot(w.record, "what the object held is not kept", "create it by hand"), nil
	}
	r := u.start(w, plan.Create, "the object is made anew and gets another id")
	r.Target.ID = ""
	r.Write = &Write{Create: entry.Attrs{}}
	for _, attr := range u.rules.TargetAttrs(entry.Type(r.Source.Type)) { // what the target keeps besides is not ours to write
		if values := w.Before[attr]; len(values) > 0 {
			r.Write.Create[attr] = values
		}
	}
	_, err := u.Source.Get(ctx, entry.Type(r.Source.Type), r.Source.ID)
	switch {
	case err == nil:
		r.Write.Link = true
	case !fault.Is(err, fault.NotFound):
		return r, err
	default:
		r.Hint = "its person is gone from the directory: nobody is linked with the new object, and 'sallyport drift report' lists it as an orphan"
	}
	r.Changes = cycle.ChangesOf(plan.Plan{Verb: plan.Create, Want: entry.Entry{Attrs: r.Write.Create}})
	if len(w.Hidden) > 0 {
		u.filler.note("Not brought back, since their values are not kept: %s.", strings.Join(w.Hidden, ", "))
	}
	u.filler.note("Objects that are made anew hold what was mapped. What the target alone kept of them (passwords, rights, its own ids) does not come back.")
	return r, nil
}

// still is a world that holds one object and nothing else.
type still struct{ have entry.Entry }

// Find implements match.Finder.
func (w still) Find(context.Context, entry.Type, string, entry.Value) ([]entry.Entry, error) {
	return nil, nil
}

// Get implements plan.World.
func (w still) Get(context.Context, entry.Type, string) (entry.Entry, error) { return w.have, nil }

// Resolve implements plan.World.
func (w still) Resolve(context.Context, []string) (map[string]string, error) { return nil, nil }

var _ plan.World = still{}

// noRandom is a source of randomness that always gives the same: a plan that is only looked at needs no other.
type noRandom struct{}

// Read implements io.Reader.
func (noRandom) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
