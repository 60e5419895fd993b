// Package connectortest judges a connector by the contract: every promise of host/connector is a check, in tiers.
//
// From Go, in a test of the connector:
//
//	connectortest.Run(t, connectortest.Harness{New: …, Type: "Person", Sample: …, Required: "surname", …})
//
// Without Go, on a target that is there: sallyport connector test NAME --config host.yaml [--write].
//
// Owns: the checks, the model in memory that random stories are compared with, and the rule that what a connector lacks is excused
// by name.
// May call: entry, fault, connector; testing and rapid.
// Never: knows a particular connector, or changes objects that it did not make.
// Called by: tests of every connector; cmd (connector test).
// Tested by: running it against mem, which passes, and against mem with one promise broken, which must fail in the right check.
package connectortest
