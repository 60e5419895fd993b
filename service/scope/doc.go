// Package scope decides whether an object is in scope of an application, and says why in plain words.
//
// Owns: the meaning of every clause operator, and the verdict with the clauses that led to it.
// May call: app, entry, fault.
// Never: reads a clock, asks the target, or remembers the last verdict.
// Called by: plan, graphapi (provision on demand, filter operators), cmd (validate).
// Tested by: a table per operator beside the code and a fuzz target.
package scope
