// Package people makes up people and groups for demos and benchmarks: realistic in shape, none of them real.
//
// Owns: the lists of names and the rules by which a company is put together; the same number always gives the same people.
// May call: the standard library only.
// Never: copies a real person's data.
// Called by: cmd/sallyport/cli (demo, bench, directory sample).
// Tested by: tests beside the code.
package people
