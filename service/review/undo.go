package review

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Created says what becomes of objects that the run made.
type Created string

// The ways to take a create back.
const (
	DisableCreated Created = "disable" // the account is switched off, as the application's mappings do it
	DeleteCreated  Created = "delete"  // it is deleted
	KeepCreated    Created = "keep"    // it is left alone
)

// UndoOptions say how a run is taken back.
type UndoOptions struct {
	Created Created // default DisableCreated
	Force   bool    // take back what somebody changed since, too
	App     app.ID  // only a run of this application; "" takes any
}

// Undo begins to make the plan that takes a run back: the id of a cycle, of one record of the journal, or of a plan that was applied. Like any
// plan it is looked at and approved before anything is written. The plan says of everything that cannot be taken back why.
func (s *Reviews) Undo(ctx context.Context, run string, o UndoOptions, by string) (Plan, error) {
	switch o.Created {
	case "":
		o.Created = DisableCreated
	case DisableCreated, DeleteCreated, KeepCreated:
	default:
		return Plan{}, fault.New(fault.Invalid, "undo "+run, "%q says not what becomes of created objects", o.Created).WithHint("use disable, delete or keep")
	}
	a, q, err := s.find(ctx, run)
	if err == nil && o.App != "" && o.App != a {
		err = fault.New(fault.NotFound, "undo "+run, "it is no run of application %q", o.App)
	}
	if err != nil {
		return Plan{}, err
	}
	return s.begin(ctx, a, Plan{Kind: Undo, Of: run, MadeBy: by}, func(ctx context.Context, p Plan, f *filler) error {
		u, err := s.undoer(ctx, p, f, o)
		if err != nil {
			return err
		}
		return u.all(ctx, q)
	})
}

// find says which application a run was of, and how to ask the journal for its records.
func (s *Reviews) find(ctx context.Context, run string) (app.ID, journal.Query, error) {
	q := journal.Query{Cycle: run}
	if id, err := ParseID(run); err == nil {
		p, err := s.Store.Plan(ctx, id)
		if err == nil {
			q.Cycle = p.Cycle
		} else if !fault.Is(err, fault.NotFound) {
			return "", q, err
		}
	}
	for _, q := range []journal.Query{q, {ID: run}} {
		q.Limit = 1
		rs, err := s.Log.Find(ctx, q)
		if err != nil && !fault.Is(err, fault.Invalid) { // not every text can be the id of a record
			return "", q, err
		}
		if len(rs) == 1 {
			return app.ID(rs[0].Job), q, nil
		}
	}
	return "", q, fault.New(fault.NotFound, "undo "+run, "nothing is known that this run wrote").
		WithHint("a run is the id of a cycle, of one record, or of an applied plan; 'sallyport journal --json' shows cycleId and id. What is older than the journal is kept cannot be taken back")
}

// undoer makes the rows that take a run back.
type undoer struct {
	*Reviews
	UndoOptions
	app    app.App
	rules  *plan.Rules
	target cycle.Target
	filler *filler
	open   map[objectKey]*wrote // objects with several records, until the oldest is seen
	count  map[objectKey]int
}

type objectKey struct {
	typ string
	id  string
}

// wrote is what a run did to one object, several records joined to one.
type wrote struct {
	journal.Image
	record  journal.Record // the newest
	created bool
	deleted bool
	made    []string // ids of all objects created, when the records are of one person (replay)
}

func (s *Reviews) undoer(ctx context.Context, p Plan, f *filler, o UndoOptions) (*undoer, error) {
	a, err := s.Apps.Get(ctx, p.ID.App)
	if err != nil {
		return nil, err
	}
	rules, err := plan.Compile(a)
	if err != nil {
		return nil, err
	}
	target, err := s.Connect(ctx, a)
	return &undoer{Reviews: s, UndoOptions: o, app: a, rules: rules, target: target, filler: f, open: map[objectKey]*wrote{}, count: map[objectKey]int{}}, err
}

// all walks over the run's records twice: to count how many each object has, and from the newest to the oldest to take them back.
func (u *undoer) all(ctx context.Context, q journal.Query) error {
	total := 0
	err := u.records(ctx, q, func(r journal.Record) error {
		u.count[keyOf(r)]++
		total++
		return nil
	})
	if err != nil {
		return err
	}
	err = u.records(ctx, q, func(r journal.Record) error {
		if err := u.filler.look(ctx, total); err != nil {
			return err
		}
		return u.take(ctx, r)
	})
	u.filler.note("The next initial cycle, or the next change of a person, writes again what the mappings want. Correct the mapping or the directory first, or pause the job.")
	return err
}

