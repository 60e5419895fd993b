// Package targets starts throwaway real servers on 127.0.0.1: PostgreSQL, MariaDB, OpenLDAP, 389 Directory Server, Samba as Active Directory, and the CONNECT proxies tinyproxy and squid.
//
// Owns: their folders, ports, users and processes; each is stopped and its folder removed when the test, or the process
// that started it, ends, even by kill -9.
// May call: fault, the client library of the server.
// Never: listens on another address than 127.0.0.1, ends a process it did not start, or passes silently when a server
// is missing: the test is skipped with the name of the Debian package, or fails when SALLYPORT_REQUIRE_TARGETS=1.
// Called by: tests of every room, sallyport bench.
// Tested by: a start, crash and restart of each beside the code.
package targets
