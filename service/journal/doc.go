// Package journal holds the provisioning log that people read: one record per object and cycle, with steps, old and new values.
//
// Owns: Record and its JSON form, Query, redaction.
// May call: entry, fault, internal/tenant.
// Never: decides, or keeps anything needed to work (that is the ledger).
// Called by: cycle (append), graphapi (query), storage (implements Store).
// Tested by: storagetest.
package journal
