// Package review keeps what is going to be done until somebody has looked at it: plans that are stored, compared, approved, applied and undone.
//
// Owns: Plan and Row with their life (made, approved, applied, discarded, expired), the difference of two plans, undo and replay.
// May call: cycle (to preview and to carry out), plan, app, directory, journal, entry, fault, internal/tenant.
// Never: writes to a target itself, or applies a row whose object moved on since the plan was made.
// Called by: graphapi, drift (repair is a plan), storage (implements Store).
// Tested by: tables, storagetest, and stories over SQLite with a target in memory.
package review
