package review_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/review"
)

func (b *bench) undo(run string, o review.UndoOptions) review.Summary {
	b.t.Helper()
	p, err := b.reviews.Undo(b.ctx, run, o, "ann")
	if err != nil {
		b.t.Fatal(err)
	}
	s := b.settled(p.ID)
	if s.Status != review.Ready {
		b.t.Fatalf("the plan is %s: %s", s.Status, s.Detail)
	}
	return s
}

// staff makes n people and brings them into the target.
func (b *bench) staff(n int) {
	b.t.Helper()
	for i := range n {
		b.user(fmt.Sprint("u", i), fmt.Sprintf("p%d@x", i), "jobTitle=A")
	}
	b.cycle()
	b.target.Writes()
}

func TestUndoOfUpdatesBringsBackWhatWas(t *testing.T) {
	b := newBench(t)
	b.staff(3)
	before := b.dump()
	b.user("u0", "p0@x", "jobTitle=B")
	b.user("u1", "p1.new@x")
	b.user("u2", "p2@x", "accountEnabled=false")
	run := b.cycle()
	b.target.Writes()

	p := b.undo(run, review.UndoOptions{})
	b.equal(b.rows(p.ID), []string{"update p0@x title:B→A", "update p1.new@x userName:p1.new@x→p1@x", "update p2@x active:false→true"})
	b.equal(b.writes(), []string(nil)) // an undo writes nothing by itself
	s := b.carry(p.ID)
	b.equal(s.Totals.With(review.Done), 3)
	b.equal(b.dump(), before)

	redo := b.undo(p.ID.String(), review.UndoOptions{}) // an undo is a run like any other
	b.carry(redo.ID)
	b.equal(b.byName("p0@x").Attrs.Text("title"), "B")
}

func TestUndoSkipsWhatSomebodyChangedSince(t *testing.T) {
	b := newBench(t)
	b.staff(2)
	b.user("u0", "p0@x", "jobTitle=B")
	b.user("u1", "p1@x", "jobTitle=B")
	run := b.cycle()
	e := b.byName("p0@x")
	e.Attrs.Set("title", "by hand")
	b.target.Put(e)

	p := b.undo(run, review.UndoOptions{})
	rows, _ := b.db.Reviews().Find(b.ctx, p.ID, review.Query{User: "u0"})
	if len(rows) != 1 || rows[0].Outcome != review.Impossible || !strings.Contains(rows[0].Reason, "title holds by hand, the run wrote B") {
		t.Errorf("rows %+v", rows)
	}
	b.carry(p.ID)
	b.equal(b.byName("p0@x").Attrs.Text("title"), "by hand")
	b.equal(b.byName("p1@x").Attrs.Text("title"), "A")

	forced := b.undo(run, review.UndoOptions{Force: true})
	b.carry(forced.ID)
	b.equal(b.byName("p0@x").Attrs.Text("title"), "A")
}

func TestUndoOfCreates(t *testing.T) {
	for how, want := range map[review.Created]string{
		review.DisableCreated: "[false]", review.DeleteCreated: "gone", review.KeepCreated: "[true]",
	} {
		t.Run(string(how), func(t *testing.T) {
			b := newBench(t)
			b.user("u0", "p0@x")
			run := b.cycle()
			p := b.undo(run, review.UndoOptions{Created: how})
			b.carry(p.ID)
			got := "gone"
			if all := b.target.All(entry.User); len(all) == 1 {
				got = fmt.Sprint(all[0].Attrs["active"])
			}
			b.equal(got, want)
		})
	}
}

func TestUndoOfDeletesMakesThemAnew(t *testing.T) {
	b := newBench(t)
	b.staff(1)
	if err := b.db.Directory().HardDelete(b.ctx, entry.User, "u0"); err != nil {
		t.Fatal(err)
	}
	run := b.cycle()
	b.equal(len(b.target.All(entry.User)), 0)
	p := b.undo(run, review.UndoOptions{})
	b.equal(p.Totals.Of(plan.Create), 1)
	s := b.carry(p.ID)
	b.equal(s.Totals.With(review.Done), 1)
	e := b.byName("p0@x")
	b.equal([]string{e.Attrs.Text("title"), fmt.Sprint(e.Attrs["active"])}, []string{"A", "[true]"})
	again := b.undo(run, review.UndoOptions{})
	b.equal(b.carry(again.ID).Totals.With(review.Refused), 1) // no second account
	b.equal(len(b.target.All(entry.User)), 1)
}

