// Package plugin is the host's side of a connector that lives in a process of its own: a program that package serve made.
//
// Owns: starting the program (checksum, bare environment, private socket), its life and death, back-off, its log without secrets, and a
// Driver and Session that answer as the connector in it does.
// May call: connector, wire, pb, entry, fault.
// Never: gives a secret to the program but in a message of the authenticated channel, or takes an unanswered write for one that failed.
// Called by: cmd wiring (a driver for each plugin of the host's configuration), "sallyport connector".
// Tested by: the conformance kit on a connector served by the test binary itself, kill -9 in the middle of every kind of call.
package plugin
