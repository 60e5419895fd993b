//go:build odbc

// Command sallyport-odbc is a connector plugin: the SQL connector over the ODBC drivers of this machine. It is a program of its own
// because it needs cgo and unixODBC, which sallyport itself does without. A host starts it; see docs/odbc.md.
//
// Owns: which driver stands behind the connector.
// May call: everything.
// Never: does anything when it is started by hand.
// Called by: hosts.
// Tested by: the conformance kit on the ODBC drivers of PostgreSQL and MariaDB, through the plugin protocol.
package main
