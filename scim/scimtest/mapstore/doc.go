// Package mapstore is a SCIM store over maps: the reference that the server's tests and the conformance suite run on.
//
// Owns: the meaning of scimserver.Store in the plainest code that is still correct: indexes, stable order, cursors, references.
// May call: scim, scimserver, entry, fault.
// Never: writes to a disk, or is used in production; nothing here outlives the process.
// Called by: tests of scimserver and scimtest, and whoever wants a SCIM server to try a client on.
// Tested by: scimtest's suite and the tests beside the code.
package mapstore
