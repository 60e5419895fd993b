// Package targettest is a target for tests: objects in memory, a log of every write, and faults on demand.
//
// Owns: Memory, which keeps cycle.Target's promises and breaks them when told to.
// May call: cycle (the contract), entry, fault.
// Never: has a unique index: a duplicate account must show.
// Called by: tests of cycle, graphapi and the journeys.
// Tested by: the tests of cycle, which would fail with it.
package targettest
