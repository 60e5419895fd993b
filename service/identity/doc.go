// Package identity is the authorization server: it knows the clients and people who may call the service and hands them short-lived
// tokens, as OAuth 2.0 and the Azure identity libraries expect it.
//
// Owns: registered clients with their secrets and certificates, the signing keys, the token endpoint, the discovery documents, and
// the sign-in of people at an external OpenID Connect provider.
// May call: access, internal/atomicfile, internal/tenant, fault; go-jose, go-oidc and oauth2.
// Never: keeps a client's secret (only its hash), decides what a caller may (access does), or trusts a token by anything but its signature.
// Called by: cmd (wiring), graphapi and inbound through access.Authenticator, storage (implements Clients and Sessions).
// Tested by: tests over HTTP beside the code, with an OpenID Connect provider of their own; storagetest for the stores.
package identity
