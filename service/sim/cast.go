package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

// cast is who is in the directory, as the play knows it.
type cast struct {
	people   []*person
	groups   []*person
	versions int  // titles are numbered through, so that an older one is known when it is seen
	released bool // somebody released held deletions
	renamed  int
}

// person is a user, or a group, whose id never changes.
type person struct {
	typ    entry.Type
	id     string
	badge  string
	there  bool            // in the directory, perhaps soft-deleted
	gone   bool            // was there and is hard-deleted
	inside bool            // was in scope and enabled at some time since the play began
	values map[string]bool // "attr=value" of everything the person ever had
}

func newCast(p *play) *cast {
	c := &cast{}
	for i := range 4 + p.rand.IntN(8) {
		c.people = append(c.people, &person{typ: entry.User, id: fmt.Sprintf("u%02d", i+1), badge: fmt.Sprintf("b%02d", i+1), values: map[string]bool{}})
	}
	for i := range 1 + p.rand.IntN(3) {
		c.groups = append(c.groups, &person{typ: entry.Group, id: fmt.Sprintf("g%d", i+1), values: map[string]bool{}})
	}
	for range 1 + p.rand.IntN(6) {
		c.hire(p)
	}
	if p.chance(30) {
		p.d.poison[c.people[0].badge] = true
	}
	return c
}

func (c *cast) choose(p *play, from []*person, fits func(*person) bool) *person {
	var some []*person
	for _, x := range from {
		if fits(x) {
			some = append(some, x)
		}
	}
	if len(some) == 0 {
		return nil
	}
	return some[p.rand.IntN(len(some))]
}

func there(x *person) bool  { return x.there }
func absent(x *person) bool { return !x.there && !x.gone }

func (c *cast) anybody(p *play) *person {
	return c.choose(p, append(slices.Clone(c.people), c.groups...), there)
}

func (c *cast) version() string {
	c.versions++
	return fmt.Sprintf("v%05d", c.versions)
}

// put changes somebody in the directory.
func (c *cast) put(p *play, x *person, what string, change func(entry.Attrs)) {
	e, err := p.db.Directory().Put(p.ctx, x.typ, x.id, func(e entry.Entry) (entry.Entry, error) {
		if e.Attrs == nil {
			e.Attrs = entry.Attrs{}
		}
		change(e.Attrs)
		return e, nil
	})
	p.note("directory: %s %s (%v)", x.id, what, short(err))
	if err != nil {
		return
	}
	x.there = true
	c.learn(x, e)
}

// learn remembers what the person ever was, to know which writes are allowed.
func (c *cast) learn(x *person, e entry.Entry) {
	for name, values := range e.Attrs {
		for _, v := range values {
			x.values[name+"="+text(v)] = true
		}
	}
	x.inside = x.inside || inScope(e) && enabled(e)
}

func text(v entry.Value) string {
	if r, ok := v.(entry.Ref); ok {
		return r.ID
	}
	return fmt.Sprint(v)
}

func inScope(e entry.Entry) bool { return e.Attrs.Text("department") != "Temp" }

func enabled(e entry.Entry) bool {
	on, ok := e.Attrs.First(directory.AccountEnabled).(bool)
	return (!ok || on) && e.Attrs.First(directory.DeletedDateTime) == nil
}

func (c *cast) hire(p *play) {
	if p.chance(20) {
		if g := c.choose(p, c.groups, absent); g != nil {
			c.put(p, g, "is founded", func(a entry.Attrs) { a.Set(directory.DisplayName, "Team "+g.id) })
			return
		}
	}
	x := c.choose(p, c.people, absent)
	if x == nil {
		return
	}
	department := []string{"Sales", "Sales", "Temp"}[p.rand.IntN(3)]
	boss := c.choose(p, c.people, there)
	c.put(p, x, "is hired into "+department, func(a entry.Attrs) {
		a.Set(directory.UserPrincipalName, x.id+"@contoso.example")
		a.Set("employeeId", x.badge)
		a.Set("department", department)
		a.Set("jobTitle", c.version())
		a.Set(directory.AccountEnabled, true)
		if boss != nil {
			a.Set(directory.Manager, entry.Ref{Type: entry.User, ID: boss.id})
		}
	})
}

// change does something in the directory.
func (c *cast) change(p *play) {
	switch n := p.rand.IntN(100); {
	case n < 20:
		c.hire(p)
	case n < 80:
		if x := c.choose(p, c.people, there); x != nil {
			c.alter(p, x)
		}
	case n < 92:
		c.membership(p)
	case n < 95:
		c.exodus(p)
	default:
		if g := c.choose(p, c.groups, there); g != nil {
			c.remove(p, g)
		}
	}
}

