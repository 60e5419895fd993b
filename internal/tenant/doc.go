// Package tenant carries the tenant in a context.
//
// Owns: the key under which the authenticated tenant travels.
// May call: the standard library only.
// Never: takes a tenant from a request body; whoever authenticates the caller sets it, the query layer reads it.
// Called by: doors (set), storage (read).
// Tested by: storagetest, which runs every query under two tenants.
package tenant
