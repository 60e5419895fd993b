// Package sqlite keeps the service's data in one SQLite file: an Engine for package storage.
//
// Owns: the file, its lock and its mode, migrations, the writer that groups commits, the pool of readers, and who is woken by a commit.
// May call: storage, fault, internal/tenant.
// Never: holds a statement about people, apps or jobs; those are in storage.
// Called by: cmd.
// Tested by: storagetest; tests of the writer, the lock and damaged files beside the code; a child process that is killed while it writes.
package sqlite
