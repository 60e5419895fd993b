// Package nearest measures how alike two words are, so that a message can say what somebody may have meant.
//
// Owns: the edit distance.
// May call: the standard library only.
// Never: decides what is near enough; its callers know their words.
// Called by: whoever reads a configuration or an expression.
// Tested by: a table beside the code.
package nearest
