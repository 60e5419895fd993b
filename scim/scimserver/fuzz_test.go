package scimserver

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/scim"
)

func FuzzParams(f *testing.F) {
	for _, s := range []string{"filter=a+eq+%22b%22&count=1", "&&=&filter", "cursor=&count=%", "attributes=a,b&excludedAttributes=c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := parseParams(raw)
		want, stdErr := url.ParseQuery(raw)
		if err == nil && stdErr == nil && want.Has("sortBy") && !strings.Contains(strings.ToLower(strings.ReplaceAll(raw, "sortBy", "")), "sortby") {
			if all := want["sortBy"]; p.sortBy != all[len(all)-1] {
				t.Fatalf("sortBy %q, want %q", p.sortBy, all)
			}
		}
	})
}

func FuzzTags(f *testing.F) {
	for _, s := range []string{`W/"a", "b,c" ,*`, `"`, `a`, `,,`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		tags := parseTags([]string{line})
		for _, v := range tags.versions {
			if !tags.hold(v) {
				t.Fatalf("%q does not hold %q", line, v)
			}
		}
	})
}

func FuzzCursor(f *testing.F) {
	c := newCursors([]byte("key"), time.Hour)
	now := time.Unix(1e9, 0)
	f.Add(c.seal(position{issued: now, total: 3, index: 2, token: "x"}, "q"))
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := c.open(text, "q", now)
		if err == nil && c.seal(p, "q") != text {
			t.Fatalf("%q was opened, but is not what would be sealed", text)
		}
	})
}

func FuzzReferences(f *testing.F) {
	for _, s := range []string{`{"members":[{"value":"bulkId:a"}]}`, `"bulkId:a\"]"`, `{"x":"bulkId:`, `"\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		references(&operation{Path: text, Data: []byte(text)})
		out := eachString([]byte(text), func(s string) (string, bool) {
			return rewrite(s, func(string) (string, bool) { return `i"d`, true })
		})
		if json.Valid([]byte(text)) && !json.Valid(out) {
			t.Fatalf("%q became %q", text, out)
		}
	})
}

func FuzzRoute(f *testing.F) {
	rt, err := scim.NewResourceType("User", "/Users", scim.CoreUser())
	if err != nil {
		f.Fatal(err)
	}
	h := New(Config{Types: []*scim.ResourceType{rt}, Base: "/x/{tenant}"}, nil)
	for _, s := range []string{"/x/t/Users/a%2Fb", "/x//Users", "/x/t/v2/Schemas/urn:x", "//", "/x/t/Me/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		prefix, rest, ok := h.base(path)
		if ok && prefix+rest != path {
			t.Fatalf("%q + %q is not %q", prefix, rest, path)
		}
		if r := h.find(rest); r.place == resource && r.id == "" {
			t.Fatalf("%q names a resource without an id", path)
		}
	})
}

// FuzzRequest sends anything anywhere; the store is never reached with a bad request, and no answer is a 500.
func FuzzRequest(f *testing.F) {
	h := fuzzHandler(f)
	f.Add("POST", "/Users", `{"userName":"u"}`)
	f.Add("PATCH", "/Users/x", `{"Operations":[{"op":"add","path":"emails[type eq \"work\"].value","value":"x"}]}`)
	f.Add("POST", "/Bulk", `{"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"bulkId:a"}}]}`)
	f.Add("POST", "/Users/.search", `{"filter":"userName pr","count":"1","cursor":""}`)
	f.Add("GET", "/Users?filter=userName+eq+%22a%22&sortBy=emails&count=1&cursor=", "")
	f.Fuzz(func(t *testing.T, method, target, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		r := (&http.Request{Method: method, URL: u, Host: "h", Header: http.Header{"Authorization": {"Bearer t"}}, ContentLength: int64(len(body)),
			Body: http.NoBody}).WithContext(t.Context())
		if body != "" {
			r.Body = readCloser{strings.NewReader(body)}
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code >= 500 && rec.Code != 501 {
			t.Fatalf("%s %s %q: %d %s", method, target, body, rec.Code, rec.Body)
		}
		if rec.Body.Len() > 0 && !json.Valid(rec.Body.Bytes()) {
			t.Fatalf("%s %s %q: %s", method, target, body, rec.Body)
		}
	})
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
