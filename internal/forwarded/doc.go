// Package forwarded tells by which address clients know a service, and where a request came from, when proxies stand between.
//
// Owns: what the headers X-Forwarded-For, -Proto, -Host, -Port and -Prefix mean, and whose are believed.
// May call: the standard library only.
// Never: believes a header that a stranger sent.
// Called by: graphapi (links), cmd (the authorization server's addresses).
// Tested by: tables beside the code, and the service as it is put together in cmd/sallyport/wire.
package forwarded
