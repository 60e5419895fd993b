// Package wire speaks LDAP (RFC 4511) over one connection: it writes requests, reads answers as a stream, and knows nothing of what
// they are for.
//
// Owns: the BER of requests, filters and controls; the reader of search results, which keeps one entry at a time.
// May call: the standard library.
// Never: keeps a result longer than the caller looks at it, sends a request twice, or builds a filter as text.
// Called by: gldap.
// Tested by: a fuzz target on every answer, the same answers read by another library, and gldap on real servers.
package wire
