package graphapi

import (
	"context"
	"hash/fnv"
	"net/http"
	"slices"
	"sync"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

func (a *API) addMember(w http.ResponseWriter, r *http.Request) error {
	id, err := reference(w, r)
	if err != nil {
		return err
	}
	g, err := a.find(r.Context(), entry.Group, r.PathValue("id"))
	if err != nil {
		return err
	}
	m, err := a.findAny(r.Context(), id)
	if fault.Is(err, fault.NotFound) { // some clients name users by their userPrincipalName
		m, err = a.find(r.Context(), entry.User, id)
	}
	if err != nil {
		return err
	}
	if err := notItself(g.ID, m.ID); err != nil {
		return err
	}
	lock := a.linking(g.ID, m.ID) // of many who add the same member at once, one does
	lock.Lock()
	defer lock.Unlock()
	there, err := a.Directory.HasMember(r.Context(), g.ID, m.ID)
	if err != nil {
		return err
	}
	if there {
		return fault.New(fault.Invalid, "", "one or more added object references already exist for the following modified properties: 'members'")
	}
	if err := a.Directory.Link(r.Context(), entry.Group, g.ID, directory.Members, []entry.Ref{{Type: m.Type, ID: m.ID}}, nil); err != nil {
		return err
	}
	return noContent(w)
}

// notItself refuses a group as a member of itself.
func notItself(group, member string) error {
	if group == member {
		return fault.New(fault.Invalid, "add members", "a group cannot be a member of itself").About(directory.Members)
	}
	return nil
}

// linking returns the lock of a pair of objects; pairs share some of them.
func (a *API) linking(from, to string) *sync.Mutex {
	h := fnv.New32a()
	_, _ = h.Write([]byte(from + to)) // a hash takes everything
	return &a.links[h.Sum32()%uint32(len(a.links))]
}

func (a *API) removeMember(w http.ResponseWriter, r *http.Request) error {
	g, err := a.find(r.Context(), entry.Group, r.PathValue("id"))
	if err != nil {
		return err
	}
	id := r.PathValue("member")
	there, err := a.Directory.HasMember(r.Context(), g.ID, id)
	if err == nil && !there {
		err = fault.New(fault.NotFound, "", "%q is not a member of this group", clip(id))
	}
	if err == nil {
		err = a.Directory.Link(r.Context(), entry.Group, g.ID, directory.Members, nil, []entry.Ref{{ID: id}})
	}
	if err != nil {
		return err
	}
	return noContent(w)
}

// groupsAbove returns the ids of the groups an object is in, direct ones alone or all.
func (a *API) groupsAbove(ctx context.Context, id string, direct bool) ([]string, error) {
	all, err := a.Directory.Memberships(ctx, []string{id})
	var out []string
	for _, m := range all[id] {
		if m.Direct || !direct {
			out = append(out, m.Group)
		}
	}
	return out, err
}

// memberOf makes the handlers of memberOf (direct) and transitiveMemberOf.
func (c collection) memberOf(direct bool) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		e, err := c.find(r.Context(), c.typ, r.PathValue("id"))
		if err != nil {
			return err
		}
		ids, err := c.groupsAbove(r.Context(), e.ID, direct)
		if err != nil {
			return err
		}
		return c.writeRefs(w, r, refsOf(entry.Group, ids))
	}
}

// maxTransitive bounds how many objects the walk down from a group collects.
const maxTransitive = 100_000

// listTransitive answers with all members, at any depth, each once.
func (a *API) listTransitive(w http.ResponseWriter, r *http.Request) error {
	g, err := a.find(r.Context(), entry.Group, r.PathValue("id"))
	if err != nil {
		return err
	}
	refs, err := a.below(r.Context(), g.ID)
	if err != nil {
		return err
	}
	return a.writeRefs(w, r, refs)
}

func (a *API) below(ctx context.Context, group string) (out []entry.Ref, err error) {
	seen := map[string]bool{group: true}
	for level := []string{group}; len(level) > 0 && len(out) < maxTransitive; {
		var next []string
		for _, id := range level {
			refs, _, err := a.Directory.MembersOf(ctx, id, 0, maxTransitive)
			if err != nil {
				return nil, err
			}
			for _, ref := range refs {
				if seen[ref.ID] {
					continue
				}
				seen[ref.ID] = true
				if out = append(out, ref); ref.Type == entry.Group {
					next = append(next, ref.ID)
				}
			}
		}
		level = next
	}
	return out, nil
}

// listOwners answers with who looks after a group.
func (a *API) listOwners(w http.ResponseWriter, r *http.Request) error {
	g, err := a.find(r.Context(), entry.Group, r.PathValue("id"))
	if err != nil {
		return err
	}
	refs, err := a.ownersOf(r.Context(), g.ID)
	if err != nil {
		return err
	}
	return a.writeRefs(w, r, refs)
}

func (a *API) ownersOf(ctx context.Context, group string) (refs []entry.Ref, err error) {
	all, err := a.Directory.References(ctx, entry.Group, []string{group})
	for _, ref := range all[group] {
		if ref.Attr == owners {
			refs = append(refs, ref.To)
		}
	}
	return refs, err
}

func (a *API) addOwner(w http.ResponseWriter, r *http.Request) error {
	id, err := reference(w, r)
	if err != nil {
		return err
	}
	g, err := a.find(r.Context(), entry.Group, r.PathValue("id"))
	if err != nil {
		return err
	}
	m, err := a.findOwner(r.Context(), id)
	if err != nil {
		return err
	}
	lock := a.linking(g.ID, m.ID)
	lock.Lock()
	defer lock.Unlock()
	have, err := a.ownersOf(r.Context(), g.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(have, func(ref entry.Ref) bool { return ref.ID == m.ID }) {
		return fault.New(fault.Invalid, "", "one or more added object references already exist for the following modified properties: 'owners'")
	}
	if err := a.Directory.Link(r.Context(), entry.Group, g.ID, owners, []entry.Ref{{Type: m.Type, ID: m.ID}}, nil); err != nil {
		return err
	}
	return noContent(w)
}

func (a *API) removeOwner(w http.ResponseWriter, r *http.Request) error {
	g, err := a.find(r.Context(), entry.Group, r.PathValue("id"))
	if err != nil {
		return err
	}
	have, err := a.ownersOf(r.Context(), g.ID)
	if err != nil {
		return err
	}
	id := r.PathValue("owner")
	if !slices.ContainsFunc(have, func(ref entry.Ref) bool { return ref.ID == id }) {
		return fault.New(fault.NotFound, "", "%q is not an owner of this group", clip(id))
	}
	if err := a.Directory.Link(r.Context(), entry.Group, g.ID, owners, nil, []entry.Ref{{ID: id}}); err != nil {
		return err
	}
	return noContent(w)
}
