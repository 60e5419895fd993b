package scimserver_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/scim/scimtest/mapstore"
)

// recorder remembers what Update was called with, and lets a rival write first.
type recorder struct {
	scimserver.Store
	versions []string
	edits    [][]entry.Edit
	rival    func()
}

func (r *recorder) Update(ctx context.Context, t entry.Type, id, version string, edits []entry.Edit) (scimserver.Resource, error) {
	r.versions, r.edits = append(r.versions, version), append(r.edits, edits)
	if r.rival != nil {
		r.rival()
	}
	return r.Store.Update(ctx, t, id, version, edits)
}

func recording(t *testing.T) (*bench, *recorder) {
	var rec *recorder
	b := newBench(t, nil)
	rec = &recorder{Store: b.store}
	b.h = scimserver.New(scimserver.Config{Types: types(t), Authenticate: allow}, rec)
	return b, rec
}

func TestOneMemberIsOneEdit(t *testing.T) {
	b, rec := recording(t)
	u := b.user("u")
	g := b.do("POST", "/Groups", `{"displayName":"g"}`).is(t, 201).id()
	b.do("PATCH", "/Groups/"+g, `{"Operations":[{"op":"Add","path":"members","value":[{"value":"`+u+`"}]}]}`).is(t, 204)
	if len(rec.edits) != 1 || len(rec.edits[0]) != 1 || rec.edits[0][0].Op != entry.Add || len(rec.edits[0][0].Values) != 1 || rec.versions[0] != "" {
		t.Errorf("%v %v", rec.versions, rec.edits)
	}
	// PUT with one member more is one edit, too.
	v := b.user("v")
	b.do("PUT", "/Groups/"+g, `{"displayName":"g","members":[{"value":"`+u+`"},{"value":"`+v+`"}]}`).is(t, 200)
	if last := rec.edits[1]; len(last) != 1 || last[0].Op != entry.Add || len(last[0].Values) != 1 || rec.versions[1] == "" {
		t.Errorf("%v %v", rec.versions, rec.edits)
	}
}

func TestNoChangeIsNoUpdate(t *testing.T) {
	b, rec := recording(t)
	u := b.do("POST", "/Users", `{"userName":"u","title":"t"}`).is(t, 201)
	r := b.do("PATCH", "/Users/"+u.id(), `{"Operations":[{"op":"replace","path":"title","value":"t"}]}`).is(t, 200)
	if len(rec.edits) != 0 || r.Header().Get("ETag") != u.Header().Get("ETag") {
		t.Errorf("%v", rec.edits)
	}
}

func TestRivalWriterIsNotOverwritten(t *testing.T) {
	b, rec := recording(t)
	id := b.do("POST", "/Users", `{"userName":"u","name":{"givenName":"G"}}`).is(t, 201).id()
	rec.rival = func() {
		rec.rival = nil
		name := entry.Complex{"givenName": "G", "middleName": "rival"}
		if _, err := b.store.Update(t.Context(), "User", id, "", []entry.Edit{{Op: entry.Replace, Attr: "name", Values: []entry.Value{name}}}); err != nil {
			t.Error(err)
		}
	}
	r := b.do("PATCH", "/Users/"+id, `{"Operations":[{"op":"replace","path":"name.familyName","value":"F"}]}`).is(t, 200)
	if n := r.doc["name"].(map[string]any); n["middleName"] != "rival" || n["familyName"] != "F" || len(rec.versions) != 2 {
		t.Errorf("%v after %v", n, rec.versions)
	}
	rec.rival = func() {
		_, _ = b.store.Update(t.Context(), "User", id, "", []entry.Edit{{Op: entry.Replace, Attr: "title", Values: []entry.Value{"rival"}}}) // seen below
	}
	b.do("PATCH", "/Users/"+id, `{"Operations":[{"op":"replace","path":"nickName","value":"N"}]}`, "If-Match", r.Header().Get("ETag")).is(t, 412)
}

func TestEndlessRivalIs503(t *testing.T) {
	b, rec := recording(t)
	id := b.user("u")
	n := int64(0)
	rec.rival = func() {
		n++
		_, _ = b.store.Update(t.Context(), "User", id, "", []entry.Edit{{Op: entry.Replace, Attr: "title", Values: []entry.Value{string(rune('a' + n))}}}) // a rival may fail
	}
	b.do("PATCH", "/Users/"+id, `{"Operations":[{"op":"replace","path":"nickName","value":"N"}]}`).is(t, 503)
}

