package cycle_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/cycle/targettest"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

// benchJob is a job over a real store with n people, and a target without delay.
func benchJob(b *testing.B, n int) (context.Context, *sqlite.DB, *cycle.Job) {
	b.Helper()
	ctx := tenant.With(b.Context(), "acme")
	db, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "s.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	a, err := app.Parse("hr.yaml", []byte(appText))
	if err != nil {
		b.Fatal(err)
	}
	a.Schedule.Workers, a.Version = 32, 1
	rules, err := plan.Compile(a)
	if err != nil {
		b.Fatal(err)
	}
	for from := 0; from < n; from += 1000 {
		es := make([]entry.Entry, 0, 1000)
		for i := from; i < min(n, from+1000); i++ {
			es = append(es, entry.Entry{Type: entry.User, ID: fmt.Sprintf("u%06d", i), Attrs: entry.Attrs{
				directory.UserPrincipalName: {fmt.Sprintf("p%d@x", i)}, "employeeId": {fmt.Sprint(i)}, "jobTitle": {"Clerk"},
			}})
		}
		if err := db.Directory().PutMany(ctx, es); err != nil {
			b.Fatal(err)
		}
	}
	return ctx, db, cycle.NewJob(cycle.Parts{Source: db.Directory(), Target: &targettest.Memory{}, Ledger: db.Ledger(), Log: db.Journal()}, rules)
}

// BenchmarkInitial measures the engine alone: a durable store, and a target that answers at once.
func BenchmarkInitial(b *testing.B) {
	const n = 5000
	for b.Loop() {
		b.StopTimer()
		ctx, _, job := benchJob(b, n)
		b.StartTimer()
		if err := job.Cycle(ctx); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "users/s")
}

// BenchmarkOneChange measures an incremental cycle with one changed person among many.
func BenchmarkOneChange(b *testing.B) {
	ctx, db, job := benchJob(b, 2000)
	if err := job.Cycle(ctx); err != nil {
		b.Fatal(err)
	}
	i := 0
	for b.Loop() {
		i++
		_, err := db.Directory().Put(ctx, entry.User, "u000001", func(e entry.Entry) (entry.Entry, error) {
			e.Attrs.Set("jobTitle", fmt.Sprint(i))
			return e, nil
		})
		if err != nil {
			b.Fatal(err)
		}
		if err := job.Cycle(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPreview measures planning alone: reading the directory, scope, match, mappings, and a target that answers at once.
func BenchmarkPreview(b *testing.B) {
	const n = 20_000
	ctx := tenant.With(b.Context(), "acme")
	db, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "s.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	fill(ctx, b, db, n)
	a, err := app.Parse("hr.yaml", []byte(appText))
	if err != nil {
		b.Fatal(err)
	}
	for i := range 15 { // twenty mappings in all
		a.Objects[0].Mappings = append(a.Objects[0].Mappings, app.Mapping{
			Target: fmt.Sprintf("extra%d", i), Expression: `Join(" ", ToUpper([jobTitle]), [employeeId])`, Flow: app.Always,
		})
	}
	rules, err := plan.Compile(a)
	if err != nil {
		b.Fatal(err)
	}
	job := cycle.NewJob(cycle.Parts{Source: db.Directory(), Target: &sieve{}, Ledger: db.Ledger(), Log: db.Journal()}, rules)
	for b.Loop() {
		seen := 0
		for p, err := range job.Preview(ctx, nil) {
			if err != nil {
				b.Fatal(err)
			}
			if p.Verb == plan.Create {
				seen++
			}
		}
		if seen != n {
			b.Fatalf("%d plans, want %d", seen, n)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "objects/s")
}
