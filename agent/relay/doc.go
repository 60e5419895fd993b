// Package relay carries requests from the tunnel to the applications the agent's own configuration names, and to nothing else.
//
// A request names an application and a path below its address; no address ever comes over the wire. Paths that could lead elsewhere are
// refused. The name of the application is resolved and the very address that was checked is dialled; redirects are not followed.
// A request with an idempotency key that was answered before gets the same answer again.
//
// Owns: the table of applications, the checks of paths and addresses, pooled connections, the memory of keys.
// May call: tunnel, fault.
// Never: follows a redirect, uses a proxy, repeats a request, logs headers or bodies.
// Called by: agent (as tunnel.Handler).
// Tested by: tables of paths and addresses that must be refused, a fuzz target on paths, real HTTPS applications on loopback.
package relay
