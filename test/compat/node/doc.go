// Package node lets the official JavaScript client of Microsoft Graph, unmodified but for its base URL, drive a running Sallyport.
//
// Owns: the Node project in this folder: its tests (*.test.mjs), its pinned packages.
// May call: site; node and npm as processes.
// Never: talks plain HTTP, or sets a header by hand that the client sets itself.
// Called by: make test, make test-compat.
// Tested by: it is a test.
package node
