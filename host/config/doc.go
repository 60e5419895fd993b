// Package config reads and checks the host's configuration file.
//
// Owns: the file's shape, its defaults, where every mistake is (file and line), secret files, and what a connector is opened with.
// May call: binding, connector, entry, fault.
// Never: starts anything, writes anything but a generated secret token, or shows a secret.
// Called by: host/endpoint, cmd (validate, host).
// Tested by: golden error texts with line numbers, a fuzz target on the reader, checks against small drivers.
package config
