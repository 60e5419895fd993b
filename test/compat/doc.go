// Package compat is the root of a module of its own: clients that nobody here wrote, unmodified but for their base URL, drive a real
// Sallyport. It is apart because one of them takes minutes to compile and none of it belongs into the program.
//
// Owns: nothing but this page; site starts what is driven, node and sdk drive it.
// May call: the standard library; sdk also Microsoft's Go modules for Graph and Azure.
// Never: imports a package of Sallyport, or bends a client to make it fit.
// Called by: nobody.
// Tested by: make test (site and node), make test-compat (all of it).
package compat
