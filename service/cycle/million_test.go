package cycle_test

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

// sieve is a target that answers at once and keeps nothing but a number: what is measured beside it is the engine.
type sieve struct{ made atomic.Int64 }

func (s *sieve) Find(context.Context, entry.Type, string, entry.Value) ([]entry.Entry, error) {
	return nil, nil
}

func (s *sieve) Get(_ context.Context, t entry.Type, id string) (entry.Entry, error) {
	return entry.Entry{Type: t, ID: id, Attrs: entry.Attrs{"title": {"Clerk"}, "active": {true}}}, nil
}

func (s *sieve) Create(_ context.Context, e entry.Entry) (entry.Entry, error) {
	e.ID = strconv.FormatInt(s.made.Add(1), 36)
	return e, nil
}

func (s *sieve) Update(_ context.Context, _ entry.Type, id string, _ []entry.Edit) (string, error) {
	return id, nil
}

// Confirms makes the engine trust it to refuse whom it has already.
func (s *sieve) Confirms() bool { return true }

func (s *sieve) Delete(context.Context, entry.Type, string) error { return nil }

func (s *sieve) List(context.Context, entry.Type) iter.Seq2[entry.Entry, error] {
	return func(func(entry.Entry, error) bool) {}
}

// TestMemoryOfACycleDoesNotGrow runs initial cycles over many people and bounds what the engine takes. The number of people is
// SALLYPORT_PEOPLE, 2,000 unless given; the bound of 600 MB is for a million.
func TestMemoryOfACycleDoesNotGrow(t *testing.T) {
	n := 2_000
	if s := os.Getenv("SALLYPORT_PEOPLE"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	} else if testing.Short() {
		t.Skip("fills a large directory")
	}
	ctx := tenant.With(t.Context(), "acme")
	db, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	fill(ctx, t, db, n)
	a, err := app.Parse("hr.yaml", []byte(appText))
	if err != nil {
		t.Fatal(err)
	}
	a.Version, a.Schedule.Workers = 1, 32
	rules, err := plan.Compile(a)
	if err != nil {
		t.Fatal(err)
	}
	job := cycle.NewJob(cycle.Parts{Source: db.Directory(), Target: &sieve{}, Ledger: db.Ledger(), Log: db.Journal()}, rules)
	var most atomic.Uint64
	stop := watchHeap(&most)
	runtime.GC()
	if err := job.Cycle(ctx); err != nil {
		t.Fatal(err)
	}
	stop()
	st, err := db.Ledger().State(ctx, "hr")
	if err != nil || st.Last.Created != n {
		t.Fatalf("%+v %v", st.Last, err)
	}
	t.Logf("%d people in %v, heap at most %d MB", n, st.Last.Ended.Sub(st.Last.Began), most.Load()>>20)
	if most.Load() > 400<<20 {
		t.Errorf("the heap grew to %d MB", most.Load()>>20)
	}
	requests := st.Last.Requests
	_, err = db.Directory().Put(ctx, entry.User, "u0000007", func(e entry.Entry) (entry.Entry, error) {
		e.Attrs.Set("jobTitle", "Head")
		return e, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := job.Cycle(ctx); err != nil {
		t.Fatal(err)
	}
	if st, err = db.Ledger().State(ctx, "hr"); err != nil || st.Last.Done != 1 || st.Last.Updated != 1 {
		t.Errorf("one change looked at %+v (%v)", st.Last, err)
	}
	t.Logf("%d requests for everybody, %d for one change", requests, st.Last.Requests)
}

// patches is a target that keeps nothing but the changes of groups, and counts what it was asked.
type patches struct {
	sieve
	mu    sync.Mutex
	asked int
	edits [][]entry.Edit
}

func (p *patches) Get(ctx context.Context, t entry.Type, id string) (entry.Entry, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	return p.sieve.Get(ctx, t, id)
}

func (p *patches) Update(_ context.Context, t entry.Type, id string, edits []entry.Edit) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t == entry.Group {
		p.edits = append(p.edits, edits)
	}
	return id, nil
}

// TestOneMemberOfALargeGroup: one member more of a group of SALLYPORT_MEMBERS members (2,500 unless given; the promise is for 100,000) is one
// PATCH with one value, and so is one less. The target is asked nothing.
func TestOneMemberOfALargeGroup(t *testing.T) {
	n := 2_500
	if s := os.Getenv("SALLYPORT_MEMBERS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	b := newBench(t)
	fill(b.ctx, t, b.db, n+1)
	members := make([]entry.Ref, n)
	for i := range members {
		members[i] = entry.Ref{Type: entry.User, ID: fmt.Sprintf("u%07d", i)}
	}
	b.group("g", "Staff")
	b.link("g", members, nil)
	target := &patches{}
	b.revise(func(a *app.App) { a.Schedule.Workers = 32 })
	b.job = cycle.NewJob(cycle.Parts{Source: b.db.Directory(), Target: target, Ledger: b.db.Ledger(), Log: b.db.Journal()}, b.rules)
	b.cycle()
	largest := 0
	for _, edits := range target.edits {
		for _, e := range edits {
			largest = max(largest, len(e.Values))
		}
	}
	t.Logf("%d members in %d requests of at most %d", n, len(target.edits), largest)
	extra := entry.Ref{Type: entry.User, ID: fmt.Sprintf("u%07d", n)}
	for _, op := range []entry.Op{entry.Add, entry.Remove} {
		target.edits, target.asked = nil, 0
		if op == entry.Add {
			b.link("g", []entry.Ref{extra}, nil)
		} else {
			b.link("g", nil, []entry.Ref{extra})
		}
		b.cycle()
		if len(target.edits) != 1 || len(target.edits[0]) != 1 || target.edits[0][0].Op != op || len(target.edits[0][0].Values) != 1 || target.asked != 0 {
			t.Errorf("%v: %d requests, %d questions", op, len(target.edits), target.asked)
		}
		t.Logf("%v: %d objects looked at in %v", op, b.state().Last.Done, b.state().Last.Ended.Sub(b.state().Last.Began))
	}
}

func fill(ctx context.Context, t testing.TB, db *sqlite.DB, n int) {
	t.Helper()
	for from := 0; from < n; from += 5000 {
		es := make([]entry.Entry, 0, 5000)
		for i := from; i < min(n, from+5000); i++ {
			attrs := entry.Attrs{
				directory.UserPrincipalName: {fmt.Sprintf("p%d@x", i)}, "employeeId": {fmt.Sprint(i)}, "jobTitle": {"Clerk"}, "department": {"Sales"},
			}
			if i%2 == 1 { // half of them wait for somebody later
				attrs[directory.Manager] = []entry.Value{entry.Ref{Type: entry.User, ID: fmt.Sprintf("u%07d", min(n-1, i+1))}}
			}
			es = append(es, entry.Entry{Type: entry.User, ID: fmt.Sprintf("u%07d", i), Attrs: attrs})
		}
		if err := db.Directory().PutMany(ctx, es); err != nil {
			t.Fatal(err)
		}
	}
}

// watchHeap notes the largest heap until it is stopped.
func watchHeap(most *atomic.Uint64) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
			select {
			case <-quit:
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(quit); <-done }
}
