// Package agentstest is an agents.Store in memory, for tests of what uses one.
//
// Owns: the map.
// May call: agents, fault, internal/tenant.
// Never: part of the program.
// Called by: tests of gateway and of the way through the wall.
// Tested by: its users; storagetest holds the real stores to the same contract.
package agentstest
