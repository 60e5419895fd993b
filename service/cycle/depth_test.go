package cycle_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/assign"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

func objects(ids ...string) []cycle.Object {
	out := make([]cycle.Object, len(ids))
	for i, id := range ids {
		out[i] = cycle.Object{Type: entry.User, ID: id}
	}
	return out
}

// restart makes the next cycle an initial one.
func (b *bench) restart() {
	b.t.Helper()
	if err := b.db.Ledger().Reset(b.ctx, "hr", cycle.Reset{Watermark: true}); err != nil {
		b.t.Fatal(err)
	}
}

// revise changes the application's rules.
func (b *bench) revise(change func(*app.App)) {
	b.t.Helper()
	a := b.rules.App
	change(&a)
	a.Version++
	rules, err := plan.Compile(a)
	if err != nil {
		b.t.Fatal(err)
	}
	b.rules = rules
	b.renew()
}

// renew makes the job anew, as a restart of the service does.
func (b *bench) renew() {
	b.job = cycle.NewJob(cycle.Parts{
		Source: b.db.Directory(), Target: b.target, Ledger: b.db.Ledger(), Log: b.db.Journal(), Assigned: b.db.Assignments(), Observer: b.observer,
	}, b.rules)
}

// TestInitialCycleGoesOnWhereItStopped (§2.1): a stop in the middle loses no work; nobody is looked at twice but for a few.
func TestInitialCycleGoesOnWhereItStopped(t *testing.T) {
	const n = 900
	b := newBench(t)
	b.people(n)
	b.group("g", "Staff", "u1", "u2")
	ctx, cancel := context.WithCancel(b.ctx)
	var created atomic.Int32
	b.target.After = func(verb string, _ entry.Entry) error {
		if verb == "create" && created.Add(1) == n/2 {
			cancel()
		}
		return nil
	}
	if err := b.job.Cycle(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("err = %v", err)
	}
	st := b.state()
	if st.Reading == nil || st.Initial || st.Reading.Count.Created < n/3 {
		t.Fatalf("state %+v, want a place near the middle", st.Reading)
	}
	before := created.Load()
	b.target.After = nil
	b.target.Writes()
	asked := 0
	b.target.Before = func(verb string, _ entry.Entry) error {
		if verb == "get" {
			asked++
		}
		return nil
	}
	b.renew()
	b.cycle()
	st = b.state()
	if st.Reading != nil || !st.Initial || st.Last.Kind != "initial" || st.Last.Created != n+1 {
		t.Errorf("last %+v, want %d created in all", st.Last, n+1)
	}
	if got := len(b.target.All(entry.User)); got != n {
		t.Errorf("%d accounts", got)
	}
	if late := int(before) - n/2; asked > late+200 {
		t.Errorf("%d people were looked at again", asked)
	}
	if len(b.membersOf("Staff")) != 2 {
		t.Error("the group lacks its members")
	}
	b.target.Writes()
	b.cycle()
	b.want()
}

// TestNewRulesBeginAnew (§2.4): a stopped reading of old rules is not gone on with.
func TestNewRulesBeginAnew(t *testing.T) {
	b := newBench(t)
	b.people(50)
	b.cycle()
	b.target.Writes()
	b.revise(func(a *app.App) {
		fixed := "x"
		a.Objects[0].Mappings = append(a.Objects[0].Mappings[:0:0], a.Objects[0].Mappings...)
		a.Objects[0].Mappings[2] = app.Mapping{Target: "title", Constant: &fixed, Flow: app.Always}
	})
	b.cycle()
	if got := len(b.verbs()); got != 50 {
		t.Errorf("%d written after the rules changed, want everybody", got)
	}
	if st := b.state(); st.Last.Kind != "initial" {
		t.Errorf("the cycle was %s", st.Last.Kind)
	}
}

