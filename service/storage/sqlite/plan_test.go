package sqlite

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-id/sallyport/service/storage"
	"github.com/sallyport-id/sallyport/service/storage/storagetest"
)

// recorder notes every statement that a database runs.
type recorder struct {
	mu   sync.Mutex
	seen map[storage.Query]bool
}

func (r *recorder) note(q storage.Query) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[q] = true
	return nil
}

// record makes every session of a database that is open report to the recorder.
func (r *recorder) record(db *DB) {
	db.writer.session.before = r.note
	for range readerCount {
		s, err := db.readers.take(untilDone)
		if err == nil {
			s.before = r.note
			db.readers.slots <- s
		}
	}
}

// TestNoStatementReadsAWholeTable runs the conformance suite, notes every statement, and asks SQLite how it answers each: always
// along an index from the tenant on, and never by sorting what an index should give in order.
func TestNoStatementReadsAWholeTable(t *testing.T) {
	r := &recorder{seen: map[storage.Query]bool{}}
	storagetest.Run(t, func(t *testing.T) storagetest.Stores {
		db, err := Open(t.Context(), filepath.Join(t.TempDir(), "a.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		r.record(db)
		return storagetest.Stores{Directory: db.Directory(), Apps: db.Apps(), Agents: db.Agents(), Tokens: db.Tokens(), Journal: db.Journal(), Ledger: db.Ledger(), Assign: db.Assignments(),
			Grants: db.Grants(), Clients: db.Identity(), Sessions: db.Identity(), Audit: db.Audit(), Marks: db.AuditMarks(),
			Reviews: db.Reviews(), Drift: db.Drift(), Messages: db.Messages()}
	})
	last, err := Open(t.Context(), filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer last.Close()
	if len(r.seen) < 60 {
		t.Fatalf("noted %d statements only", len(r.seen))
	}
	for q := range r.seen {
		if why := costly(explain(t, last, q), string(q)); why != "" {
			t.Errorf("%s:\n%s\n%s", why, q, explain(t, last, q))
		}
	}
}

// large are the tables that grow with people; agents, apps and tokens are few.
var large = []string{"directory_object", "directory_ref", "journal_record", "ledger_link", "ledger_intent", "ledger_escrow", "ledger_waiting",
	"ledger_held", "ledger_due", "ledger_roster", "directory_left", "directory_unref",
	"review_row", "drift_finding", "notify_message"}

// costly says why a plan is too slow, "" when it is not.
func costly(plan, q string) string {
	for line := range strings.Lines(plan) {
		if !slices.ContainsFunc(large, func(t string) bool { return strings.Contains(line, " "+t+" ") }) {
			continue
		}
		switch {
		case strings.Contains(line, "SCAN "):
			return "reads a whole table"
		case strings.Contains(line, "(tenant=?)"):
			return "reads all a tenant has"
		case strings.Contains(q, "(job, id)") && !strings.Contains(line, "journal_record_job"),
			strings.Contains(q, "(status, id)") && !strings.Contains(line, "journal_record_status"):
			return "walks along everybody's records"
		}
	}
	if strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") && !strings.Contains(q, "agent") && !strings.Contains(q, "ORDER BY active") {
		return "sorts what an index should give in order"
	}
	return ""
}

func explain(t *testing.T, db *DB, q storage.Query) string {
	t.Helper()
	rows, err := db.sql.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+string(q), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(detail + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}
