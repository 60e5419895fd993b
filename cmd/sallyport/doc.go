// Command sallyport is the whole system in one binary: service, agent, host, and the commands that administer them.
//
// Owns: nothing; it hands the arguments to cli and exits with its code.
// May call: cmd/sallyport/cli.
// Never: does anything itself.
// Called by: people and service managers.
// Tested by: the journeys and the demo.
package main
