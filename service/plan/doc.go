// Package plan joins scope, match and mapping into a Plan: what would be done to one object, and why. Making a plan changes nothing.
//
// Owns: Verb, Link, Plan, Step, and Make.
// May call: scope, match, mapping, expr, app, directory (nouns), entry, fault.
// Never: writes, waits, or reads a clock; its only question to the world goes through match.Finder.
// Called by: cycle, and graphapi for explain.
// Tested by: tables beside the code.
package plan
