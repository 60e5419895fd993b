package cycle_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/cycle"
)

// deadAccount is a bench whose ann manages bob and is in two groups, and whose account somebody deleted in the target.
func deadAccount(t *testing.T) *bench {
	b := newBench(t)
	b.user("u1", "ann@x")
	b.user("u2", "bob@x", "manager=u1")
	b.group("g1", "Staff", "u1", "u2")
	b.group("g2", "Board", "u1")
	b.cycle()
	b.target.Forget(entry.User, b.theOne("userName", "ann@x").ID)
	b.target.Writes()
	return b
}

// holdsTheLiving checks that everybody who refers to ann refers to the account she has now, and to nothing else.
func (b *bench) holdsTheLiving() {
	b.t.Helper()
	ann, bob := b.theOne("userName", "ann@x"), b.theOne("userName", "bob@x")
	if m, _ := bob.Attrs.First("manager").(entry.Ref); m.ID != ann.ID {
		b.t.Errorf("bob's manager is %v, want %s", m, ann.ID)
	}
	both := []string{ann.ID, bob.ID}
	slices.Sort(both)
	if got := b.membersOf("Staff"); !slices.Equal(got, both) {
		b.t.Errorf("Staff holds %v, want %v", got, both)
	}
	if got := b.membersOf("Board"); !slices.Equal(got, []string{ann.ID}) {
		b.t.Errorf("Board holds %v, want %s", got, ann.ID)
	}
}

// TestReferencesFollowANewCounterpart (§6, "no restart is needed"): whoever referred to an account that is gone refers to the new one, without an
// initial cycle; a further cycle has nothing left to do.
func TestReferencesFollowANewCounterpart(t *testing.T) {
	for name, repair := range map[string]func(*bench){
		"cycle": func(b *bench) {
			b.user("u1", "ann@x", "jobTitle=Boss")
			b.cycle()
		},
		"full cycle": func(b *bench) {
			if err := b.db.Ledger().Reset(b.ctx, "hr", cycle.Reset{Watermark: true}); err != nil {
				b.t.Fatal(err)
			}
			b.cycle()
		},
		"on demand": func(b *bench) {
			if _, err := b.job.Provision(b.ctx, entry.User, "u1"); err != nil {
				b.t.Fatal(err)
			}
			b.cycle()
		},
		"plan": func(b *bench) {
			if _, err := b.job.Apply(b.ctx, entry.User, "u1", cycle.Precondition{}); err != nil {
				b.t.Fatal(err)
			}
			b.cycle()
		},
		"made by hand again": func(b *bench) {
			b.target.Put(entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {"ann@x"}, "active": {true}}})
			b.user("u1", "ann@x", "jobTitle=Boss")
			b.cycle()
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := deadAccount(t)
			repair(b)
			b.holdsTheLiving()
			b.target.Writes()
			b.cycle()
			b.want()
		})
	}
}

// TestReferencesFollowWhileTheJobWaits: an order that makes somebody wakes the job for those who waited, and not before they can be helped.
func TestReferencesFollowWhileTheJobWaits(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x", "department=Temp") // out of scope
	b.user("u2", "bob@x", "manager=u1")
	b.group("g1", "Staff", "u1", "u2")
	b.group("g2", "Board", "u1")
	b.cycle()
	at := b.state().Watermark
	b.user("u1", "ann@x", "department=")
	if _, err := b.job.Provision(b.ctx, entry.User, "u1"); err != nil {
		t.Fatal(err)
	}
	if b.state().Watermark != at {
		t.Error("an order moved the watermark")
	}
	dues, err := b.db.Ledger().Ordered(b.ctx, "hr", -1, 10)
	if err != nil || len(dues) != 3 {
		t.Errorf("ordered %v (%v), want bob and both groups", dues, err)
	}
	b.cycle()
	b.holdsTheLiving()
}

// TestReferencesFollowAfterACrash: the pair is dropped, then the service is killed before the new account is made.
func TestReferencesFollowAfterACrash(t *testing.T) {
	b := deadAccount(t)
	ctx, kill := contextOf(b)
	b.target.Before = func(verb string, _ entry.Entry) error {
		if verb == "find" { // matched anew: the pair is forgotten by now
			kill()
			return ctx.Err()
		}
		return nil
	}
	b.user("u1", "ann@x", "jobTitle=Boss")
	if err := b.job.Cycle(ctx); err == nil {
		t.Fatal("the cycle ended as if nothing had happened")
	}
	if l, err := b.db.Ledger().Link(b.ctx, "hr", "u1"); err != nil || l.Target != "" {
		t.Fatalf("linked with %q (%v), want nothing", l.Target, err)
	}
	b.target.Before = nil
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	b.open()
	b.cycle()
	ann := b.theOne("userName", "ann@x")
	if m, _ := b.theOne("userName", "bob@x").Attrs.First("manager").(entry.Ref); m.ID != ann.ID {
		t.Errorf("bob's manager is %v, want %s", m, ann.ID)
	}
	for _, g := range []string{"Staff", "Board"} {
		if !slices.Contains(b.membersOf(g), ann.ID) {
			t.Errorf("%s holds %v, want %s among them", g, b.membersOf(g), ann.ID)
		}
	}
}

// TestPurgeIsToldOnce: the newest line about somebody who was deleted for good is the deletion of their account.
func TestPurgeIsToldOnce(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x")
	b.cycle()
	order := func() {
		if err := b.db.Ledger().Order(b.ctx, "hr", []cycle.Due{{Object: cycle.Object{Type: entry.User, ID: "u1"}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.db.Directory().SoftDelete(b.ctx, entry.User, "u1", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := b.db.Directory().HardDelete(b.ctx, entry.User, "u1"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.job.Provision(b.ctx, entry.User, "u1"); err != nil { // before a cycle reads of it
		t.Fatal(err)
	}
	b.cycle()
	order() // as taking back an assignment does
	b.cycle()
	b.renew()
	order()
	b.cycle()
	rs := b.records("u1")
	if last := rs[len(rs)-1]; len(rs) != 2 || last.Action != "delete" || last.Status != "success" {
		t.Errorf("%d records, the last is %s %s %q; want a create and a delete", len(rs), last.Action, last.Status, last.Reason)
	}
}

// TestPurgeOfSomebodyWithoutAccountIsTold: there is one line.
func TestPurgeOfSomebodyWithoutAccountIsTold(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x", "department=Temp") // out of scope
	b.cycle()
	if err := b.db.Directory().SoftDelete(b.ctx, entry.User, "u1", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := b.db.Directory().HardDelete(b.ctx, entry.User, "u1"); err != nil {
		t.Fatal(err)
	}
	b.cycle()
	if rs := b.records("u1"); len(rs) != 2 || rs[1].Status != "skipped" || !strings.Contains(rs[1].Reason, "never provisioned") {
		t.Errorf("records %+v, want the second to tell of the deletion", rs)
	}
}
