package cycle_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
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
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

const appText = `
id: hr
name: HR
target: {url: "https://target.invalid/scim", secretFile: hr.secret}
schedule: {interval: 40m, workers: 4}
deprovision: {deleteLimit: 5}
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
      - {target: manager, source: manager}
  - source: Group
    match: [{precedence: 1, target: displayName}]
    mappings:
      - {target: displayName, source: displayName}
      - {target: members, source: members}
`

// bench is a job over a real store and a target in memory.
type bench struct {
	t      *testing.T
	ctx    context.Context
	db     *sqlite.DB
	target *targettest.Memory
	rules  *plan.Rules
	path   string
	job    *cycle.Job

	observer cycle.Observer
}

func newBench(t *testing.T) *bench {
	t.Helper()
	a, err := app.Parse("hr.yaml", []byte(appText))
	if err != nil {
		t.Fatal(err)
	}
	a.Version = 1
	rules, err := plan.Compile(a)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, ctx: tenant.With(t.Context(), "acme"), target: &targettest.Memory{}, rules: rules, path: filepath.Join(t.TempDir(), "s.db")}
	b.open()
	t.Cleanup(func() { _ = b.db.Close() })
	if _, err := b.db.Apps().Put(b.ctx, a); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) open() {
	b.t.Helper()
	db, err := sqlite.Open(context.Background(), b.path)
	if err != nil {
		b.t.Fatal(err)
	}
	b.db = db
	b.renew()
}

