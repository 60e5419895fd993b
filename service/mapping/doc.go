// Package mapping works out what the target should hold for a source object.
//
// Owns: direct, constant and expression mappings; defaults, flow types, null handling; references kept apart; the values match rules compare.
// May call: expr, app, entry, fault.
// Never: asks the target (but for Input.Taken, which its caller provides), reads a clock, or keeps anything between two objects.
// Called by: plan, graphapi (provision on demand), cmd (validate).
// Tested by: tables beside the code and a benchmark of twelve mappings.
package mapping
