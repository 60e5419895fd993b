// Package cli is the command line: flags in, plain words or JSON out, exit codes that mean something.
//
// Owns: the tree of commands, their help, the client's profile, progress bars.
// May call: cmd/sallyport/wire to run the parts, the API over HTTP for everything administrative.
// Never: opens a service's database; prints a secret it was not asked to print.
// Called by: main.
// Tested by: tests beside the code, and the journeys.
package cli
