package cycle_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/cycle/targettest"
	"github.com/sallyport-id/sallyport/service/plan"
)

// unique gives everybody an alias that nobody else has, with as many workers as there are by default.
func (b *bench) unique() {
	b.t.Helper()
	b.revise(func(a *app.App) {
		a.Schedule.Workers = 16
		a.Objects[0].Mappings = append(slices.Clone(a.Objects[0].Mappings), app.Mapping{
			Target: "alias", Flow: app.OnCreate, Expression: `SelectUniqueValue([givenName], [givenName] & "2", [givenName] & "3", [givenName] & "4")`,
		})
	})
}

func (b *bench) aliases() (all []string) {
	for _, e := range b.target.All(entry.User) {
		all = append(all, e.Attrs.Text("alias"))
	}
	slices.Sort(all)
	return all
}

// together makes creates wait for each other: until n have begun, or nobody else comes any more.
func together(target *targettest.Memory, n int) cycle.Target {
	return &crowd{Memory: target, n: n, full: make(chan struct{})}
}

type crowd struct {
	*targettest.Memory
	mu   sync.Mutex
	here int
	n    int
	full chan struct{}
}

func (c *crowd) Create(ctx context.Context, e entry.Entry) (entry.Entry, error) {
	c.mu.Lock()
	if c.here++; c.here == c.n {
		close(c.full)
	}
	c.mu.Unlock()
	select {
	case <-c.full:
	case <-time.After(time.Minute): // they come one by one, which is no harm
	}
	return c.Memory.Create(ctx, e)
}

// TestUniqueValuesAmongPeopleAtWork (expressions §5): whoever is created at the same time gets a value of their own, in the first cycle, in later
// ones, and by orders.
func TestUniqueValuesAmongPeopleAtWork(t *testing.T) {
	want := []string{"Sam", "Sam2", "Sam3", "Sam4"}
	for _, kind := range []string{"initial", "incremental", "on demand", "plan"} {
		t.Run(kind, func(t *testing.T) {
			b := newBench(t)
			b.unique()
			if kind != "initial" {
				b.cycle()
			}
			for i := range 4 {
				b.user(fmt.Sprintf("u%d", i), fmt.Sprintf("p%d@x", i), "givenName=Sam", fmt.Sprintf("employeeId=%d", i))
			}
			b.job = cycle.NewJob(cycle.Parts{
				Source: b.db.Directory(), Target: together(b.target, 4), Ledger: b.db.Ledger(), Log: b.db.Journal(),
			}, b.rules)
			switch kind {
			case "on demand":
				atOnce(t, 4, func(id string) error { _, err := b.job.Provision(b.ctx, entry.User, id); return err })
			case "plan":
				atOnce(t, 4, func(id string) error { _, err := b.job.Apply(b.ctx, entry.User, id, cycle.Precondition{}); return err })
			default:
				b.cycle()
			}
			if got := b.aliases(); !slices.Equal(got, want) {
				t.Errorf("aliases %v, want %v", got, want)
			}
		})
	}
}

// atOnce orders something for u0, u1 and so on at the same time.
func atOnce(t *testing.T, n int, order func(id string) error) {
	t.Helper()
	var orders sync.WaitGroup
	for i := range n {
		orders.Go(func() {
			if err := order(fmt.Sprintf("u%d", i)); err != nil {
				t.Error(err)
			}
		})
	}
	orders.Wait()
}

// TestUniqueValueOfSomebodyWhoFailsIsFree: what was kept for one who then got no account, the next one gets.
func TestUniqueValueOfSomebodyWhoFailsIsFree(t *testing.T) {
	b := newBench(t)
	b.unique()
	b.cycle()
	b.target.Before = func(verb string, e entry.Entry) error {
		if verb == "create" {
			return fault.New(fault.Invalid, "create", "refused")
		}
		return nil
	}
	b.user("u1", "ann@x", "givenName=Sam")
	b.cycle()
	b.target.Before = nil
	b.user("u2", "bob@x", "givenName=Sam")
	b.cycle()
	if got := b.aliases(); !slices.Equal(got, []string{"Sam"}) {
		t.Errorf("aliases %v, want Sam alone", got)
	}
}

// TestPreviewGivesUniqueValuesOnce: a plan of several shows what each will get, and takes nothing from a cycle.
func TestPreviewGivesUniqueValuesOnce(t *testing.T) {
	b := newBench(t)
	b.unique()
	for i := range 4 {
		b.user(fmt.Sprintf("u%d", i), fmt.Sprintf("p%d@x", i), "givenName=Sam")
	}
	var shown []string
	for p, err := range b.job.Preview(b.ctx, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if p.Verb == plan.Create {
			shown = append(shown, p.Want.Attrs.Text("alias"))
		}
	}
	slices.Sort(shown)
	want := []string{"Sam", "Sam2", "Sam3", "Sam4"}
	if !slices.Equal(shown, want) {
		t.Errorf("the plan shows %v, want %v", shown, want)
	}
	if p, err := b.job.Explain(b.ctx, entry.User, "u3"); err != nil || p.Want.Attrs.Text("alias") != "Sam" {
		t.Errorf("explain shows %v (%v), want the first that is free", p.Want.Attrs["alias"], err)
	}
	b.cycle()
	if got := b.aliases(); !slices.Equal(got, want) {
		t.Errorf("aliases %v, want %v", got, want)
	}
}
