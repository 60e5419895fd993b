// Package tunnel carries one HTTP exchange across the wall: subjects, frames, acceptance, deadline, chunks.
//
// The gateway's end is a Caller, the agent's end an Answerer; between them lies any Carrier of messages. A request goes out as one
// message and is answered by one message; an acceptance travels only when the answer takes longer than a moment. A write that must
// not happen twice is held: the agent accepts it, and starts only when the caller then says go. So "no go was sent" proves that
// nothing happened, without comparing clocks. Bodies above InlineMax follow in numbered chunks, a window at a time.
//
// Owns: the names of subjects, the wire format and its version, the state of an exchange at both ends, the memory of attempts seen.
// May call: fault and the standard library.
// Never: opens a socket or a file, reads the clock (it is handed in), logs, or knows what SCIM is.
// Called by: service/gateway (Caller), agent and agent/relay (Answerer, Handler).
// Tested by: tables and fuzz targets beside the code; tunneltest, a suite for any carrier, run over memory here and over NATS in service/gateway.
package tunnel
