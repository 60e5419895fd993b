// Package connector is the contract between the host and a plug-in that speaks to one kind of target.
//
// Owns: Driver and Session, the optional capabilities, the schema and settings vocabulary.
// May call: entry, fault.
// Never: knows a particular target, SCIM, or the cache.
// Called by: host, autosync, config, wizard; implemented by the rooms below it.
// Tested by: connectortest, the conformance suite that every connector runs.
package connector
