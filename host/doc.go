// Package host is the coordinator between SCIM and one connector: it reads from the cache and writes through the connector.
//
// Owns: the order of writes to one object, the question to the target before a create, unknown outcomes, the deprovisioning flows,
// references whose object is not there yet, the budget of deletions, and the pool of sessions.
// May call: binding, cache, connector, scim, scimserver (the Store it implements), entry, fault.
// Never: parses SCIM, decides when to import, or listens on a socket.
// Called by: host/endpoint.
// Tested by: tables with a scripted target beside the code (flows, unknown outcomes, concurrent creates), and through the endpoint.
package host
