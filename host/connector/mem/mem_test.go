package mem

import (
	"context"
	"fmt"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/connectortest"
)

// peopleAndTeams has an attribute of every type, and an anchor that may be written.
func peopleAndTeams() connector.Schema {
	return connector.Schema{Types: []connector.ObjectType{
		{Name: "Person", Anchor: []string{"login"}, Attributes: []connector.Attribute{
			{Name: "login", Type: connector.String, Required: true, Unique: true, CaseExact: true},
			{Name: "surname", Type: connector.String, Required: true, CaseExact: true},
			{Name: "badge", Type: connector.String, Unique: true, CaseExact: true},
			{Name: "note", Type: connector.String, CaseExact: true},
			{Name: "enabled", Type: connector.Boolean},
			{Name: "floor", Type: connector.Integer},
			{Name: "hired", Type: connector.DateTime},
			{Name: "photo", Type: connector.Binary},
			{Name: "phones", Type: connector.String, MultiValued: true, CaseExact: true},
			{Name: "mails", Type: connector.JSON, MultiValued: true},
			{Name: "boss", Type: connector.Reference, RefType: "Person"},
		}},
		{Name: "Team", Anchor: []string{"id"}, Attributes: []connector.Attribute{
			{Name: "id", Type: connector.String, ReadOnly: true, Unique: true},
			{Name: "title", Type: connector.String, Required: true},
			{Name: "members", Type: connector.Reference, MultiValued: true, RefType: "Person"},
		}},
	}}
}

func TestConformance(t *testing.T) {
	connectortest.Run(t, connectortest.Harness{
		New: func(testing.TB) func(context.Context) (connector.Session, error) {
			d := With(peopleAndTeams())
			return func(ctx context.Context) (connector.Session, error) {
				return d.Open(ctx, connector.Config{Name: "test"})
			}
		},
		Type: "Person",
		Sample: func(n int) entry.Attrs {
			return entry.Attrs{"login": {fmt.Sprintf("login%d", n)}, "surname": {fmt.Sprintf("Surname %d", n)},
				"badge": {fmt.Sprintf("badge-%d", n)}, "enabled": {n%2 == 0}, "floor": {int64(n)}}
		},
		Anchor: "login", Required: "surname", Unique: "badge", Text: "note", Flag: "enabled", Number: "floor", When: "hired",
		Bytes: "photo", Many: "phones", Document: "mails", Manager: "boss",
		Group: "Team", Members: "members",
		GroupSample: func(n int) entry.Attrs { return entry.Attrs{"title": {fmt.Sprintf("Team %d", n)}} },
	})
}

func TestConformanceOfSCIMSchema(t *testing.T) {
	connectortest.Run(t, connectortest.Harness{
		New: func(testing.TB) func(context.Context) (connector.Session, error) {
			d := New()
			return func(ctx context.Context) (connector.Session, error) {
				return d.Open(ctx, connector.Config{Name: "test", Values: map[string]string{"batch": "50"}})
			}
		},
		Type:     entry.User,
		Sample:   func(n int) entry.Attrs { return entry.Attrs{"userName": {fmt.Sprintf("user%d", n)}} },
		Required: "userName", Unique: "userName", Text: "externalId", Flag: "active", Document: "emails", Manager: "manager",
	})
}

func seeded(t *testing.T, users, groups string) *session {
	t.Helper()
	s, err := New().Open(t.Context(), connector.Config{Name: "x", Values: map[string]string{"users": users, "groups": groups}})
	if err != nil {
		t.Fatal(err)
	}
	return s.(*session)
}

func TestMadeUpPeople(t *testing.T) {
	s := seeded(t, "1000", "7")
	ctx := t.Context()
	import_ := func() map[string]entry.Entry {
		got := map[string]entry.Entry{}
		for e, err := range s.Import(ctx, entry.User) {
			if err != nil {
				t.Fatal(err)
			}
			if _, twice := got[e.ID]; twice {
				t.Fatalf("%s twice", e.ID)
			}
			got[e.ID] = e
		}
		return got
	}
	people := import_()
	if n, _ := s.Count(ctx, entry.User); n != 1000 || len(people) != 1000 {
		t.Fatalf("%d counted, %d imported", n, len(people))
	}
	for _, e := range people {
		if len(e.Attrs) != 12 {
			t.Fatalf("%d attributes", len(e.Attrs))
		}
	}
	t.Run("AreFoundByUserNameInAnyCase", func(t *testing.T) {
		found, err := s.Lookup(ctx, entry.User, "userName", "USER0000007@people.example")
		if err != nil || len(found) != 1 || found[0].ID != personID(7) {
			t.Fatalf("%v %v", found, err)
		}
	})
	t.Run("KeepTheirUserName", func(t *testing.T) {
		_, err := s.Create(ctx, entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {"User0000007@people.example"}}})
		if !fault.Is(err, fault.Exists) {
			t.Fatal(err)
		}
	})
	t.Run("ChangeAndGo", func(t *testing.T) {
		a := connector.Anchor(personID(7))
		if _, err := s.Update(ctx, entry.User, a, []entry.Edit{{Op: entry.Replace, Attr: "userName", Values: []entry.Value{"seven"}}}); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(ctx, entry.User, connector.Anchor(personID(8))); err != nil {
			t.Fatal(err)
		}
		people := import_()
		if n, _ := s.Count(ctx, entry.User); n != 999 || len(people) != 999 || people[string(a)].Attrs.Text("userName") != "seven" {
			t.Fatalf("%d counted, %d imported, %v", n, len(people), people[string(a)])
		}
		if found, _ := s.Lookup(ctx, entry.User, "userName", "user0000007@people.example"); len(found) != 0 {
			t.Fatalf("still found: %v", found)
		}
	})
	t.Run("LeaveTheirGroups", func(t *testing.T) {
		found, err := s.Lookup(ctx, entry.Group, "members", entry.Ref{ID: personID(8)})
		if err != nil || len(found) != 0 {
			t.Fatalf("%v %v", found, err)
		}
		if found, _ := s.Lookup(ctx, entry.Group, "members", entry.Ref{ID: personID(9)}); len(found) != 1 {
			t.Fatalf("another member went: %v", found)
		}
	})
}

func TestPasswordIsNeverReadBack(t *testing.T) {
	s := seeded(t, "", "")
	e, err := s.Create(t.Context(), entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {"u"}, "password": {"hunter2"}}})
	if err != nil || e.Attrs.First("password") != nil {
		t.Fatal(e, err)
	}
	if err := s.SetPassword(t.Context(), entry.User, connector.Anchor(e.ID), connector.NewSecret("other")); err != nil {
		t.Fatal(err)
	}
	found, _ := s.Lookup(t.Context(), entry.User, "userName", "u")
	if len(found) != 1 || found[0].Attrs.First("password") != nil {
		t.Fatal(found)
	}
	if stored := s.store.tables[entry.User].byID[e.ID].entry(entry.User).Attrs.Text("password"); stored != "other" {
		t.Fatalf("stored %q", stored)
	}
}

func TestOpenRefusesBadNumbers(t *testing.T) {
	for _, n := range []string{"-1", "many", "1e3", "100000001"} {
		_, err := New().Open(t.Context(), connector.Config{Values: map[string]string{"users": n}})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", n, err)
		}
	}
}
