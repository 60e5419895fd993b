package gsql

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/test/targets"
)

// benchRows is how many people a benchmark imports.
const benchRows = 100_000

// BenchmarkImport reports rows of 12 columns per second, and how that compares with the client library only reading them.
func BenchmarkImport(b *testing.B) {
	for _, d := range databases {
		b.Run(d.name, func(b *testing.B) {
			s := open(b, Contoso(d.name), d.url(b))
			fillTable(b, s, d, `"Employees"`, `"ContosoLogin", "FirstName", "LastName", "Email", "textID", "DisplayName", "JobTitle", "Department", "EmployeeNumber", "Phone"`,
				"'login' || i, 'Given' || i, 'Family' || i, 'mail' || i || '@example.test', 't' || i, 'Given Family ' || i, 'Engineer', 'Research', 'e' || i, '+46 70 ' || i", benchRows)
			raw := rawRead(b, s)
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				for _, err := range s.Import(b.Context(), entry.User) {
					if err != nil {
						b.Fatal(err)
					}
					rows++
				}
			}
			rate := float64(rows) / b.Elapsed().Seconds()
			b.ReportMetric(rate, "rows/s")
			b.ReportMetric(raw, "raw-rows/s")
			b.ReportMetric(rate/raw, "ratio")
		})
	}
}

// rawRead reads the same rows without making entries.
func rawRead(b *testing.B, s *session) float64 {
	start := time.Now()
	o := s.objects[entry.User]
	r, err := s.conn.query(b.Context(), s.scanOf(o).queries()[0])
	if err != nil {
		b.Fatal(err)
	}
	defer r.close()
	n := 0
	next := func() bool { ok, _ := r.next(make([]entry.Value, len(o.columns))); return ok }
	if pg, ok := r.(*pgRows); ok {
		next = pg.pg.Next
	}
	for next() {
		n++
	}
	return float64(n) / time.Since(start).Seconds()
}

// BenchmarkCreate reports creates per second on 16 sessions, and the raw rate of durable one-row inserts on 16
// connections of the same server in the same run.
func BenchmarkCreate(b *testing.B) {
	urls := map[string]func() string{
		SQLite:     func() string { return databases[0].url(b) },
		PostgreSQL: func() string { return targets.PostgresAlone(b).URL("") },
	}
	for _, d := range databases {
		b.Run(d.name, func(b *testing.B) {
			layout, url := Contoso(d.name), urls[d.name]()
			ss := []*session{open(b, layout, url)}
			for len(ss) < 16 {
				ss = append(ss, join(b, layout, url))
			}
			const raw = `INSERT INTO "Employees" ("ContosoLogin", "FirstName", "LastName", "Email", "DisplayName", "JobTitle", "Department") VALUES ($1, $2, $3, $4, $5, $6, $7)`
			rawRate := rate(b, ss, 4000, func(ctx context.Context, s *session, n int) error {
				_, err := s.conn.exec(ctx, query{text: raw, args: []any{fmt.Sprint("raw", n), "Given", "Family", fmt.Sprint(n, "@example.test"), "Given Family", "Engineer", "Research"}})
				return err
			})
			for b.Loop() {
				got := rate(b, ss, 4000, func(ctx context.Context, s *session, n int) error {
					_, err := s.Create(ctx, entry.Entry{Type: entry.User, Attrs: entry.Attrs{"ContosoLogin": {fmt.Sprint("login", unique.Add(1))}, "FirstName": {"Given"}, "LastName": {"Family"},
						"Email": {fmt.Sprint(n, "@example.test")}, "DisplayName": {"Given Family"}, "JobTitle": {"Engineer"}, "Department": {"Research"}}})
					return err
				})
				b.ReportMetric(got, "creates/s")
				b.ReportMetric(rawRate, "raw-inserts/s")
				b.ReportMetric(got/rawRate, "ratio")
			}
		})
	}
}

var unique atomic.Int64

// rate runs f count times on all sessions at once and returns how many a second.
func rate(b *testing.B, ss []*session, count int, f func(context.Context, *session, int) error) float64 {
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for _, s := range ss {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(count); n = next.Add(1) {
				if err := f(b.Context(), s, int(n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(count) / time.Since(start).Seconds()
}

// BenchmarkAddMember reports how long one member takes to join a group of 50,000.
func BenchmarkAddMember(b *testing.B) {
	for _, d := range databases {
		b.Run(d.name, func(b *testing.B) {
			s := open(b, simple(map[string]string{"types": "Group=groups", "multiValued": "Group.members=members(g -> u)"},
				`CREATE TABLE groups (id bigint PRIMARY KEY NOT NULL)`, `CREATE TABLE members (g bigint NOT NULL, u text NOT NULL, PRIMARY KEY (g, u))`)(d), d.url(b))
			create(b, s, "Group", entry.Attrs{"id": {int64(1)}})
			fillTable(b, s, d, "members", "g, u", "1, 'u' || i", 50_000)
			for n := 0; b.Loop(); n++ {
				edit := []entry.Edit{{Op: entry.Add, Attr: "members", Values: []entry.Value{fmt.Sprint("new", n)}}}
				if _, err := s.Update(b.Context(), "Group", connector.Anchor("1"), edit); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