// records yields the run's records that wrote something, newest first.
func (u *undoer) records(ctx context.Context, q journal.Query, each func(journal.Record) error) error {
	q.Newest, q.Limit = true, batch
	for {
		rs, err := u.Log.Find(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range rs {
			if r.Status == string(plan.Success) && r.Action != "other" {
				if err := each(r); err != nil {
					return err
				}
			}
		}
		if len(rs) < batch || q.ID != "" {
			return nil
		}
		q.After = rs[len(rs)-1].ID
	}
}

func keyOf(r journal.Record) objectKey { return objectKey{r.Target.Type, r.Target.ID} }

// take joins a record with the newer ones of the same object, and makes the row once the oldest is there.
func (u *undoer) take(ctx context.Context, r journal.Record) error {
	image, err := u.Log.Image(ctx, r.ID)
	if fault.Is(err, fault.NotFound) {
		return u.filler.add(ctx, cannot(r, "what the target held before is not kept any more", "take it back by hand"))
	}
	if err != nil {
		return err
	}
	k := keyOf(r)
	w := u.open[k]
	if w == nil {
		w = &wrote{record: r, Image: journal.Image{Before: entry.Attrs{}, After: entry.Attrs{}}}
		w.deleted = r.Action == string(plan.Delete)
		u.open[k] = w
	}
	w.join(r, image)
	if u.count[k]--; u.count[k] > 0 {
		return nil
	}
	delete(u.open, k)
	delete(u.count, k)
	row, err := u.row(ctx, w)
	if err != nil {
		return err
	}
	return u.filler.add(ctx, row)
}

// join puts an older record before what is there: what counts is what the object held before all of them and after all of them.
func (w *wrote) join(r journal.Record, older journal.Image) {
	w.created = r.Action == string(plan.Create)
	partial := map[string]bool{}
	for _, attr := range older.Partial {
		partial[attr] = true
	}
	for attr, values := range older.After {
		if _, there := w.After[attr]; !there {
			w.After[attr] = values
		} else if partial[attr] {
			w.After[attr] = append(w.After[attr], values...)
		}
	}
	for attr, values := range older.Before {
		if partial[attr] {
			values = append(w.Before[attr], values...)
		}
		w.Before[attr] = values
	}
	for attr := range older.After { // set by the older write, and held nothing before
		if _, there := older.Before[attr]; !there && !partial[attr] {
			w.Before[attr] = nil
		}
	}
	w.Partial = append(w.Partial, older.Partial...)
	w.Hidden = append(w.Hidden, older.Hidden...)
	w.Active, w.Left = older.Active, older.Left
}

// row makes the row that takes back what a run did to one object.
func (u *undoer) row(ctx context.Context, w *wrote) (Row, error) {
	switch {
	case w.created && w.deleted:
		return cannot(w.record, "the run created it and deleted it again: there is nothing to take back", ""), nil
	case w.deleted:
		return u.recreate(ctx, w)
	}
	have, err := u.target.Get(ctx, entry.Type(w.record.Target.Type), w.record.Target.ID)
	if fault.Is(err, fault.NotFound) {
		return cannot(w.record, "the object is gone from the target", "if it was removed by hand, 'sallyport drift report' shows it"), nil
	}
	if err != nil {
		return Row{}, err
	}
	if w.created {
		return u.uncreate(ctx, w, have)
	}
	return u.revert(w, have), nil
}

// cannot is the row of an object about which nothing can be done.
func cannot(r journal.Record, why, hint string) Row {
	return Row{
		Source: r.Source, Target: r.Target, Verb: plan.Skip, Outcome: Impossible, Code: "UndoImpossible", Hint: hint,
		Reason: fmt.Sprintf("the %s of %s cannot be taken back: %s", r.Action, r.At.UTC().Format(time.DateTime), why),
	}
}

func (u *undoer) start(w *wrote, v plan.Verb, format string, args ...any) Row {
	return Row{
		Source: w.record.Source, Target: w.record.Target, Verb: v, Code: "Undo", Outcome: Pending,
		Reason: fmt.Sprintf("takes back the %s of %s: ", w.record.Action, w.record.At.UTC().Format(time.DateTime)) + fmt.Sprintf(format, args...),
	}
}
