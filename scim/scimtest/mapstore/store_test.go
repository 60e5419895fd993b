package mapstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/scim/scimtest/mapstore"
)

func newStore(t *testing.T) *mapstore.Store {
	t.Helper()
	user, err := scim.NewResourceType("User", "/Users", scim.CoreUser(), scim.EnterpriseUser())
	if err != nil {
		t.Fatal(err)
	}
	group, err := scim.NewResourceType("Group", "/Groups", scim.CoreGroup())
	if err != nil {
		t.Fatal(err)
	}
	return mapstore.New(user, group)
}

func create(t *testing.T, s *mapstore.Store, name entry.Type, attrs entry.Attrs) scimserver.Resource {
	t.Helper()
	r, err := s.Create(t.Context(), entry.Entry{Type: name, Attrs: attrs})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVersionMovesWithContentOnly(t *testing.T) {
	s := newStore(t)
	u := create(t, s, "User", entry.Attrs{"userName": {"a"}, "title": {"x"}})
	update := func(v string) scimserver.Resource {
		r, err := s.Update(t.Context(), "User", u.ID, "", []entry.Edit{{Op: entry.Replace, Attr: "title", Values: []entry.Value{v}}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := update("x"); r.Version != u.Version || !r.Modified.Equal(u.Modified) {
		t.Error("an equal value moved the version")
	}
	if r := update("y"); r.Version == u.Version || !r.Modified.After(u.Modified) {
		t.Error("a new value did not move the version")
	}
	if r := update("x"); r.Version != u.Version {
		t.Error("the same content has another version")
	}
	r, err := s.Update(t.Context(), "User", u.ID, "", []entry.Edit{{Op: entry.Replace, Attr: "password", Values: []entry.Value{"p"}}})
	if err != nil || r.Version == u.Version || len(r.Attrs["password"]) > 0 {
		t.Errorf("password: %v %v", r, err)
	}
}

func TestUpdateErrConflict(t *testing.T) {
	s := newStore(t)
	u := create(t, s, "User", entry.Attrs{"userName": {"a"}})
	edits := []entry.Edit{{Op: entry.Replace, Attr: "title", Values: []entry.Value{"x"}}}
	if _, err := s.Update(t.Context(), "User", u.ID, "old", edits); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
	if err := s.Delete(t.Context(), "User", u.ID, "old"); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
}

func TestMembersAreAskedForOrLeftOut(t *testing.T) {
	s := newStore(t)
	u := create(t, s, "User", entry.Attrs{"userName": {"a"}})
	g := create(t, s, "Group", entry.Attrs{"displayName": {"g"}, "members": {entry.Ref{ID: u.ID}}})
	short, err := s.Get(t.Context(), "Group", g.ID, false)
	if err != nil || len(short.Attrs["members"]) != 0 {
		t.Errorf("%v %v", short, err)
	}
	long, err := s.Get(t.Context(), "Group", g.ID, true)
	if err != nil || len(long.Attrs["members"]) != 1 || long.Attrs["members"][0] != (entry.Ref{Type: "User", ID: u.ID}) {
		t.Errorf("%v %v", long, err)
	}
	if _, err := s.Create(t.Context(), entry.Entry{Type: "Group", Attrs: entry.Attrs{"displayName": {"h"}, "members": {entry.Ref{ID: "none"}}}}); !fault.Is(err, fault.Invalid) {
		t.Errorf("unknown member: %v", err)
	}
	s.LooseReferences = true
	create(t, s, "Group", entry.Attrs{"displayName": {"h"}, "members": {entry.Ref{ID: "none"}}})
}

func TestWalkGoesOnAfterADeletion(t *testing.T) {
	s := newStore(t)
	var ids []string
	for i := range 200 {
		ids = append(ids, create(t, s, "User", entry.Attrs{"userName": {fmt.Sprint("u", i)}}).ID)
	}
	q := scimserver.Query{Type: "User", Start: 1, Count: 10}
	first, err := s.Find(t.Context(), q)
	if err != nil || first.Total != 200 || len(first.Resources) != 10 {
		t.Fatalf("%v %v", first, err)
	}
	for _, id := range ids[:150] { // enough to compact, the last one of the page among them
		if err := s.Delete(t.Context(), "User", id, ""); err != nil {
			t.Fatal(err)
		}
	}
	q.After = first.Next
	next, err := s.Find(t.Context(), q)
	if err != nil || next.Total != 50 || next.Resources[0].ID != ids[150] {
		t.Fatalf("%v %v", next, err)
	}
	q.SortBy = "userName"
	if _, err := s.Find(t.Context(), q); !fault.Is(err, fault.NotFound) {
		t.Errorf("a sorted walk whose last resource is gone: %v", err)
	}
}

func TestFail(t *testing.T) {
	s := newStore(t)
	s.Fail = func(op string, _ entry.Type) error {
		if op == "create" {
			return &fault.Error{Kind: fault.Unavailable, RetryAfter: time.Second}
		}
		return nil
	}
	if _, err := s.Create(t.Context(), entry.Entry{Type: "User"}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Find(t.Context(), scimserver.Query{Type: "Nope"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}
