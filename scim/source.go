package scim

import "github.com/sallyport-id/sallyport/entry"

// Source is a resource as a filter or a sort sees it, so that a store can answer without decoding the whole resource.
type Source interface {
	// Values returns an attribute's values, nil when absent. It is asked for top-level names in the schema's spelling
	// ("userName", "name", "emails", "urn:…:User:department") plus "id", "meta.created", "meta.lastModified".
	Values(attr string) []entry.Value
	// Holds reports whether a reference attribute (members, manager) points to the id, without listing the attribute.
	Holds(attr, id string) bool
}
