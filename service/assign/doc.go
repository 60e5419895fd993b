// Package assign holds who is assigned to which application: users and groups, each in a role.
//
// Owns: Assignment, Store and the rules of both.
// May call: app (ids), entry, fault.
// Never: decides who is in scope (that is plan), or expands a group by itself.
// Called by: cycle (asks who is assigned), graphapi (appRoleAssignedTo), storage (implements Store).
// Tested by: storagetest, and the cycle's tests.
package assign
