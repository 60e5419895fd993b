// Package app holds applications as data: target, attribute mappings, scoping filters, match rules, deprovisioning flags, and the job's schedule.
//
// Owns: the App noun, its strict YAML form with line numbers in every error, and Validate.
// May call: entry, fault, internal/tenant.
// Never: evaluates anything; rules here are data.
// Called by: scope, match, mapping, plan, cycle, graphapi, storage (implements Store), cmd (validate).
// Tested by: a golden file per mistake beside the code.
package app
