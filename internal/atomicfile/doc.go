// Package atomicfile writes files that are either whole or not there.
//
// Owns: the temporary file, the sync and the rename.
// May call: the standard library only.
// Never: reads, or interprets content.
// Called by: whoever keeps keys, secrets, certificates and images on disk.
// Tested by: tests beside the code.
package atomicfile
