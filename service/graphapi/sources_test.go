package graphapi_test

import (
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
)

func TestSources(t *testing.T) {
	s := newSite(t)
	add := func() string {
		t.Helper()
		out := s.must(201, "POST", "/sallyport/v1/sources", map[string]any{"name": "entra", "days": 30})
		if url, _ := out["url"].(string); !strings.HasSuffix(url, "/scim/v2/default") {
			t.Fatalf("the url is %q", url)
		}
		token, _ := out["token"].(string)
		return token
	}
	first, second := add(), add()
	if first == second || first == "" {
		t.Fatal("two tokens are alike")
	}
	t.Run("OpensNothingHere", func(t *testing.T) {
		for _, r := range s.api.Routes() {
			method, path, _ := strings.Cut(r.Pattern, " ")
			if status, _ := s.ask(first, method, path, nil); status != 403 {
				t.Errorf("%s answered %d", r.Pattern, status)
			}
		}
		if status, _ := s.ask(first, "GET", "/nothing", nil); status != 403 {
			t.Errorf("an unknown path answered %d", status)
		}
	})
	t.Run("ListShowsNoSecret", func(t *testing.T) {
		list, _ := s.must(200, "GET", "/sallyport/v1/sources", nil)["value"].([]any)
		if len(list) != 1 {
			t.Fatalf("got %v", list)
		}
		one, _ := list[0].(map[string]any)
		tokens, _ := one["tokens"].([]any)
		if one["name"] != "entra" || len(tokens) != 2 {
			t.Fatalf("got %v", one)
		}
		for k := range tokens[0].(map[string]any) {
			if k != "created" && k != "expires" {
				t.Errorf("a token shows %s", k)
			}
		}
	})
	t.Run("ErrInvalid", func(t *testing.T) {
		s.must(400, "POST", "/sallyport/v1/sources", map[string]any{"name": "a/b"})
		s.must(400, "POST", "/sallyport/v1/sources", map[string]any{"name": "hr", "days": -1})
		s.must(404, "DELETE", "/sallyport/v1/sources/nobody", nil)
	})
	t.Run("Revoke", func(t *testing.T) {
		valid := func(token string) bool {
			_, err := s.db.Tokens().ByHash(tenant.With(t.Context(), tenant.Default), access.Hash(token))
			return err == nil
		}
		if s.must(200, "DELETE", "/sallyport/v1/sources/entra?old=true", nil); valid(first) || !valid(second) {
			t.Fatal("old does not end the older token alone")
		}
		if s.must(200, "DELETE", "/sallyport/v1/sources/entra", nil); valid(second) {
			t.Fatal("the token is valid still")
		}
	})
}
