// Package agents holds the nouns and rules of agents: groups, join tokens, identities.
//
// Owns: Agent, Group, JoinToken and what makes them valid.
// May call: fault, internal/tenant.
// Never: speaks NATS or HTTP.
// Called by: gateway, graphapi, storage (implements Store).
// Tested by: tables beside the code; storagetest.
package agents
