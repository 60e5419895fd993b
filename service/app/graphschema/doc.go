// Package graphschema turns an application's rules into a synchronizationSchema of Microsoft Graph, and back.
//
// Owns: the schema's JSON types, both directions, and every check of a schema that a client writes.
// May call: app, expr (parse trees), entry, fault.
// Never: stores anything; what the rules of package app cannot hold travels in app.App.GraphSchema.
// Called by: graphapi for the schema's GET, PUT, PATCH and DELETE.
// Tested by: the way back of every rule, a schema given back byte for byte, a table of mistakes, and a fuzz target.
package graphschema
