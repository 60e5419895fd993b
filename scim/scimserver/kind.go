package scimserver

import (
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
)

// kind is a resource type as this room needs it at every request.
type kind struct {
	*scim.ResourceType
	segment  string   // of the path: "Users"
	detached []string // attributes that may be too long to read along with the rest (a group's members)
}

func newKind(rt *scim.ResourceType) *kind {
	return &kind{ResourceType: rt, segment: strings.Trim(rt.Endpoint, "/"), detached: rt.Detached()}
}

// wantsDetached reports whether an answer under the projection needs the long attributes.
func (k *kind) wantsDetached(p *scim.Projection) bool {
	return slices.ContainsFunc(k.detached, p.Wants)
}

// gives reports whether the entry brings values for a long attribute.
func (k *kind) gives(e entry.Entry) bool {
	return slices.ContainsFunc(k.detached, func(name string) bool { return len(e.Attrs[name]) > 0 })
}

// onlyDetached reports whether the edits concern long attributes alone.
func (k *kind) onlyDetached(edits []entry.Edit) bool {
	for _, e := range edits {
		if !slices.Contains(k.detached, e.Attr) {
			return false
		}
	}
	return true
}
