package identity

import (
	"context"
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/internal/tenant"
)

// authority is where a tenant's endpoints begin, as the client wrote it: a library compares what it asked with what it reads.
func (s *Server) authority(r *http.Request) string {
	t := r.PathValue("tenant")
	if t == "" {
		t = string(tenant.Default)
	}
	return s.base(r) + "/" + t
}

func (s *Server) tokenEndpoint(r *http.Request) string { return s.authority(r) + "/oauth2/v2.0/token" }

// discovery is OpenID Connect Discovery §4 and RFC 8414.
func (s *Server) discovery(w http.ResponseWriter, r *http.Request) {
	id, err := tenantOf(r)
	if err == nil {
		err = s.knownTenant(r.Context(), id)
	}
	if err != nil {
		s.answerRefusal(w, r, err)
		return
	}
	at := s.authority(r)
	doc := map[string]any{
		"issuer":                                issuerOf(s.base(r), id),
		"token_endpoint":                        at + "/oauth2/v2.0/token",
		"authorization_endpoint":                at + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         at + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              at + "/discovery/v2.0/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic", "private_key_jwt", "none"},
		"token_endpoint_auth_signing_alg_values_supported": assertionAlgorithms,
		"grant_types_supported":                            []string{"client_credentials", "authorization_code", deviceGrant},
		"response_types_supported":                         []string{"code"},
		"response_modes_supported":                         []string{"query"},
		"code_challenge_methods_supported":                 []string{"S256"},
		"subject_types_supported":                          []string{"pairwise"},
		"id_token_signing_alg_values_supported":            []string{"RS256"},
		"scopes_supported":                                 []string{"openid", "profile", s.base(r) + "/.default"},
		"claims_supported":                                 []string{"sub", "iss", "aud", "exp", "iat", "tid", "oid", "appid", "roles", "name", "preferred_username"},
		"tenant_region_scope":                              nil,
		"cloud_instance_name":                              hostOf(s.base(r)),
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	answer(w, http.StatusOK, doc)
}

// knownTenant refuses a tenant that nobody can sign in to: one without clients and grants. The default one is there from the start.
func (s *Server) knownTenant(ctx context.Context, id tenant.ID) error {
	if id == tenant.Default {
		return nil
	}
	ctx = tenant.With(ctx, id)
	cs, err := s.Clients.ListClients(ctx)
	if err != nil || len(cs) > 0 {
		return err
	}
	gs, err := s.Grants.Granted(ctx)
	if err == nil && len(gs) == 0 {
		return noTenant(string(id))
	}
	return err
}

// hostOf is the host of a URL, with its port.
func hostOf(base string) string {
	_, rest, _ := strings.Cut(base, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

func (s *Server) keySet(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	answer(w, http.StatusOK, s.Keys.Public())
}

// endpoints describes this cloud to clients that ask a metadata host for it.
func (s *Server) endpoints(w http.ResponseWriter, r *http.Request) {
	base := s.base(r)
	cloud := map[string]any{
		"name": "Sallyport", "resourceManager": base, "microsoftGraphResourceId": base, "graph": base, "graphAudience": base,
		"authentication": map[string]any{
			"loginEndpoint": base, "audiences": []string{base}, "tenant": string(tenant.Default), "identityProvider": "AAD",
		},
		"suffixes": map[string]any{},
	}
	if v := r.URL.Query().Get("api-version"); v != "" && v < "2022-09-01" {
		answer(w, http.StatusOK, []any{cloud}) // older clients choose from a list
		return
	}
	answer(w, http.StatusOK, cloud)
}

// subscriptions satisfies clients that list them when they sign in: there are none.
func (s *Server) subscriptions(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"value": []any{}})
}
