package cycle

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/plan"
)

// flat reports whether the people in nested groups stand in the groups' place.
func (j *Job) flat() bool { return j.rules.App.Nested == app.NestedFlat }

var _ plan.Expander = (*pass)(nil)

// Expand implements plan.Expander. A group that is deleted has nobody in it.
func (p *pass) Expand(ctx context.Context, sources []string) (map[string][]string, error) {
	out := make(map[string][]string, len(sources))
	for _, id := range sources {
		users, isGroup, err := p.everybodyIn(ctx, id)
		if err != nil {
			return nil, err
		}
		if isGroup {
			out[id] = users
		}
	}
	return out, nil
}

// everybodyIn returns the users in a group at any depth, each once; false when there is no such group.
func (p *pass) everybodyIn(ctx context.Context, group string) (users []string, isGroup bool, err error) {
	seen := map[string]bool{group: true}
	for level := []string{group}; len(level) > 0; level = level[1:] {
		g, err := p.Source.Get(ctx, entry.Group, level[0])
		if fault.Is(err, fault.NotFound) {
			continue // a user, or gone
		}
		if err != nil {
			return nil, false, lasting{err}
		}
		isGroup = isGroup || level[0] == group
		if g.Attrs.First(directory.DeletedDateTime) != nil {
			continue
		}
		for _, v := range g.Attrs[directory.Members] {
			ref, ok := v.(entry.Ref)
			switch {
			case !ok || seen[ref.ID]:
				continue
			case typeOf(ref) == entry.Group:
				level = append(level, ref.ID)
			default:
				users = append(users, ref.ID)
			}
			seen[ref.ID] = true
		}
	}
	return users, isGroup, nil
}

// around puts off the groups that hold a group, at any depth: where nested groups are flattened, its members are theirs.
func (p *pass) around(ctx context.Context, group string) error {
	if !p.flat() {
		return nil
	}
	outer, err := p.groupsOf(ctx, Object{entry.Group, group})
	if err != nil {
		return err
	}
	for _, id := range outer {
		p.groups.add(Object{entry.Group, id})
	}
	return nil
}
