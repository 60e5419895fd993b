// Package scimserver answers SCIM requests over a Store; it owns status codes, headers and limits.
//
// Owns: routing, authentication order, media types, ETags, discovery documents, Bulk, .search, paging and cursors.
// May call: scim, entry, fault.
// Never: knows whether the Store is a cache, a database or a map.
// Called by: host/endpoint, and the service's inbound endpoint.
// Tested by: scimtest against a map-backed Store, and the golden dialogues.
package scimserver
