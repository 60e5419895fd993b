// Package inbound is the SCIM door through which other systems (Entra, Okta, Keycloak, an HR system) fill the directory.
//
// Owns: which SCIM attribute lies where in a directory entry, how filters and sorting are answered from the directory's indexes,
// and who may come in: tokens of sources, each in its own tenant.
// May call: directory, access, scim, scim/scimserver, entry, fault, internal/tenant.
// Never: provisions anything itself. What a source writes goes to the change log, and jobs read that.
// Called by: cmd (wiring); its clients are SCIM clients.
// Tested by: scimtest's suite over a real store, round trips of every advertised attribute, tables beside the code.
package inbound
