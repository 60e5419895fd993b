package scimclient_test

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// anyTarget is the interface under test, as service/cycle declares it.
type anyTarget interface {
	Find(ctx context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error)
	Get(ctx context.Context, t entry.Type, id string) (entry.Entry, error)
	Create(ctx context.Context, e entry.Entry) (entry.Entry, error)
	Update(ctx context.Context, t entry.Type, id string, edits []entry.Edit) (string, error)
	Delete(ctx context.Context, t entry.Type, id string) error
}

// awkward are names that break filters, URLs and JSON written without care.
var awkward = []string{
	`o'neil "the + & % \ / ? # one"`, "Ünïcödé-名前-имя", "a.b*c(d)", "plus+minus@x.example", `back\slash`, "a b  c", "100%25",
}

// runTarget is the conformance suite for whatever can be provisioned into. It tests a target that holds users and groups. It creates objects with random names and removes them.
func runTarget(t *testing.T, target anyTarget) {
	s := suite{target}
	t.Run("FindNobody", s.findNobody)
	t.Run("LifeOfAUser", s.life)
	t.Run("AwkwardNames", s.awkward)
	t.Run("TakenName", s.taken)
	t.Run("Gone", s.gone)
	t.Run("Members", s.members)
	t.Run("Elements", s.elements)
}

type suite struct{ target anyTarget }

func unique(prefix string) string { return prefix + strings.ToLower(rand.Text()[:12]) }

// make creates an object and removes it after the test.
func (s suite) make(t *testing.T, typ entry.Type, attrs entry.Attrs) entry.Entry {
	t.Helper()
	e, err := s.target.Create(t.Context(), entry.Entry{Type: typ, Attrs: attrs})
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	if e.ID == "" || e.Type != typ {
		t.Fatalf("created %+v", e)
	}
	t.Cleanup(func() {
		if err := s.target.Delete(context.Background(), typ, e.ID); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	return e
}

func (s suite) findNobody(t *testing.T) {
	for _, typ := range []struct {
		t    entry.Type
		attr string
	}{{entry.User, "userName"}, {entry.Group, "displayName"}} {
		if got, err := s.target.Find(t.Context(), typ.t, typ.attr, unique("nobody-")); err != nil || len(got) != 0 {
			t.Errorf("%s: %v %v", typ.t, got, err)
		}
	}
}

func (s suite) life(t *testing.T) {
	name := unique("life-")
	e := s.make(t, entry.User, entry.Attrs{"userName": {name}, "name.givenName": {"Ada"}, "name.familyName": {"Byron"},
		"active": {true}, "externalId": {unique("x")}})
	id, err := s.target.Update(t.Context(), entry.User, e.ID, []entry.Edit{
		{Op: entry.Replace, Attr: "name.familyName", Values: []entry.Value{"Lovelace"}},
		{Op: entry.Replace, Attr: "active", Values: []entry.Value{false}},
		{Op: entry.Replace, Attr: "title", Values: []entry.Value{"Countess"}},
	})
	if err != nil || id != e.ID {
		t.Fatalf("update: %q %v", id, err)
	}
	s.holds(t, e.ID, entry.Attrs{"userName": {name}, "name.givenName": {"Ada"}, "name.familyName": {"Lovelace"}, "active": {false}, "title": {"Countess"}})
	if _, err = s.target.Update(t.Context(), entry.User, e.ID, []entry.Edit{{Op: entry.Replace, Attr: "title"}}); err != nil {
		t.Fatalf("clear: %v", err)
	}
	if got, _ := s.target.Get(t.Context(), entry.User, e.ID); len(got.Attrs["title"]) != 0 {
		t.Errorf("cleared title is %v", got.Attrs["title"])
	}
	if got, err := s.target.Find(t.Context(), entry.User, "userName", strings.ToUpper(name)); err != nil || len(got) != 1 || got[0].ID != e.ID {
		t.Errorf("find without regard to case: %v %v", got, err)
	}
}

func (s suite) holds(t *testing.T, id string, want entry.Attrs) {
	t.Helper()
	got, err := s.target.Get(t.Context(), entry.User, id)
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	for name, vs := range want {
		if !entry.EqualValues(got.Attrs[name], vs) {
			t.Errorf("%s is %v, want %v", name, got.Attrs[name], vs)
		}
	}
}

func (s suite) awkward(t *testing.T) {
	for _, part := range awkward {
		name := unique(part)
		e := s.make(t, entry.User, entry.Attrs{"userName": {name}, "displayName": {part}})
		got, err := s.target.Find(t.Context(), entry.User, "userName", name)
		if err != nil || len(got) != 1 || got[0].ID != e.ID || got[0].Attrs.Text("displayName") != part {
			t.Errorf("%q: %v %v", name, got, err)
		}
	}
}

func (s suite) taken(t *testing.T) {
	name := unique("taken-")
	s.make(t, entry.User, entry.Attrs{"userName": {name}})
	if e, err := s.target.Create(t.Context(), entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {name}}}); !fault.Is(err, fault.Exists) {
		t.Errorf("a second %q: %+v %v", name, e, err)
	}
}

