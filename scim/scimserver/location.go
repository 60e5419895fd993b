package scimserver

import "net/url"

// location returns the absolute URL of a resource.
func (c *call) location(k *kind, id string) string {
	if !plainID(id) {
		id = url.PathEscape(id)
	}
	return c.url + k.Endpoint + "/" + id
}

// plainID reports whether an id needs no escaping, as our own ids never do.
func plainID(id string) bool {
	for _, b := range []byte(id) {
		if b != '-' && b != '_' && (b < '0' || b > '9') && (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') {
			return false
		}
	}
	return true
}
