// Package secrets keeps the bearer secrets and trust anchors of applications, one file each, readable by the service alone.
//
// Owns: where a secret lies and how it is named.
// May call: internal/atomicfile, internal/tenant, fault.
// Never: hands a secret to anything but the caller; puts a value or its hash into an error.
// Called by: graphapi (put, delete), cmd (get, when a target is connected).
// Tested by: tests beside the code.
package secrets
