// Package vectors runs files of expressions with the results they shall have.
//
// Owns: the file's format, the comparison of results, and the three ways each case is taken: parsed, printed and parsed again, and by its tree.
// May call: expr, entry, fault.
// Never: reads a clock or a file; instant and randomness come in.
// Called by: cmd (expr test), and the tests of expr.
// Tested by: the published file, and cases that must miss.
package vectors
