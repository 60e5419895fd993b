package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/storage"
	"github.com/sallyport-id/sallyport/service/storage/storagetest"
)

func openFresh(t *testing.T) *DB {
	t.Helper()
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

const (
	testInsert storage.Query = `INSERT INTO app (tenant, id, version, doc) VALUES ($1, $2, 1, '')`
	testCount  storage.Query = `SELECT COUNT(*) FROM app`
)

func insert(id string) func(storage.Session) error {
	return func(s storage.Session) error { _, err := s.Exec(testInsert, []any{"t", id}); return err }
}

func count(t *testing.T, db *DB) (n int) {
	t.Helper()
	err := db.Read(t.Context(), func(s storage.Session) error {
		rows, err := s.Rows(testCount, nil)
		if err != nil {
			return err
		}
		defer rows.Close()
		rows.Next()
		return rows.Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// hold keeps the writer busy with one request until the function it returns is called.
func hold(t *testing.T, db *DB) (release func() error) {
	t.Helper()
	begun, gate, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.Write(context.Background(), func(storage.Session) error { close(begun); <-gate; return nil })
	}()
	<-begun
	return func() error { close(gate); return <-done }
}

// queued starts a write and returns when it waits in the queue.
func queued(ctx context.Context, db *DB, n int, fn func(storage.Session) error) chan error {
	done := make(chan error, 1)
	go func() { done <- db.Write(ctx, fn) }()
	for len(db.writer.queue) < n {
		select {
		case err := <-done: // cannot end while the writer is held
			done <- err
			return done
		default:
		}
	}
	return done
}

// TestOneBadRequestHurtsNobodyElse lets requests wait until they share a group; one fails after it has written, one panics.
func TestOneBadRequestHurtsNobodyElse(t *testing.T) {
	db := openFresh(t)
	commits := 0
	release := hold(t, db)
	db.writer.longest = time.Hour // one group, however slow the machine
	mine := errors.New("mine")
	a := queued(t.Context(), db, 1, insert("a"))
	bad := queued(t.Context(), db, 2, func(s storage.Session) error { return errors.Join(insert("bad")(s), mine) })
	odd := queued(t.Context(), db, 3, func(s storage.Session) error { _ = insert("odd")(s); panic("odd") })
	twice := queued(t.Context(), db, 4, insert("a"))
	b := queued(t.Context(), db, 5, insert("b"))
	db.writer.session.before = func(q storage.Query) error {
		if q == commit {
			commits++
		}
		return nil
	}
	if err := errors.Join(release(), <-a, <-b); err != nil {
		t.Fatal(err)
	}
	if err := <-bad; !errors.Is(err, mine) {
		t.Errorf("got %v", err)
	}
	if err := <-odd; !fault.Is(err, fault.Internal) {
		t.Errorf("got %v", err)
	}
	if err := <-twice; !fault.Is(err, fault.Exists) {
		t.Errorf("got %v", err)
	}
	if n := count(t, db); n != 2 {
		t.Errorf("%d rows are there, want a and b", n)
	}
	if commits != 1 {
		t.Errorf("%d commits for one group", commits)
	}
}

func TestAbandonedRequestNeverRuns(t *testing.T) {
	db := openFresh(t)
	release := hold(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	gone := queued(ctx, db, 1, insert("gone"))
	stays := queued(t.Context(), db, 2, insert("stays"))
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if err := errors.Join(release(), <-stays); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db); n != 1 {
		t.Fatalf("%d rows are there", n)
	}
	if err := db.Write(ctx, insert("late")); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

// TestFailedCommitFailsAll makes the commit of a group fail: nobody is told that it went well, nothing is there, nobody is
// woken, and the next write works.
func TestFailedCommitFailsAll(t *testing.T) {
	db := openFresh(t)
	news := db.Watch("topic")
	full := fault.New(fault.Unavailable, "", "the disk is full").WithHint("make room")
	release := hold(t, db)
	a := queued(t.Context(), db, 1, func(s storage.Session) error { s.Touch("topic"); return insert("a")(s) })
	b := queued(t.Context(), db, 2, insert("b"))
	db.writer.session.before = func(q storage.Query) error {
		if q == commit {
			return full
		}
		return nil
	}
	for _, err := range []error{release(), <-a, <-b} {
		if !fault.Is(err, fault.Unavailable) || fault.HintOf(err) != "make room" {
			t.Fatalf("got %v", err)
		}
	}
	select {
	case <-news:
		t.Fatal("woken by a commit that failed")
	default:
	}
	db.writer.session.before = nil // nothing is under way
	if err := db.Write(t.Context(), insert("c")); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db); n != 1 {
		t.Fatalf("%d rows are there, want c alone", n)
	}
}

// steps is a run of writes over every store.
func steps(db *DB) []step {
	d, l, j := db.Directory(), db.Ledger(), db.Journal()
	ann := func(e entry.Entry) (entry.Entry, error) {
		e.Attrs = entry.Attrs{"userPrincipalName": {"ann@x"}, "manager": {entry.Ref{Type: entry.User, ID: "boss"}}}
		return e, nil
	}
	team := entry.Entry{Type: entry.Group, ID: "team", Attrs: entry.Attrs{"displayName": {"Team"}, "members": {entry.Ref{Type: entry.User, ID: "ann"}}}}
	boss := entry.Entry{Type: entry.User, ID: "boss", Attrs: entry.Attrs{"userPrincipalName": {"boss@x"}}}
	receipt := cycle.Receipt{Job: "hr", Intent: cycle.Intent{Source: "ann"}}
	return []step{
		{"put", func(ctx context.Context) error { _, err := d.Put(ctx, entry.User, "ann", ann); return err }},
		{"many", func(ctx context.Context) error { return d.PutMany(ctx, []entry.Entry{boss, team}) }},
		{"link", func(ctx context.Context) error {
			return d.Link(ctx, entry.Group, "team", directory.Members, []entry.Ref{{ID: "boss"}}, []entry.Ref{{ID: "ann"}})
		}},
		{"hard", func(ctx context.Context) error { return d.HardDelete(ctx, entry.User, "boss") }},
		{"settle", func(ctx context.Context) error {
			return l.Settle(ctx, receipt, cycle.Outcome{Link: plan.Link{Source: "ann", Target: "t"}, Waiting: []string{"boss", "x"}})
		}},
		{"escrow", func(ctx context.Context) error {
			return l.Settle(ctx, receipt, cycle.Outcome{Unlink: true, Escrow: &cycle.Escrow{Source: "ann"}})
		}},
		{"state", func(ctx context.Context) error {
			_, err := l.SetState(ctx, "hr", func(s cycle.State) (cycle.State, error) { s.Version++; return s, nil })
			return err
		}},
		{"journal", func(ctx context.Context) error { return j.Append(ctx, record("one"), record("two")) }},
	}
}

type step struct {
	name string
	run  func(context.Context) error
}

// TestNthFaultLeavesNothingHalfDone lets the n-th statement of a run of writes fail, for every n. The step it hits changes
// nothing, and the same step again does what it would have done: in the end all runs hold the same.
func TestNthFaultLeavesNothingHalfDone(t *testing.T) {
	want, template := "", emptyFile(t)
	for n := 0; ; n++ {
		db := openCopy(t, template)
		ctx := storagetest.InTenant(t)
		left, hit := n, false
		db.writer.session.before = func(q storage.Query) error {
			if left--; left == -1 && n > 0 {
				hit = true
				return fault.New(fault.Unavailable, "", "fault %d", n)
			}
			return nil
		}
		for _, s := range steps(db) {
			before := dump(t, db)
			err := s.run(ctx)
			if err == nil {
				continue
			}
			if !fault.Is(err, fault.Unavailable) {
				t.Fatalf("fault %d in %s: %v", n, s.name, err)
			}
			if after := dump(t, db); after != before {
				t.Fatalf("fault %d left %s half done:\n%s\nwas:\n%s", n, s.name, after, before)
			}
			if err := s.run(ctx); err != nil {
				t.Fatalf("after fault %d, %s: %v", n, s.name, err)
			}
		}
		end := dump(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		switch {
		case n == 0:
			want = end
		case end != want:
			t.Fatalf("after fault %d the end is\n%s\nwant\n%s", n, end, want)
		case !hit:
			if n < 60 {
				t.Fatalf("only %d statements were tried", n)
			}
			return
		}
	}
}

func record(reason string) journal.Record { return journal.Record{At: time.Unix(1, 0), Reason: reason} }

// dump writes every row of every table as text.
func dump(t *testing.T, db *DB) string {
	t.Helper()
	var out strings.Builder
	for _, table := range []string{"directory_clock", "directory_object", "directory_ref", "journal_clock", "journal_record", "ledger_link", "ledger_escrow", "ledger_waiting", "ledger_state"} {
		rows, err := db.sql.QueryContext(t.Context(), "SELECT * FROM "+table+" ORDER BY 1, 2, 3, 4")
		if err != nil {
			rows, err = db.sql.QueryContext(t.Context(), "SELECT * FROM "+table)
		}
		if err != nil {
			t.Fatal(err)
		}
		columns, _ := rows.Columns()
		for rows.Next() {
			row := make([]any, len(columns))
			for i := range row {
				row[i] = new(any)
			}
			if err := rows.Scan(row...); err != nil {
				t.Fatal(err)
			}
			out.WriteString(table)
			for i, v := range row {
				if columns[i] != "created" && columns[i] != "modified" { // by the clock of each run
					fmt.Fprintf(&out, " %q", fmt.Sprint(*v.(*any)))
				}
			}
			out.WriteString("\n")
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// emptyFile returns the bytes of a database with all its tables.
func emptyFile(t *testing.T) []byte {
	t.Helper()
	db := openFresh(t)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(db.Path())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// openCopy opens a new file with these bytes, which is quicker than making the tables.
func openCopy(t *testing.T, text []byte) *DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
