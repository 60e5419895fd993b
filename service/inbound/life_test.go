package inbound_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

// changes lists what the change log says after w, and where it ends.
func (s *site) changes(w directory.Watermark) (cs []directory.Change, end directory.Watermark) {
	s.t.Helper()
	for c, err := range s.db.Directory().After(in("default"), w) {
		if err != nil {
			s.t.Fatal(err)
		}
		cs, end = append(cs, c), c.At
	}
	return cs, end
}

// TestEveryWriteIsAChange: what a source writes is what jobs read and provision.
func TestEveryWriteIsAChange(t *testing.T) {
	s := newSite(t)
	s.user("first@x")
	_, w := s.changes("")
	ctx, cancel := context.WithTimeout(in("default"), 10*time.Second)
	defer cancel()
	woken := make(chan error, 1)
	go func() { woken <- s.db.Directory().Wait(ctx, w) }()
	ann := s.do(201, "POST", "/Users", `{"userName":"ann@x","title":"T","emails":[{"type":"work","value":"ann@x"}]}`).id()
	if err := <-woken; err != nil {
		t.Fatalf("nobody was woken: %v", err)
	}
	cs, w := s.changes(w)
	if len(cs) != 1 || cs[0].Entry.ID != ann || cs[0].Entry.Attrs.Text("jobTitle") != "T" || cs[0].Entry.Attrs.Text("mail") != "ann@x" {
		t.Fatalf("POST gave the changes %+v", cs)
	}
	g := s.do(201, "POST", "/Groups", `{"displayName":"g"}`).id()
	_, w = s.changes(w)
	s.do(204, "PATCH", "/Groups/"+g, `{"Operations":[{"op":"add","path":"members","value":[{"value":"`+ann+`"}]}]}`)
	cs, w = s.changes(w)
	if len(cs) != 1 || cs[0].Entry.ID != g || len(cs[0].Entry.Attrs[directory.Members]) != 1 {
		t.Fatalf("a new member gave the changes %+v", cs)
	}
	s.do(200, "PATCH", "/Users/"+ann, `{"Operations":[{"op":"replace","path":"title","value":"T"}]}`)
	s.do(204, "PATCH", "/Groups/"+g, `{"Operations":[{"op":"add","path":"members","value":[{"value":"`+ann+`"}]}]}`)
	if cs, _ := s.changes(w); len(cs) != 0 {
		t.Fatalf("nothing new gave the changes %+v", cs)
	}
	s.do(204, "DELETE", "/Users/"+ann, "")
	cs, _ = s.changes(w)
	if len(cs) != 2 || cs[0].Entry.ID != ann || len(cs[0].Entry.Attrs[directory.DeletedDateTime]) != 1 || cs[0].Deleted ||
		cs[1].Entry.ID != g || len(cs[1].Entry.Attrs[directory.Members]) != 0 {
		t.Fatalf("DELETE gave the changes %+v", cs)
	}
}

func TestDelete(t *testing.T) {
	s := newSite(t)
	ann, bob := s.user("ann@x"), s.user("bob@x")
	g := s.do(201, "POST", "/Groups", `{"displayName":"g","members":[{"value":"`+ann+`"},{"value":"`+bob+`"}]}`)
	s.do(200, "PATCH", "/Users/"+bob, `{"Operations":[{"op":"add","path":"manager","value":"`+ann+`"}]}`)
	s.do(204, "DELETE", "/Users/"+ann, "")
	for _, c := range [][2]string{{"GET", ""}, {"DELETE", ""}, {"PUT", `{"userName":"ann@x"}`}, {"PATCH", `{"Operations":[{"op":"add","path":"title","value":"x"}]}`}} {
		s.do(404, c[0], "/Users/"+ann, c[1])
	}
	for _, f := range []string{`userName eq "ann@x"`, `id eq "` + ann + `"`, `userName sw "ann"`, `manager eq "` + ann + `"`} {
		if n := s.find("/Users", f).total(); n != 0 {
			t.Errorf("%s finds %d", f, n)
		}
	}
	after := s.do(200, "GET", "/Groups/"+g.id(), "")
	if strings.Contains(after.text, ann) || !strings.Contains(after.text, bob) || after.meta("version") == g.meta("version") {
		t.Errorf("the group is %s", after.text)
	}
	if text := s.do(200, "GET", "/Users/"+bob, "").text; strings.Contains(text, ann) {
		t.Errorf("the report is %s", text)
	}
	if len(s.graph(entry.User, ann).Attrs[directory.DeletedDateTime]) != 1 {
		t.Error("it is not soft-deleted in the directory")
	}
	again := s.user("ANN@x")
	if again == ann {
		t.Error("the id was used again")
	}
	if n := s.do(200, "GET", "/Users", "").total(); n != 2 {
		t.Errorf("there are %d users", n)
	}
}

