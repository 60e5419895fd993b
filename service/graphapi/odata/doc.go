// Package odata reads OData's query language as far as Graph's clients use it: $filter, $orderby, $search, $select and $expand.
//
// Owns: the grammar, its limits, and how a filter is held against an object.
// May call: fault.
// Never: does I/O; knows what a user or a job is.
// Called by: graphapi.
// Tested by: tables and fuzz targets beside the code.
package odata
