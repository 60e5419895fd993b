// Package drift finds what somebody changed, removed or added in a target by hand, and what an application will meet there before it is switched on.
//
// Owns: Finding and Report with their life (open, accepted, gone), the comparison of a target's listing with what links and mappings want, discovery.
// May call: cycle (targets and ledger), review (a repair is a plan), plan, app, directory, journal, entry, fault, internal/tenant.
// Never: writes to a target itself; a repair is a plan that review carries out.
// Called by: graphapi, storage (implements Store).
// Tested by: tables, storagetest, and stories over SQLite with a target in memory.
package drift
