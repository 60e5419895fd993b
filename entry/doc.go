// Package entry holds the words for an object anywhere: Type, Value, Attrs, Entry, Edit, and the difference of two.
//
// Owns: the shape of a user or group while it travels, and the arithmetic of edits (Diff, Apply).
// May call: the standard library only.
// Never: knows where an entry came from, what an attribute means, or how it is written as JSON or SQL.
// Called by: every room.
// Tested by: tables and a property test (Apply(have, Diff(have, want)) holds want) beside the code.
package entry
