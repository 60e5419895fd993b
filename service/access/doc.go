// Package access holds the bearer secrets that open the service's API: who may come in, as what, until when.
//
// Owns: Token, Role, and how a secret becomes the hash that is kept.
// May call: fault, internal/tenant.
// Never: keeps or prints a secret; only its hash is stored, and the secret itself is returned once, by New.
// Called by: graphapi (authenticates), cmd (makes the first secret), storage (implements Store).
// Tested by: tables beside the code; storagetest for Store.
package access
