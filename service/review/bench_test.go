package review_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/cycle/targettest"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/review"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

// BenchmarkPlanOf100000 makes a plan that creates 100,000 people and reports how many rows a second are made, and how much memory that needs
// beside what was in use before.
func BenchmarkPlanOf100000(b *testing.B) {
	const people = 100_000
	ctx, stop := context.WithCancel(tenant.With(context.Background(), "acme"))
	db, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "s.db"))
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; i < people; i += 1000 {
		es := make([]entry.Entry, 1000)
		for j := range es {
			id := fmt.Sprintf("u%06d", i+j)
			es[j] = entry.Entry{Type: entry.User, ID: id, Attrs: entry.Attrs{directory.UserPrincipalName: {id + "@x.example"}, "jobTitle": {"Clerk"}}}
		}
		if err := db.Directory().PutMany(ctx, es); err != nil {
			b.Fatal(err)
		}
	}
	a, err := app.Parse("hr.yaml", []byte(appText))
	if err != nil {
		b.Fatal(err)
	}
	if a, err = db.Apps().Put(ctx, a); err != nil {
		b.Fatal(err)
	}
	rules, err := plan.Compile(a)
	if err != nil {
		b.Fatal(err)
	}
	target := &targettest.Memory{}
	job := cycle.NewJob(cycle.Parts{Source: db.Directory(), Target: target, Ledger: db.Ledger(), Log: db.Journal()}, rules)
	reviews := review.New(review.Parts{
		Store: db.Reviews(), Engine: engine{job}, Apps: db.Apps(), Source: db.Directory(), Pairs: db.Ledger(), Log: db.Journal(),
		Connect: func(context.Context, app.App) (cycle.Target, error) { return target, nil },
	})
	if err := reviews.Start(ctx); err != nil {
		b.Fatal(err)
	}
	defer func() {
		stop()
		reviews.Wait()
		_ = db.Close()
	}()
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var peak atomic.Uint64
	for b.Loop() {
		p, err := reviews.Create(ctx, "hr", "ann", 0)
		if err != nil {
			b.Fatal(err)
		}
		for {
			s, err := reviews.Show(ctx, p.ID)
			if err != nil {
				b.Fatal(err)
			}
			runtime.ReadMemStats(&now)
			peak.Store(max(peak.Load(), now.HeapInuse))
			if s.Status == review.Ready && !s.Working {
				if n := s.Totals.Of(plan.Create); n != people {
					b.Fatalf("%d rows", n)
				}
				break
			}
			<-time.After(100 * time.Millisecond)
		}
	}
	b.ReportMetric(people*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
	b.ReportMetric(float64(peak.Load()-min(peak.Load(), before.HeapInuse))/(1<<20), "MiB-more")
}
