package review

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Replayed is one object that was looked at in the span: what was written then, and what the other rules would have written.
type Replayed struct {
	Source journal.Identity `json:"source"`
	Target journal.Identity `json:"target"`
	Wrote  plan.Verb        `json:"wrote"` // skip: nothing
	Would  plan.Verb        `json:"would"`
	Reason string           `json:"reason"` // why the other rules would do so
	Failed bool             `json:"failed"` // they could not be worked out for this object; Reason says why
	Attrs  []Versus         `json:"attributes,omitempty"`
}

// Versus is an attribute that would have been written otherwise, as people read it; "" is nothing.
type Versus struct {
	Name  string `json:"name"`
	Wrote string `json:"wrote"`
	Would string `json:"would"`
}

// Differs reports whether the other rules would have done anything else.
func (r Replayed) Differs() bool { return r.Failed || r.Wrote != r.Would || len(r.Attrs) > 0 }

// Replay takes the changes of a span of time through other rules and yields, for each object that was looked at then, what was written and what would
// have been. People are taken as the directory has them now, and the target's objects as they were before the span. Nothing is written.
func (s *Reviews) Replay(ctx context.Context, candidate app.App, since, until time.Time) iter.Seq2[Replayed, error] {
	return func(yield func(Replayed, error) bool) {
		r, err := s.replayer(ctx, candidate, since, until)
		if err == nil {
			err = r.all(ctx, yield)
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(Replayed{}, err)
		}
	}
}

// errEnough says that the consumer wants no more.
var errEnough = errors.New("enough")

type replayer struct {
	*Reviews
	rules  *plan.Rules
	target cycle.Target
	query  journal.Query
	until  time.Time
	count  map[string]int
	open   map[string]*wrote
}

func (s *Reviews) replayer(ctx context.Context, candidate app.App, since, until time.Time) (*replayer, error) {
	have, err := s.Apps.Get(ctx, candidate.ID)
	if err != nil {
		return nil, err
	}
	rules, err := plan.Compile(candidate)
	if err != nil {
		return nil, err
	}
	target, err := s.Connect(ctx, have)
	return &replayer{
		Reviews: s, rules: rules, target: target, until: until, query: journal.Query{Job: string(candidate.ID), Since: since},
		count: map[string]int{}, open: map[string]*wrote{},
	}, err
}

// all walks over the span twice, as undo does: to count the records of each object, and from the newest to the oldest.
func (r *replayer) all(ctx context.Context, yield func(Replayed, error) bool) error {
	err := r.records(ctx, func(rec journal.Record) error {
		r.count[rec.Source.ID]++
		return nil
	})
	if err != nil {
		return err
	}
	return r.records(ctx, func(rec journal.Record) error {
		w, err := r.join(ctx, rec)
		if err != nil || w == nil {
			return err
		}
		one, err := r.one(ctx, w)
		if err != nil {
			return err
		}
		if !yield(one, nil) {
			return errEnough
		}
		return nil
	})
}

func (r *replayer) records(ctx context.Context, each func(journal.Record) error) error {
	q := r.query
	q.Newest, q.Limit = true, batch
	for {
		rs, err := r.Log.Find(ctx, q)
		if err != nil {
			return err
		}
		for _, rec := range rs {
			if rec.Source.ID == "" || !rec.At.Before(r.until) || rec.Action == "stagedDelete" {
				continue
			}
			if err := each(rec); err != nil {
				return err
			}
		}
		if len(rs) < batch {
			return nil
		}
		q.After = rs[len(rs)-1].ID
	}
}

