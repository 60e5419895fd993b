// Package scimtest says whether an endpoint speaks SCIM 2.0: a conformance suite for any base URL, and dialogues of real clients
// to replay.
//
// Owns: the checks in their own words (RFC 7643, 7644, 9865, 9967 and what Entra and Okta send), the report, the dialogue player.
// May call: scim, fault, the network through the http.Client it is given.
// Never: looks into the server; whatever it knows it has read from an answer.
// Called by: `sallyport scim test`, tests of every room that mounts a SCIM server, strangers.
// Tested by: a run over scimserver with mapstore that must pass, and runs over servers broken on purpose that must fail.
package scimtest
