package gsql

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/test/targets"
)

// database gives the test an empty database and the dialect's name.
type database struct {
	name string
	url  func(t testing.TB) string
}

var databases = []database{
	{SQLite, func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "target.db") }},
	{PostgreSQL, freshSchema},
	{MariaDB, func(t testing.TB) string { return targets.MariaDB(t).URL("") }},
}

var (
	shared   *targets.PG
	sharedMu sync.Mutex
	schemas  atomic.Int64
)

// freshSchema gives the test a schema of its own in one database, which is quicker than a database of its own.
func freshSchema(t testing.TB) string {
	t.Helper()
	sharedMu.Lock()
	defer sharedMu.Unlock()
	if shared == nil {
		shared = targets.Postgres(t)
	}
	p := shared
	name := fmt.Sprintf("s%d", schemas.Add(1))
	if err := p.Exec(t.Context(), "", "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	return p.URL("") + "&search_path=" + name
}

// each runs f on every database.
func each(t *testing.T, f func(t *testing.T, d database)) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) { f(t, d) })
	}
}

// open makes the demo's tables in an empty database and opens a session on them.
func open(t testing.TB, d Demo, url string) *session {
	t.Helper()
	if err := d.Create(t.Context(), url, connector.Secret{}); err != nil {
		t.Fatal(err)
	}
	return join(t, d, url)
}

// join opens one more session.
func join(t testing.TB, d Demo, url string) *session {
	t.Helper()
	s, err := New().Open(t.Context(), d.Config("test", url, connector.Secret{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.(*session)
}

func TestContosoHoldsPeopleAndGroups(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s := open(t, Contoso(d.name), d.url(t))
		if err := s.Test(t.Context()); err != nil {
			t.Fatal(err)
		}
		boss := create(t, s, entry.User, entry.Attrs{"ContosoLogin": {"boss"}, "FirstName": {"Åsa"}, "LastName": {"Öberg"}})
		if len(boss.ID) != 36 || boss.Attrs.First("Enabled") != true {
			t.Fatalf("no generated anchor or default: %+v", boss)
		}
		worker := create(t, s, entry.User, entry.Attrs{"ContosoLogin": {"worker"}, "FirstName": {"Bo"}, "LastName": {"Ek"}, "Manager": {entry.Ref{Type: entry.User, ID: boss.ID}}})
		group := create(t, s, entry.Group, entry.Attrs{"GroupName": {"All"}, "members": {entry.Ref{ID: boss.ID}, entry.Ref{ID: worker.ID}}})
		got := one(t, s, entry.Group, "GroupGUID", group.ID)
		if len(got.Attrs["members"]) != 2 {
			t.Fatalf("members: %v", got.Attrs["members"])
		}
		if err := s.Delete(t.Context(), entry.User, connector.Anchor(boss.ID)); err != nil {
			t.Fatal(err)
		}
		if w := one(t, s, entry.User, "ContosoLogin", "worker"); w.Attrs.First("Manager") != nil {
			t.Errorf("still managed by %v", w.Attrs["Manager"])
		}
		_, err := s.Create(t.Context(), entry.Entry{Type: entry.User, Attrs: entry.Attrs{"LastName": {"Nameless"}}})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("without FirstName: %v", err)
		}
	})
}

func TestFullSCIMHoldsEveryAttribute(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s := open(t, FullSCIM(d.name), d.url(t))
		want := entry.Attrs{
			"userName": {"Ada@example.test"}, "active": {true}, "department": {"R&D"},
			"name":   {entry.Complex{"givenName": "Ada", "familyName": "Lovelace"}},
			"emails": {entry.Complex{"value": "ada@example.test", "primary": true}, entry.Complex{"value": "a@home.test", "type": "home"}},
		}
		made := create(t, s, entry.User, want)
		if diff := entry.Diff(made.Attrs, want); len(diff) > 0 {
			t.Fatalf("came back different: %v", diff)
		}
		if got := one(t, s, entry.User, "userName", "ADA@EXAMPLE.TEST"); got.Attrs.Text("userName") != "Ada@example.test" {
			t.Errorf("userName is %q", got.Attrs.Text("userName"))
		}
		edits := []entry.Edit{
			{Op: entry.Remove, Attr: "emails", Values: []entry.Value{entry.Complex{"value": "a@home.test", "type": "home"}}},
			{Op: entry.Add, Attr: "emails", Values: []entry.Value{entry.Complex{"value": "new@example.test"}}},
			{Op: entry.Replace, Attr: "name", Values: nil},
		}
		if _, err := s.Update(t.Context(), entry.User, connector.Anchor(made.ID), edits); err != nil {
			t.Fatal(err)
		}
		got := one(t, s, entry.User, "id", made.ID)
		if len(got.Attrs["emails"]) != 2 || got.Attrs.First("name") != nil {
			t.Errorf("after the edits: %v", got.Attrs)
		}
		sch, err := s.Schema(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		users, _ := sch.Type(entry.User)
		if a, _ := users.Attribute("userName"); a.CaseExact || !a.Unique || !a.Required {
			t.Errorf("userName is %+v", a)
		}
	})
}

func create(t testing.TB, s connector.Session, kind entry.Type, a entry.Attrs) entry.Entry {
	t.Helper()
	e, err := s.(connector.Exporter).Create(t.Context(), entry.Entry{Type: kind, Attrs: a})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// one looks up the only object.
func one(t testing.TB, s connector.Session, kind entry.Type, attr string, v entry.Value) entry.Entry {
	t.Helper()
	found, err := s.(connector.Lookup).Lookup(t.Context(), kind, attr, v)
	if err != nil || len(found) != 1 {
		t.Fatalf("look up %s %v: %d found, %v", attr, v, len(found), err)
	}
	return found[0]
}
