package review

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// batch is how many rows are stored at once.
const batch = 500

// Create begins to make a plan of everything a job would do, and returns its head at once; the rows follow.
func (s *Reviews) Create(ctx context.Context, a app.ID, by string, life time.Duration) (Plan, error) {
	if life <= 0 {
		life = Lifetime
	}
	return s.begin(ctx, a, Plan{Kind: Run, MadeBy: by, Expires: time.Now().Add(life)}, s.preview)
}

// Repair begins to make a plan that puts some objects right, as a cycle would if it looked at them now.
func (s *Reviews) Repair(ctx context.Context, a app.ID, which []cycle.Object, by string) (Plan, error) {
	return s.begin(ctx, a, Plan{Kind: Repair, MadeBy: by}, func(ctx context.Context, p Plan, f *filler) error {
		return s.forecast(ctx, p, f, len(which), func(yield func(cycle.Object, error) bool) {
			for _, o := range which {
				if !yield(o, nil) {
					return
				}
			}
		})
	})
}

// begin stores a plan's head and fills the plan in the background.
func (s *Reviews) begin(ctx context.Context, id app.ID, p Plan, fill func(context.Context, Plan, *filler) error) (Plan, error) {
	a, err := s.Apps.Get(ctx, id)
	if err != nil {
		return Plan{}, err
	}
	now := time.Now()
	p.ID.App, p.Version, p.Status, p.Made, p.Total, p.Cycle = id, a.Version, Making, now, -1, runID()
	if p.Expires.IsZero() {
		p.Expires = now.Add(Lifetime)
	}
	if p, err = s.Store.Add(ctx, p); err != nil {
		return p, err
	}
	return p, s.background(ctx, p.ID, func(ctx context.Context, id ID) error { return s.fill(ctx, p, fill) })
}

func runID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says crypto/rand
	return hex.EncodeToString(b[:])
}

// fill makes the rows and then says that the plan is ready, or why it failed.
func (s *Reviews) fill(ctx context.Context, p Plan, rows func(context.Context, Plan, *filler) error) error {
	f := &filler{store: s.Store, id: p.ID}
	err := rows(ctx, p, f)
	if err == nil {
		err = f.flush(ctx)
	}
	done := context.WithoutCancel(ctx)
	_, rerr := s.Store.Revise(done, p.ID, func(p Plan) (Plan, error) {
		if p.Status != Making {
			return p, nil // discarded meanwhile
		}
		p.Looked, p.Total, p.Notes, p.Ready, p.Status = f.looked, f.looked, f.notes, time.Now(), Ready
		if err != nil {
			p.Status, p.Ended, p.Detail = Failed, p.Ready, err.Error()
		}
		return p, nil
	})
	return rerr
}

// filler stores rows in batches and keeps count, so that a plan of any size needs little memory.
type filler struct {
	store  Store
	id     ID
	rows   []Row
	looked int
	shown  int
	notes  []string
}

// look counts an object that was looked at; from time to time the plan's head says how far it got.
func (f *filler) look(ctx context.Context, total int) error {
	f.looked++
	if f.looked-f.shown < batch {
		return nil
	}
	f.shown = f.looked
	_, err := f.store.Revise(ctx, f.id, func(p Plan) (Plan, error) {
		p.Looked, p.Total = f.looked, total
		return p, nil
	})
	return err
}

func (f *filler) add(ctx context.Context, r Row) error {
	if r.Outcome == "" {
		r.Outcome = Pending
	}
	f.rows = append(f.rows, r)
	if len(f.rows) < batch {
		return nil
	}
	return f.flush(ctx)
}

func (f *filler) flush(ctx context.Context) error {
	if len(f.rows) == 0 {
		return nil
	}
	err := f.store.Append(ctx, f.id, f.rows)
	f.rows = f.rows[:0]
	return err
}

func (f *filler) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(f.notes, text) {
		f.notes = append(f.notes, text)
	}
}

// preview fills a plan with what the job would do.
func (s *Reviews) preview(ctx context.Context, p Plan, f *filler) error {
	total, err := s.size(ctx, p.ID.App)
	if err != nil {
		return err
	}
	return s.forecast(ctx, p, f, total, nil)
}

