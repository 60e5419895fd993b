// Package wall tests the way through the wall with everything real: a gateway on a TLS port, enrolled agents, applications on loopback.
//
// Owns: nothing but tests; it is the one place besides cmd where service and agent are imported together.
// May call: service/gateway, agent, tunnel, internal helpers.
// Never: part of the program.
// Called by: go test.
// Tested by: itself.
package wall
