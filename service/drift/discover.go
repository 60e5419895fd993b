package drift

import (
	"context"
	"errors"
	"hash/maphash"
	"iter"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Sort is what an application will meet for one object when it is switched on.
type Sort string

// The sorts.
const (
	Matched    Sort = "matched"    // one object in the target is its counterpart
	Unmatched  Sort = "unmatched"  // there is none: it would be created
	Ambiguous  Sort = "ambiguous"  // several objects could be, or two people would share one
	Linked     Sort = "linked"     // joined in an earlier cycle
	OutOfScope Sort = "outOfScope" // the scoping filter or the assignments leave it out
	Blind      Sort = "blind"      // it has no value for any matching attribute
	LeftAlone  Sort = "leftAlone"  // for another reason, which Detail tells
	Failed     Sort = "failed"     // it could not be worked out
	Nobodys    Sort = "orphan"     // an object of the target that nobody matches
)

// Sorts returns every sort, in the order people read them.
func Sorts() []Sort {
	return []Sort{Matched, Unmatched, Ambiguous, Linked, OutOfScope, Blind, LeftAlone, Failed, Nobodys}
}

// Discovered is one object of the directory, or an orphan of the target.
type Discovered struct {
	Sort   Sort             `json:"sort"`
	Source journal.Identity `json:"source"`
	Target journal.Identity `json:"target"`
	By     string           `json:"by,omitempty"`     // of a match: the attribute and its precedence
	Detail string           `json:"detail,omitempty"` // why, in plain words
	Writes int              `json:"writes,omitempty"` // of a match: how many attributes would be changed
}

// Discover yields what the application, applied or not, meets in its target: everybody of the directory, then the target's objects that nobody matches.
// Nothing is written. A target that cannot list its objects yields no orphans.
func (w *Watch) Discover(ctx context.Context, a app.App) iter.Seq2[Discovered, error] {
	return func(yield func(Discovered, error) bool) {
		d := &discovery{Watch: w, taken: map[uint64]string{}, seed: maphash.MakeSeed()}
		err := d.people(ctx, a, yield)
		if err == nil {
			err = d.orphans(ctx, a, yield)
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(Discovered{}, err)
		}
	}
}

// errEnough says that the consumer wants no more.
var errEnough = errors.New("enough")

// discovery remembers whom each target object was matched with, by a hash of its id.
type discovery struct {
	*Watch
	taken map[uint64]string
	seed  maphash.Seed
}

func (d *discovery) people(ctx context.Context, a app.App, yield func(Discovered, error) bool) error {
	job, err := d.Job(ctx, a)
	if err != nil {
		return err
	}
	for p, err := range job.Preview(ctx, nil) {
		if err != nil && p.Source.ID == "" {
			return err
		}
		x := classify(p, err)
		if x.Target.ID != "" {
			d.claim(&x)
		}
		if !yield(x, nil) {
			return errEnough
		}
	}
	return ctx.Err()
}

// claim notes whose the target object is; a second person who matches it is ambiguous.
func (d *discovery) claim(x *Discovered) {
	h := maphash.String(d.seed, x.Target.Type+"/"+x.Target.ID)
	owner, taken := d.taken[h]
	if !taken {
		d.taken[h] = x.Source.Name
		return
	}
	x.Sort, x.Detail = Ambiguous, "the same object is the counterpart of "+owner
}

// classify says of a plan what the application meets.
func classify(p plan.Plan, err error) Discovered {
	x := Discovered{
		Sort: LeftAlone, Detail: p.Reason, Writes: len(p.Edits),
		Source: journal.Identity{ID: p.Source.ID, Type: string(p.Source.Type), Name: cycle.NameOf(p)},
		Target: journal.Identity{ID: p.Link.Target, Type: string(p.Type)},
	}
	by, matched := how(p.Steps)
	switch {
	case fault.Is(err, fault.Ambiguous):
		x.Sort, x.Detail = Ambiguous, err.Error()
	case err != nil:
		x.Sort, x.Detail = Failed, err.Error()
	case out(p.Steps):
		x.Sort = OutOfScope
	case p.Code == "ImportSkipped":
		x.Sort = Blind
	case p.Verb == plan.Create:
		x.Sort, x.Detail, x.Writes = Unmatched, "no counterpart in the target: it would be created", len(p.Want.Attrs)
	case p.Link.Target != "" && matched:
		x.Sort, x.By = Matched, by
	case p.Link.Target != "":
		x.Sort = Linked
	}
	return x
}

// how tells by which rule the counterpart was found; false when nobody was looked for.
func how(steps []plan.Step) (string, bool) {
	for _, s := range steps {
		if s.Type == plan.Matching && s.Status == plan.Success {
			by, found := strings.CutPrefix(s.Detail, "found by ")
			return by, found
		}
	}
	return "", false
}

// out reports whether scope left the object out.
func out(steps []plan.Step) bool {
	for _, s := range steps {
		if s.Type == plan.Scoping && s.Status == plan.Skipped {
			return true
		}
	}
	return false
}

func (d *discovery) orphans(ctx context.Context, a app.App, yield func(Discovered, error) bool) error {
	target, err := d.Connect(ctx, a)
	if err != nil {
		return err
	}
	lister, ok := target.(cycle.Lister)
	if !ok {
		return nil
	}
	rules, err := plan.Compile(a)
	if err != nil {
		return err
	}
	for _, o := range a.Objects {
		for e, err := range lister.List(ctx, o.Target) {
			if err != nil {
				return err
			}
			if _, taken := d.taken[maphash.String(d.seed, string(o.Target)+"/"+e.ID)]; taken {
				continue
			}
			x := Discovered{Sort: Nobodys, Target: journal.Identity{ID: e.ID, Type: string(o.Target), Name: label(rules, o, e)}, Detail: "nobody in the directory matches it"}
			if !yield(x, nil) {
				return errEnough
			}
		}
	}
	return nil
}
