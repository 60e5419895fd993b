package drift_test

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/cycle/targettest"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/drift"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/review"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

const appText = `
id: hr
target: {url: "https://target.invalid/scim", secretFile: hr.secret}
objects:
  - source: User
    match: [{precedence: 1, target: userName}, {precedence: 2, target: badge}]
    scope:
      - {name: no department yet, clauses: [{attribute: department, operator: IS NULL}]}
      - {name: staff, clauses: [{attribute: department, operator: NOT EQUALS, values: [Temp]}]}
    mappings:
      - {target: userName, source: userPrincipalName}
      - {target: badge, source: employeeId}
      - {target: title, source: jobTitle}
      - {target: active, expression: "Not([IsSoftDeleted])"}
`

// bench is a job over a real store and a target in memory, with a watch on its target.
type bench struct {
	t       *testing.T
	ctx     context.Context
	db      *sqlite.DB
	target  *targettest.Memory
	app     app.App
	job     *cycle.Job
	reviews *review.Reviews
	watch   *drift.Watch
	told    []drift.Report
}

func newBench(t *testing.T, text string) *bench {
	t.Helper()
	b := &bench{t: t, ctx: tenant.With(t.Context(), "acme"), target: &targettest.Memory{}}
	var err error
	if b.db, err = sqlite.Open(b.ctx, filepath.Join(t.TempDir(), "s.db")); err != nil {
		t.Fatal(err)
	}
	a, err := app.Parse("hr.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if b.app, err = b.db.Apps().Put(b.ctx, a); err != nil {
		t.Fatal(err)
	}
	b.job = b.jobOf(b.app)
	connect := func(context.Context, app.App) (cycle.Target, error) { return b.target, nil }
	b.reviews = review.New(review.Parts{
		Store: b.db.Reviews(), Engine: engine{b.job}, Apps: b.db.Apps(), Source: b.db.Directory(), Pairs: b.db.Ledger(), Log: b.db.Journal(), Connect: connect,
	})
	ctx, stop := context.WithCancel(b.ctx)
	if err := b.reviews.Start(ctx); err != nil {
		t.Fatal(err)
	}
	b.watch = drift.New(drift.Parts{
		Store: b.db.Drift(), Apps: b.db.Apps(), Pairs: b.db.Ledger(), Reviews: b.reviews, Connect: connect,
		Job:  func(_ context.Context, a app.App) (drift.Engine, error) { return b.jobOf(a), nil },
		Tell: func(_ context.Context, _ app.App, r drift.Report) { b.told = append(b.told, r) },
	})
	t.Cleanup(func() {
		stop()
		b.reviews.Wait()
		_ = b.db.Close()
	})
	return b
}

func (b *bench) jobOf(a app.App) *cycle.Job {
	b.t.Helper()
	rules, err := plan.Compile(a)
	if err != nil {
		b.t.Fatal(err)
	}
	return cycle.NewJob(cycle.Parts{Source: b.db.Directory(), Target: b.target, Ledger: b.db.Ledger(), Log: b.db.Journal()}, rules)
}

// engine is the one job as review.Engine.
type engine struct{ job *cycle.Job }

func (e engine) Preview(ctx context.Context, _ cycle.JobID, which iter.Seq2[cycle.Object, error]) iter.Seq2[plan.Plan, error] {
	return e.job.Preview(ctx, which)
}

func (e engine) Explain(ctx context.Context, _ cycle.JobID, t entry.Type, source string) (plan.Plan, error) {
	return e.job.Explain(ctx, t, source)
}

func (e engine) Apply(ctx context.Context, _ cycle.JobID, t entry.Type, source string, expect cycle.Precondition) (journal.Record, error) {
	return e.job.Apply(ctx, t, source, expect)
}

func (e engine) Write(ctx context.Context, _ cycle.JobID, c cycle.Compensation) (journal.Record, error) {
	return e.job.Write(ctx, c)
}

