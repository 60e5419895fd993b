// Package storagetest is the conformance suite of the nouns' Store interfaces: what every storage engine must do.
//
// Owns: the cases, under several tenants at once, for directory, apps, agents, tokens, journal and ledger.
// May call: the nouns and their Store interfaces, cycle (Ledger), internal/tenant.
// Never: knows which engine it tests.
// Called by: tests of engines (sqlite, later postgres), and by strangers who write one.
// Tested by: running it.
package storagetest
