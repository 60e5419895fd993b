package sqlite_test

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/sallyport-id/sallyport/service/storage/sqlite"
	"github.com/sallyport-id/sallyport/service/storage/storagetest"
)

// open opens a new database, or the one at the path, and closes it at the end of the test.
func open(t testing.TB, path string) *sqlite.DB {
	t.Helper()
	if path == "" {
		path = filepath.Join(t.TempDir(), "odd name?#%.db")
	}
	db, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func stores(db *sqlite.DB) storagetest.Stores {
	return storagetest.Stores{Directory: db.Directory(), Apps: db.Apps(), Agents: db.Agents(), Tokens: db.Tokens(), Journal: db.Journal(), Ledger: db.Ledger(), Assign: db.Assignments(),
		Grants: db.Grants(), Clients: db.Identity(), Sessions: db.Identity(), Audit: db.Audit(), Marks: db.AuditMarks(),
		Reviews: db.Reviews(), Drift: db.Drift(), Messages: db.Messages()}
}

func TestConformance(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storagetest.Stores { return stores(open(t, "")) })
	goleak.VerifyNone(t, goleak.IgnoreCurrent())
}
