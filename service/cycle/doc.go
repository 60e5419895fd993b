// Package cycle turns the crank: initial and incremental cycles, references, escrow, quarantine and the deletion budget.
//
// Owns: the order of work, the workers, the intents before and the outcomes after every write, the watermark.
// May call: plan and what plan imports, directory, journal, entry, fault.
// Never: speaks HTTP, SQL or NATS; the target, the ledger and the journal are interfaces.
// Called by: cmd (wiring), graphapi (start, pause, restart, on demand).
// Tested by: ledgertest and targettest suites, tables and rapid state machines with a map-backed target, journeys.
package cycle
