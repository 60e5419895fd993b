// Package binding ties the names and shapes of SCIM to the names and shapes of a connector, in both directions. It is pure.
//
// Owns: which SCIM attribute shows which connector attribute, the resource type made from that, the alias of names that SCIM's
// paths cannot hold, and the conversion of values.
// May call: scim, connector, entry, fault.
// Never: reads a target, a cache or a clock; knows an object's id.
// Called by: host, host/config (check), wizard.
// Tested by: tables, and property tests that what is stored is what is shown and that aliases are reversible.
package binding