func TestUndoOfMembershipsTakesOutOnlyOurs(t *testing.T) {
	b := newBench(t)
	b.staff(3)
	group := func(members ...string) {
		_, err := b.db.Directory().Put(b.ctx, entry.Group, "g", func(e entry.Entry) (entry.Entry, error) {
			e.Attrs = entry.Attrs{directory.DisplayName: {"Staff"}}
			for _, m := range members {
				e.Attrs[directory.Members] = append(e.Attrs[directory.Members], entry.Ref{Type: entry.User, ID: m})
			}
			return e, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	group("u0")
	b.cycle()
	group("u1")
	run := b.cycle()
	g := b.target.All(entry.Group)[0]
	g.Attrs["members"] = append(g.Attrs["members"], entry.Ref{ID: b.byName("p2@x").ID}) // somebody else added p2
	b.target.Put(g)
	p := b.undo(run, review.UndoOptions{})
	b.carry(p.ID)
	have := map[string]bool{}
	for _, v := range b.target.All(entry.Group)[0].Attrs["members"] {
		have[v.(entry.Ref).ID] = true
	}
	b.equal(have, map[string]bool{b.byName("p0@x").ID: true, b.byName("p2@x").ID: true})
}

func TestUndoOfOneRecord(t *testing.T) {
	b := newBench(t)
	b.staff(2)
	b.user("u0", "p0@x", "jobTitle=B")
	b.user("u1", "p1@x", "jobTitle=B")
	b.cycle()
	rs, err := b.db.Journal().Find(b.ctx, journal.Query{User: "u1", Newest: true, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	p := b.undo(rs[0].ID, review.UndoOptions{})
	b.equal(b.rows(p.ID), []string{"update p1@x title:B→A"})
}

func TestUndoOfSomethingUnknown(t *testing.T) {
	b := newBench(t)
	for _, run := range []string{"nothing", "hr-7", "0000000000001", ""} {
		if _, err := b.reviews.Undo(b.ctx, run, review.UndoOptions{}, "ann"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", run, err)
		}
	}
	if _, err := b.reviews.Undo(b.ctx, "x", review.UndoOptions{Created: "explode"}, "ann"); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}

func TestReplayShowsWhatOtherRulesWouldHaveWritten(t *testing.T) {
	b := newBench(t)
	b.staff(2)
	began := time.Now()
	b.user("u0", "p0@x", "jobTitle=B", "department=Sales")
	b.user("u9", "p9@x", "jobTitle=C")
	b.cycle()
	b.target.Writes()
	other, err := app.Parse("new.yaml", []byte(strings.Replace(appText, "source: jobTitle}", `expression: "ToUpper(Join(\" \", [jobTitle], [department]), )"}`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	look := func(a app.App) (out []string) {
		for r, err := range b.reviews.Replay(b.ctx, a, began, time.Now().Add(time.Hour)) {
			if err != nil {
				t.Fatal(err)
			}
			if r.Differs() {
				out = append(out, fmt.Sprintf("%s %s %s %v", r.Source.Name, r.Wrote, r.Would, r.Attrs))
			}
		}
		return out
	}
	b.equal(look(other), []string{"p0@x update update [{title B B SALES}]"}) // of p9 both rules make the same
	b.equal(look(b.app), []string(nil))                                      // the same rules differ in nothing
	b.equal(b.writes(), []string(nil))

	b.target.Forget(entry.User, b.byName("p9@x").ID)
	p, err := b.reviews.Repair(b.ctx, "hr", []cycle.Object{{Type: entry.User, ID: "u9"}}, "ann") // makes p9 a second time
	if err != nil {
		t.Fatal(err)
	}
	b.settled(p.ID)
	b.equal(b.carry(p.ID).Totals.With(review.Done), 1)
	b.equal(look(b.app), []string(nil))
}
