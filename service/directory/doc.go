// Package directory holds the nouns of the cloud directory: users, groups, their changes and the position in the change log.
//
// Owns: Change, Watermark, the rules of what a user or group must be (Validate, Merge, Key), and reading people files (Import).
// May call: entry, fault, internal/tenant.
// Never: knows how objects are stored, or which applications they go to.
// Called by: graphapi, scimserver's inbound store, cycle (through Changes), storage (implements Store).
// Tested by: tables beside the code; storagetest for Store and Changes.
package directory
