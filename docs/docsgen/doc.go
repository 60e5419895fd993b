// Package docsgen writes the reference pages of docs/reference from what the program itself declares.
//
// Owns: the form of those pages: commands, functions of the expression language, operators of scoping filters, connectors' settings.
// May call: service/expr, service/app, host/connector, for the shapes of what they declare.
// Never: describes anything in words of its own; reads or writes a file.
// Called by: the test in cmd/sallyport/cli that writes the pages (-update) and fails when one is stale.
// Tested by: that test, and tables beside the code.
package docsgen
