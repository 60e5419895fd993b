// Package identitytest is an OpenID Connect provider for tests: it runs in the test's process, and everybody is signed in already.
//
// Owns: discovery, keys, authorization and token endpoints that keep to PKCE, state and nonce, and ways to break each.
// May call: the standard library and go-jose.
// Never: used outside of tests.
// Called by: the tests of identity and of the command line.
// Tested by: them.
package identitytest
