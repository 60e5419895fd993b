package drift_test

import (
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/drift"
	"github.com/sallyport-id/sallyport/service/plan"
)

// tolerant is the bench's job as the service wires it: it asks what was accepted.
func (b *bench) tolerant() *cycle.Job {
	b.t.Helper()
	rules, err := plan.Compile(b.app)
	if err != nil {
		b.t.Fatal(err)
	}
	return cycle.NewJob(cycle.Parts{
		Source: b.db.Directory(), Target: b.target, Ledger: b.db.Ledger(), Log: b.db.Journal(), Tolerance: drift.Tolerance{Store: b.db.Drift()},
	}, rules)
}

// restart looks at everybody again, as 'job restart' does.
func (b *bench) restart() {
	b.t.Helper()
	if err := b.db.Ledger().Reset(b.ctx, "hr", cycle.Reset{Watermark: true}); err != nil {
		b.t.Fatal(err)
	}
	if err := b.tolerant().Cycle(b.ctx); err != nil {
		b.t.Fatal(err)
	}
}

func TestAnInitialCycleLeavesWhatWasAccepted(t *testing.T) {
	b := drifted(t, appText)
	b.cycle() // p2's change is written
	b.check()
	if n, err := b.watch.Accept(b.ctx, "hr", "", true, "boss"); err != nil || n != 3 {
		t.Fatalf("accepted %d (%v)", n, err)
	}
	b.target.Writes()
	b.restart()
	b.equal(len(b.target.Writes()), 0)
	b.equal(b.byName("p0@x").Attrs.Text("title"), "by hand")
	if hits, err := b.target.Find(b.ctx, entry.User, "userName", "p1@x"); err != nil || len(hits) != 0 {
		t.Errorf("p1 was made anew (%v)", err)
	}

	b.user("u0", "p0@x", "jobTitle=C", "employeeId=0") // the directory asks for another value
	b.user("u1", "p1@x", "jobTitle=C", "employeeId=1")
	b.restart()
	b.equal(b.byName("p0@x").Attrs.Text("title"), "C")
	b.equal(b.byName("p1@x").Attrs.Text("title"), "C")
	b.restart()
	r := b.check()
	b.equal([]int{r.Changed, r.Removed, r.Accepted}, []int{0, 0, 1}) // the stranger stays accepted
}

func TestWhatNobodyAcceptedIsWrittenByAnInitialCycle(t *testing.T) {
	b := drifted(t, appText)
	b.cycle()
	b.check()
	if n, err := b.watch.Accept(b.ctx, "hr", "p1@x", true, "boss"); err != nil || n != 1 {
		t.Fatalf("accepted %d (%v)", n, err)
	}
	b.restart()
	b.equal(b.byName("p0@x").Attrs.Text("title"), "A")
}

func TestAcceptedMembershipsStayUntilTheGroupChanges(t *testing.T) {
	b := newBench(t, groupText)
	for _, u := range []string{"u1", "u2", "u3"} {
		b.user(u, u+"@x")
	}
	b.group("g1", "Staff", "u1")
	b.cycle()
	members := func() int {
		hits, err := b.target.Find(b.ctx, entry.Group, "displayName", "Staff")
		if err != nil || len(hits) != 1 {
			t.Fatalf("%d groups (%v)", len(hits), err)
		}
		return len(hits[0].Attrs["members"])
	}
	hits, err := b.target.Find(b.ctx, entry.Group, "displayName", "Staff")
	if err != nil {
		t.Fatal(err)
	}
	hits[0].Attrs["members"] = append(hits[0].Attrs["members"], entry.Ref{Type: entry.User, ID: b.byName("u3@x").ID})
	b.target.Put(hits[0])
	b.check()
	if n, err := b.watch.Accept(b.ctx, "hr", "", false, "boss"); err != nil || n != 1 {
		t.Fatalf("accepted %d (%v)", n, err)
	}
	b.restart()
	b.equal(members(), 2)
	b.group("g1", "Staff", "u1", "u2")
	b.restart()
	b.equal(members(), 2) // u1 and u2: the directory's word counts again
	b.restart()
	b.equal(members(), 2)
}
