// Package serve makes a connector of this house, or of anybody else, a plugin: a program that a host starts and speaks to over gRPC.
//
//	func main() { serve.Main(myconnector.Driver{}) }
//
// Owns: the plugin's side of the protocol: sessions, one call at a time on each, and the end of the process with the host's.
// May call: connector, wire, pb, entry, fault.
// Never: writes to standard output (the handshake is there), reads arguments, or keeps a secret longer than the call that brought it.
// Called by: cmd/sallyport-odbc, programs of third parties.
// Tested by: the conformance kit in package plugin, which runs served connectors in a process of their own.
package serve
