// Package archtest holds the plan of the house as a table, and a test that the source keeps to it.
//
// Owns: which room may import which.
// May call: the standard library only.
// Never: runs a child process: the test cache would not see what that reads.
// Called by: go test.
// Tested by: itself, and a test that a forbidden import is found.
package archtest
