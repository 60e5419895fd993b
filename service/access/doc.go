// Package access holds the bearer secrets that open the service's doors: who may come in, as what, until when.
//
// Owns: Token, Role, how a secret becomes the hash that is kept, and how the tokens of a source follow each other.
// May call: fault, internal/tenant.
// Never: keeps or prints a secret; only its hash is stored, and the secret itself is returned once, by New.
// Called by: graphapi and inbound (authenticate), cmd (makes the first secret), storage (implements Store).
// Tested by: tables beside the code; storagetest for Store.
package access