// join puts the records of one object together; nil until the oldest is there.
func (r *replayer) join(ctx context.Context, rec journal.Record) (*wrote, error) {
	w := r.open[rec.Source.ID]
	if w == nil {
		w = &wrote{record: rec, Image: journal.Image{Before: entry.Attrs{}, After: entry.Attrs{}, Active: true}}
		w.record.Action = ""
		r.open[rec.Source.ID] = w
	}
	if rec.Status == string(plan.Success) && rec.Action != "other" {
		image, err := r.Log.Image(ctx, rec.ID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		w.join(rec, image)
		if w.record.Action == "" || w.created {
			w.record.Action, w.record.Target = rec.Action, rec.Target
		}
		w.deleted = w.deleted || rec.Action == string(plan.Delete)
		if rec.Action == string(plan.Create) {
			w.made = append(w.made, rec.Target.ID)
		}
	}
	if r.count[rec.Source.ID]--; r.count[rec.Source.ID] > 0 {
		return nil, nil //nolint:nilnil // the oldest record is yet to come
	}
	delete(r.open, rec.Source.ID)
	delete(r.count, rec.Source.ID)
	return w, nil
}

// one compares what was written for an object with what the other rules would have written.
func (r *replayer) one(ctx context.Context, w *wrote) (Replayed, error) {
	out := Replayed{Source: w.record.Source, Target: w.record.Target, Wrote: plan.Verb(w.record.Action), Would: plan.Skip}
	if out.Wrote == "" {
		out.Wrote = plan.Skip
	}
	link, err := r.Pairs.Link(ctx, r.rules.App.ID, out.Source.ID)
	if err != nil {
		return out, err
	}
	c, err := r.change(ctx, out.Source)
	if err != nil {
		return out, err
	}
	world, err := r.before(ctx, w, link)
	if err != nil {
		return out, err
	}
	p, err := r.rules.Make(ctx, world, plan.Input{
		Change: c, Link: world.link, Now: w.record.At, Rand: noRandom{}, Compare: true, Assigned: true,
	})
	if err != nil {
		out.Failed, out.Reason = true, err.Error()
		return out, ctx.Err()
	}
	if p.Verb != "" {
		out.Would = p.Verb
	}
	out.Reason, out.Attrs = p.Reason, versus(w, p)
	return out, nil
}

func (r *replayer) change(ctx context.Context, id journal.Identity) (directory.Change, error) {
	e, err := r.Source.Get(ctx, entry.Type(id.Type), id.ID)
	if fault.Is(err, fault.NotFound) {
		return directory.Change{Entry: entry.Entry{Type: entry.Type(id.Type), ID: id.ID}, Deleted: true}, nil
	}
	return directory.Change{Entry: e}, err
}

// versus lists the attributes that were, or would have been, written with other values.
func versus(w *wrote, p plan.Plan) []Versus {
	would := entry.Attrs{}
	if p.Verb == plan.Create {
		maps.Copy(would, p.Want.Attrs)
	} else {
		after := entry.Apply(p.Have.Attrs, p.Edits)
		for _, e := range p.Edits {
			would[e.Attr] = after[e.Attr]
		}
	}
	wrote := maps.Clone(w.After)
	names := map[string]bool{}
	for _, a := range []entry.Attrs{wrote, would} {
		for name := range a {
			names[name] = true
		}
	}
	var out []Versus
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if slices.Contains(w.Partial, name) || slices.Contains(w.Hidden, name) || p.Redacted[name] || refs(p, name) {
			continue // of long lists and of values that no log may show there is nothing to compare
		}
		a, b := wrote[name], would[name]
		if plain(a) == "" && plain(b) == "" {
			continue // nothing or an empty text: nobody sees a difference
		}
		if len(a) != len(b) || len(common(a, b, false)) > 0 {
			out = append(out, Versus{name, plain(a), plain(b)})
		}
	}
	return out
}

// refs reports whether the attribute holds references: those depend on who was linked at the time.
func refs(p plan.Plan, name string) bool {
	return slices.ContainsFunc(p.Refs, func(r plan.Ref) bool { return r.Attr == name })
}

func plain(values []entry.Value) string {
	if len(values) == 0 {
		return ""
	}
	return text(values)
}

// past is the target as it was before the span, as far as one object is concerned.
type past struct {
	cycle.Target
	pairs Pairs
	job   cycle.JobID
	link  plan.Link
	have  entry.Entry // as it was; without attributes when it was not there
	hide  []string    // the ids of objects that were made in the span
}

// before works out what the target held of the object before the span.
func (r *replayer) before(ctx context.Context, w *wrote, link plan.Link) (*past, error) {
	p := &past{Target: r.target, pairs: r.Pairs, job: r.rules.App.ID, link: link}
	id := w.record.Target.ID
	if w.created {
		p.hide, p.link = w.made, plan.Link{}
		return p, nil
	}
	if id == "" {
		return p, nil
	}
	p.link.Source, p.link.Type, p.link.Target, p.link.Active, p.link.Left = w.record.Source.ID, entry.Type(w.record.Source.Type), id, w.Active, w.Left
	have, err := r.target.Get(ctx, entry.Type(w.record.Target.Type), id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	p.have = entry.Entry{Type: entry.Type(w.record.Target.Type), ID: id, Attrs: have.Attrs.Clone()}
	if p.have.Attrs == nil {
		p.have.Attrs = entry.Attrs{}
	}
	p.have.Attrs = entry.Apply(p.have.Attrs, w.edits(have))
	return p, nil
}

// Find implements match.Finder without what was made in the span.
func (p *past) Find(ctx context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error) {
	hits, err := p.Target.Find(ctx, t, attr, v)
	return slices.DeleteFunc(hits, func(e entry.Entry) bool { return slices.Contains(p.hide, e.ID) }), err
}

// Get implements plan.World.
func (p *past) Get(ctx context.Context, t entry.Type, id string) (entry.Entry, error) {
	if id == p.have.ID {
		return p.have, nil
	}
	return p.Target.Get(ctx, t, id)
}

// Resolve implements plan.World.
func (p *past) Resolve(ctx context.Context, sources []string) (map[string]string, error) {
	links, err := p.pairs.Links(ctx, p.job, sources)
	ids := make(map[string]string, len(links))
	for source, l := range links {
		if l.Target != "" {
			ids[source] = l.Target
		}
	}
	return ids, err
}

var _ plan.World = (*past)(nil)
