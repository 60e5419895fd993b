// Package agent is the part beside the applications: it dials out to the service and carries out what comes through the tunnel.
//
// Owns: the agent's configuration and its run loop: connect, beat, renew the identity, come back after any loss, drain at the end.
// May call: tunnel, fault, its rooms enrol, dial and relay, internal helpers.
// Never: listens on a port, learns an address from the wire, logs a secret, gives up.
// Called by: cmd.
// Tested by: tables of configurations beside the code; a real gateway with real agents, also killed ones, in service/gateway's tests.
package agent
