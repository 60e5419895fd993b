// Package expr is the mapping expression language: it parses, checks, prints and evaluates texts such as Join(" ", [givenName], [surname]).
//
// Owns: the grammar, every function of the language, conversion between its types, and the parse tree as data.
// May call: entry, fault.
// Never: reads a clock, a file or a socket (a timer alone ends regular expressions that take too long); the instant, the randomness and the question "is this value taken" come in through Env.
// Called by: mapping, plan, graphapi (parseExpression, the functions listing), cmd (validate).
// Tested by: the published vectors in testdata, tables per function, and fuzz targets of the parser and the evaluator.
package expr
