// Package gateway lets agents in, keeps their presence, chooses one for each request, and hands out RoundTrippers.
//
// A NATS server runs inside the process. Agents reach it through the service's own HTTPS port, as WebSocket at /tunnel; each has an
// identity that lets it read and write under its own subjects only. A Group is an http.RoundTripper: it picks the agent with the least in
// flight, notices within moments that one is gone, and asks another when that cannot do harm: reads, requests provably not started, and
// requests with an idempotency key. Any other request whose agent died ends as fault.Timeout.
//
// Owns: the embedded server and its keys, agent JWTs and their revocation, presence, choice, the /tunnel handlers.
// May call: agents, tunnel, fault, internal/tenant.
// Never: knows SCIM or applications; re-sends a write whose outcome is unknown and that carries no key; logs a token, a key or a header.
// Called by: cmd (wiring), service doors for presence and tokens; the engine sees only http.RoundTripper.
// Tested by: real agents over TLS on loopback here; tunneltest over NATS; agents killed as processes; benchmarks against direct HTTP.
package gateway
