package scimserver_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/scim/scimtest/mapstore"
)

const token = "a-token-for-tests"

// bench is a handler over a mapstore, asked in process.
type bench struct {
	t     testing.TB
	h     http.Handler
	store *mapstore.Store
}

func newBench(t testing.TB, change func(*scimserver.Config, *mapstore.Store)) *bench {
	t.Helper()
	user, err := scim.NewResourceType("User", "/Users", scim.CoreUser(), scim.EnterpriseUser(), hostExtension())
	if err != nil {
		t.Fatal(err)
	}
	group, err := scim.NewResourceType("Group", "/Groups", scim.CoreGroup())
	if err != nil {
		t.Fatal(err)
	}
	config := scimserver.Config{
		Types:        []*scim.ResourceType{user, group},
		Authenticate: scimserver.NewTokens(scimserver.Caller{ID: "test", Tenant: "t"}, token, "").Authenticate,
	}
	store := mapstore.New(user, group)
	if change != nil {
		change(&config, store)
	}
	return &bench{t, scimserver.New(config, store), store}
}

// hostExtension is what a host makes of a connector's attributes.
func hostExtension() scim.Schema {
	return scim.Schema{ID: scim.ECMA2HostURN, Name: "ECMA2Host", Attributes: []scim.Attribute{
		{Name: "Login", CaseExact: true}, {Name: "Phones", MultiValued: true}, {Name: "Photo", Type: scim.Binary},
		{Name: "export_password", Mutability: scim.WriteOnly, Returned: scim.ReturnedNever},
	}}
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	doc map[string]any
}

// do sends a request; header holds names and values in turn.
func (b *bench) do(method, path, body string, header ...string) answer {
	b.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(b.t.Context(), method, path, reader)
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	b.h.ServeHTTP(rec, r)
	a := answer{ResponseRecorder: rec}
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &a.doc); err != nil {
			b.t.Errorf("%s %s: the answer is not a JSON object: %v", method, path, err)
		}
	}
	return a
}

// is checks the status and, for an error, scimType.
func (a answer) is(t testing.TB, status int, scimType ...string) answer {
	t.Helper()
	if a.Code != status {
		t.Fatalf("status %d, want %d: %.300s", a.Code, status, a.Body.String())
	}
	if len(scimType) > 0 && a.doc["scimType"] != scimType[0] {
		t.Errorf("scimType %v, want %s", a.doc["scimType"], scimType[0])
	}
	return a
}

func (a answer) id() string { id, _ := a.doc["id"].(string); return id }

func (a answer) total() int { n, _ := a.doc["totalResults"].(float64); return int(n) }

func (b *bench) user(name string) string {
	b.t.Helper()
	return b.do("POST", "/Users", `{"userName":"`+name+`"}`).is(b.t, 201).id()
}

func (b *bench) find(filter string) answer {
	b.t.Helper()
	return b.do("GET", "/Users?filter="+url.QueryEscape(filter), "")
}

func failing(kinds map[string]error) func(string, entry.Type) error {
	return func(op string, _ entry.Type) error { return kinds[op] }
}
