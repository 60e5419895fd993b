package inbound

import (
	"context"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/service/directory"
)

// viewer shows objects to a filter one after the other and remembers what it asked the directory meanwhile.
type viewer struct {
	ctx     context.Context //nolint:containedctx // lives as long as one Find
	dir     Directory
	shape   *shape
	holders map[string][]string // member id to the groups that hold it
	err     error               // the first that the directory gave; what was shown since is worthless
}

// source is one object as a filter or a sort sees it. Only what is asked for is translated.
type source struct {
	*viewer
	o directory.Object
}

var _ scim.Source = source{}

// Values implements scim.Source.
func (x source) Values(attr string) []entry.Value {
	switch attr {
	case "id":
		return []entry.Value{x.o.ID}
	case "meta.created":
		return []entry.Value{x.o.Created}
	case "meta.lastModified":
		return []entry.Value{x.o.Modified}
	case "meta.resourceType":
		return []entry.Value{string(x.shape.Name)}
	case "meta.version":
		return []entry.Value{scim.ETag(x.o.Version)}
	case "groups":
		return x.groups()
	case directory.Members:
		return x.members()
	}
	if l := x.shape.lenses[attr]; l != nil {
		return l.get(x.o.Attrs)
	}
	return nil
}

// Holds implements scim.Source. Members are asked for from the other end: few groups hold one member.
func (x source) Holds(attr, id string) bool {
	if attr == directory.Members && x.shape.Name == entry.Group {
		groups, known := x.holders[id]
		if !known {
			var err error
			groups, err = x.dir.Seek(x.ctx, entry.Group, directory.Members, id)
			x.note(err)
			x.holders[id] = groups
		}
		_, found := slices.BinarySearch(groups, x.o.ID)
		return found
	}
	return slices.ContainsFunc(x.Values(attr), func(v entry.Value) bool {
		c, _ := v.(entry.Complex)
		return c["value"] == id
	})
}

func (x source) groups() []entry.Value {
	if x.shape.Name != entry.User {
		return nil
	}
	ms, err := x.dir.Memberships(x.ctx, []string{x.o.ID})
	x.note(err)
	return groupsValue(ms[x.o.ID])
}

func (x source) members() []entry.Value {
	os, err := x.dir.Load(x.ctx, x.shape.Name, []string{x.o.ID}, true)
	x.note(err)
	if len(os) == 0 {
		return nil
	}
	return os[0].Attrs[directory.Members]
}

func (v *viewer) note(err error) {
	if v.err == nil {
		v.err = err
	}
}
