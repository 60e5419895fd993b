package scim

import (
	"slices"

	"github.com/sallyport-id/sallyport/entry"
)

// SourceOf shows an entry as a Source, for stores that hold entries and for tests. The entry must not change meanwhile.
func (rt *ResourceType) SourceOf(e entry.Entry, m Meta) Source { return &entrySource{e, m} }

type entrySource struct {
	entry entry.Entry
	meta  Meta
}

// Values implements Source.
func (s *entrySource) Values(attr string) []entry.Value {
	switch attr {
	case "id":
		return []entry.Value{s.entry.ID}
	case "meta.created":
		return optional(s.meta.Created.IsZero(), s.meta.Created)
	case "meta.lastModified":
		return optional(s.meta.Modified.IsZero(), s.meta.Modified)
	case "meta.location":
		return optional(s.meta.Location == "", s.meta.Location)
	case "meta.version":
		return optional(s.meta.Version == "", ETag(s.meta.Version))
	}
	return s.entry.Attrs[attr]
}

func optional(absent bool, v entry.Value) []entry.Value {
	if absent {
		return nil
	}
	return []entry.Value{v}
}

// Holds implements Source.
func (s *entrySource) Holds(attr, id string) bool {
	return slices.ContainsFunc(s.entry.Attrs[attr], func(v entry.Value) bool {
		switch v := v.(type) {
		case entry.Ref:
			return v.ID == id
		case entry.Complex:
			return v["value"] == id
		}
		return v == id
	})
}
