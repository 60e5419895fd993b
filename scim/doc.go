// Package scim is SCIM 2.0 as a language: schema, JSON form of resources, filter, path, PATCH, projection, lists and errors (RFC 7643, 7644, 9865).
//
// Owns: every grammar and every JSON shape of SCIM, in the strict and the entra dialect.
// May call: entry, fault.
// Never: does I/O, reads a clock, or knows where resources are kept.
// Called by: scimclient, scimserver, scimtest, and the doors that mount a server (host/endpoint, service/graphapi).
// Tested by: tables beside the code, fuzz targets for filter, path, PATCH and JSON, and a differential test of the compiled filter.
package scim
