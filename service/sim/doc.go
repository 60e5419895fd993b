// Package sim plays the engine against a directory and a target in virtual time, with faults chosen by a seed: crashes before
// and after every step, answers lost, delayed, reordered and doubled, targets that go away, refuse or list only a part, hours
// that pass at once. The same seed gives the same history; afterwards the invariants of the house are checked.
//
// Owns: the stage that lets one step happen at a time, the target double, the load, the checkers.
// May call: cycle, plan, app, directory, journal, storage/sqlite, entry, fault, tenant.
// Never: real time, the network, or randomness of its own beside the seed's.
// Called by: cli ("sallyport sim"), its own tests.
// Tested by: seeds that found mistakes, kept by number; checkers that are shown broken histories.
package sim