func (s suite) gone(t *testing.T) {
	e := s.make(t, entry.User, entry.Attrs{"userName": {unique("gone-")}})
	for range 2 {
		if err := s.target.Delete(t.Context(), entry.User, e.ID); err != nil {
			t.Errorf("delete: %v", err)
		}
	}
	if _, err := s.target.Get(t.Context(), entry.User, e.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("get: %v", err)
	}
	_, err := s.target.Update(t.Context(), entry.User, e.ID, []entry.Edit{{Op: entry.Replace, Attr: "title", Values: []entry.Value{"x"}}})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("update: %v", err)
	}
}

func (s suite) members(t *testing.T) {
	var ids []entry.Value
	for range 5 {
		ids = append(ids, entry.Ref{Type: entry.User, ID: s.make(t, entry.User, entry.Attrs{"userName": {unique("member-")}}).ID})
	}
	g := s.make(t, entry.Group, entry.Attrs{"displayName": {unique("group-")}})
	for _, step := range []struct {
		edit entry.Edit
		want []entry.Value
	}{
		{entry.Edit{Op: entry.Add, Values: ids[:4]}, ids[:4]},
		{entry.Edit{Op: entry.Add, Values: ids[3:]}, ids},
		{entry.Edit{Op: entry.Remove, Values: ids[1:3]}, []entry.Value{ids[0], ids[3], ids[4]}},
		{entry.Edit{Op: entry.Replace}, nil},
	} {
		step.edit.Attr = "members"
		if _, err := s.target.Update(t.Context(), entry.Group, g.ID, []entry.Edit{step.edit}); err != nil {
			t.Fatalf("%s: %v", step.edit.Op, err)
		}
		got, err := s.target.Get(t.Context(), entry.Group, g.ID)
		if err != nil || !slices.Equal(refIDs(got.Attrs), refIDs(entry.Attrs{"members": step.want})) {
			t.Errorf("after %s: %v %v, want %v", step.edit.Op, refIDs(got.Attrs), err, step.want)
		}
	}
	if got, err := s.target.Find(t.Context(), entry.Group, "displayName", g.Attrs.Text("displayName")); err != nil || len(got) != 1 || len(refIDs(got[0].Attrs)) != 0 {
		t.Errorf("find group: %v %v", got, err)
	}
}

// refIDs reads members in any form a target gives them.
func refIDs(a entry.Attrs) []string {
	var ids []string
	for _, name := range []string{"members", "members.value"} {
		for _, v := range a[name] {
			switch v := v.(type) {
			case entry.Ref:
				ids = append(ids, v.ID)
			case entry.Complex:
				ids = append(ids, v["value"].(string))
			case string:
				ids = append(ids, v)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// elements changes one element of a list that is there, and one that is not.
func (s suite) elements(t *testing.T) {
	const work, home = `emails[type eq "work"].value`, `emails[type eq "home"].value`
	mail := unique("m") + "@x.example"
	e := s.make(t, entry.User, entry.Attrs{"userName": {unique("elements-")}, work: {mail}})
	if got, err := s.target.Find(t.Context(), entry.User, work, mail); err != nil || len(got) != 1 || got[0].ID != e.ID {
		t.Errorf("find by element: %v %v", got, err)
	}
	_, err := s.target.Update(t.Context(), entry.User, e.ID, []entry.Edit{
		{Op: entry.Replace, Attr: work, Values: []entry.Value{"new@x.example"}},
		{Op: entry.Replace, Attr: home, Values: []entry.Value{"home@x.example"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.holds(t, e.ID, entry.Attrs{work: {"new@x.example"}, home: {"home@x.example"}})
	if _, err := s.target.Update(t.Context(), entry.User, e.ID, []entry.Edit{{Op: entry.Replace, Attr: home}}); err != nil {
		t.Fatal(err)
	}
	if got, _ := s.target.Get(t.Context(), entry.User, e.ID); len(got.Attrs[home]) != 0 || len(got.Attrs[work]) != 1 {
		t.Errorf("after clearing one element: %v", got.Attrs)
	}
}