func TestMembersMustExist(t *testing.T) {
	s := newSite(t)
	ann, gone := s.user("ann@x"), s.user("gone@x")
	s.do(204, "DELETE", "/Users/"+gone, "")
	g := s.do(201, "POST", "/Groups", `{"displayName":"g","members":[{"value":"`+ann+`"}]}`)
	for _, id := range []string{"nobody", gone, strings.Repeat("x", 5000), "a/b%", "名"} {
		refused := func(a answer) {
			t.Helper()
			if a.doc["scimType"] != "invalidValue" {
				t.Errorf("refused with %s", a.text)
			}
		}
		members := `[{"value":"` + ann + `"},{"value":"` + id + `"}]`
		refused(s.do(400, "POST", "/Groups", `{"displayName":"h","members":`+members+`}`))
		refused(s.do(400, "PUT", "/Groups/"+g.id(), `{"displayName":"renamed","members":`+members+`}`))
		refused(s.do(400, "PATCH", "/Groups/"+g.id(), `{"Operations":[{"op":"replace","path":"displayName","value":"renamed"},{"op":"add","path":"members","value":`+members+`}]}`))
		s.do(204, "PATCH", "/Groups/"+g.id(), `{"Operations":[{"op":"remove","path":"members","value":[{"value":"`+id+`"}]}]}`)
	}
	if a := s.do(200, "GET", "/Groups/"+g.id(), ""); a.text != g.text {
		t.Errorf("%s became %s", g.text, a.text)
	}
	if n := s.find("/Groups", `displayName eq "h"`).total(); n != 0 {
		t.Error("a refused group exists")
	}
}

func TestNamesAreUnique(t *testing.T) {
	s := newSite(t)
	s.user("Änne@x")
	bob := s.user("bob@x")
	s.do(201, "POST", "/Groups", `{"displayName":"Größe"}`)
	g := s.do(201, "POST", "/Groups", `{"displayName":"other"}`).id()
	for _, c := range [][3]string{
		{"POST", "/Users", `{"userName":"ÄNNE@X"}`}, {"PUT", "/Users/" + bob, `{"userName":"änne@x"}`},
		{"PATCH", "/Users/" + bob, `{"Operations":[{"op":"replace","path":"userName","value":"änne@x"}]}`},
		{"POST", "/Groups", `{"displayName":"GRÖßE"}`}, {"PUT", "/Groups/" + g, `{"displayName":"größe"}`},
		{"PATCH", "/Groups/" + g, `{"Operations":[{"op":"replace","value":{"displayName":"größe"}}]}`},
	} {
		if a := s.do(409, c[0], c[1], c[2]); a.doc["scimType"] != "uniqueness" {
			t.Errorf("refused with %s", a.text)
		}
	}
	s.do(200, "PUT", "/Users/"+bob, `{"userName":"BOB@x"}`) // its own name in another case
}

func TestRestartChangesNothing(t *testing.T) {
	s := newSite(t)
	ann := s.do(201, "POST", "/Users", `{"userName":"ann@x","externalId":"e1","name":{"givenName":"A"}}`)
	s.do(200, "PATCH", "/Users/"+ann.id(), `{"Operations":[{"op":"add","path":"title","value":"T"}]}`)
	g := s.do(201, "POST", "/Groups", `{"displayName":"g","members":[{"value":"`+ann.id()+`"}]}`)
	paths := []string{"/Users/" + ann.id(), "/Groups/" + g.id(), "/Users", "/Groups", `/Users?filter=externalId%20eq%20%22e1%22`}
	var before []string
	for _, p := range paths {
		before = append(before, s.do(200, "GET", p, "").text)
	}
	tag := s.do(200, "GET", paths[0], "").header.Get("ETag")
	old := s.url
	s.restart()
	for i, p := range paths {
		if after := strings.ReplaceAll(s.do(200, "GET", p, "").text, s.url, old); after != before[i] {
			t.Errorf("%s\nbecame %s", before[i], after)
		}
	}
	s.do(304, "GET", paths[0], "", "If-None-Match", tag)
	s.do(412, "PATCH", paths[0], `{"Operations":[{"op":"add","path":"title","value":"U"}]}`, "If-Match", ann.header.Get("ETag"))
	s.do(200, "PATCH", paths[0], `{"Operations":[{"op":"add","path":"title","value":"U"}]}`, "If-Match", tag)
}

func TestGroupsOfAUserAreComputed(t *testing.T) {
	s := newSite(t)
	ann := s.user("ann@x")
	inner := s.do(201, "POST", "/Groups", `{"displayName":"inner","members":[{"value":"`+ann+`"}]}`).id()
	outer := s.do(201, "POST", "/Groups", `{"displayName":"outer","members":[{"value":"`+inner+`","type":"Group"}]}`).id()
	got := fmt.Sprint(s.do(200, "GET", "/Users/"+ann, "").doc["groups"])
	for _, want := range []string{"display:inner type:direct value:" + inner, "display:outer type:indirect value:" + outer} {
		if !strings.Contains(got, want) {
			t.Errorf("groups are %s, lack %s", got, want)
		}
	}
	if ids := s.find("/Users", `groups.value eq "`+outer+`"`).ids(); len(ids) != 1 || ids[0] != ann {
		t.Errorf("found %v", ids)
	}
}
