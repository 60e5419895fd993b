// Package connectortest is the conformance suite of connectors: what every Driver and Session must do, whatever the target.
//
// Owns: Harness, Run, and the plain words Session, Create, One with which tests of connectors read better.
// May call: connector, entry, fault.
// Never: knows a particular connector.
// Called by: the tests of every connector, and of connectors that strangers write.
// Tested by: running on mem and on gsql with SQLite and PostgreSQL; each check fails when the connector breaks its promise.
package connectortest
