package review_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/cycle/targettest"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/review"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

const appText = `
id: hr
name: HR
target: {url: "https://target.invalid/scim", secretFile: hr.secret}
schedule: {interval: 40m, workers: 4}
deprovision: {deleteLimit: 2}
objects:
  - source: User
    match: [{precedence: 1, target: userName}]
    mappings:
      - {target: userName, source: userPrincipalName}
      - {target: title, source: jobTitle}
      - {target: active, expression: "Not([IsSoftDeleted])"}
      - {target: manager, source: manager}
  - source: Group
    match: [{precedence: 1, target: displayName}]
    mappings:
      - {target: displayName, source: displayName}
      - {target: members, source: members}
`

// bench is a job over a real store and a target in memory, with reviews of it. Its job never runs by itself.
type bench struct {
	t       *testing.T
	ctx     context.Context
	db      *sqlite.DB
	target  *targettest.Memory
	app     app.App
	job     *cycle.Job
	reviews *review.Reviews
	stop    context.CancelFunc
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, ctx: tenant.With(t.Context(), "acme"), target: &targettest.Memory{}}
	db, err := sqlite.Open(b.ctx, filepath.Join(t.TempDir(), "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	b.db = db
	t.Cleanup(func() {
		b.stop()
		b.reviews.Wait()
		_ = db.Close()
	})
	b.apply(appText)
	return b
}

// apply stores the application, and starts job and reviews anew, as a restart of the service would.
func (b *bench) apply(text string) {
	b.t.Helper()
	a, err := app.Parse("hr.yaml", []byte(text))
	if err != nil {
		b.t.Fatal(err)
	}
	if b.app, err = b.db.Apps().Put(b.ctx, a); err != nil {
		b.t.Fatal(err)
	}
	b.restart()
}

func (b *bench) restart() {
	b.t.Helper()
	if b.stop != nil {
		b.stop()
		b.reviews.Wait()
	}
	rules, err := plan.Compile(b.app)
	if err != nil {
		b.t.Fatal(err)
	}
	b.job = cycle.NewJob(cycle.Parts{Source: b.db.Directory(), Target: b.target, Ledger: b.db.Ledger(), Log: b.db.Journal()}, rules)
	b.reviews = review.New(review.Parts{
		Store: b.db.Reviews(), Engine: engine{b.job}, Apps: b.db.Apps(), Source: b.db.Directory(), Pairs: b.db.Ledger(), Log: b.db.Journal(),
		Connect: func(context.Context, app.App) (cycle.Target, error) { return b.target, nil },
	})
	ctx, stop := context.WithCancel(b.ctx)
	b.stop = stop
	if err := b.reviews.Start(ctx); err != nil {
		b.t.Fatal(err)
	}
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
			switch name {
			case directory.Manager:
				e.Attrs.Set(name, entry.Ref{Type: entry.User, ID: value})
			case directory.AccountEnabled:
				e.Attrs.Set(name, value == "true")
			default:
				e.Attrs.Set(name, value)
			}
		}
		return e, nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) cycle() string {
	b.t.Helper()
	if err := b.job.Cycle(b.ctx); err != nil {
		b.t.Fatal(err)
	}
	st, err := b.db.Ledger().State(b.ctx, "hr")
	if err != nil {
		b.t.Fatal(err)
	}
	return st.Last.Cycle
}

// until waits for a condition that work in the background brings about.
func (b *bench) until(what string, holds func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); <-time.After(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("it did not happen: %s", what)
		}
	}
}

func (b *bench) settled(id review.ID) review.Summary {
	b.t.Helper()
	var s review.Summary
	b.until("plan "+id.String()+" comes to rest", func() bool {
		var err error
		if s, err = b.reviews.Show(b.ctx, id); err != nil {
			b.t.Fatal(err)
		}
		return !s.Working && s.Status != review.Making
	})
	return s
}

