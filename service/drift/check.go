package drift

import (
	"context"
	"iter"
	"log/slog"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/review"
)

// Engine previews what a job would do; *cycle.Job is one.
type Engine interface {
	// Preview yields the plans of a whole cycle, or of some objects, and writes nothing. See cycle.Job.Preview.
	Preview(ctx context.Context, which iter.Seq2[cycle.Object, error]) iter.Seq2[plan.Plan, error]
}

// Pairs reads who is linked with what.
type Pairs interface {
	// LinkOf returns the pair that holds a target object, the zero Link when there is none.
	LinkOf(ctx context.Context, job cycle.JobID, t entry.Type, target string) (plan.Link, error)
}

// Apps reads applications.
type Apps interface {
	Get(ctx context.Context, id app.ID) (app.App, error)
	List(ctx context.Context) ([]app.App, error)
}

// Parts is what a Watch works with.
type Parts struct {
	Store   Store
	Apps    Apps
	Pairs   Pairs
	Reviews Reviews
	// Job makes a job of a configuration, applied or not, to look with and never to run.
	Job func(ctx context.Context, a app.App) (Engine, error)
	// Connect opens the target of an application for reading; it does no I/O of its own.
	Connect func(ctx context.Context, a app.App) (cycle.Target, error)
	// Tell is called when a look by itself found objects changed or removed that nobody decided about; may be nil.
	Tell   func(ctx context.Context, a app.App, r Report)
	Logger *slog.Logger
}

// Reviews makes plans and has them carried out; *review.Reviews is one.
type Reviews interface {
	Repair(ctx context.Context, a app.ID, which []cycle.Object, by string) (review.Plan, error)
	Apply(ctx context.Context, id review.ID, by string) (review.Plan, error)
	Show(ctx context.Context, id review.ID) (review.Summary, error)
}

// Watch looks for drift.
type Watch struct{ Parts }

// New makes a watch.
func New(p Parts) *Watch {
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	return &Watch{p}
}

// Check looks at everything the target holds and compares it with what was written there. What the directory wants otherwise since then is no drift:
// it is counted as pending. Nothing is written to the target.
func (w *Watch) Check(ctx context.Context, id app.ID) (Report, error) {
	a, err := w.Apps.Get(ctx, id)
	if err != nil {
		return Report{}, err
	}
	last, err := w.Store.Last(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Report{}, err
	}
	l := &look{Watch: w, report: Report{App: id, Run: last.Run + 1, Began: time.Now()}}
	if err := l.linked(ctx, a); err != nil {
		return Report{}, err
	}
	if err := l.strangers(ctx, a); err != nil {
		return Report{}, err
	}
	if err := l.flush(ctx); err != nil {
		return Report{}, err
	}
	l.report.Ended = time.Now()
	return w.Store.Finish(ctx, l.report)
}

// look is one check while it runs.
type look struct {
	*Watch
	report Report
	found  []Finding
}

// linked previews a whole cycle: what it would write to somebody for whom nothing changed in the directory was changed in the target.
func (l *look) linked(ctx context.Context, a app.App) error {
	job, err := l.Job(ctx, a)
	if err != nil {
		return err
	}
	for p, err := range job.Preview(ctx, nil) {
		if err != nil && p.Source.ID == "" {
			return err
		}
		if p.Link.Target == "" {
			continue // nobody was joined with it yet
		}
		fs := l.compare(p, err)
		if err := l.note(ctx, fs...); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// compare says what differs for one linked object.
func (l *look) compare(p plan.Plan, err error) []Finding {
	switch {
	case review.Removed(p, err):
		f := l.finding(p, Removed)
		f.Wanted = "the object is there"
		return []Finding{f.fingerprint(nil, nil)}
	case err != nil:
		l.report.Failed++
		return nil
	case len(p.Edits) == 0:
		return nil
	case p.Verb == plan.Delete || len(p.Link.Digest) == 0 || !slices.Equal(p.Link.Digest, p.Digest):
		l.report.Pending++
		return nil
	}
	return l.attributes(p)
}

func (l *look) finding(p plan.Plan, what What) Finding {
	return Finding{
		What: what, State: Open, Since: l.report.Began,
		Source: journal.Identity{ID: p.Source.ID, Type: string(p.Source.Type), Name: cycle.NameOf(p)},
		Target: journal.Identity{ID: p.Link.Target, Type: string(p.Type)},
	}
}

// attributes makes a finding of each attribute that holds something else.
func (l *look) attributes(p plan.Plan) []Finding {
	byAttr := map[string]*Finding{}
	var fs []*Finding
	for _, c := range cycle.ChangesOf(p) {
		f := byAttr[c.Name]
		if f == nil {
			one := l.finding(p, Changed)
			one.Attr = c.Name
			f = &one
			byAttr[c.Name] = f
			fs = append(fs, f)
		}
		f.Found, f.Wanted = join(f.Found, c.Old), join(f.Wanted, c.New)
	}
	after := entry.Apply(p.Have.Attrs, p.Edits)
	out := make([]Finding, len(fs))
	for i, f := range fs {
		if p.Redacted[f.Attr] {
			out[i] = f.fingerprint([]entry.Value{f.Wanted}, []entry.Value{f.Found})
			continue
		}
		out[i] = f.fingerprint(after[f.Attr], p.Have.Attrs[f.Attr])
	}
	return out
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ", " + b
}

// strangers lists the target for objects that nobody is linked with.
func (l *look) strangers(ctx context.Context, a app.App) error {
	target, err := l.Connect(ctx, a)
	if err != nil {
		return err
	}
	lister, ok := target.(cycle.Lister)
	if !ok {
		return fault.New(fault.Unsupported, "look for drift", "the target cannot list what it holds")
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
			l.report.Looked++
			link, err := l.Pairs.LinkOf(ctx, a.ID, o.Source, e.ID)
			if err != nil {
				return err
			}
			if link.Target != "" {
				l.report.Linked++
				continue
			}
			f := Finding{
				What: Orphan, State: Open, Since: l.report.Began, Found: label(rules, o, e),
				Target: journal.Identity{ID: e.ID, Type: string(o.Target), Name: label(rules, o, e)},
			}
			if err := l.note(ctx, f.fingerprint(nil, nil)); err != nil {
				return err
			}
		}
	}
	return nil
}

// label is what people call a target object: the value it is matched by, if people may see it.
func label(rules *plan.Rules, o app.Object, e entry.Entry) string {
	for _, m := range o.Match {
		if s := e.Attrs.Text(m.Target); s != "" && !rules.Redacted(o.Source)[m.Target] {
			return s
		}
	}
	return e.ID
}

const batch = 500

func (l *look) note(ctx context.Context, fs ...Finding) error {
	l.found = append(l.found, fs...)
	if len(l.found) < batch {
		return nil
	}
	return l.flush(ctx)
}

func (l *look) flush(ctx context.Context) error {
	err := l.Store.Note(ctx, l.report.App, l.report.Run, l.found)
	l.found = l.found[:0]
	return err
}
