// Package fault holds the words for failure: Kind, Error, KindOf, and what each kind is called at every door.
//
// Owns: the closed list of kinds and the one table that says how each looks as a SCIM status, a Graph code,
// an ECMA2/MIM word, and what the engine does about it.
// May call: the standard library only.
// Never: logs, retries, or decides; it only names.
// Called by: every room.
// Tested by: a table test that every kind has a full row, and that a kind survives wrapping and travelling by name.
package fault
