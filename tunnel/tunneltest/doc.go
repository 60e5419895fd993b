// Package tunneltest holds a suite that any carrier of the tunnel must pass, and a carrier in memory.
//
// Owns: the suite, the memory bus, carriers that deliver twice, late, or from strangers.
// May call: tunnel, fault, testing.
// Never: opens a socket.
// Called by: tests of tunnel (over memory) and of service/gateway (over NATS).
// Tested by: running it over the bus in tunnel's tests.
package tunneltest