// TestOneChangeTouchesOneObject counts questions to the ledger and the target, not time.
func TestOneChangeTouchesOneObject(t *testing.T) {
	b := newBench(t)
	b.people(400)
	b.cycle()
	b.target.Writes()
	asked := 0
	b.target.Before = func(string, entry.Entry) error { asked++; return nil }
	b.user("u7", "p7@x", "jobTitle=Head")
	b.cycle()
	if st := b.state(); st.Last.Done != 1 || st.Last.Updated != 1 {
		t.Errorf("looked at %d objects", st.Last.Done)
	}
	if asked > 2 {
		t.Errorf("%d requests for one change", asked)
	}
}

// TestPanicHarmsOneObject: poison at any stage is one object's failure.
func TestPanicHarmsOneObject(t *testing.T) {
	b := newBench(t)
	b.people(20)
	b.user("bad", "bad@x")
	b.target.Before = func(verb string, e entry.Entry) error {
		if verb == "create" && e.Attrs.Text("userName") == "bad@x" {
			panic("boom")
		}
		return nil
	}
	b.cycle()
	if n := len(b.target.All(entry.User)); n != 20 {
		t.Errorf("%d accounts, want all the others", n)
	}
	rs := b.records("bad")
	if len(rs) != 1 || rs[0].Status != "failure" || !strings.Contains(rs[0].Reason, "boom") {
		t.Errorf("records %+v", rs)
	}
}

// assigned makes the application take assigned objects alone.
func (b *bench) assigned(nested bool) {
	b.revise(func(a *app.App) { a.Assignments = app.Assignments{Only: true, Nested: nested} })
}

