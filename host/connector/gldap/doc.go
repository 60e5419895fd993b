// Package gldap is the generic LDAP connector: OpenLDAP, 389 Directory Server, Active Directory, AD LDS, and any other directory that
// speaks RFC 4510. Each object type is a structural class below one or more base DNs.
//
// Owns: the settings, what a directory's own schema means as attributes, DNs made from templates, references between DNs and anchors,
// the ways in which directories tell what changed, and what their result codes are called as faults.
// May call: entry, fault, connector, its own wire, a client library for DNs and the text of filters.
// Never: puts a value into a filter or DN unescaped, writes outside the configured bases, empties a group that may not be empty,
// or sends a write twice whose answer was lost.
// Called by: cmd (through connector.Driver).
// Tested by: connectortest on OpenLDAP, 389 Directory Server and Samba; fuzz targets on answers, schemas, DNs and values; a fake
// server that lies, stalls and breaks off.
package gldap
