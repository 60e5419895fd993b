// Package site starts a Sallyport as people do, as a process of its own behind HTTPS with a certificate of an authority made for the
// run, and gives tests what a client needs to call it.
//
// Owns: the temporary folder, the authority, the process and its end; the clients registered for tests.
// May call: the standard library and the program itself, by its command line.
// Never: reaches into the service by anything but its commands and its API.
// Called by: tests in node and sdk.
// Tested by: those.
package site
