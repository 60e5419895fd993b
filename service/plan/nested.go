package plan

import (
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/directory"
)

// nest puts the members of nested groups in their place, or leaves nested groups out, before anything is mapped. The original entry is not changed.
func (m *maker) nest() error {
	e := m.in.Change.Entry
	way := m.app.App.Nested
	if e.Type != entry.Group || way == "" || way == app.NestedAsMember || len(e.Attrs[directory.Members]) == 0 {
		return nil
	}
	inside, err := m.groupsIn(e.Attrs[directory.Members], way)
	if err != nil || len(inside) == 0 {
		return err
	}
	m.in.Change.Entry = with(e, directory.Members, nested(e.Attrs[directory.Members], inside, way == app.NestedFlat))
	return nil
}

// groupsIn returns the groups among members, with the users in each. Members of unknown type are asked for.
func (m *maker) groupsIn(members []entry.Value, way app.Nesting) (map[string][]string, error) {
	inside := map[string][]string{}
	var ask []string
	for _, v := range members {
		ref, _ := v.(entry.Ref)
		switch {
		case ref.Type == entry.Group && way == app.NestedLeftOut:
			inside[ref.ID] = nil
		case ref.ID != "" && ref.Type != entry.User:
			ask = append(ask, ref.ID)
		}
	}
	if len(ask) == 0 {
		return inside, nil
	}
	world, ok := m.world.(Expander)
	if !ok {
		return nil, fault.New(fault.Unsupported, "expand nested groups", "nobody can tell who is in them").WithHint("set nestedGroups: member")
	}
	asked, err := world.Expand(m.ctx, ask)
	for id, users := range asked {
		inside[id] = users
	}
	return inside, err
}

// nested returns the members without the groups, and with the users in them if flat; each once, in order.
func nested(members []entry.Value, inside map[string][]string, flat bool) []entry.Value {
	out := make([]entry.Value, 0, len(members))
	seen := make(map[string]bool, len(members))
	add := func(r entry.Ref) {
		if !seen[r.ID] {
			seen[r.ID] = true
			out = append(out, r)
		}
	}
	for _, v := range members {
		ref, ok := v.(entry.Ref)
		if !ok {
			out = append(out, v)
			continue
		}
		users, group := inside[ref.ID]
		if !group {
			add(ref)
			continue
		}
		for _, id := range users {
			if flat {
				add(entry.Ref{Type: entry.User, ID: id})
			}
		}
	}
	return out
}