func (b *bench) plan() review.Summary {
	b.t.Helper()
	p, err := b.reviews.Create(b.ctx, "hr", "ann", 0)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.settled(p.ID)
}

func (b *bench) carry(id review.ID) review.Summary {
	b.t.Helper()
	if _, err := b.reviews.Apply(b.ctx, id, "boss"); err != nil {
		b.t.Fatal(err)
	}
	return b.settled(id)
}

// rows returns a plan's rows as "verb name: attribute old→new …" words, sorted.
func (b *bench) rows(id review.ID) (out []string) {
	b.t.Helper()
	rows, err := b.db.Reviews().Find(b.ctx, id, review.Query{Limit: 1000})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, r := range rows {
		s := fmt.Sprintf("%s %s", r.Verb, r.Name())
		for _, c := range r.Changes {
			s += fmt.Sprintf(" %s:%s→%s", c.Name, c.Old, c.New)
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// outcomes returns "outcome name" words, sorted.
func (b *bench) outcomes(id review.ID) (out []string) {
	b.t.Helper()
	rows, err := b.db.Reviews().Find(b.ctx, id, review.Query{Limit: 1000})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, r := range rows {
		out = append(out, fmt.Sprintf("%s %s", r.Outcome, r.Name()))
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

func (b *bench) writes() (out []string) {
	for _, w := range b.target.Writes() {
		s := w.Verb + " " + w.ID
		for _, e := range w.Edits {
			s += " " + e.Op.String() + " " + e.Attr
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// dump is everything the target holds, for comparing before with after.
func (b *bench) dump() (out []string) {
	for _, t := range []entry.Type{entry.User, entry.Group} {
		for _, e := range b.target.All(t) {
			out = append(out, fmt.Sprintf("%s %s %v", e.Type, e.ID, e.Attrs))
		}
	}
	return out
}

func (b *bench) byName(upn string) entry.Entry {
	b.t.Helper()
	hits, err := b.target.Find(b.ctx, entry.User, "userName", upn)
	if err != nil || len(hits) != 1 {
		b.t.Fatalf("%d objects named %s (%v)", len(hits), upn, err)
	}
	return hits[0]
}

func TestPlanIsAppliedExactly(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x", "jobTitle=Clerk", "manager=u2")
	b.user("u2", "bob@x", "jobTitle=Head")
	b.target.Put(entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {"bob@x"}, "title": {"Old"}, "active": {true}}})
	p := b.plan()
	b.equal(p.Status, review.Ready)
	b.equal(b.rows(p.ID), []string{
		"create ann@x active:→true manager:→(as soon as the object it refers to is in the target) title:→Clerk userName:→ann@x", "update bob@x title:Old→Head",
	})
	b.equal(b.writes(), []string(nil)) // making it wrote nothing

	s := b.carry(p.ID)
	b.equal(s.Status, review.Applied)
	b.equal(b.outcomes(p.ID), []string{"applied ann@x", "applied bob@x"})
	b.equal(s.Approval.By, "boss")
	b.equal(b.byName("bob@x").Attrs.Text("title"), "Head")
	b.target.Writes()

	again := b.plan()
	b.equal(b.rows(again.ID), []string(nil))
	b.cycle()
	b.equal(b.writes(), []string(nil)) // a cycle finds nothing left to do
	rs, err := b.db.Journal().Find(b.ctx, journal.Query{Cycle: p.Cycle})
	if err != nil || len(rs) < 2 {
		t.Errorf("the journal has %d records of the run (%v)", len(rs), err)
	}
}

func TestReferencesOfNewPeopleAreWrittenWithThePlan(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x", "manager=u2")
	b.user("u2", "bob@x")
	p := b.plan()
	s := b.carry(p.ID)
	b.equal(b.outcomes(p.ID), []string{"applied ann@x", "applied bob@x"})
	b.equal(s.Totals.Open(), 0)
	if m, _ := b.byName("ann@x").Attrs.First("manager").(entry.Ref); m.ID != b.byName("bob@x").ID {
		t.Errorf("ann's manager is %v", m)
	}
}

func TestOnlyStaleRowsAreRefused(t *testing.T) {
	b := newBench(t)
	for i := range 4 {
		b.user(fmt.Sprint("u", i), fmt.Sprintf("p%d@x", i), "jobTitle=A")
	}
	b.cycle()
	for i := range 4 {
		b.user(fmt.Sprint("u", i), fmt.Sprintf("p%d@x", i), "jobTitle=B")
	}
	p := b.plan()
	b.user("u0", "p0@x", "jobTitle=C") // the directory moved on
	e := b.byName("p1@x")
	e.Attrs.Set("title", "by hand") // the target did
	b.target.Put(e)
	b.target.Writes()
	b.carry(p.ID)
	b.equal(b.outcomes(p.ID), []string{"applied p2@x", "applied p3@x", "refused p0@x", "refused p1@x"})
	b.equal(len(b.writes()), 2)
	b.equal(b.byName("p1@x").Attrs.Text("title"), "by hand")
	for user, word := range map[string]string{"u0": "directory", "u1": "target"} {
		rows, err := b.db.Reviews().Find(b.ctx, p.ID, review.Query{Outcome: review.Refused, User: user})
		if err != nil || len(rows) != 1 || !strings.Contains(rows[0].Detail, word) {
			t.Errorf("the refusal of %s says %+v (%v)", user, rows, err)
		}
	}
}

func TestApprovalReleasesDeletions(t *testing.T) {
	b := newBench(t)
	for i := range 5 {
		b.user(fmt.Sprint("u", i), fmt.Sprintf("p%d@x", i))
	}
	b.cycle()
	for i := range 4 {
		if err := b.db.Directory().HardDelete(b.ctx, entry.User, fmt.Sprint("u", i)); err != nil {
			t.Fatal(err)
		}
	}
	p := b.plan()
	b.equal(p.Totals.Of(plan.Delete), 4)
	s := b.carry(p.ID)
	b.equal(s.Approval.Deletes, 4)
	b.equal(s.Totals.With(review.Done), 4)
	b.equal(len(b.target.All(entry.User)), 1)
	if _, err := b.reviews.Apply(b.ctx, p.ID, "boss"); !fault.Is(err, fault.Conflict) {
		t.Errorf("applied twice: %v", err)
	}
}

func TestFailuresArePutDownAndOthersGoOn(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x")
	b.user("u2", "bob@x")
	p := b.plan()
	b.target.Before = func(verb string, e entry.Entry) error {
		if verb == "create" && e.Attrs.Text("userName") == "ann@x" {
			return fault.New(fault.Invalid, "create", "the name is too short")
		}
		return nil
	}
	b.carry(p.ID)
	b.equal(b.outcomes(p.ID), []string{"applied bob@x", "failed ann@x"})
}

// TestCrashAtEveryStep ends the work after each number of writes, before and after they took effect, and resumes it.
func TestCrashAtEveryStep(t *testing.T) {
	const people = 3
	for n := range people {
		for _, lost := range []bool{false, true} {
			t.Run(fmt.Sprintf("Write%dLost%v", n, lost), func(t *testing.T) {
				b := newBench(t)
				for i := range people {
					b.user(fmt.Sprint("u", i), fmt.Sprintf("p%d@x", i), "jobTitle=A")
				}
				b.cycle()
				for i := range people {
					b.user(fmt.Sprint("u", i), fmt.Sprintf("p%d@x", i), "jobTitle=B")
				}
				p := b.plan()
				b.target.Writes()
				b.crashAt(n, lost, p.ID)
				b.restart()
				s := b.settled(p.ID)
				b.equal(s.Status, review.Applied)
				b.equal(s.Totals.With(review.Done), people)
				b.equal(len(b.writes()), people) // nothing was written twice
			})
		}
	}
}

// crashAt applies a plan and stops everything at the n-th update: before it takes effect, or after, when its answer gets lost.
func (b *bench) crashAt(n int, lost bool, id review.ID) {
	b.t.Helper()
	hit := make(chan struct{})
	count := make(chan int, 1)
	count <- 0
	trap := func(verb string, _ entry.Entry) error {
		if verb != "update" {
			return nil
		}
		i := <-count
		count <- i + 1
		if i < n {
			return nil
		}
		if i == n {
			close(hit)
		}
		return errors.New("the power is gone")
	}
	if lost {
		b.target.After = trap
	} else {
		b.target.Before = trap
	}
	// The store fails from that moment on, as it would in a crash: nothing is written down any more.
	b.reviews.Store = dying{b.db.Reviews(), hit}
	if _, err := b.reviews.Apply(b.ctx, id, "boss"); err != nil {
		b.t.Fatal(err)
	}
	<-hit
	b.stop()
	b.reviews.Wait()
	b.target.Before, b.target.After = nil, nil
}

type dying struct {
	review.Store
	hit chan struct{}
}

func (d dying) Settle(ctx context.Context, id review.ID, seq int64, o review.Outcome, detail string, at time.Time) error {
	select {
	case <-d.hit:
		return errors.New("the disk is gone")
	default:
		return d.Store.Settle(ctx, id, seq, o, detail, at)
	}
}

func TestUnavailableTargetInterruptsAndIsResumed(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x")
	p := b.plan()
	b.target.Before = func(verb string, _ entry.Entry) error {
		if verb == "create" {
			return fault.New(fault.Unauthenticated, "create", "the secret was changed")
		}
		return nil
	}
	s := b.carry(p.ID)
	b.equal(s.Status, review.Applying)
	if !strings.Contains(s.Detail, "interrupted") {
		t.Errorf("detail %q", s.Detail)
	}
	b.target.Before = nil
	b.equal(b.carry(p.ID).Status, review.Applied)
	b.equal(len(b.target.All(entry.User)), 1)
}

func TestPlanOfAnOldConfigurationIsRefused(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x")
	p := b.plan()
	b.apply(strings.Replace(appText, "jobTitle", "department", 1))
	if _, err := b.reviews.Apply(b.ctx, p.ID, "boss"); !fault.Is(err, fault.Conflict) {
		t.Errorf("applied: %v", err)
	}
}

func TestDiscardedAndExpiredPlansAreRefused(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x")
	p := b.plan()
	if _, err := b.reviews.Discard(b.ctx, p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.reviews.Apply(b.ctx, p.ID, "boss"); !fault.Is(err, fault.Conflict) {
		t.Errorf("applied a discarded plan: %v", err)
	}
	short, err := b.reviews.Create(b.ctx, "hr", "ann", time.Nanosecond)
	if err != nil {
		t.Fatal(err)
	}
	b.equal(b.settled(short.ID).Status, review.Expired)
	if _, err := b.reviews.Apply(b.ctx, short.ID, "boss"); !fault.Is(err, fault.Conflict) {
		t.Errorf("applied an expired plan: %v", err)
	}
}

func TestDiffOfTwoPlans(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x", "jobTitle=A")
	b.user("u2", "bob@x", "jobTitle=A")
	one := b.plan()
	b.user("u2", "bob@x", "jobTitle=B")
	b.user("u3", "cia@x", "jobTitle=A")
	two := b.plan()
	var got []string
	for d, err := range review.Diff(b.db.Reviews().Sorted(b.ctx, one.ID), b.db.Reviews().Sorted(b.ctx, two.ID)) {
		if err != nil {
			t.Fatal(err)
		}
		s := d.Source.Name
		for _, side := range []*review.Side{d.A, d.B} {
			if side == nil {
				s += " -"
				continue
			}
			s += fmt.Sprint(" ", side.Verb, " ", len(side.Changes))
		}
		got = append(got, s)
	}
	b.equal(got, []string{"bob@x create 1 create 1", "cia@x - create 3"})
}