func (b *bench) assign(principal string, t entry.Type) assign.Assignment {
	b.t.Helper()
	a, err := b.db.Assignments().Add(b.ctx, assign.Assignment{App: "hr", Principal: principal, PrincipalType: t})
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

// TestAssignmentsDecideWhoIsIn (§3): assigning and taking back touches these people alone, in the next cycle and without a restart.
func TestAssignmentsDecideWhoIsIn(t *testing.T) {
	b := newBench(t)
	b.people(10)
	b.group("g", "Staff", "u1", "u2")
	b.group("inner", "Inner", "u3")
	if err := b.db.Directory().Link(b.ctx, entry.Group, "g", "members", []entry.Ref{{Type: entry.Group, ID: "inner"}}, nil); err != nil {
		t.Fatal(err)
	}
	b.assigned(false)
	b.cycle()
	if n := len(b.target.All(entry.User)); n != 0 {
		t.Fatalf("%d accounts though nobody is assigned", n)
	}
	one := b.assign("u0", entry.User)
	b.cycle()
	b.theOne("userName", "p0@x")
	if st := b.state(); st.Last.Done != 1 {
		t.Errorf("%d objects looked at for one assignment", st.Last.Done)
	}
	b.assign("g", entry.Group)
	b.cycle()
	if n := len(b.target.All(entry.User)); n != 3 { // u0 u1 u2, not u3: it is in a nested group
		t.Errorf("%d accounts, want three", n)
	}
	if n := len(b.membersOf("Staff")); n != 2 {
		t.Errorf("%d members", n)
	}
	b.link("g", refs("u4"), nil) // joins an assigned group
	b.cycle()
	b.theOne("userName", "p4@x")
	if n := len(b.membersOf("Staff")); n != 3 {
		t.Errorf("%d members after one joined", n)
	}
	b.target.Writes()
	b.link("g", nil, refs("u1")) // leaves it
	b.cycle()
	if a := b.theOne("userName", "p1@x").Attrs.First("active"); a != false {
		t.Errorf("active is %v, want the account disabled", a)
	}
	if err := b.db.Assignments().Remove(b.ctx, one.ID); err != nil {
		t.Fatal(err)
	}
	b.cycle()
	if a := b.theOne("userName", "p0@x").Attrs.First("active"); a != false {
		t.Errorf("active is %v after the assignment was taken back", a)
	}
	b.target.Writes()
	b.cycle()
	b.want()
}

func TestNestedGroupsCountByOption(t *testing.T) {
	b := newBench(t)
	b.people(5)
	b.group("g", "Staff", "u1")
	b.group("inner", "Inner", "u3")
	if err := b.db.Directory().Link(b.ctx, entry.Group, "g", "members", []entry.Ref{{Type: entry.Group, ID: "inner"}}, nil); err != nil {
		t.Fatal(err)
	}
	b.assigned(true)
	b.cycle()
	b.assign("g", entry.Group)
	b.cycle()
	if n := len(b.target.All(entry.User)); n != 2 {
		t.Errorf("%d accounts, want u1 and u3", n)
	}
	b.link("inner", refs("u4"), nil)
	b.cycle()
	b.theOne("userName", "p4@x")
}

// TestDeletedGroupTakesItsMembersOut: an assigned group that is deleted, restored, and deleted for good.
func TestDeletedGroupTakesItsMembersOut(t *testing.T) {
	b := newBench(t)
	b.people(3)
	b.group("g", "Staff", "u1", "u2")
	b.revise(func(a *app.App) { a.Deprovision.DeleteLimit = 50 })
	b.assigned(false)
	b.cycle()
	b.assign("g", entry.Group)
	b.cycle()
	active := func() (n int) {
		for _, u := range b.target.All(entry.User) {
			if u.Attrs.First("active") == true {
				n++
			}
		}
		return n
	}
	if active() != 2 {
		t.Fatalf("%d active", active())
	}
	if err := b.db.Directory().SoftDelete(b.ctx, entry.Group, "g", time.Now()); err != nil {
		t.Fatal(err)
	}
	b.cycle()
	if active() != 0 {
		t.Errorf("%d active after the group was deleted", active())
	}
	if err := b.db.Directory().Restore(b.ctx, entry.Group, "g"); err != nil {
		t.Fatal(err)
	}
	b.cycle()
	if active() != 2 {
		t.Errorf("%d active after the group was restored", active())
	}
	if err := b.db.Directory().HardDelete(b.ctx, entry.Group, "g"); err != nil {
		t.Fatal(err)
	}
	b.cycle()
	if active() != 0 {
		t.Errorf("%d active after the group went for good", active())
	}
}

// TestReleaseOfSome (§9): what is released goes, everything else stays held.
func TestReleaseOfSome(t *testing.T) {
	b := newBench(t)
	b.people(6)
	b.cycle()
	b.target.Writes()
	for i := range 6 {
		b.user(fmt.Sprintf("u%d", i), fmt.Sprintf("p%d@x", i), "accountEnabled=false")
	}
	b.cycle()
	b.want()
	if n, err := b.db.Ledger().Release(b.ctx, "hr", []string{"u2", "u4", "nobody"}); n != 2 || err != nil {
		t.Fatalf("%d released, %v", n, err)
	}
	b.cycle()
	if got := b.verbs(); len(got) != 2 {
		t.Errorf("written %q, want the two that were released", got)
	}
	if st := b.state(); st.HeldCount != 4 {
		t.Errorf("%d held", st.HeldCount)
	}
	b.cycle()
	b.want()
	staged := 0
	for _, r := range b.journal() {
		if r.Action == "stagedDelete" {
			staged++
		}
	}
	if staged != 6 {
		t.Errorf("%d records of held deletions, want one each", staged)
	}
}

func (b *bench) journal() []journal.Record {
	b.t.Helper()
	rs, err := b.db.Journal().Find(b.ctx, journal.Query{Limit: 100000})
	if err != nil {
		b.t.Fatal(err)
	}
	return rs
}

func TestPercentHolds(t *testing.T) {
	b := newBench(t)
	b.revise(func(a *app.App) { a.Deprovision.DeletePercent, a.Deprovision.DeleteLimit = 30, 100 })
	b.people(10)
	b.cycle()
	b.target.Writes()
	for i := range 3 {
		b.user(fmt.Sprintf("u%d", i), fmt.Sprintf("p%d@x", i), "accountEnabled=false")
	}
	b.cycle()
	b.want()
	if st := b.state(); st.HeldCount != 3 {
		t.Errorf("%d held, want three of ten", st.HeldCount)
	}
}

func TestDailyLimitHolds(t *testing.T) {
	b := newBench(t)
	b.revise(func(a *app.App) {
		a.Deprovision.DeletePerDay, a.Deprovision.DeleteLimit, a.Schedule.Interval = 3, 100, app.Duration(time.Nanosecond)
	})
	b.people(6)
	b.cycle()
	b.target.Writes()
	for i := range 6 { // each in an interval of its own
		b.user(fmt.Sprintf("u%d", i), fmt.Sprintf("p%d@x", i), "accountEnabled=false")
		b.cycle()
	}
	if got := b.verbs(); len(got) != 2 {
		t.Errorf("%d disabled, want two", len(got))
	}
}

// TestPreviewIsWhatApplyDoes: a dry run writes nothing, each of its plans can be applied, and one whose object moved on is refused.
func TestPreviewIsWhatApplyDoes(t *testing.T) {
	b := newBench(t)
	b.people(5)
	b.group("g", "Staff", "u0", "u1")
	b.cycle()
	b.target.Writes()
	for i := range 3 {
		b.user(fmt.Sprintf("u%d", i), fmt.Sprintf("p%d@x", i), "jobTitle=Head")
	}
	b.user("new", "new@x")
	b.user("u3", "p3@x", "accountEnabled=false")
	if err := b.db.Directory().HardDelete(b.ctx, entry.User, "u4"); err != nil {
		t.Fatal(err)
	}
	plans := map[string]plan.Plan{}
	for p, err := range b.job.Preview(b.ctx, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if p.Verb != plan.Skip {
			plans[p.Source.ID] = p
		}
	}
	b.want()
	if len(b.journal()) == 0 || len(plans) != 6 {
		t.Fatalf("%d plans, want u0 u1 u2 u3 u4 new", len(plans))
	}
	b.user("u1", "p1@x", "jobTitle=Chief") // moves on
	for id, p := range plans {
		rec, err := b.job.Apply(cycle.WithRun(b.ctx, "run-1"), entry.User, id, cycle.PreconditionOf(p))
		if id == "u1" {
			if !fault.Is(err, fault.Conflict) || fault.HintOf(err) == "" {
				t.Errorf("err = %v, want a conflict with a hint", err)
			}
			continue
		}
		if err != nil || rec.Status != "success" || rec.Cycle != "run-1" {
			t.Errorf("%s: %+v, %v", id, rec, err)
		}
	}
	if got := len(b.target.Writes()); got != 5 {
		t.Errorf("%d writes, want five", got)
	}
	run, err := b.db.Journal().Find(b.ctx, journal.Query{Cycle: "run-1"})
	if err != nil || len(run) != 5 {
		t.Errorf("%d records of the run (%v), want five", len(run), err)
	}
}

// TestBeforeImages: a successful write keeps what it needs to be taken back, and where the values came from.
func TestBeforeImages(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x", "jobTitle=Clerk")
	b.cycle()
	b.user("u1", "ann@x", "jobTitle=Head")
	b.cycle()
	rs := b.records("u1")
	created, err := b.db.Journal().Image(b.ctx, rs[0].ID)
	if err != nil || created.Before != nil || created.After.Text("title") != "Clerk" {
		t.Errorf("image %+v, %v", created, err)
	}
	updated, err := b.db.Journal().Image(b.ctx, rs[1].ID)
	if err != nil || updated.Before.Text("title") != "Clerk" || updated.After.Text("title") != "Head" || !updated.Active {
		t.Errorf("image %+v, %v", updated, err)
	}
	if o := updated.Origins["title"]; o.Mapping == "" || len(o.Sources["jobTitle"]) != 1 || o.Sources["jobTitle"][0] != "Head" {
		t.Errorf("origin %+v", o)
	}
	back, err := b.job.Write(cycle.WithRun(b.ctx, "undo"), cycle.Compensation{
		Object: cycle.Object{Type: entry.User, ID: "u1"}, Name: "ann@x", Type: entry.User, Target: rs[1].Target.ID, Verb: plan.Update,
		Edits:  []entry.Edit{{Op: entry.Replace, Attr: "title", Values: updated.Before["title"]}},
		Expect: entry.Attrs{"title": updated.After["title"]}, Reason: "taken back",
	})
	if err != nil || back.Status != "success" || b.theOne("userName", "ann@x").Attrs.Text("title") != "Clerk" {
		t.Errorf("record %+v, %v", back, err)
	}
	_, err = b.job.Write(b.ctx, cycle.Compensation{
		Object: cycle.Object{Type: entry.User, ID: "u1"}, Type: entry.User, Target: rs[1].Target.ID, Verb: plan.Update,
		Edits:  []entry.Edit{{Op: entry.Replace, Attr: "title", Values: []entry.Value{"X"}}},
		Expect: entry.Attrs{"title": updated.After["title"]},
	})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("err = %v, want a conflict: the title is not Head any more", err)
	}
}

