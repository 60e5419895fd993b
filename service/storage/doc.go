// Package storage implements the nouns' Store interfaces once, in one SQL text for every database it runs on.
//
// Owns: the tables (migrations), every statement, the binary form of entries with its checksum, and the stores over an Engine:
// Directory, Apps, Agents, Tokens, Journal, Ledger.
// May call: directory, app, agents, access, journal, plan and cycle (nouns and interfaces), entry, fault, internal/tenant.
// Never: opens a database (engines do: sqlite), runs a statement without the tenant, or decides anything about people.
// Called by: sqlite (and later postgres); cmd through them.
// Tested by: storagetest, run by every engine; a test that reads every statement here for its tenant; fuzz and tables of the
// binary form beside the code.
package storage
