package scimserver_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/scim/scimtest/mapstore"
)

func inbound(c *scimserver.Config, _ *mapstore.Store) { c.Surface = scimserver.InboundEndpoint }

func TestCursorsAreBoundAndExpire(t *testing.T) {
	now := time.Unix(1e9, 0)
	b := newBench(t, func(c *scimserver.Config, _ *mapstore.Store) { c.Now = func() time.Time { return now } })
	for i := range 5 {
		b.user(fmt.Sprint("u", i))
	}
	next := func(a answer) string { s, _ := a.doc["nextCursor"].(string); return url.QueryEscape(s) }
	first := b.do("GET", "/Users?cursor=&count=2", "").is(t, 200)
	second := b.do("GET", "/Users?count=2&cursor="+next(first), "").is(t, 200)
	last := b.do("GET", "/Users?count=2&cursor="+next(second), "").is(t, 200)
	if next(last) != "" || last.doc["startIndex"] != 5.0 || last.doc["itemsPerPage"] != 1.0 || last.total() != 5 {
		t.Errorf("%v", last.doc)
	}
	b.do("GET", "/Users?count=3&cursor="+next(first), "").is(t, 200) // another page size is fine
	for _, q := range []string{"filter=" + url.QueryEscape("title pr"), "sortBy=userName", "sortOrder=descending"} {
		b.do("GET", "/Users?count=2&"+q+"&cursor="+next(first), "").is(t, 400, "invalidCursor")
	}
	other := newBench(t, nil)
	other.do("GET", "/Users?cursor="+next(first), "").is(t, 400, "invalidCursor")
	b.do("GET", "/Users?cursor=&count=x", "").is(t, 400, "invalidCount")
	b.do("GET", "/Users?cursor=AA", "").is(t, 400, "invalidCursor")
	now = now.Add(time.Hour)
	b.do("GET", "/Users?count=2&cursor="+next(first), "").is(t, 400, "expiredCursor")
}

func TestCursorPositionGoneIsExpired(t *testing.T) {
	b := newBench(t, nil)
	var ids []string
	for i := range 4 {
		ids = append(ids, b.user(fmt.Sprint("u", i)))
	}
	first := b.do("GET", "/Users?cursor=&count=2&sortBy=userName", "").is(t, 200)
	b.do("DELETE", "/Users/"+ids[1], "").is(t, 204)
	b.do("GET", "/Users?count=2&sortBy=userName&cursor="+first.doc["nextCursor"].(string), "").is(t, 400, "expiredCursor")
}

func TestParameters(t *testing.T) {
	b := newBench(t, nil)
	b.user("u")
	for query, want := range map[string]struct {
		status   int
		scimType string
	}{
		"startIndex=": {200, ""}, "count=": {400, "invalidValue"}, "filter=": {400, "invalidFilter"}, "filter=%ZZ": {400, "invalidFilter"},
		"count=%ZZ": {400, "invalidValue"}, "COUNT=1&StartIndex=1": {200, ""}, "sortOrder=up": {400, "invalidValue"}, "sortBy=none": {400, "invalidPath"},
		"sortBy=name": {400, "invalidPath"}, "sortBy=emails": {200, ""}, "sortBy=password": {400, "invalidPath"}, "sortBy=id": {200, ""},
		"count=99999999999999999999": {200, ""}, "startIndex=99999999999999999999": {200, ""}, "count=-99999999999999999999": {200, ""}, "&&x&=&y=1": {200, ""},
	} {
		r := b.do("GET", "/Users?"+query, "")
		if got, _ := r.doc["scimType"].(string); r.Code != want.status || got != want.scimType {
			t.Errorf("%s: %d %s, want %v", query, r.Code, got, want)
		}
	}
}

func TestRootQuery(t *testing.T) {
	b := newBench(t, inbound)
	for i := range 3 {
		b.user(fmt.Sprint("b", i))
		b.do("POST", "/Groups", fmt.Sprintf(`{"displayName":"a%d"}`, i)).is(t, 201)
	}
	names := func(a answer) (list []any) {
		for _, r := range a.doc["Resources"].([]any) {
			r := r.(map[string]any)
			if n := r["userName"]; n != nil {
				list = append(list, n)
			} else {
				list = append(list, r["displayName"])
			}
		}
		return list
	}
	t.Run("Pages", func(t *testing.T) {
		r := b.do("GET", "/?startIndex=3&count=2", "").is(t, 200)
		if r.total() != 6 || fmt.Sprint(names(r)) != "[b2 a0]" {
			t.Errorf("%d %v", r.total(), names(r))
		}
	})
	t.Run("FilterOfOneType", func(t *testing.T) {
		if r := b.do("GET", "/?filter="+url.QueryEscape(`userName sw "b"`), "").is(t, 200); r.total() != 3 {
			t.Errorf("%d", r.total())
		}
	})
	t.Run("ErrUnknownEverywhere", func(t *testing.T) {
		b.do("GET", "/?filter="+url.QueryEscape(`nope eq "b"`), "").is(t, 400, "invalidFilter")
	})
	t.Run("Sorted", func(t *testing.T) {
		r := b.do("POST", "/.search", `{"sortBy":"meta.created","sortOrder":"descending","startIndex":2,"count":2}`).is(t, 200)
		if r.total() != 6 || len(names(r)) != 2 {
			t.Errorf("%d %v", r.total(), names(r))
		}
		b.do("POST", "/.search", `{"sortBy":"id","startIndex":100000,"count":2}`).is(t, 400, "tooMany")
	})
	t.Run("Cursor", func(t *testing.T) {
		var seen []any
		for cursor := ""; ; {
			r := b.do("GET", "/?count=2&cursor="+cursor, "").is(t, 200)
			if r.total() != 6 {
				t.Errorf("total %d", r.total())
			}
			seen = append(seen, names(r)...)
			next, ok := r.doc["nextCursor"].(string)
			if !ok {
				break
			}
			cursor = next
		}
		if fmt.Sprint(seen) != "[b0 b1 b2 a0 a1 a2]" {
			t.Errorf("%v", seen)
		}
	})
	t.Run("Probe", func(t *testing.T) {
		if r := b.do("GET", "/?filter="+url.QueryEscape(`PLACEHOLDER eq "6a1bd8ad-2bfb-44b1-8ae4-b8ae8bbd2bb2"`), "").is(t, 200); r.total() != 0 {
			t.Errorf("%d", r.total())
		}
	})
	t.Run("HostDoesNot", func(t *testing.T) {
		host := newBench(t, nil)
		host.do("GET", "/?filter="+url.QueryEscape(`id pr`), "").is(t, 501)
		host.do("POST", "/.search", `{}`).is(t, 501)
	})
}

func TestExcludedMembersAreNotRead(t *testing.T) {
	var asked scimserver.Query
	b := newBench(t, nil)
	b.do("POST", "/Groups", `{"displayName":"g"}`).is(t, 201)
	users := *b
	config := scimserver.Config{Types: types(t), Authenticate: allow}
	users.h = scimserver.New(config, spy{b.store, &asked})
	users.do("GET", "/Groups?excludedAttributes=members", "").is(t, 200)
	if asked.Detached {
		t.Error("members were read though excluded")
	}
	users.do("GET", "/Groups?attributes=displayName", "").is(t, 200)
	if asked.Detached {
		t.Error("members were read though not asked for")
	}
	users.do("GET", "/Groups", "").is(t, 200)
	if !asked.Detached {
		t.Error("members were not read")
	}
}
