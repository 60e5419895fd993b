package scimserver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/scim/scimtest/mapstore"
)

func TestTokens(t *testing.T) {
	tokens := scimserver.NewTokens(scimserver.Caller{ID: "app"}, "new", "old")
	valid := func(token string) bool {
		_, caller, err := tokens.Authenticate(httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), token)
		if err != nil && !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%v", err)
		}
		return err == nil && caller.ID == "app"
	}
	if !valid("new") || !valid("old") || valid("") || valid("newold") || valid("ne") {
		t.Error("of two live tokens exactly those two are valid")
	}
	tokens.Set("newer", "new")
	if valid("old") || !valid("new") || !valid("newer") {
		t.Error("after a rotation the oldest is not valid any more")
	}
	tokens.Set("newer", "")
	if valid("new") || valid("") {
		t.Error("an empty token is no token")
	}
}

func TestAuthenticationComesFirst(t *testing.T) {
	b := newBench(t, nil)
	for _, try := range [][2]string{{"GET", "/nowhere"}, {"TRACE", "/Users"}, {"POST", "/Schemas"}, {"OPTIONS", "/Users"}, {"POST", "/Bulk"}, {"GET", "/Users?filter=%"}} {
		r := b.do(try[0], try[1], "", "Authorization", "Bearer wrong").is(t, 401)
		if !strings.HasPrefix(r.Header().Get("WWW-Authenticate"), "Bearer") || r.doc["status"] != "401" || r.Header().Get("Content-Type") != "application/scim+json" {
			t.Errorf("%v: %v %v", try, r.Header(), r.doc)
		}
		if strings.Contains(r.Body.String(), "wrong") {
			t.Error("the token is in the answer")
		}
	}
}

func TestNoAuthenticateRefusesEverything(t *testing.T) {
	b := newBench(t, func(c *scimserver.Config, _ *mapstore.Store) { c.Authenticate = nil })
	b.do("GET", "/Users", "").is(t, 401)
}

func TestAuthenticateFaultsAreAnswered(t *testing.T) {
	for kind, status := range map[fault.Kind]int{fault.Denied: 403, fault.Throttled: 429, fault.Unavailable: 503, fault.Unauthenticated: 401} {
		b := newBench(t, func(c *scimserver.Config, _ *mapstore.Store) {
			c.Authenticate = func(*http.Request, string) (context.Context, scimserver.Caller, error) {
				return nil, scimserver.Caller{}, fault.New(kind, "authenticate", "no")
			}
		})
		r := b.do("GET", "/Users", "").is(t, status)
		if (status == 429 || status == 503) != (r.Header().Get("Retry-After") != "") {
			t.Errorf("%v: Retry-After %q", kind, r.Header().Get("Retry-After"))
		}
	}
}

func TestBaseWithPlaceholder(t *testing.T) {
	var tenant string
	b := newBench(t, func(c *scimserver.Config, _ *mapstore.Store) {
		c.Base = "/scim/v2/{tenant}"
		c.Authenticate = func(r *http.Request, _ string) (context.Context, scimserver.Caller, error) {
			tenant = r.PathValue("tenant")
			return r.Context(), scimserver.Caller{Tenant: tenant}, nil
		}
	})
	made := b.do("POST", "/scim/v2/acme/Users", `{"userName":"u"}`).is(t, 201)
	if tenant != "acme" || !strings.HasPrefix(made.Header().Get("Location"), "http://example.com/scim/v2/acme/Users/") {
		t.Errorf("tenant %q, location %q", tenant, made.Header().Get("Location"))
	}
	b.do("GET", "/scim/v2", "").is(t, 404)
	b.do("GET", "/scim/v3/acme/Users", "").is(t, 404)
	b.do("GET", "/scim/v2/acme/v2/Users", "").is(t, 200)
}