// size counts the objects of the directory that an application takes.
func (s *Reviews) size(ctx context.Context, id app.ID) (total int, err error) {
	a, err := s.Apps.Get(ctx, id)
	if err != nil {
		return 0, err
	}
	for _, o := range a.Objects {
		n, err := s.Source.Count(ctx, o.Source)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// forecast fills a plan with what the job would do to some objects, or with nil to all.
func (s *Reviews) forecast(ctx context.Context, p Plan, f *filler, total int, which iter.Seq2[cycle.Object, error]) error {
	for pl, err := range s.Engine.Preview(ctx, p.ID.App, which) {
		if err != nil && pl.Source.ID == "" {
			return err
		}
		if err := f.look(ctx, total); err != nil {
			return err
		}
		row, ok := rowOf(pl, err)
		if Removed(pl, err) {
			if row, err = s.anew(ctx, p, pl); err != nil {
				return err
			}
		}
		if !ok {
			continue
		}
		if err := f.add(ctx, row); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Removed reports whether a plan could not be made because the object it is linked with is gone from the target.
func Removed(p plan.Plan, err error) bool {
	return fault.Is(err, fault.NotFound) && p.Link.Target != "" && p.Source.ID != ""
}

// anew makes the row of somebody whose object was removed in the target by hand: the engine looks for another counterpart, and creates the object
// when there is none.
func (s *Reviews) anew(ctx context.Context, p Plan, gone plan.Plan) (Row, error) {
	a, err := s.Apps.Get(ctx, p.ID.App)
	if err != nil {
		return Row{}, err
	}
	rules, err := plan.Compile(a)
	if err != nil {
		return Row{}, err
	}
	target, err := s.Connect(ctx, a)
	if err != nil {
		return Row{}, err
	}
	fresh, err := rules.Make(ctx, &past{Target: target, pairs: s.Pairs, job: p.ID.App}, plan.Input{
		Change: directory.Change{Entry: gone.Source}, Now: time.Now(), Rand: noRandom{}, Compare: true, Assigned: true,
	})
	r, ok := rowOf(fresh, err)
	if !ok {
		r.Outcome = Impossible
	}
	r.Reason = fmt.Sprintf("its object %s is gone from the target; %s", gone.Link.Target, r.Reason)
	r.Expect, r.Late = cycle.Precondition{Source: cycle.PreconditionOf(gone).Source}, nil
	return r, ctx.Err()
}

// rowOf makes the row of what would be done to an object; false when nothing would.
func rowOf(p plan.Plan, cause error) (Row, bool) {
	r := Row{
		Source: journal.Identity{ID: p.Source.ID, Type: string(p.Source.Type), Name: cycle.NameOf(p)},
		Target: journal.Identity{ID: p.Link.Target, Type: string(p.Type)},
		Verb:   p.Verb, Code: p.Code, Reason: p.Reason, Outcome: Pending,
	}
	if cause != nil {
		r.Verb, r.Outcome, r.Code, r.Reason, r.Hint = plan.Skip, Impossible, plan.CodeOf(cause), cause.Error(), fault.AdviceOf(cause)
		return r, true
	}
	switch {
	case pairs(p):
		r.Verb, r.Reason = Link, "its account in the target holds exactly this already; the two become a pair"
	case p.Verb == plan.Skip || p.Verb == "":
		return r, false
	}
	r.Changes = cycle.ChangesOf(p)
	for _, ref := range p.Refs {
		if n := len(ref.Waiting); n > 0 {
			r.Late = append(r.Late, ref.Attr)
			r.Changes = append(r.Changes, journal.Change{Name: ref.Attr, New: late(n)})
		}
	}
	slices.SortStableFunc(r.Changes, func(a, b journal.Change) int { return strings.Compare(a.Name, b.Name) })
	r.Expect = cycle.PreconditionOf(without(p, r.Late))
	return r, true
}

func late(n int) string {
	if n == 1 {
		return "(as soon as the object it refers to is in the target)"
	}
	return fmt.Sprintf("(%d references, as soon as the objects are in the target)", n)
}

// without is the plan without what it writes into reference attributes that wait: how much of them can be written depends on the order of rows.
func without(p plan.Plan, attrs []string) plan.Plan {
	if len(attrs) == 0 {
		return p
	}
	p.Refs = slices.DeleteFunc(slices.Clone(p.Refs), func(r plan.Ref) bool { return slices.Contains(attrs, r.Attr) })
	edits := slices.Clone(p.Edits)
	p.Edits = edits[:0:0]
	for _, e := range edits {
		if !slices.Contains(attrs, e.Attr) {
			p.Edits = append(p.Edits, e)
		}
	}
	return p
}
