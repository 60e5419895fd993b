package inbound

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/service/directory"
)

// Directory is what the door needs of the directory of the tenant in the context.
type Directory interface {
	directory.Objects
	directory.Editor
	// Count counts live objects of the type.
	Count(ctx context.Context, t entry.Type) (int, error)
}

// Store shows the directory as SCIM resources. It implements scimserver.Store.
type Store struct {
	dir    Directory
	shapes map[entry.Type]*shape
	reach  int // how many places one reading goes ahead when sorting
}

var _ scimserver.Store = (*Store)(nil)

// NewStore returns a store of the types, which are User and Group.
func NewStore(d Directory, types ...*scim.ResourceType) *Store {
	s := &Store{dir: d, shapes: map[entry.Type]*shape{}, reach: reach}
	for _, rt := range types {
		s.shapes[rt.Name] = newShape(rt)
	}
	return s
}

func (s *Store) shape(t entry.Type) (*shape, error) {
	if k := s.shapes[t]; k != nil {
		return k, nil
	}
	return nil, fault.New(fault.NotFound, "find the resource type", "there is no resource type %q", t)
}

// Get implements scimserver.Store.
func (s *Store) Get(ctx context.Context, t entry.Type, id string, detached bool) (scimserver.Resource, error) {
	k, err := s.shape(t)
	if err != nil {
		return scimserver.Resource{}, err
	}
	os, err := s.dir.Load(ctx, t, []string{id}, detached)
	if err == nil && len(os) == 0 {
		err = fault.New(fault.NotFound, "get", "there is no %s with this id", t)
	}
	if err != nil {
		return scimserver.Resource{}, err
	}
	return s.resource(ctx, k, os[0])
}

func (s *Store) resource(ctx context.Context, k *shape, o directory.Object) (scimserver.Resource, error) {
	rs, err := s.resources(ctx, k, []directory.Object{o})
	if err != nil {
		return scimserver.Resource{}, err
	}
	return rs[0], nil
}

// resources translates objects, users with their groups, groups with the members that were read.
func (s *Store) resources(ctx context.Context, k *shape, os []directory.Object) ([]scimserver.Resource, error) {
	var groups map[string][]directory.Membership
	if k.Name == entry.User && len(os) > 0 {
		ids := make([]string, len(os))
		for i, o := range os {
			ids[i] = o.ID
		}
		var err error
		if groups, err = s.dir.Memberships(ctx, ids); err != nil {
			return nil, err
		}
	}
	rs := make([]scimserver.Resource, len(os))
	for i, o := range os {
		attrs := k.attributes(o.Attrs)
		attrs.Set("groups", groupsValue(groups[o.ID])...)
		if k.Name == entry.Group {
			attrs.Set(directory.Members, o.Attrs[directory.Members]...)
		}
		rs[i] = scimserver.Resource{
			Entry:   entry.Entry{Type: k.Name, ID: o.ID, Attrs: attrs},
			Version: o.Version, Created: o.Created, Modified: o.Modified,
		}
	}
	return rs, nil
}

func groupsValue(ms []directory.Membership) []entry.Value {
	vs := make([]entry.Value, len(ms))
	for i, m := range ms {
		how := "indirect"
		if m.Direct {
			how = "direct"
		}
		vs[i] = entry.Complex{"value": m.Group, "display": m.Name, "type": how}
	}
	return vs
}

// Create implements scimserver.Store.
func (s *Store) Create(ctx context.Context, e entry.Entry) (scimserver.Resource, error) {
	k, err := s.shape(e.Type)
	if err != nil {
		return scimserver.Resource{}, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	o, err := s.dir.Revise(ctx, e.Type, "", directory.Revision{
		Change: func(entry.Entry) (entry.Entry, error) { return k.entry(e.Attrs, now), nil },
		Add:    refsOf(e.Attrs[directory.Members]),
	})
	if err != nil {
		return scimserver.Resource{}, err
	}
	return s.resource(ctx, k, o)
}

// Update implements scimserver.Store. Members are added and removed without reading the others.
func (s *Store) Update(ctx context.Context, t entry.Type, id, version string, edits []entry.Edit) (scimserver.Resource, error) {
	k, err := s.shape(t)
	if err != nil {
		return scimserver.Resource{}, err
	}
	plain, r := split(edits)
	r.Version = version
	if len(plain) > 0 {
		r.Change = func(e entry.Entry) (entry.Entry, error) {
			k.apply(e.Attrs, plain)
			return e, nil
		}
	}
	o, err := s.dir.Revise(ctx, t, id, r)
	if err != nil {
		return scimserver.Resource{}, err
	}
	return s.resource(ctx, k, o)
}

// split tells the edits of members, as one revision, from those of everything else.
func split(edits []entry.Edit) (plain []entry.Edit, r directory.Revision) {
	for _, e := range edits {
		refs := refsOf(e.Values)
		switch {
		case e.Attr != directory.Members:
			plain = append(plain, e)
		case e.Op == entry.Replace || e.Op == entry.Remove && len(refs) == 0:
			r = directory.Revision{Only: true, Add: refs}
		case e.Op == entry.Remove:
			r.Add, r.Remove = minus(r.Add, refs), append(r.Remove, refs...)
		default:
			r.Add, r.Remove = append(r.Add, refs...), minus(r.Remove, refs)
		}
	}
	return plain, r
}

func minus(from, refs []entry.Ref) []entry.Ref {
	if len(from) == 0 {
		return nil
	}
	gone := make(map[string]bool, len(refs))
	for _, r := range refs {
		gone[r.ID] = true
	}
	return slices.DeleteFunc(from, func(r entry.Ref) bool { return gone[r.ID] })
}

func refsOf(vs []entry.Value) []entry.Ref {
	refs := make([]entry.Ref, 0, len(vs))
	for _, v := range vs {
		if r, ok := v.(entry.Ref); ok {
			refs = append(refs, r)
		}
	}
	return refs
}

// Delete implements scimserver.Store: the object is soft-deleted, which an administrator may undo, and gone for SCIM clients.
func (s *Store) Delete(ctx context.Context, t entry.Type, id, version string) error {
	if _, err := s.shape(t); err != nil {
		return err
	}
	return s.dir.Retire(ctx, t, id, version, time.Now().UTC().Truncate(time.Second))
}
