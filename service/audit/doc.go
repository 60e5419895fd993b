// Package audit is the log of administrative acts: who did what, from where, to what, with which result, in a chain that shows when
// somebody edits, removes, reorders or cuts off lines.
//
// Owns: Entry, the chain's hashes, signed checkpoints, the form of an export and its offline verifier, redaction.
// May call: internal/atomicfile, internal/tenant, fault.
// Never: decides who may act, or keeps a secret: values that look like one are redacted before they come near the chain.
// Called by: graphapi (begins acts, lists, exports), storage (implements Log and Marks, and writes an act in the transaction that it
// is about), cmd (checkpoints, the verifier).
// Tested by: tables of every way to tamper beside the code; fuzz of the verifier; storagetest for Log and Marks.
package audit
