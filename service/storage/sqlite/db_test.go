package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
	"github.com/sallyport-id/sallyport/service/storage/storagetest"
)

func putUser(ctx context.Context, db *sqlite.DB, id string) error {
	_, err := db.Directory().Put(ctx, entry.User, id, func(e entry.Entry) (entry.Entry, error) {
		e.Attrs = entry.Attrs{"userPrincipalName": {id + "@x"}}
		return e, nil
	})
	return err
}

func TestOpenKeepsWhatWasWritten(t *testing.T) {
	ctx, path := storagetest.InTenant(t), filepath.Join(t.TempDir(), "a.db")
	for range 3 {
		db, err := sqlite.Open(ctx, path)
		check(t, err)
		check(t, putUser(ctx, db, "u"))
		n, err := db.Directory().Count(ctx, entry.User)
		check(t, err)
		if n != 1 {
			t.Fatalf("got %d users", n)
		}
		check(t, db.Close())
		check(t, db.Close()) // twice is once
	}
}

func TestOpenIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no mode there")
	}
	path := filepath.Join(t.TempDir(), "a.db")
	check(t, os.WriteFile(path, nil, 0o666)) // an older file, open to all
	db := open(t, path)
	check(t, putUser(storagetest.InTenant(t), db, "u"))
	for _, name := range []string{path, path + "-wal", path + "-shm", path + ".lock"} {
		info, err := os.Stat(name)
		check(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(name), info.Mode())
		}
	}
}

func TestOpenErr(t *testing.T) {
	dir := t.TempDir()
	newer, broken, noDB := filepath.Join(dir, "newer.db"), filepath.Join(dir, "broken.db"), filepath.Join(dir, "no.db")
	db, err := sqlite.Open(t.Context(), newer)
	check(t, err)
	check(t, db.Close())
	raw, err := sql.Open("sqlite", newer)
	check(t, err)
	_, err = raw.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`)
	check(t, err)
	check(t, raw.Close())
	check(t, os.WriteFile(noDB, []byte("this is a letter, not a database, and it is long enough to be read as one"), 0o600))
	text, err := os.ReadFile(newer)
	check(t, err)
	check(t, os.WriteFile(broken, text[:len(text)/2], 0o600))

	taken := filepath.Join(dir, "taken.db")
	open(t, taken)
	for name, tc := range map[string]struct {
		path string
		kind fault.Kind
	}{
		"TwoServices": {taken, fault.Conflict},
		"NewerForm":   {newer, fault.Conflict},
		"NoDatabase":  {noDB, fault.Internal},
		"Truncated":   {broken, fault.Internal},
		"NoFolder":    {filepath.Join(dir, "none", "a.db"), fault.Invalid},
		"Folder":      {dir, fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			db, err := sqlite.Open(t.Context(), tc.path)
			if err == nil {
				_ = db.Close()
			}
			if !fault.Is(err, tc.kind) || fault.HintOf(err) == "" {
				t.Fatalf("got %v (%v)", err, fault.KindOf(err))
			}
		})
	}
	check(t, putUser(storagetest.InTenant(t), open(t, filepath.Join(dir, "again.db")), "u"))
}

func TestCloseEndsEverything(t *testing.T) {
	ctx := storagetest.InTenant(t)
	db := open(t, "")
	waited, followed := make(chan error, 1), make(chan error, 1)
	go func() { waited <- db.Directory().Wait(ctx, "") }()
	go func() {
		for _, err := range db.Journal().Follow(ctx, journal.Query{}) {
			followed <- err
		}
	}()
	check(t, db.Close())
	for _, c := range []chan error{waited, followed} {
		if err := <-c; !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v", err)
		}
	}
	if err := putUser(ctx, db, "u"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	if _, err := db.Directory().Count(ctx, entry.User); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}