func (c *cast) alter(p *play, x *person) {
	switch n := p.rand.IntN(100); {
	case n < 40:
		title := c.version()
		c.put(p, x, "becomes "+title, func(a entry.Attrs) { a.Set("jobTitle", title) })
	case n < 52:
		c.renamed++
		upn := fmt.Sprintf("%s.n%d@contoso.example", x.id, c.renamed)
		c.put(p, x, "is renamed", func(a entry.Attrs) { a.Set(directory.UserPrincipalName, upn) })
	case n < 64:
		department := []string{"Sales", "Temp"}[p.rand.IntN(2)]
		c.put(p, x, "moves to "+department, func(a entry.Attrs) { a.Set("department", department) })
	case n < 76:
		on := p.chance(50)
		c.put(p, x, fmt.Sprintf("enabled %v", on), func(a entry.Attrs) { a.Set(directory.AccountEnabled, on) })
	case n < 86:
		if boss := c.choose(p, c.people, func(b *person) bool { return b.there && b != x }); boss != nil {
			c.put(p, x, "reports to "+boss.id, func(a entry.Attrs) { a.Set(directory.Manager, entry.Ref{Type: entry.User, ID: boss.id}) })
		}
	default:
		c.remove(p, x)
	}
}

// remove soft-deletes somebody, restores them, or forgets them for good.
func (c *cast) remove(p *play, x *person) {
	e, err := p.db.Directory().Get(p.ctx, x.typ, x.id)
	if err != nil {
		return
	}
	deleted := e.Attrs.First(directory.DeletedDateTime) != nil
	switch {
	case deleted && p.chance(50):
		err = p.db.Directory().Restore(p.ctx, x.typ, x.id)
		p.note("directory: %s is restored (%v)", x.id, short(err))
		if e, err = p.db.Directory().Get(p.ctx, x.typ, x.id); err == nil {
			c.learn(x, e)
		}
	case deleted:
		err = p.db.Directory().HardDelete(p.ctx, x.typ, x.id)
		x.there, x.gone = err != nil, err == nil
		p.note("directory: %s is deleted for good (%v)", x.id, short(err))
	default:
		err = p.db.Directory().SoftDelete(p.ctx, x.typ, x.id, time.Now())
		p.note("directory: %s is deleted (%v)", x.id, short(err))
	}
}

// exodus moves everybody out of scope at once, as a broken source does.
func (c *cast) exodus(p *play) {
	p.reach("everybody left")
	for _, x := range c.people {
		if x.there {
			c.put(p, x, "moves to Temp with everybody", func(a entry.Attrs) { a.Set("department", "Temp") })
		}
	}
}

func (c *cast) membership(p *play) {
	g, x := c.choose(p, c.groups, there), c.choose(p, c.people, there)
	if g == nil || x == nil {
		return
	}
	ref := []entry.Ref{{Type: entry.User, ID: x.id}}
	var err error
	if p.chance(65) {
		err = p.db.Directory().Link(p.ctx, entry.Group, g.id, directory.Members, ref, nil)
		g.values["members="+x.id] = true
		p.note("directory: %s joins %s (%v)", x.id, g.id, short(err))
	} else {
		err = p.db.Directory().Link(p.ctx, entry.Group, g.id, directory.Members, nil, ref)
		p.note("directory: %s leaves %s (%v)", x.id, g.id, short(err))
	}
}

// byHand changes the target behind the engine's back.
func (c *cast) byHand(p *play) {
	accounts := p.d.all(entry.User)
	switch n := p.rand.IntN(3); {
	case n == 0 && len(accounts) > 0:
		e := accounts[p.rand.IntN(len(accounts))].Clone()
		e.Attrs.Set("title", "by hand")
		p.d.objects[e.ID] = e
		p.note("target: title of %s is changed by hand", e.ID)
	case n == 1 && len(accounts) > 0:
		e := accounts[p.rand.IntN(len(accounts))]
		delete(p.d.objects, e.ID)
		p.d.byHand[e.ID] = true
		p.note("target: %s is deleted by hand", e.ID)
		p.reach("deleted by hand")
	default:
		x := c.choose(p, c.people, absent)
		if x == nil || len(p.d.find(entry.User, "badge", x.badge)) > 0 {
			return
		}
		e := p.d.put(entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {x.id + "@contoso.example"}, "badge": {x.badge}, "active": {true}}})
		p.note("target: %s is made for %s by hand", e.ID, x.id)
		p.reach("made by hand")
	}
}

// entries returns what the directory holds now, by id.
func (c *cast) entries(p *play) map[string]entry.Entry {
	out := map[string]entry.Entry{}
	for _, x := range append(slices.Clone(c.people), c.groups...) {
		if e, err := p.db.Directory().Get(p.ctx, x.typ, x.id); err == nil {
			out[x.id] = e
		}
	}
	return out
}

// byBadge finds the person an account belongs to.
func (c *cast) byBadge(badge string) *person {
	for _, x := range c.people {
		if x.badge == badge {
			return x
		}
	}
	return nil
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
