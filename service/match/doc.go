// Package match finds the counterpart of a source object in the target, by precedence.
//
// Owns: the matching question and its verdict: none, one, or ambiguous, with the rule and values that decided.
// May call: app, entry, fault.
// Never: writes, or remembers links.
// Called by: plan.
// Tested by: tables with a recording Finder beside the code.
package match
