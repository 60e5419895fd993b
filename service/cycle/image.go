package cycle

import (
	"context"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// image is what the turn's write changed, for undo, and where each value came from.
func (t *turn) image() *journal.Image {
	p := t.plan
	i := &journal.Image{Active: p.Link.Active, Left: p.Link.Left, Origins: origins(p)}
	switch p.Verb {
	case plan.Create:
		i.After = p.Want.Attrs.Clone()
		for _, r := range p.Refs {
			i.After.Set(r.Attr, refValues(r)...)
		}
	case plan.Delete:
		i.Before = entry.Attrs{}
		for name, values := range p.Have.Attrs {
			i.Before[name] = values
		}
	default:
		i.Before, i.After = entry.Attrs{}, entry.Attrs{}
		for _, e := range p.Edits {
			edited(i, p.Have.Attrs, e)
		}
	}
	return hide(i, p.Redacted)
}

// portray reads what an object holds before it is deleted, as far as mappings write it, so that it can be made anew.
func (t *turn) portray(ctx context.Context) error {
	t.tally.requests.Add(1)
	have, err := t.Target.Get(ctx, t.plan.Type, t.plan.Link.Target)
	if fault.Is(err, fault.NotFound) {
		return nil // it is gone already
	}
	if err != nil {
		return err
	}
	t.plan.Have = entry.Entry{Type: t.plan.Type, ID: have.ID, Attrs: entry.Attrs{}}
	for _, attr := range t.rules.TargetAttrs(t.change.Entry.Type) {
		if values := have.Attrs[attr]; len(values) > 0 {
			t.plan.Have.Attrs[attr] = values
		}
	}
	return nil
}

// longList is how many values of an attribute an image holds whole; of more only the ones that change.
const longList = 200

// edited notes one edit. Where the target was not asked what it holds, or holds a long list, only what is put in and taken out is known.
func edited(i *journal.Image, have entry.Attrs, e entry.Edit) {
	held, known := have[e.Attr], have != nil
	if e.Op == entry.Replace || known && len(held) <= longList && !slices.Contains(i.Partial, e.Attr) {
		if _, again := i.Before[e.Attr]; !again {
			i.Before[e.Attr] = held
		}
		now := entry.Apply(entry.Attrs{e.Attr: first(i.After[e.Attr], held)}, []entry.Edit{e})
		i.After[e.Attr] = now[e.Attr]
		return
	}
	if !slices.Contains(i.Partial, e.Attr) {
		i.Partial = append(i.Partial, e.Attr)
	}
	if e.Op == entry.Remove {
		i.Before[e.Attr] = append(i.Before[e.Attr], e.Values...)
	} else {
		i.After[e.Attr] = append(i.After[e.Attr], e.Values...)
	}
}

func first(a, b []entry.Value) []entry.Value {
	if a != nil {
		return a
	}
	return b
}

func origins(p plan.Plan) map[string]journal.Origin {
	if len(p.Origins) == 0 {
		return nil
	}
	written := map[string]bool{}
	for _, e := range p.Edits {
		written[e.Attr] = true
	}
	out := make(map[string]journal.Origin, len(p.Origins))
	for attr, o := range p.Origins {
		if p.Verb == plan.Create || written[attr] {
			out[attr] = journal.Origin{Mapping: o.Mapping, Sources: o.Sources, Default: o.Default}
		}
	}
	return out
}

// hide takes out the values that no log may show, and names their attributes.
func hide(i *journal.Image, secret map[string]bool) *journal.Image {
	for attr := range secret {
		_, before := i.Before[attr]
		_, after := i.After[attr]
		if before || after {
			delete(i.Before, attr)
			delete(i.After, attr)
			i.Hidden = append(i.Hidden, attr)
		}
	}
	slices.Sort(i.Hidden)
	return i
}
