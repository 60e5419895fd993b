// Package docsgen writes the reference pages, those of docs/reference and docs/api.md, from what the program itself declares.
//
// Owns: the form of those pages: commands, functions of the expression language, operators of scoping filters, connectors' settings, paths of the API.
// May call: service/expr, service/app, host/connector, for the shapes of what they declare.
// Never: describes anything in words of its own; reads or writes a file.
// Called by: the tests in cmd/sallyport/cli and service/graphapi that write the pages (-update) and fail when one is stale.
// Tested by: those tests, and tables beside the code.
package docsgen
