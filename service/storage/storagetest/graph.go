package storagetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

var graphCases = []testCase{
	{"ByName", byName},
	{"ByShown", byShown},
	{"MembersInOrder", membersInOrder},
	{"Counted", counted},
	{"Since", since},
	{"SinceInSteps", sinceInSteps},
}

// graphStore is the directory as the Graph-shaped door uses it beside what all doors use.
type graphStore interface {
	directory.Deltas
	directory.Ordered
}

func graph(t testing.TB, s Stores) graphStore {
	t.Helper()
	g, ok := s.Directory.(graphStore)
	if !ok {
		t.Fatalf("%T is not directory.Deltas and directory.Ordered", s.Directory)
	}
	return g
}

func shownAs(upn, name string) entry.Entry {
	e := user(upn)
	e.Attrs.Set(directory.DisplayName)
	if name != "" {
		e.Attrs.Set(directory.DisplayName, name)
	}
	return e
}

func upns(os []directory.Object) (out []string) {
	for _, o := range os {
		out = append(out, o.Attrs.Text(directory.UserPrincipalName))
	}
	return out
}

func byName(t *testing.T, ctx context.Context, s Stores) {
	g := graph(t, s)
	must(t, s.Directory.PutMany(ctx, []entry.Entry{user("b@x"), user("A@x"), user("ab@x"), user("c@x")}))
	gone := got(s.Directory.Lookup(ctx, entry.User, directory.UserPrincipalName, "c@x"))(t)
	must(t, s.Directory.SoftDelete(ctx, entry.User, gone.ID, time.Now()))
	equal(t, upns(got(g.ByName(ctx, entry.User, "", "", false, 10))(t)), []string{"A@x", "ab@x", "b@x"})
	equal(t, upns(got(g.ByName(ctx, entry.User, "", "", true, 2))(t)), []string{"b@x", "ab@x"})
	equal(t, upns(got(g.ByName(ctx, entry.User, "", "ab@x", true, 2))(t)), []string{"A@x"})
	equal(t, upns(got(g.ByName(ctx, entry.User, "A", "a@x", false, 10))(t)), []string{"ab@x"})
}

func byShown(t *testing.T, ctx context.Context, s Stores) {
	g := graph(t, s)
	must(t, s.Directory.PutMany(ctx, []entry.Entry{shownAs("1@x", "Bob"), shownAs("2@x", "anna"), shownAs("3@x", ""), shownAs("4@x", "Anna"), shownAs("5@x", "ANNABEL"), shownAs("6@x", "Zoë")}))
	all := got(g.ByShown(ctx, "", directory.Shown{}, false, 10))(t)
	equal(t, len(all), 6)
	down := slices.Clone(all)
	slices.Reverse(down)
	for desc, want := range map[bool][]directory.Object{false: all, true: down} {
		var walked []directory.Object
		at := directory.Shown{}
		for {
			page := got(g.ByShown(ctx, "", at, desc, 2))(t)
			walked = append(walked, page...)
			if len(page) < 2 {
				break
			}
			at = directory.ShownAt(page[1].Entry)
		}
		equal(t, upns(walked), upns(want))
	}
	equal(t, upns(all)[0], "3@x")
	equal(t, upns(all)[3:], []string{"5@x", "1@x", "6@x"})
	equal(t, len(got(g.ByShown(ctx, "aNNa", directory.Shown{}, false, 10))(t)), 3)
	equal(t, upns(got(g.ByShown(ctx, "ann", directory.Shown{}, true, 1))(t)), []string{"5@x"})
	equal(t, upns(got(g.ByShown(ctx, "zOË", directory.Shown{}, false, 10))(t)), []string{"6@x"})
	bob := all[4]
	got(s.Directory.Put(ctx, entry.User, bob.ID, setting(directory.DisplayName, "aaron")))(t)
	must(t, s.Directory.HardDelete(ctx, entry.User, all[3].ID))
	must(t, s.Directory.SoftDelete(ctx, entry.User, all[5].ID, time.Now()))
	equal(t, upns(got(g.ByShown(ctx, "", directory.Shown{}, false, 10))(t)), append([]string{"3@x", "1@x"}, upns(all[1:3])...))
	must(t, s.Directory.Restore(ctx, entry.User, all[5].ID))
	equal(t, upns(got(g.ByShown(ctx, "z", directory.Shown{}, false, 10))(t)), []string{"6@x"})
}

func membersInOrder(t *testing.T, ctx context.Context, s Stores) {
	g := graph(t, s)
	team := put(t, ctx, s.Directory, group("team"))
	var want []string
	for i := range 5 {
		u := put(t, ctx, s.Directory, user(fmt.Sprintf("%d@x", 9-i)))
		must(t, s.Directory.Link(ctx, entry.Group, team.ID, directory.Members, []entry.Ref{{Type: entry.User, ID: u.ID}}, nil))
		want = append(want, u.ID)
	}
	var have []string
	for at := int64(0); ; {
		refs, next, err := g.MembersOf(ctx, team.ID, at, 2)
		must(t, err)
		for _, r := range refs {
			have = append(have, r.ID)
		}
		if at = next; at == 0 {
			break
		}
	}
	equal(t, have, want)
	equal(t, got(g.HasMember(ctx, team.ID, want[0]))(t), true)
	equal(t, got(g.HasMember(ctx, team.ID, team.ID))(t), false)
}

