package endpoint_test

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimclient"
)

const oddColumns = `CREATE TABLE People (Login TEXT PRIMARY KEY, "First Name" TEXT, "Tëxt 名" TEXT UNIQUE, "a.b" TEXT, "x[1]" TEXT, "we""ird" TEXT, _x0041_ TEXT)`

const oddYAML = `listen: 127.0.0.1:0
connectors:
  - name: Odd
    kind: gsql
    secretTokenFile: token
    settings: {url: "sqlite:DB", types: [User=People]}
    objects:
      User: {core: {userName: Login}, match: [Login, "Tëxt 名", "we\"ird"]}
    deprovision: {delete: delete}
`

// Mapping targets and match attributes name a column as the database does, whatever characters that name holds.
func TestColumnsOfAnyNameThroughTheClient(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "odd.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(oddColumns); err != nil {
		t.Fatal(err)
	}
	drivers := map[string]connector.Driver{"gsql": gsql.Driver{}}
	h := startWith(t, load(t, dir, strings.Replace(oddYAML, "DB", path, 1)), drivers)
	ready(t, h)
	base, err := url.Parse(h.URL("Odd"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dialect := range []string{scimclient.RFC, scimclient.Merged, scimclient.Legacy} {
		t.Run(dialect, func(t *testing.T) {
			cl, err := scimclient.New(scimclient.Config{Base: base, Transport: h.Transport(), Token: scimclient.Static(token), Dialect: dialect})
			if err != nil {
				t.Fatal(err)
			}
			oddLife(t, cl)
		})
	}
}

// oddLife creates, finds, updates, lists and deletes somebody who has a value in every odd column.
func oddLife(t *testing.T, cl *scimclient.Client) {
	const ext = scim.ECMA2HostURN + ":"
	names := []string{"First Name", "Tëxt 名", "a.b", "x[1]", `we"ird`, "_x0041_"}
	given := entry.Attrs{"userName": {"ada"}}
	for _, n := range names {
		given[ext+n] = []entry.Value{"is " + n}
	}
	before := cmp.Diff(nil, given)
	made, err := cl.Create(t.Context(), entry.Entry{Type: entry.User, Attrs: given})
	if err != nil {
		t.Fatal(err)
	}
	if after := cmp.Diff(nil, given); after != before {
		t.Error("Create changed the caller's attributes")
	}
	same := func(op string, e entry.Entry, word string) {
		t.Helper()
		for _, n := range names {
			if diff := cmp.Diff([]entry.Value{word + n}, e.Attrs[ext+n]); diff != "" {
				t.Errorf("%s: %s: %s", op, n, diff)
			}
		}
	}
	same("create", made, "is ")
	for _, n := range []string{"Tëxt 名", `we"ird`, "First Name", "a.b", "x[1]"} {
		got, err := cl.Find(t.Context(), entry.User, ext+n, "is "+n)
		if err != nil || len(got) != 1 {
			t.Fatalf("find by %s: %v %v", n, got, err)
		}
		same("find by "+n, got[0], "is ")
	}
	var edits []entry.Edit
	for _, n := range names {
		edits = append(edits, entry.Edit{Op: entry.Replace, Attr: ext + n, Values: []entry.Value{"was " + n}})
	}
	if _, err := cl.Update(t.Context(), entry.User, made.ID, edits); err != nil {
		t.Fatal(err)
	}
	if edits[0].Attr != ext+names[0] {
		t.Error("Update changed the caller's edits")
	}
	got, err := cl.Get(t.Context(), entry.User, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	same("get", got, "was ")
	listed := 0
	for e, err := range cl.List(t.Context(), entry.User) {
		if err != nil {
			t.Fatal(err)
		}
		listed++
		same("list", e, "was ")
	}
	if listed != 1 {
		t.Errorf("%d listed", listed)
	}
	clear := []entry.Edit{{Op: entry.Remove, Attr: ext + "a.b"}}
	if _, err := cl.Update(t.Context(), entry.User, made.ID, clear); err != nil {
		t.Fatal(err)
	}
	if got, err = cl.Get(t.Context(), entry.User, made.ID); err != nil || len(got.Attrs[ext+"a.b"]) != 0 {
		t.Errorf("removed: %v %v", got, err)
	}
	if err := cl.Delete(t.Context(), entry.User, made.ID); err != nil {
		t.Fatal(err)
	}
}
