// Package endpoint is the host's door: it serves one SCIM endpoint per configured connector at /ecma2host_{name}/scim.
//
// Owns: the TLS listener and its certificate, bearer secrets, routing by connector name, health, the life of each connector
// (schema, coordinator, autosync), draining.
// May call: host, host/autosync, host/config, host/connector, scim, scimserver, internal/tlsx, internal/atomicfile, entry, fault.
// Never: reads or writes a target itself.
// Called by: cmd (host, up, demo), tests.
// Tested by: journeys over TLS and in process with the mem connector and scripted targets.
package endpoint