// counted sees that the number follows everything that brings or takes an object.
func counted(t *testing.T, ctx context.Context, s Stores) {
	count := func(users, groups int) {
		t.Helper()
		equal(t, got(s.Directory.Count(ctx, entry.User))(t), users)
		equal(t, got(s.Directory.Count(ctx, entry.Group))(t), groups)
	}
	must(t, s.Directory.PutMany(ctx, []entry.Entry{user("a@x"), user("b@x"), group("g")}))
	count(2, 1)
	c := put(t, ctx, s.Directory, user("c@x"))
	count(3, 1)
	must(t, s.Directory.PutMany(ctx, []entry.Entry{c, {Type: entry.User, ID: c.ID, Attrs: user("cc@x").Attrs}}))
	count(3, 1)
	must(t, s.Directory.SoftDelete(ctx, entry.User, c.ID, time.Now()))
	count(2, 1)
	must(t, s.Directory.SoftDelete(ctx, entry.User, c.ID, time.Now()))
	count(2, 1)
	must(t, s.Directory.Restore(ctx, entry.User, c.ID))
	count(3, 1)
	must(t, objects(t, s).Retire(ctx, entry.User, c.ID, "", time.Now()))
	count(2, 1)
	must(t, s.Directory.HardDelete(ctx, entry.User, c.ID))
	count(2, 1)
	a := got(s.Directory.Lookup(ctx, entry.User, directory.UserPrincipalName, "a@x"))(t)
	must(t, s.Directory.HardDelete(ctx, entry.User, a.ID))
	count(1, 1)
	if err := s.Directory.PutMany(ctx, []entry.Entry{user("d@x"), user("b@x")}); err == nil {
		t.Error("a name was taken twice")
	}
	count(1, 1)
}

func since(t *testing.T, ctx context.Context, s Stores) {
	g := graph(t, s)
	boss := put(t, ctx, s.Directory, user("boss@x"))
	ann := put(t, ctx, s.Directory, user("ann@x"))
	team := put(t, ctx, s.Directory, group("team"))
	mark := got(g.Mark(ctx))(t)
	look := func(typ entry.Type) []directory.Delta {
		t.Helper()
		ds, next, more, err := g.Since(ctx, typ, mark, 10)
		if err != nil || more {
			t.Fatalf("%v, more %v", err, more)
		}
		if now := got(g.Mark(ctx))(t); next != now {
			t.Errorf("the mark is %v, want %v", next, now)
		}
		return ds
	}
	equal(t, len(look(entry.User)), 0)
	got(s.Directory.Put(ctx, entry.User, ann.ID, setting("jobTitle", "Clerk")))(t)
	must(t, s.Directory.Link(ctx, entry.User, ann.ID, directory.Manager, []entry.Ref{{Type: entry.User, ID: boss.ID}}, nil))
	must(t, s.Directory.Link(ctx, entry.Group, team.ID, directory.Members, []entry.Ref{{Type: entry.User, ID: ann.ID}}, nil))
	ds := look(entry.User)
	if len(ds) != 1 || ds[0].Object.ID != ann.ID || ds[0].New || !slices.Equal(ds[0].Attrs, []string{"jobTitle"}) || len(ds[0].Added) != 1 {
		t.Errorf("got %+v", ds)
	}
	if ds := look(entry.Group); len(ds) != 1 || len(ds[0].Added) != 1 || ds[0].Added[0].To.ID != ann.ID {
		t.Errorf("got %+v", ds)
	}
	equal(t, len(got(g.References(ctx, entry.Group, []string{team.ID}))(t)[team.ID]), 1)
	mark = got(g.Mark(ctx))(t)
	must(t, s.Directory.Link(ctx, entry.Group, team.ID, directory.Members, nil, []entry.Ref{{Type: entry.User, ID: ann.ID}}))
	if ds := look(entry.Group); len(ds) != 1 || len(ds[0].Added) != 0 || len(ds[0].Removed) != 1 || ds[0].Removed[0].To.ID != ann.ID {
		t.Errorf("got %+v", ds)
	}
	must(t, s.Directory.HardDelete(ctx, entry.User, ann.ID))
	if ds := look(entry.User); len(ds) != 1 || !ds[0].Gone {
		t.Errorf("got %+v", ds)
	}
}

func sinceInSteps(t *testing.T, ctx context.Context, s Stores) {
	g := graph(t, s)
	mark := got(g.Mark(ctx))(t)
	for i := range 5 {
		put(t, ctx, s.Directory, user(fmt.Sprintf("%d@x", i)))
	}
	var seen []string
	for more := true; more; {
		var ds []directory.Delta
		var err error
		ds, mark, more, err = g.Since(ctx, entry.User, mark, 2)
		must(t, err)
		for _, d := range ds {
			seen = append(seen, d.Object.Attrs.Text(directory.UserPrincipalName))
		}
	}
	equal(t, seen, []string{"0@x", "1@x", "2@x", "3@x", "4@x"})
}
