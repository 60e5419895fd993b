// Package pb is the protocol of connector plugins as generated code; connector.proto is its source and its description.
//
// Owns: nothing that is written by hand. "go generate" makes it anew with protoc, protoc-gen-go 1.36.12 and protoc-gen-go-grpc 1.6.1.
// May call: nothing of the house.
// Never: changes the number or the meaning of a field; new ones are added.
// Called by: wire, plugin, serve.
// Tested by: the conformance kit in package plugin, which goes over it.
package pb

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative connector.proto
