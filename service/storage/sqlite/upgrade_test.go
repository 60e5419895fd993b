package sqlite

import (
	"fmt"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/storage"
)

// TestUpgradeFromTheFirstForm: groups that were unique by their exact name are found in any case afterwards, two that differ in
// case alone stay, and objects from before have versions.
func TestUpgradeFromTheFirstForm(t *testing.T) {
	ctx := tenant.With(t.Context(), tenant.Default)
	db := openFresh(t)
	ids := map[string]string{}
	for _, name := range []string{"Sales", "team", "other"} {
		e, err := db.Directory().Put(ctx, entry.Group, "", func(e entry.Entry) (entry.Entry, error) {
			return directory.Merge(e, entry.Attrs{directory.DisplayName: {name}}), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = e.ID
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db.sql, storage.Migrations())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(ctx, 1); err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]string{"Sales": ids["Sales"], "team": ids["team"], "TEAM": ids["other"]} {
		if _, err := db.sql.ExecContext(ctx, `UPDATE directory_object SET unique_key = $1 WHERE id = $2`, name, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = Open(ctx, db.Path()); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, id := range map[string]string{"SALES": ids["Sales"], "Team": ids["team"]} {
		if e, err := db.Directory().Lookup(ctx, entry.Group, directory.DisplayName, name); err != nil || e.ID != id {
			t.Errorf("%s is %v, %v", name, e, err)
		}
	}
	os, err := db.Directory().Scan(ctx, entry.Group, "", 10)
	if err != nil || len(os) != 3 || os[0].Version == "" {
		t.Fatalf("got %+v, %v", os, err)
	}
	after, err := db.Directory().Revise(ctx, entry.Group, os[0].ID, directory.Revision{Version: os[0].Version, Change: func(e entry.Entry) (entry.Entry, error) {
		return directory.Merge(e, entry.Attrs{"description": {"d"}}), nil
	}})
	if err != nil || after.Version == os[0].Version || after.Modified.IsZero() {
		t.Fatalf("got %+v, %v", after, err)
	}
}

// TestUpgradeBeforeNamesWereIndexed: users that were written before there was an index of displayNames are found in it, and counted.
func TestUpgradeBeforeNamesWereIndexed(t *testing.T) {
	ctx := tenant.With(t.Context(), tenant.Default)
	db := openFresh(t)
	var es []entry.Entry
	for i := range 1500 { // more than one step
		es = append(es, entry.Entry{Type: entry.User, Attrs: entry.Attrs{directory.UserPrincipalName: {fmt.Sprintf("%d@x", i)}, directory.DisplayName: {fmt.Sprintf("User %04d", 1499-i)}}})
	}
	if err := db.Directory().PutMany(ctx, es); err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db.sql, storage.Migrations())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(ctx, 59); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = Open(ctx, db.Path()); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for range 2 {
		os, err := db.Directory().ByShown(ctx, "user 0", directory.Shown{}, false, 2000)
		if err != nil || len(os) != 1000 || os[0].Attrs.Text(directory.UserPrincipalName) != "1499@x" {
			t.Fatalf("%d users, %v", len(os), err)
		}
		if n, err := db.Directory().Count(ctx, entry.User); n != 1500 || err != nil {
			t.Errorf("%d users, %v", n, err)
		}
	}
	if err := db.Directory().SoftDelete(ctx, entry.User, must(db.Directory().Lookup(ctx, entry.User, directory.UserPrincipalName, "7@x"))(t).ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Directory().Count(ctx, entry.User); n != 1499 || err != nil {
		t.Errorf("%d users, %v", n, err)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