// user puts a person into the directory; attrs is "name=value" words.
func (b *bench) user(id, upn string, words ...string) {
	b.t.Helper()
	_, err := b.db.Directory().Put(b.ctx, entry.User, id, func(e entry.Entry) (entry.Entry, error) {
		if e.Attrs == nil {
			e.Attrs = entry.Attrs{}
		}
		e.Attrs.Set(directory.UserPrincipalName, upn)
		for _, w := range words {
			name, value, _ := strings.Cut(w, "=")
			switch {
			case name == directory.Manager:
				e.Attrs.Set(name, entry.Ref{Type: entry.User, ID: value})
			case name == directory.AccountEnabled:
				e.Attrs.Set(name, value == "true")
			case value == "":
				e.Attrs.Set(name)
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

func (b *bench) group(id, name string, members ...string) {
	b.t.Helper()
	_, err := b.db.Directory().Put(b.ctx, entry.Group, id, func(e entry.Entry) (entry.Entry, error) {
		e.Attrs = entry.Attrs{directory.DisplayName: {name}}
		for _, m := range members {
			e.Attrs[directory.Members] = append(e.Attrs[directory.Members], entry.Ref{Type: entry.User, ID: m})
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

// verbs returns what was written since, as "verb userName" words, sorted.
func (b *bench) verbs() []string {
	b.t.Helper()
	var out []string
	for _, w := range b.target.Writes() {
		what := w.ID
		if w.Verb == "create" {
			what = fmt.Sprint(w.Entry.Attrs.First("userName"))
			if w.Type == entry.Group {
				what = fmt.Sprint(w.Entry.Attrs.First("displayName"))
			}
		}
		for _, e := range w.Edits {
			what += " " + e.Op.String() + " " + e.Attr
		}
		out = append(out, w.Verb+" "+what)
	}
	slices.Sort(out)
	return out
}

func (b *bench) want(want ...string) {
	b.t.Helper()
	if got := b.verbs(); !slices.Equal(got, want) {
		b.t.Errorf("written %q, want %q", got, want)
	}
}

func (b *bench) state() cycle.State {
	b.t.Helper()
	st, err := b.db.Ledger().State(b.ctx, "hr")
	if err != nil {
		b.t.Fatal(err)
	}
	return st
}

func (b *bench) records(user string) []journal.Record {
	b.t.Helper()
	rs, err := b.db.Journal().Find(b.ctx, journal.Query{User: user, Limit: 100})
	if err != nil {
		b.t.Fatal(err)
	}
	return rs
}

// theOne returns the target's only object with the value, and fails when there are none or several.
func (b *bench) theOne(attr, value string) entry.Entry {
	b.t.Helper()
	hits, err := b.target.Find(b.ctx, entry.User, attr, value)
	if err != nil || len(hits) != 1 {
		b.t.Fatalf("%d objects with %s %s (%v), want one", len(hits), attr, value, err)
	}
	return hits[0]
}

func TestInitialCreatesWithReferencesAndSecondWritesNothing(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x", "employeeId=1", "manager=u2")
	b.user("u2", "bob@x", "employeeId=2")
	b.group("g1", "Staff", "u1", "u2")
	b.cycle()
	ann, bob := b.theOne("userName", "ann@x"), b.theOne("userName", "bob@x")
	if m, _ := ann.Attrs.First("manager").(entry.Ref); m.ID != bob.ID {
		t.Errorf("ann's manager is %v, want %s", ann.Attrs["manager"], bob.ID)
	}
	g := b.target.All(entry.Group)
	if len(g) != 1 || len(g[0].Attrs["members"]) != 2 {
		t.Errorf("groups %v, want one with two members", g)
	}
	b.target.Writes()
	if st := b.state(); !st.Initial || st.Watermark == "" || st.Last.Created != 3 || st.Last.Failed != 0 {
		t.Errorf("state %+v, last %+v", st, st.Last)
	}
	b.cycle()
	b.want()
	if err := b.db.Ledger().Reset(b.ctx, "hr", cycle.Reset{Watermark: true, Links: true}); err != nil {
		t.Fatal(err)
	}
	b.cycle() // everybody is matched again
	b.want()
}

func TestIncrementalLife(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x", "employeeId=1", "jobTitle=Clerk")
	b.cycle()
	id := b.theOne("userName", "ann@x").ID
	b.target.Writes()

	b.user("u1", "ann@x", "jobTitle=Head")
	b.cycle()
	b.want("update " + id + " replace title")

	b.user("u1", "ann.lee@x")
	b.cycle()
	b.want("update " + id + " replace userName")

	b.user("u1", "ann.lee@x", "accountEnabled=false")
	b.cycle()
	b.want("update " + id + " replace active")
	if rs := b.records("u1"); rs[len(rs)-1].Action != "disable" {
		t.Errorf("last record %+v, want a disable", rs[len(rs)-1])
	}

	b.user("u1", "ann.lee@x", "accountEnabled=true")
	b.cycle()
	b.want("update " + id + " replace active")

	b.user("u1", "ann.lee@x", "department=Temp") // out of scope
	b.cycle()
	b.want("update " + id + " replace active")
	b.user("u1", "ann.lee@x", "department=")
	b.cycle()
	b.want("update " + id + " replace active")

	if err := b.db.Directory().SoftDelete(b.ctx, entry.User, "u1", time.Now()); err != nil {
		t.Fatal(err)
	}
	b.cycle()
	b.want("update " + id + " replace active")
	if err := b.db.Directory().HardDelete(b.ctx, entry.User, "u1"); err != nil {
		t.Fatal(err)
	}
	b.cycle()
	b.want("delete " + id)
	b.cycle()
	b.want()
}

func TestLeftScopeThenDeletedKeepsTheAccount(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x")
	b.cycle()
	b.user("u1", "ann@x", "department=Temp")
	b.cycle()
	b.target.Writes()
	if err := b.db.Directory().HardDelete(b.ctx, entry.User, "u1"); err != nil {
		t.Fatal(err)
	}
	b.cycle()
	b.want()
}

func TestMatchesBySecondAttribute(t *testing.T) {
	b := newBench(t)
	there := b.target.Put(entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {"old@x"}, "badge": {"7"}, "active": {true}}})
	b.user("u1", "ann@x", "employeeId=7")
	b.cycle()
	b.want("update " + there.ID + " replace userName")
}

func TestOnePoisonousPersonFailsAlone(t *testing.T) {
	b := newBench(t)
	b.target.Before = func(verb string, e entry.Entry) error {
		if verb == "create" && e.Attrs.Text("userName") == "bad@x" {
			return fault.New(fault.Invalid, "create", `null value in column "FirstName"`).WithHint("give a first name")
		}
		return nil
	}
	for i := range 10 {
		b.user(fmt.Sprintf("u%d", i), fmt.Sprintf("p%d@x", i))
	}
	b.user("bad", "bad@x")
	b.cycle()
	if n := len(b.target.All(entry.User)); n != 10 {
		t.Errorf("%d people, want 10", n)
	}
	rs := b.records("bad")
	if len(rs) != 1 || rs[0].Status != "failure" || !strings.Contains(rs[0].Reason, "FirstName") || rs[0].Hint == "" {
		t.Errorf("records %+v, want one failure with the target's text and a hint", rs)
	}
	b.target.Before = nil
	b.target.Writes()
	b.user("bad", "bad@x", "jobTitle=Better") // a change is tried at once, whatever the schedule of retries
	b.cycle()
	b.want("create bad@x")
	for e, err := range b.db.Ledger().Escrows(b.ctx, "hr", time.Time{}) {
		t.Errorf("escrow left: %+v %v", e, err)
	}
}

// TestManyFailAtOnce is for the race detector too: workers write down and look up failures at the same time.
func TestManyFailAtOnce(t *testing.T) {
	b := newBench(t)
	b.target.Before = func(verb string, _ entry.Entry) error {
		if verb == "create" {
			return fault.New(fault.Invalid, "create", "refused")
		}
		return nil
	}
	var es []entry.Entry
	for i := range 600 {
		es = append(es, entry.Entry{Type: entry.User, ID: fmt.Sprintf("u%d", i), Attrs: entry.Attrs{directory.UserPrincipalName: {fmt.Sprintf("p%d@x", i)}}})
	}
	if err := b.db.Directory().PutMany(b.ctx, es); err != nil {
		t.Fatal(err)
	}
	b.cycle()
	if st := b.state(); st.Last.Failed != 600 {
		t.Errorf("%d failed, want all", st.Last.Failed)
	}
	b.target.Before = nil
	if err := b.db.Ledger().Reset(b.ctx, "hr", cycle.Reset{Watermark: true}); err != nil {
		t.Fatal(err)
	}
	b.cycle() // with 600 escrows to look up and clear
	if st := b.state(); st.Last.Created != 600 {
		t.Errorf("%d created, want all", st.Last.Created)
	}
}

func TestLostAnswerMakesNoDuplicate(t *testing.T) {
	b := newBench(t)
	var lost atomic.Int32
	b.target.After = func(verb string, _ entry.Entry) error {
		if verb == "create" && lost.Add(1) <= 2 {
			return fault.New(fault.Timeout, "create", "connection lost")
		}
		return nil
	}
	b.user("u1", "ann@x")
	b.user("u2", "bob@x")
	b.cycle()
	b.theOne("userName", "ann@x")
	b.theOne("userName", "bob@x")
	if st := b.state(); st.Last.Failed != 0 {
		t.Errorf("%d failed: %s", st.Last.Failed, st.Last.LastError)
	}
}

func TestRefusedAsExistingIsMatchedAtOnce(t *testing.T) {
	b := newBench(t)
	b.target.Before = func(verb string, e entry.Entry) error {
		if verb != "create" {
			return nil
		}
		b.target.Before = nil // somebody else made the account between our question and our create
		b.target.Put(entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {"ann@x"}, "title": {"Old"}, "active": {true}}})
		return fault.New(fault.Exists, "create", "the login is taken")
	}
	b.user("u1", "ann@x", "jobTitle=New")
	b.cycle()
	if got := b.theOne("userName", "ann@x").Attrs.Text("title"); got != "New" {
		t.Errorf("title %q, want New", got)
	}
	if st := b.state(); st.Last.Failed != 0 {
		t.Errorf("failed: %s", st.Last.LastError)
	}
}

func TestTwoPeopleForOneAccount(t *testing.T) {
	b := newBench(t)
	b.target.Put(entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {"x"}, "badge": {"7"}}})
	b.user("u1", "ann@x", "employeeId=7")
	b.user("u2", "bob@x", "employeeId=7")
	b.cycle()
	st := b.state()
	if st.Last.Failed != 1 || st.Last.Updated != 1 {
		t.Errorf("last %+v, want one updated and one refused", st.Last)
	}
	var codes []string
	for e, err := range b.db.Ledger().Escrows(b.ctx, "hr", time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, e.Code)
	}
	if !slices.Equal(codes, []string{"DuplicateSourceEntries"}) {
		t.Errorf("codes %v", codes)
	}
}

func TestGoneInTargetIsMatchedAgain(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x")
	b.cycle()
	b.target.Forget(entry.User, b.theOne("userName", "ann@x").ID)
	b.target.Writes()
	b.user("u1", "ann@x", "jobTitle=New")
	b.cycle()
	b.want("create ann@x")
}

func TestLateManagerIsWrittenWithoutRestart(t *testing.T) {
	b := newBench(t)
	b.user("u2", "bob@x", "department=Temp") // not in scope yet
	b.user("u1", "ann@x", "manager=u2")
	b.group("g1", "Staff", "u1", "u2")
	b.cycle()
	if len(b.theOne("userName", "ann@x").Attrs["manager"]) != 0 {
		t.Error("ann has a manager who is not there")
	}
	b.user("u2", "bob@x", "department=")
	b.cycle()
	bob := b.theOne("userName", "bob@x")
	if m, _ := b.theOne("userName", "ann@x").Attrs.First("manager").(entry.Ref); m.ID != bob.ID {
		t.Errorf("ann's manager is %v, want bob", m)
	}
	if g := b.target.All(entry.Group); len(g[0].Attrs["members"]) != 2 {
		t.Errorf("members %v, want both", g[0].Attrs["members"])
	}
}

func TestDeletionsAtTheLimitAreHeldUntilReleased(t *testing.T) {
	b := newBench(t)
	for i := range 6 {
		b.user(fmt.Sprintf("u%d", i), fmt.Sprintf("p%d@x", i))
	}
	b.cycle()
	b.target.Writes()
	for i := range 5 {
		b.user(fmt.Sprintf("u%d", i), fmt.Sprintf("p%d@x", i), "accountEnabled=false")
	}
	b.user("u5", "p5@x", "jobTitle=Still here")
	b.cycle()
	if got := b.verbs(); len(got) != 1 || !strings.Contains(got[0], "title") {
		t.Errorf("written %q, want the title alone", got)
	}
	st := b.state()
	if st.HeldCount != 5 || st.Quarantine == nil || st.Quarantine.Reason != cycle.ReasonDeletes {
		t.Fatalf("held %d, quarantine %+v", st.HeldCount, st.Quarantine)
	}
	if rs := b.records("u0"); rs[len(rs)-1].Action != "stagedDelete" {
		t.Errorf("last record %+v", rs[len(rs)-1])
	}
	b.user("u0", "p0@x", "accountEnabled=true") // one turns out to stay
	b.cycle()
	if got := b.verbs(); len(got) != 4 {
		t.Errorf("written %q, want the four that are left below the limit", got)
	}
	if st := b.state(); st.HeldCount != 0 || st.Quarantine != nil {
		t.Errorf("held %v, quarantine %v", st.HeldCount, st.Quarantine)
	}
}

func TestATrickleOfDeletionsIsHeldToo(t *testing.T) {
	b := newBench(t)
	for i := range 7 {
		b.user(fmt.Sprintf("u%d", i), fmt.Sprintf("p%d@x", i))
	}
	b.cycle()
	b.target.Writes()
	for i := range 7 { // each in a cycle of its own
		b.user(fmt.Sprintf("u%d", i), fmt.Sprintf("p%d@x", i), "accountEnabled=false")
		b.cycle()
	}
	if got := b.verbs(); len(got) != 4 {
		t.Errorf("%d disabled, want the four below the limit of five", len(got))
	}
	if st := b.state(); st.HeldCount != 3 {
		t.Errorf("%d held, want three", st.HeldCount)
	}
}

func TestReleaseCarriesOutWhatIsHeld(t *testing.T) {
	b := newBench(t)
	for i := range 5 {
		b.user(fmt.Sprintf("u%d", i), fmt.Sprintf("p%d@x", i))
	}
	b.cycle()
	for i := range 5 {
		if err := b.db.Directory().HardDelete(b.ctx, entry.User, fmt.Sprintf("u%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	b.cycle()
	if n := len(b.target.All(entry.User)); n != 5 {
		t.Fatalf("%d left, want all held", n)
	}
	if _, err := b.db.Ledger().SetState(b.ctx, "hr", func(s cycle.State) (cycle.State, error) { s.Released = true; return s, nil }); err != nil {
		t.Fatal(err)
	}
	b.cycle()
	if n := len(b.target.All(entry.User)); n != 0 {
		t.Errorf("%d left after the release", n)
	}
	if st := b.state(); st.Released || st.HeldCount != 0 {
		t.Errorf("state %+v", st)
	}
}

// crash makes every call of the store's ledger fail from the moment on, as a killed service would look from outside, then
// opens the store again.
type crash struct {
	cycle.Ledger
	dead *atomic.Bool
}

var errKilled = errors.New("killed")

func (c crash) Settle(ctx context.Context, r cycle.Receipt, o cycle.Outcome) error {
	if c.dead.Load() {
		return errKilled
	}
	return c.Ledger.Settle(ctx, r, o)
}

func TestKilledBetweenWriteAndOutcome(t *testing.T) {
	b := newBench(t)
	var dead atomic.Bool
	b.target.After = func(string, entry.Entry) error { dead.Store(true); return nil }
	b.user("u1", "ann@x")
	b.user("u2", "bob@x")
	job := cycle.NewJob(cycle.Parts{Source: b.db.Directory(), Target: b.target, Ledger: crash{b.db.Ledger(), &dead}, Log: b.db.Journal()}, b.rules)
	if err := job.Cycle(b.ctx); !errors.Is(err, errKilled) {
		t.Fatalf("err = %v, want killed", err)
	}
	b.target.After = nil
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	b.open()
	b.cycle()
	b.theOne("userName", "ann@x")
	b.theOne("userName", "bob@x")
	for r, err := range b.db.Ledger().Intents(b.ctx, "hr") {
		t.Errorf("intent left: %+v %v", r, err)
	}
}

func TestDeletedBeforeARestartIsStillDeleted(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x")
	b.user("u2", "bob@x")
	b.cycle()
	id := b.theOne("userName", "ann@x").ID
	b.target.Writes()
	if err := b.db.Directory().HardDelete(b.ctx, entry.User, "u1"); err != nil {
		t.Fatal(err)
	}
	if err := b.db.Ledger().Reset(b.ctx, "hr", cycle.Reset{Watermark: true}); err != nil {
		t.Fatal(err)
	}
	b.cycle()
	b.want("delete " + id)
}

func TestQuarantineOnBadCredential(t *testing.T) {
	b := newBench(t)
	b.target.Before = func(string, entry.Entry) error {
		return fault.New(fault.Unauthenticated, "find", "401").WithHint("correct the secret")
	}
	b.user("u1", "ann@x")
	if err := b.job.Cycle(b.ctx); !fault.Is(err, fault.Unauthenticated) {
		t.Fatalf("err = %v", err)
	}
	if st := b.state(); st.Initial || st.Watermark != "" {
		t.Errorf("state %+v, want nothing advanced", st)
	}
}

func TestExplainChangesNothing(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x", "employeeId=1", "jobTitle=Clerk")
	p, err := b.job.Explain(b.ctx, entry.User, "u1")
	if err != nil || p.Verb != plan.Create || p.Want.Attrs.Text("title") != "Clerk" {
		t.Errorf("plan %+v, %v", p, err)
	}
	b.want()
	b.cycle()
	b.target.Writes()
	b.user("u1", "ann@x", "jobTitle=Head")
	p, err = b.job.Explain(b.ctx, entry.User, "u1")
	if err != nil || p.Verb != plan.Update || len(p.Edits) != 1 {
		t.Errorf("plan %+v, %v", p, err)
	}
	b.want()
}

func TestProvisionOnDemandLeavesTheWatermark(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x")
	rec, err := b.job.Provision(b.ctx, entry.User, "u1")
	if err != nil || rec.Action != "create" || rec.Initiator != "user" {
		t.Errorf("record %+v, %v", rec, err)
	}
	if st := b.state(); st.Watermark != "" || st.Initial {
		t.Errorf("state %+v", st)
	}
	b.want("create ann@x")
	b.cycle()
	b.want()
}

func TestRunFollowsChangesAtOnce(t *testing.T) {
	b := newBench(t)
	if _, err := b.db.Ledger().SetState(b.ctx, "hr", func(s cycle.State) (cycle.State, error) { s.Mode = cycle.Running; return s, nil }); err != nil {
		t.Fatal(err)
	}
	created := make(chan string, 10)
	b.target.After = func(verb string, e entry.Entry) error {
		if verb == "create" {
			created <- e.Attrs.Text("userName")
		}
		return nil
	}
	ctx, cancel := context.WithCancel(b.ctx)
	done := make(chan error, 1)
	go func() { done <- b.job.Run(ctx) }()
	for i := range 3 {
		upn := fmt.Sprintf("p%d@x", i)
		b.user(fmt.Sprintf("u%d", i), upn)
		select {
		case got := <-created:
			if got != upn {
				t.Errorf("created %s, want %s", got, upn)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the change was not followed")
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
