package sqlite

import (
	"testing"

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
