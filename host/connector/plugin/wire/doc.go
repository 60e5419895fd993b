// Package wire writes the words of the connector contract as messages of a plugin's protocol, and reads them.
//
// Owns: values, entries, schemas, capabilities and faults as messages, both ways, and what host and plugin shake hands on.
// May call: connector, pb, entry, fault.
// Never: starts a process, opens a connection, or decides anything.
// Called by: plugin (the host's side), serve (the plugin's side).
// Tested by: property tests that everything comes back as it was, a fuzz target on what a broken plugin may send.
package wire
