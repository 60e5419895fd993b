// Package scimclient asks a SCIM 2.0 endpoint over any http.RoundTripper: it is the engine's Target and Lister.
//
// Owns: request shapes and PATCH dialects, what a server can do and its caching, judging answers, mapping failures to
// faults, paging through everything, tokens, the staged connection test.
// May call: scim, entry, fault.
// Never: knows agents, sends a write a second time that may have arrived, takes an odd answer for an empty one.
// Called by: cmd's wiring (one Client per application), cycle through its Target interface.
// Tested by: golden requests against httptest servers, a conformance suite of any Target that runs over this
// module's own server, synctest for renewal and back-off.
//
// Entries outside are flat, with mapping paths as keys ("name.givenName", `emails[type eq "work"].value`); on the wire
// they are nested. A request that got no answer is judged by whether it was sent: a read or an unsent write is repeated
// and in the end fault.Unavailable, a write that may have arrived is fault.Timeout.
package scimclient
