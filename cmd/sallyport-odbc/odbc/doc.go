//go:build odbc

// Package odbc is a driver of database/sql over the machine's ODBC driver manager.
//
// Owns: handles, the form in which values cross (wide text, 64-bit numbers, bytes), diagnostics as errors, cancelling.
// May call: the bindings of github.com/alexbrainman/odbc/api, which need cgo and unixODBC (or Windows).
// Never: knows SQL, pools connections, sends a statement again, or puts a password into an error.
// Called by: cmd/sallyport-odbc, which gives it to the connector gsql.
// Tested by: the conformance kit of connectors on the ODBC drivers of PostgreSQL and MariaDB.
package odbc
