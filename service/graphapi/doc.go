// Package graphapi is the administrators' door: Graph-shaped JSON for users, groups and synchronization jobs, and a small tree
// of Sallyport's own (/sallyport/v1) for import, applications, journal, explain and agents.
//
// Owns: routes, authentication, roles, paging, error bodies; the translation of Graph JSON to the nouns and back.
// May call: directory, app, agents, access, journal, plan, cycle, entry, fault, internal/tenant, internal/forwarded.
// Never: opens a database or speaks to a target; takes the tenant from anywhere but the credential.
// Called by: cmd (wiring); its clients are the command line, the portal and any Graph client.
// Tested by: tables over HTTP beside the code, and the journeys.
package graphapi
