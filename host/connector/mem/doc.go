// Package mem is a connector whose target is the memory of this process, for demonstrations, tests and benchmarks.
//
// Owns: populations of objects, kept by connector name for as long as the Driver lives, and made-up people to fill one with.
// May call: entry, fault, connector.
// Never: writes to disk, opens a socket, or limits how many sessions work in parallel.
// Called by: cmd (host try, demo, bench), tests of every room that needs a connector.
// Tested by: connectortest and tables beside the code.
package mem
