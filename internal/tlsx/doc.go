// Package tlsx makes and serves certificates.
//
// Owns: the self-signed certificate of a first start, reloading a certificate when its file changes, our TLS minimum.
// May call: internal/atomicfile, fault.
// Never: trusts anything by itself.
// Called by: cmd/sallyport/wire for the service's port, host/endpoint for the host's.
// Tested by: tests beside the code.
package tlsx