func (b *bench) user(id, upn string, words ...string) {
	b.t.Helper()
	_, err := b.db.Directory().Put(b.ctx, entry.User, id, func(e entry.Entry) (entry.Entry, error) {
		if e.Attrs == nil {
			e.Attrs = entry.Attrs{}
		}
		e.Attrs.Set(directory.UserPrincipalName, upn)
		for _, w := range words {
			name, value, _ := strings.Cut(w, "=")
			e.Attrs.Set(name, value)
		}
		return e, nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) cycle() {
	b.t.Helper()
	if err := b.job.Cycle(b.ctx); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) byName(upn string) entry.Entry {
	b.t.Helper()
	hits, err := b.target.Find(b.ctx, entry.User, "userName", upn)
	if err != nil || len(hits) != 1 {
		b.t.Fatalf("%d objects named %s (%v)", len(hits), upn, err)
	}
	return hits[0]
}

// byHand changes an object behind the engine's back.
func (b *bench) byHand(upn, attr string, value entry.Value) {
	b.t.Helper()
	e := b.byName(upn)
	e.Attrs.Set(attr, value)
	b.target.Put(e)
}

func (b *bench) check() drift.Report {
	b.t.Helper()
	r, err := b.watch.Check(b.ctx, "hr")
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// findings returns what is known as "what name attr found→wanted state" words.
func (b *bench) findings() (out []string) {
	b.t.Helper()
	fs, err := b.watch.Findings(b.ctx, "hr", drift.Query{})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range fs {
		out = append(out, fmt.Sprintf("%s %s %s %s→%s %s", f.What, f.Source.Name, f.Attr, f.Found, f.Wanted, f.State))
	}
	slices.Sort(out)
	return out
}

func (b *bench) equal(got, want any) {
	b.t.Helper()
	if g, w := fmt.Sprintf("%q", got), fmt.Sprintf("%q", want); g != w {
		b.t.Errorf("got  %s\nwant %s", g, w)
	}
}

func (b *bench) until(what string, holds func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); <-time.After(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("it did not happen: %s", what)
		}
	}
}

// drifted is a bench with somebody changed, somebody removed, a stranger, and somebody whose change is on its way.
func drifted(t *testing.T, text string) *bench {
	t.Helper()
	b := newBench(t, text)
	for i := range 4 {
		b.user(fmt.Sprint("u", i), fmt.Sprintf("p%d@x", i), "jobTitle=A", fmt.Sprint("employeeId=", i))
	}
	b.cycle()
	b.byHand("p0@x", "title", "by hand")
	b.target.Forget(entry.User, b.byName("p1@x").ID)
	b.target.Put(entry.Entry{Type: entry.User, ID: "x9", Attrs: entry.Attrs{"userName": {"stranger"}}})
	b.user("u2", "p2@x", "jobTitle=B") // the directory changed: the next cycle writes it, so it is no drift
	b.target.Writes()
	return b
}

func TestReport(t *testing.T) {
	b := drifted(t, appText)
	r := b.check()
	b.equal(fmt.Sprint(r.Looked, r.Linked, r.Pending, r.Changed, r.Removed, r.Orphans, r.Failed), "4 3 1 1 1 1 0")
	b.equal(b.findings(), []string{"changed p0@x title by hand→A open", "orphan   stranger→ open", "removed p1@x  →the object is there open"})
	b.equal(len(b.target.Writes()), 0)
	b.target.Forget(entry.User, "x9")
	b.check()
	b.equal(len(b.findings()), 2) // what is not seen any more is gone
}

func TestNothingIsReportedWhenNobodyTouchedTheTarget(t *testing.T) {
	b := newBench(t, appText)
	for i := range 30 {
		b.user(fmt.Sprint("u", i), fmt.Sprintf("p%d@x", i), "jobTitle=A")
	}
	b.cycle()
	r := b.check()
	b.equal(fmt.Sprint(r.Looked, r.Linked, r.Pending, r.Changed, r.Removed, r.Orphans), "30 30 0 0 0 0")
}

func TestRepairIsAPlan(t *testing.T) {
	b := drifted(t, appText)
	b.check()
	p, err := b.watch.Repair(b.ctx, "hr", "", "ann")
	if err != nil {
		t.Fatal(err)
	}
	b.until("the plan is ready", func() bool {
		s, err := b.reviews.Show(b.ctx, p.ID)
		return err == nil && s.Status == review.Ready
	})
	b.equal(len(b.target.Writes()), 0)
	if _, err := b.reviews.Apply(b.ctx, p.ID, "boss"); err != nil {
		t.Fatal(err)
	}
	b.until("it is applied", func() bool {
		s, err := b.reviews.Show(b.ctx, p.ID)
		return err == nil && s.Status == review.Applied
	})
	b.equal(b.byName("p0@x").Attrs.Text("title"), "A")
	b.byName("p1@x") // it is there again
	b.equal(b.byName("p2@x").Attrs.Text("title"), "A")
	b.check()
	b.equal(b.findings(), []string{"orphan   stranger→ open"})
	b.target.Forget(entry.User, "x9")
	b.check()
	if _, err := b.watch.Repair(b.ctx, "hr", "", "ann"); !fault.Is(err, fault.NotFound) {
		t.Errorf("nothing to repair: %v", err)
	}
}

func TestAcceptedStaysUntilSomethingElseIsWanted(t *testing.T) {
	b := drifted(t, appText)
	b.check()
	n, err := b.watch.Accept(b.ctx, "hr", "p0@x", false, "boss")
	if err != nil || n != 1 {
		t.Fatalf("accepted %d (%v)", n, err)
	}
	r := b.check()
	b.equal(fmt.Sprint(r.Changed, r.Accepted), "0 1")
	b.byHand("p0@x", "title", "again")
	r = b.check()
	b.equal(fmt.Sprint(r.Changed, r.Accepted), "1 0")
	b.equal(b.findings()[0], "changed p0@x title again→A open")
}

func TestTreatDoesWhatTheApplicationSays(t *testing.T) {
	for setting, want := range map[string]string{"report": "by hand told 1", "repair": "A told 0", "accept": "by hand told 0"} {
		t.Run(setting, func(t *testing.T) {
			b := drifted(t, appText+"drift: "+setting+"\n")
			if _, err := b.watch.Treat(b.ctx, b.app.WithDefaults()); err != nil {
				t.Fatal(err)
			}
			if setting == "repair" {
				b.until("it is repaired", func() bool { return b.byName("p0@x").Attrs.Text("title") == "A" })
			}
			b.equal(fmt.Sprint(b.byName("p0@x").Attrs.Text("title"), " told ", len(b.told)), want)
			open, err := b.watch.Findings(b.ctx, "hr", drift.Query{What: drift.Changed, State: drift.Open})
			if err != nil || (len(open) == 0) != (setting == "accept") {
				t.Errorf("%d findings are open (%v)", len(open), err)
			}
		})
	}
}

func TestDiscovery(t *testing.T) {
	b := newBench(t, appText)
	b.user("u0", "new@x", "employeeId=1")
	b.user("u1", "byname@x", "employeeId=2")
	b.user("u2", "bybadge@x", "employeeId=77")
	b.user("u3", "double@x", "employeeId=3")
	b.user("u4", "temp@x", "department=Temp")
	b.user("u5", "shared@x", "employeeId=77")
	for _, e := range []entry.Attrs{
		{"userName": {"byname@x"}, "title": {"x"}}, {"userName": {"other"}, "badge": {"77"}}, {"userName": {"double@x"}}, {"userName": {"DOUBLE@x"}}, {"userName": {"nobody"}},
	} {
		b.target.Put(entry.Entry{Type: entry.User, Attrs: e})
	}
	var got []string
	for x, err := range b.watch.Discover(b.ctx, b.app) {
		if err != nil {
			t.Fatal(err)
		}
		name := x.Source.Name
		if x.Sort == drift.Nobodys {
			name = x.Target.Name
		}
		if x.Target.ID == "t0002" { // which of the two is first is chance
			name = "one of two"
		}
		got = append(got, strings.TrimSpace(fmt.Sprint(x.Sort, " ", name, " ", x.By)))
	}
	slices.Sort(got)
	b.equal(got, []string{
		"ambiguous double@x", "ambiguous one of two badge (precedence 2)", "matched byname@x userName (precedence 1)", "matched one of two badge (precedence 2)",
		"orphan DOUBLE@x", "orphan double@x", "orphan nobody", "outOfScope temp@x", "unmatched new@x",
	})
	b.equal(len(b.target.Writes()), 0)
}

func TestRunLooksAgainAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		apps := &fewApps{}
		w := drift.New(drift.Parts{Apps: apps, Store: noStore{}})
		ctx, cancel := context.WithCancel(t.Context())
		go w.Run(ctx, 24*time.Hour)
		time.Sleep(10 * time.Hour)
		synctest.Wait()
		if apps.asked != 10 || apps.got != 0 {
			t.Errorf("after 10 hours: listed %d times, looked %d times", apps.asked, apps.got)
		}
		time.Sleep(15 * time.Hour)
		synctest.Wait()
		if apps.got == 0 {
			t.Error("after 25 hours nobody looked")
		}
		cancel()
		synctest.Wait()
	})
}

// fewApps holds one application that cannot be read, and counts.
type fewApps struct{ asked, got int }

func (f *fewApps) List(context.Context) ([]app.App, error) {
	f.asked++
	return []app.App{{ID: "hr"}}, nil
}

func (f *fewApps) Get(context.Context, app.ID) (app.App, error) {
	f.got++
	return app.App{}, fault.New(fault.Unavailable, "", "not now")
}

type noStore struct{ drift.Store }

func (noStore) Last(context.Context, app.ID) (drift.Report, error) {
	return drift.Report{}, fault.New(fault.NotFound, "", "none")
}
