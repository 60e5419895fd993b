// Package catalog holds what Graph's clients see of an application beside its rules: templates, ids, job, secrets' names, app roles.
//
// Owns: Template, Registration, Job and how their ids are made.
// May call: app, fault.
// Never: keeps a secret's value; provisions anything.
// Called by: graphapi, storage (implements Store).
// Tested by: tables beside the code; storagetest.
package catalog
