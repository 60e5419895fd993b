// Package app holds applications as data: target, attribute mappings, scoping filters, match rules, deprovisioning flags, and the job's schedule.
//
// Owns: the App noun, its strict YAML form with line numbers in every error, and Validate.
// May call: entry, fault, internal/tenant; a YAML reader and a regular-expression library.
// Never: evaluates anything; rules here are data.
// Called by: scope, match, mapping, plan, cycle, graphapi, storage (implements Store), cmd (validate).
// Tested by: a table of mistakes with their places, a golden file with every key, a property test of the way back, and a fuzz target.
package app
