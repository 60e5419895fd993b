package cycle

import (
	"context"
	"maps"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
)

// back is somebody whose memberships are to be compared.
type back struct {
	Object
	dead string // target id that groups may still hold in their place
}

// comesBack notes somebody who was disabled and is active again, since the target may have dropped their memberships meanwhile, and
// somebody who has a new counterpart in place of one that is gone. An initial cycle compares all groups after all people anyway.
func (t *turn) comesBack(active bool) {
	again := active && t.was.Target != "" && !t.was.Active
	if !again && t.dead == "" || t.initial && t.change.Entry.Type != entry.Group {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.back = append(t.back, back{Object{t.change.Entry.Type, t.change.Entry.ID}, t.dead})
	t.dead = ""
}

// rejoinPage is how many people who came back are looked at together.
const rejoinPage = 500

// rejoinFull looks at the memberships of those who came back when they have become many.
func (p *pass) rejoinFull(ctx context.Context) error {
	p.mu.Lock()
	full := len(p.back) >= rejoinPage
	p.mu.Unlock()
	if !full {
		return nil
	}
	return p.rejoin(ctx)
}

// rejoin compares the memberships of those who came back, and of nobody else, with what the target holds (provisioning semantics §6,
// better: memberships are evaluated again when somebody is enabled again).
func (p *pass) rejoin(ctx context.Context) error {
	p.mu.Lock()
	came := p.back
	p.back = nil
	p.mu.Unlock()
	inside := map[string][]back{}
	for _, b := range came {
		groups, err := p.groupsOf(ctx, b.Object)
		if err != nil {
			return err
		}
		for _, g := range groups {
			inside[g] = append(inside[g], b)
		}
	}
	for _, g := range slices.Sorted(maps.Keys(inside)) {
		if err := p.rejoined(ctx, g, inside[g]); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) rejoined(ctx context.Context, group string, members []back) error {
	link, err := p.Ledger.Link(ctx, p.id, group)
	if err != nil || link.Target == "" {
		return err
	}
	c, err := p.beside(ctx, Object{entry.Group, group})
	if err != nil {
		return err
	}
	t := p.turn(c, Receipt{})
	t.compare = true
	if p.apart(entry.Group) {
		for _, m := range members {
			t.only = append(t.only, m.ID)
			if m.dead != "" {
				t.ghosts = append(t.ghosts, m.dead)
			}
		}
	}
	return t.run(ctx)
}

// groupsOf returns the ids of the groups an object is a member of; with flattened groups, also of those around them.
func (p *pass) groupsOf(ctx context.Context, o Object) ([]string, error) {
	if _, mapped := p.rules.Maps(entry.Group); !mapped {
		return nil, nil
	}
	found := map[string]bool{}
	var all []string
	for level := []Object{o}; len(level) > 0; level = level[1:] {
		owners, err := p.Source.Referrers(ctx, level[0].Type, level[0].ID)
		if err != nil {
			return nil, err
		}
		for _, e := range owners {
			if e.Type != entry.Group || found[e.ID] {
				continue
			}
			found[e.ID] = true
			all = append(all, e.ID)
			if p.flat() {
				level = append(level, Object{entry.Group, e.ID})
			}
		}
	}
	slices.Sort(all)
	return all, nil
}
