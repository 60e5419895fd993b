package cycle

import (
	"cmp"
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/assign"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/plan"
)

// roleAttribute is the source attribute that the role functions of expressions read.
const roleAttribute = "appRoleAssignments"

// assignedTo fills in whether the object is assigned, and in which roles, where the application asks for it.
func (p *pass) assignedTo(ctx context.Context, in *plan.Input) error {
	rule := p.rules.App.Assignments
	if !rule.Only || in.Change.Deleted || p.Assigned == nil {
		return nil
	}
	e := in.Change.Entry
	through, err := p.Assigned.Reach(ctx, p.id, e.ID, rule.Nested)
	if err != nil {
		return err
	}
	if e.Type == entry.Group && !rule.Nested { // a group inside an assigned one is a member like any other, but not itself assigned
		through = direct(through, e.ID)
	}
	in.Assigned = len(through) > 0
	if !in.Assigned {
		in.AssignedWhy = "is not assigned to the application"
		return nil
	}
	in.AssignedWhy = "is assigned to the application"
	if through[0].Principal != e.ID {
		in.AssignedWhy = "is a member of the group " + through[0].Principal + ", which is assigned"
	}
	in.Change.Entry, err = p.withRoles(ctx, e, through)
	return err
}

func direct(through []assign.Assignment, id string) (out []assign.Assignment) {
	for _, a := range through {
		if a.Principal == id {
			out = append(out, a)
		}
	}
	return out
}

// withRoles returns the entry with the roles it is assigned in, each once; the default access is no role.
func (p *pass) withRoles(ctx context.Context, e entry.Entry, through []assign.Assignment) (entry.Entry, error) {
	var roles []entry.Value
	seen := map[string]bool{assign.DefaultRole: true}
	for _, a := range through {
		if seen[a.Role] {
			continue
		}
		seen[a.Role] = true
		value, display := a.Role, a.Role
		if p.Role != nil {
			v, d, err := p.Role(ctx, p.id, a.Role)
			if err != nil {
				return e, err
			}
			value, display = cmp.Or(v, value), cmp.Or(d, v, display)
		}
		roles = append(roles, entry.Complex{"id": a.Role, "value": value, "displayName": display})
	}
	if len(roles) == 0 {
		return e, nil
	}
	e = e.Clone()
	e.Attrs.Set(roleAttribute, roles...)
	return e, nil
}

// membersOf yields, when a group that brings people into scope changed, those who joined or left it since the last cycle.
func (p *pass) membersOf(ctx context.Context, c directory.Change, yield func(directory.Change, error) bool) bool {
	src, ok := p.Source.(Roster)
	if !ok || p.Assigned == nil || !p.rules.App.Assignments.Only {
		return true
	}
	through, err := p.Assigned.Reach(ctx, p.id, c.Entry.ID, p.rules.App.Assignments.Nested)
	if err != nil {
		return yield(directory.Change{}, err)
	}
	if !p.rules.App.Assignments.Nested {
		through = direct(through, c.Entry.ID)
	}
	if len(through) == 0 {
		return true
	}
	for since := p.state.Edge; ; {
		changes, err := src.MemberChanges(ctx, c.Entry.ID, since, memberPage)
		if err != nil {
			return yield(directory.Change{}, err)
		}
		for _, m := range changes {
			since = m.Edge
			if !p.reach(ctx, Object{typeOf(m.Member), m.Member.ID}, p.rules.App.Assignments.Nested, yield) {
				return false
			}
		}
		if len(changes) < memberPage {
			return true
		}
	}
}

func typeOf(r entry.Ref) entry.Type {
	if r.Type == "" {
		return entry.User
	}
	return r.Type
}

// reach yields an object, and when it is a group and deep is set everybody in it at any depth.
func (p *pass) reach(ctx context.Context, o Object, deep bool, yield func(directory.Change, error) bool) bool {
	if o.Type != entry.Group {
		return yield(p.beside(ctx, o))
	}
	p.groups.add(o)
	src, ok := p.Source.(Roster)
	if !ok || !deep {
		return true
	}
	visited := map[string]bool{o.ID: true}
	for level := []string{o.ID}; len(level) > 0; {
		group := level[0]
		level = level[1:]
		for after := ""; ; {
			refs, err := src.Members(ctx, group, after, memberPage)
			if err != nil {
				return yield(directory.Change{}, err)
			}
			for _, r := range refs {
				after = r.ID
				switch {
				case typeOf(r) != entry.Group:
					if !yield(p.beside(ctx, Object{entry.User, r.ID})) {
						return false
					}
				case p.rules.App.Assignments.Nested && !visited[r.ID]:
					visited[r.ID] = true
					p.groups.add(Object{entry.Group, r.ID})
					level = append(level, r.ID)
				}
			}
			if len(refs) < memberPage {
				break
			}
		}
	}
	return true
}

// ordered looks at the objects that somebody ordered: who was assigned, or is assigned no longer. An initial cycle looks at
// everybody and leaves the orders for the next one.
func (p *pass) ordered(ctx context.Context) error {
	if p.initial {
		return nil
	}
	for after := int64(-1); ; {
		dues, err := p.Ledger.Ordered(ctx, p.id, after, pageSize)
		if err != nil || len(dues) == 0 {
			return err
		}
		err = p.each(ctx, func(yield func(directory.Change, error) bool) {
			for _, d := range dues {
				if !p.reach(ctx, d.Object, d.Reach, yield) {
					return
				}
			}
		})
		if err != nil {
			return err
		}
		after = dues[len(dues)-1].Seq
		p.served = after
	}
}
