// Package journeys plays whole stories: somebody appears, changes, moves and leaves in the directory, and the rows of a real database
// follow. Each *.txtar file is one story an administrator can read. Those about the way to the target are played on three routes, where the parts
// are killed for real; those about a rule of the engine, which is the same everywhere, in process.
//
// Owns: the language of the stories (see script_test.go), the invariants that hold after any crash.
// May call: everything; parts that are processes run the program itself.
// Never: looks into a room to find out how a story ended: what counts is the target's rows, the journal and the API's answers.
// Called by: make test, make soak (TestKill with SALLYPORT_KILL_ROUNDS).
// Tested by: itself.
//
// The routes: "inprocess" has engine and host in this process, the client over the host's in-process transport; "http" has service and
// host as processes, over TLS; "tunnel" has service, agent and host as processes.
package journeys