// TestTimeToEffect: every change that took effect is in the histogram; an initial cycle is not.
func TestTimeToEffect(t *testing.T) {
	b := newBench(t)
	b.people(3)
	b.cycle()
	if st := b.state(); st.Effect.Count != 0 {
		t.Errorf("%d counted in an initial cycle", st.Effect.Count)
	}
	b.user("u1", "p1@x", "jobTitle=Head")
	b.user("new", "new@x")
	b.cycle()
	if st := b.state(); st.Effect.Count != 2 || len(st.Effect.Buckets) != len(cycle.EffectBounds)+1 {
		t.Errorf("histogram %+v, want two", st.Effect)
	}
}

// seen is an observer that remembers.
type seen struct{ kinds []cycle.EventKind }

func (s *seen) Observe(_ context.Context, e cycle.Event) {
	if e.Kind != cycle.CycleEnded {
		s.kinds = append(s.kinds, e.Kind)
	}
}

func TestObserverIsTold(t *testing.T) {
	b := newBench(t)
	o := &seen{}
	b.observer = o
	b.renew()
	b.people(6)
	b.cycle()
	for i := range 6 {
		b.user(fmt.Sprintf("u%d", i), fmt.Sprintf("p%d@x", i), "accountEnabled=false")
	}
	b.cycle()
	b.cycle() // tells nothing again
	if _, err := b.db.Ledger().Release(b.ctx, "hr", nil); err != nil {
		t.Fatal(err)
	}
	b.cycle()
	want := []cycle.EventKind{cycle.DeletionsHeld, cycle.QuarantineBegan, cycle.QuarantineEnded}
	if fmt.Sprint(o.kinds) != fmt.Sprint(want) {
		t.Errorf("told %v, want %v", o.kinds, want)
	}
}

// TestOnDemandHonoursTheBudget (§9): the limit holds for orders too.
func TestOnDemandHonoursTheBudget(t *testing.T) {
	b := newBench(t)
	b.people(8)
	b.cycle()
	b.target.Writes()
	for i := range 8 {
		id := fmt.Sprintf("u%d", i)
		b.user(id, fmt.Sprintf("p%d@x", i), "accountEnabled=false")
		rec, err := b.job.Provision(b.ctx, entry.User, id)
		if want := map[bool]string{true: "disable", false: "stagedDelete"}[i < 4]; err != nil || rec.Action != want {
			t.Errorf("%s: %s %v, want %s", id, rec.Action, err, want)
		}
	}
	if got := len(b.target.Writes()); got != 4 {
		t.Errorf("%d disabled, want the four below the limit", got)
	}
}
