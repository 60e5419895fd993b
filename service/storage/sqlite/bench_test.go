package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/storage"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

func benchDB(b *testing.B) (context.Context, *sqlite.DB) {
	b.Helper()
	return tenant.With(b.Context(), tenant.Default), open(b, filepath.Join(b.TempDir(), "bench.db"))
}

func check(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// at32 runs do b.N times from 32 goroutines and reports how many per second.
func at32(b *testing.B, unit string, do func(i int) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range 32 {
		wg.Go(func() {
			for i := int(next.Add(1)); i <= b.N; i = int(next.Add(1)) {
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), unit+"/s")
}

// benchUser is a user of 12 attributes.
func benchUser(i int) entry.Entry {
	e := entry.Entry{Type: entry.User, ID: fmt.Sprintf("00000000-0000-7000-8000-%012d", i), Attrs: entry.Attrs{}}
	for _, attr := range []string{"displayName", "givenName", "surname", "mail", "jobTitle", "department", "officeLocation", "city", "employeeId", "mobilePhone"} {
		e.Attrs.Set(attr, fmt.Sprintf("%s of %d", attr, i))
	}
	e.Attrs.Set(directory.UserPrincipalName, fmt.Sprintf("user%d@contoso.example", i))
	e.Attrs.Set(directory.AccountEnabled, true)
	return e
}

func benchUsers(from, n int) []entry.Entry {
	es := make([]entry.Entry, n)
	for i := range es {
		es[i] = benchUser(from + i)
	}
	return es
}

func BenchmarkIntendAndSettle(b *testing.B) {
	ctx, db := benchDB(b)
	l := db.Ledger()
	at32(b, "pairs", func(i int) error {
		id := fmt.Sprintf("source-%d", i)
		r, err := l.Intend(ctx, "hr", cycle.Intent{Source: id, Type: entry.User, Verb: plan.Create})
		if err != nil {
			return err
		}
		return l.Settle(ctx, r, cycle.Outcome{Link: plan.Link{Source: id, Type: entry.User, Target: "t-" + id, Active: true, Digest: make([]byte, 32)}})
	})
}

func settlement(i int) storage.Settlement {
	id := fmt.Sprintf("source-%d", i)
	return storage.Settlement{
		Receipt: cycle.Receipt{Job: "hr", Intent: cycle.Intent{Source: id, Type: entry.User}},
		Outcome: cycle.Outcome{Link: plan.Link{Source: id, Type: entry.User, Target: "t-" + id, Active: true, Digest: make([]byte, 32)}},
	}
}

func BenchmarkSettleOneByOne(b *testing.B) {
	ctx, db := benchDB(b)
	l := db.Ledger()
	at32(b, "links", func(i int) error { s := settlement(i); return l.Settle(ctx, s.Receipt, s.Outcome) })
}

func BenchmarkSettleMany(b *testing.B) {
	ctx, db := benchDB(b)
	l := db.Ledger()
	const batch = 500
	b.ResetTimer()
	for n := 0; n < b.N; n += batch {
		ss := make([]storage.Settlement, batch)
		for i := range ss {
			ss[i] = settlement(n + i)
		}
		check(b, l.SettleMany(ctx, ss))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "links/s")
}

func BenchmarkLinks(b *testing.B) {
	ctx, db := benchDB(b)
	l := db.Ledger()
	var ss []storage.Settlement
	var ids []string
	for i := range 1000 {
		ss = append(ss, settlement(i))
		ids = append(ids, ss[i].Receipt.Intent.Source)
	}
	check(b, l.SettleMany(ctx, ss))
	b.ResetTimer()
	for n := 0; n < b.N; n += len(ids) {
		_, err := l.Links(ctx, "hr", ids)
		check(b, err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "links/s")
}

func BenchmarkPutMany(b *testing.B) {
	ctx, db := benchDB(b)
	d := db.Directory()
	const batch = 1000
	b.ResetTimer()
	for n := 0; n < b.N; n += batch {
		check(b, d.PutMany(ctx, benchUsers(n, batch)))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "users/s")
}

func BenchmarkImport(b *testing.B) {
	ctx, db := benchDB(b)
	var text strings.Builder
	text.WriteString("userPrincipalName,displayName,givenName,surname,mail,jobTitle,department,city,employeeId,manager,accountEnabled,mobilePhone\n")
	for i := range b.N {
		fmt.Fprintf(&text, "u%d@x,User %d,Given,Surname,u%d@x,Engineer,R&D,Rome,%d,u%d@x,true,+39 06\n", i, i, i, i, i/10)
	}
	b.ResetTimer()
	r, err := directory.Import(ctx, db.Directory(), strings.NewReader(text.String()), nil)
	check(b, err)
	check(b, r.Err())
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	began := time.Now()
	_, err = directory.Import(ctx, db.Directory(), strings.NewReader(text.String()), nil)
	check(b, err)
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "rows/s-again")
}

func BenchmarkPutOne(b *testing.B) {
	ctx, db := benchDB(b)
	d := db.Directory()
	check(b, d.PutMany(ctx, benchUsers(0, 1000)))
	at32(b, "changes", func(i int) error {
		u := benchUser(i % 1000)
		_, err := d.Put(ctx, u.Type, u.ID, func(e entry.Entry) (entry.Entry, error) {
			e.Attrs.Set("jobTitle", fmt.Sprint(i))
			return e, nil
		})
		return err
	})
}

func BenchmarkReadEverything(b *testing.B) {
	ctx, db := benchDB(b)
	d := db.Directory()
	const n = 10_000
	check(b, d.PutMany(ctx, benchUsers(0, n)))
	b.ResetTimer()
	for range b.N {
		for _, err := range d.After(ctx, "") {
			check(b, err)
		}
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "users/s")
}

func BenchmarkLinkInLargeGroup(b *testing.B) {
	ctx, db := benchDB(b)
	d := db.Directory()
	g := entry.Entry{Type: entry.Group, ID: "g", Attrs: entry.Attrs{directory.DisplayName: {"All"}}}
	us := benchUsers(0, 50_000)
	for _, u := range us {
		g.Attrs[directory.Members] = append(g.Attrs[directory.Members], entry.Ref{Type: entry.User, ID: u.ID})
	}
	check(b, d.PutMany(ctx, append(us, g)))
	b.ResetTimer()
	for i := range b.N {
		r := []entry.Ref{{Type: entry.User, ID: us[i/2%len(us)].ID}}
		if i%2 == 0 {
			check(b, d.Link(ctx, entry.Group, "g", directory.Members, nil, r))
		} else {
			check(b, d.Link(ctx, entry.Group, "g", directory.Members, r, nil))
		}
	}
}

func benchRecord(i int) journal.Record {
	r := journal.Record{
		At: time.Now(), Job: "hr", Cycle: "c", Action: "update", Status: "success", Reason: "The user was updated.", Initiator: "system",
		Source:  journal.Identity{ID: fmt.Sprintf("source-%d", i), Type: "User", Name: fmt.Sprintf("user%d@contoso.example", i)},
		Target:  journal.Identity{ID: fmt.Sprint(i), Type: "User", Name: fmt.Sprintf("user%d", i)},
		Changes: []journal.Change{{Name: "title", Old: "Engineer", New: "Senior Engineer"}, {Name: "active", Old: "true", New: "true"}},
	}
	for _, s := range []string{"EntryImport", "EntrySynchronizationScoping", "EntrySynchronizationMatching", "EntrySynchronizationUpdate", "EntryExportUpdate"} {
		r.Steps = append(r.Steps, journal.Step{Name: s, Type: "import", Status: "success", Detail: "Received the user from the directory.", Facts: map[string]string{"SourceAnchor": r.Source.ID}})
	}
	return r
}

func BenchmarkJournal(b *testing.B) {
	ctx, db := benchDB(b)
	j := db.Journal()
	at32(b, "records", func(i int) error { return j.Append(ctx, benchRecord(i)) })
	b.StopTimer()
	began := time.Now()
	for i := range 100 {
		rs, err := j.Find(ctx, journal.Query{User: fmt.Sprintf("USER%d@contoso.example", 1+i%b.N), Newest: true})
		check(b, err)
		if len(rs) == 0 {
			b.Fatal("not found")
		}
	}
	b.ReportMetric(float64(time.Since(began).Microseconds())/100, "µs/find")
	check(b, db.Close()) // moves the log into the file
	info, err := os.Stat(db.Path())
	check(b, err)
	b.ReportMetric(float64(info.Size())/float64(b.N), "bytes/record")
}
