// Package cache is the connector space in memory: what a target held when it was last imported, plus our writes since.
//
// Owns: the compact form of rows (pointer-free bytes outside the garbage collector's view), hash indexes, detached
// reference sets with their reverse index, whole replacement after an import, paging by position, the saved image.
// May call: entry, fault.
// Never: speaks SCIM or to a target, decides when to import, keeps values that may only be written (passwords).
// Called by: host (reads, put-one after an export), autosync (Replace), endpoint (dump), standby (Snapshot, Load).
// Tested by: a state machine against a plain map model, tables per operation, fuzzing of Load, memory and speed benchmarks.
//
// One Cache holds one object type. Attributes carry SCIM names ("userName", "emails", "urn:…:User:department").
// Inside the cache references name the other object by its anchor; a View, which speaks SCIM, shows them as ids.
package cache
