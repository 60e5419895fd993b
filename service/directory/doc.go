// Package directory holds the nouns of the cloud directory: users, groups, their changes and the position in the change log.
//
// Owns: Object, Change, Watermark, and the rules of what a user or group must be (Validate); reading people.csv.
// May call: entry, fault, internal/tenant.
// Never: knows how objects are stored, or which applications they go to.
// Called by: graphapi, scimserver's inbound store, cycle (through Changes), storage (implements Store).
// Tested by: tables beside the code; storagetest for Store and Changes.
package directory
