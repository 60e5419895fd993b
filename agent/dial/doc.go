// Package dial reaches the service from inside the site: through an HTTP proxy if need be, over TLS that is checked, and says in words why not.
//
// Owns: the CONNECT dialog with proxies, trust in the service's certificate, the message connection over WebSocket.
// May call: tunnel, fault, nats.go.
// Never: retries (the run loop does), caches an address or a password, falls back to a weaker check, logs.
// Called by: agent (run loop), agent/enrol.
// Tested by: tables over a stub proxy that gives every answer a proxy can give; a real tinyproxy; wrong, foreign and expired certificates.
package dial
