package cycle_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
)

func contextOf(b *bench) (context.Context, context.CancelFunc) { return context.WithCancel(b.ctx) }

// jobs are the bench's jobs as the service runs them; they end with the test.
func (b *bench) jobs() *cycle.Jobs {
	b.t.Helper()
	parts := cycle.Parts{Source: b.db.Directory(), Ledger: b.db.Ledger(), Log: b.db.Journal()}
	js := cycle.NewJobs(parts, b.db.Apps(), func(context.Context, app.App) (cycle.Target, error) { return b.target, nil })
	ctx, stop := contextOf(b)
	if err := js.Start(ctx); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { stop(); js.Wait() })
	return js
}

// exact checks that the job's state tells as many active accounts as the ledger holds.
func (b *bench) exact(when string, st cycle.State) {
	b.t.Helper()
	held, err := b.db.Ledger().LinkCounts(b.ctx, "hr")
	if err != nil {
		b.t.Fatal(err)
	}
	if !maps.Equal(st.Links, held) {
		b.t.Errorf("%s: the state tells %v, the ledger holds %v", when, st.Links, held)
	}
}

// TestCountsAreExactAfterAnEarlyEnd (§11): what a cycle did before it was paused, or before the service was killed, counts.
func TestCountsAreExactAfterAnEarlyEnd(t *testing.T) {
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprintf("killed %v", killed), func(t *testing.T) {
			b := newBench(t)
			b.people(3)
			b.cycle()
			b.people(40)
			ctx, stop := contextOf(b)
			var made atomic.Int64
			var dead atomic.Bool
			b.target.After = func(verb string, _ entry.Entry) error {
				if verb == "create" && made.Add(1) == 10 {
					dead.Store(killed)
					stop()
				}
				return nil
			}
			b.job = cycle.NewJob(cycle.Parts{Source: b.db.Directory(), Target: b.target, Ledger: crash{b.db.Ledger(), &dead}, Log: b.db.Journal()}, b.rules)
			if err := b.job.Cycle(ctx); err == nil {
				t.Fatal("the cycle was not stopped")
			}
			b.target.After = nil
			if killed {
				b.renew()
			}
			b.cycle()
			if n := len(b.target.All(entry.User)); n != 40 {
				t.Fatalf("%d accounts", n)
			}
			b.exact("at the end", b.state())
		})
	}
}

// TestCountsAreExactAtAnyTime: beside the cycles too, while the job is paused, and after a pair was forgotten.
func TestCountsAreExactAtAnyTime(t *testing.T) {
	b := newBench(t)
	b.people(5)
	b.cycle()
	js := b.jobs()
	status := func(when string) {
		t.Helper()
		st, err := js.Status(b.ctx, "hr")
		if err != nil {
			t.Fatal(err)
		}
		b.exact(when, st)
	}
	status("after a start")
	b.user("new", "new@x")
	if _, err := js.Provision(b.ctx, "hr", entry.User, "new"); err != nil {
		t.Fatal(err)
	}
	status("after an order")
	b.user("u0", "p0@x", directory.AccountEnabled+"=false")
	if _, err := js.Provision(b.ctx, "hr", entry.User, "u0"); err != nil {
		t.Fatal(err)
	}
	status("after a disable")
	if err := js.Forget(b.ctx, "hr", "u1"); err != nil {
		t.Fatal(err)
	}
	status("after a pair was forgotten")
	if err := b.db.Directory().SoftDelete(b.ctx, entry.User, "u2", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := b.db.Directory().HardDelete(b.ctx, entry.User, "u2"); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Provision(b.ctx, "hr", entry.User, "u2"); err != nil {
		t.Fatal(err)
	}
	status("after a deletion")
	if st, err := js.Status(b.ctx, "hr"); err != nil || st.Links[entry.User] != 3 {
		t.Errorf("%v active accounts (%v), want 3", st.Links, err)
	}
}

// TestInterruptedCreateNamesItsPerson: the record of what a crash left behind is found by the name people search for.
func TestInterruptedCreateNamesItsPerson(t *testing.T) {
	b := newBench(t)
	var dead atomic.Bool
	b.target.After = func(string, entry.Entry) error { dead.Store(true); return nil }
	b.user("u1", "ann@x")
	job := cycle.NewJob(cycle.Parts{Source: b.db.Directory(), Target: b.target, Ledger: crash{b.db.Ledger(), &dead}, Log: b.db.Journal()}, b.rules)
	if err := job.Cycle(b.ctx); !errors.Is(err, errKilled) {
		t.Fatalf("err = %v, want killed", err)
	}
	b.target.After = nil
	b.renew()
	b.cycle()
	rs := b.records("ann@x")
	if len(rs) == 0 || rs[0].Action != "create" || rs[0].Source.Name != "ann@x" {
		t.Errorf("found %+v by name, want the create", rs)
	}
}