func TestConditions(t *testing.T) {
	b := newBench(t, nil)
	u := b.do("POST", "/Users", `{"userName":"u"}`).is(t, 201)
	path, tag := "/Users/"+u.id(), u.Header().Get("ETag")
	const patch = `{"Operations":[{"op":"replace","path":"title","value":"x"}]}`
	for _, c := range []struct {
		method, body, header, value string
		status                      int
	}{
		{"GET", "", "If-None-Match", tag, 304}, {"GET", "", "If-None-Match", `"x,y", ` + tag, 304}, {"GET", "", "If-None-Match", "*", 304},
		{"GET", "", "If-None-Match", tag[2:], 304}, {"GET", "", "If-None-Match", `W/"no"`, 200}, {"GET", "", "If-None-Match", "", 200},
		{"PATCH", patch, "If-Match", `W/"no"`, 412}, {"PATCH", patch, "If-Match", `W/"no", ` + tag, 200}, {"PATCH", patch, "If-Match", tag, 412},
		{"PATCH", patch, "If-Match", "*", 200}, {"PUT", `{"userName":"u"}`, "If-Match", tag[2:] + "x", 412}, {"PUT", `{"userName":"u"}`, "If-Match", "*", 200},
		{"DELETE", "", "If-Match", `W/"no"`, 412}, {"DELETE", "", "If-Match", "*", 204}, {"DELETE", "", "If-Match", "*", 404}, {"PATCH", patch, "If-Match", "*", 404},
	} {
		b.do(c.method, path, c.body, c.header, c.value).is(t, c.status)
	}
}

func TestDeleteThatLosesARaceIs412(t *testing.T) {
	b := newBench(t, nil)
	u := b.do("POST", "/Users", `{"userName":"u"}`).is(t, 201)
	b.store.Fail = failing(map[string]error{"delete": fault.New(fault.Conflict, "delete", "moved on")})
	b.do("DELETE", "/Users/"+u.id(), "", "If-Match", u.Header().Get("ETag")).is(t, 412)
}

func TestMe(t *testing.T) {
	var self entry.Ref
	b := newBench(t, func(c *scimserver.Config, s *mapstore.Store) {
		c.Surface = scimserver.InboundEndpoint
		c.Authenticate = func(r *http.Request, _ string) (context.Context, scimserver.Caller, error) {
			return r.Context(), scimserver.Caller{Self: self}, nil
		}
	})
	b.do("GET", "/Me", "").is(t, 501)
	self = entry.Ref{Type: "User", ID: b.user("u")}
	for _, method := range []string{"GET", "PATCH", "DELETE"} {
		if r := b.do(method, "/Me", "").is(t, 308); r.Header().Get("Location") != "http://example.com/Users/"+self.ID {
			t.Errorf("%v", r.Header())
		}
	}
}

func TestBulkLinks(t *testing.T) {
	b := newBench(t, nil)
	t.Run("ErrOneOfACircleFails", func(t *testing.T) {
		b.do("POST", "/Groups", `{"displayName":"taken"}`).is(t, 201)
		r := b.do("POST", "/Bulk", `{"Operations":[
			{"method":"POST","path":"/Groups","bulkId":"one","data":{"displayName":"one","members":[{"value":"bulkId:two"}]}},
			{"method":"POST","path":"/Groups","bulkId":"two","data":{"displayName":"taken","members":[{"value":"bulkId:one"}]}}]}`).is(t, 200)
		statuses := statusesOf(r)
		if statuses[0] != "409" || statuses[1] != "409" {
			t.Errorf("%v %s", statuses, r.Body)
		}
	})
	t.Run("NamesMayBeAnything", func(t *testing.T) {
		r := b.do("POST", "/Bulk", `{"Operations":[
			{"method":"POST","path":"/Users","bulkId":"a \"quoted\" / ünïcode]","data":{"userName":"odd"}},
			{"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"odd","members":[{"value":"bulkId:a \"quoted\" / ünïcode]"}]}},
			{"method":"PATCH","path":"/Groups/bulkId:g","data":{"Operations":[{"op":"remove","path":"members[value eq \"bulkId:p\"]"}]}},
			{"method":"POST","path":"/Users","bulkId":"p","data":{"userName":"plain","title":"not a bulkId:reference"}}]}`).is(t, 200)
		if s := statusesOf(r); s[0] != "201" || s[1] != "201" || s[2] != "204" || s[3] != "201" {
			t.Errorf("%v %s", s, r.Body)
		}
	})
	t.Run("ErrTwice", func(t *testing.T) {
		b.do("POST", "/Bulk", `{"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"x1"}},
			{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"x2"}}]}`).is(t, 400, "invalidSyntax")
		if b.find(`userName sw "x"`).total() != 0 {
			t.Error("something was created")
		}
	})
}

func statusesOf(r answer) (list []string) {
	for _, o := range r.doc["Operations"].([]any) {
		list = append(list, o.(map[string]any)["status"].(string))
	}
	return list
}
