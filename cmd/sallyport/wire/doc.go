// Package wire puts the parts together: a service, an agent, a host, or all of them in one process.
//
// Owns: which implementation stands behind which interface, the folders of an installation, the order of starting and stopping.
// May call: everything.
// Never: decides anything a room should decide.
// Called by: cmd/sallyport/cli, the journeys.
// Tested by: the journeys.
package wire
