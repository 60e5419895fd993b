// Package enrol gives an agent its identity: it trades a join token for one, keeps it on disk, and renews it.
//
// Owns: the key pair (made here, never sent), the identity file, enrolment and renewal dialogs.
// May call: tunnel, fault, agent/dial, nkeys.
// Never: takes a token from argv or the environment, writes a file others can read, keeps a used token.
// Called by: agent, cmd.
// Tested by: enrolment against a real gateway in agent's tests; tables for files with wrong modes or contents.
package enrol
