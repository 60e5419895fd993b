package storagetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

var linkCases = []testCase{
	{"AddAndRemove", linkAddRemove},
	{"NothingNew", linkNothingNew},
	{"FillsInTheType", linkType},
	{"OneManager", linkManager},
	{"ErrNotFound", linkNotFound},
	{"ErrInvalid", linkInvalid},
	{"AllAtOnce", linkAllAtOnce},
}

// people puts n users with the ids u0… and returns them.
func people(t testing.TB, ctx context.Context, d directory.Store, n int) []entry.Entry {
	t.Helper()
	es := make([]entry.Entry, n)
	for i := range es {
		es[i] = user(fmt.Sprintf("u%d@x", i))
		es[i].ID = fmt.Sprintf("u%04d", i)
	}
	must(t, d.PutMany(ctx, es))
	return es
}

func members(t testing.TB, ctx context.Context, d directory.Store, id string) (ids []string) {
	t.Helper()
	for _, v := range got(d.Get(ctx, entry.Group, id))(t).Attrs[directory.Members] {
		ids = append(ids, v.(entry.Ref).ID)
	}
	return ids
}

func linkAddRemove(t *testing.T, ctx context.Context, s Stores) {
	us := people(t, ctx, s.Directory, 4)
	g := put(t, ctx, s.Directory, group("G"))
	from := got(s.Directory.Now(ctx))(t)
	must(t, s.Directory.Link(ctx, entry.Group, g.ID, directory.Members, []entry.Ref{ref(us[2]), ref(us[0])}, nil))
	must(t, s.Directory.Link(ctx, entry.Group, g.ID, directory.Members, []entry.Ref{ref(us[1])}, []entry.Ref{ref(us[2]), ref(us[3])}))
	equal(t, members(t, ctx, s.Directory, g.ID), []string{"u0000", "u0001"})
	cs := all(t, s.Directory.After(ctx, from))
	equal(t, names(cs), []string{g.ID})
	equal(t, len(cs[0].Entry.Attrs[directory.Members]), 2)
}

func linkNothingNew(t *testing.T, ctx context.Context, s Stores) {
	us := people(t, ctx, s.Directory, 2)
	g := put(t, ctx, s.Directory, group("G"))
	must(t, s.Directory.Link(ctx, entry.Group, g.ID, directory.Members, []entry.Ref{ref(us[0])}, nil))
	before := got(s.Directory.Now(ctx))(t)
	must(t, s.Directory.Link(ctx, entry.Group, g.ID, directory.Members, []entry.Ref{ref(us[0])}, []entry.Ref{ref(us[1])}))
	equal(t, got(s.Directory.Now(ctx))(t), before)
}

func linkType(t *testing.T, ctx context.Context, s Stores) {
	inner := put(t, ctx, s.Directory, group("Inner"))
	g := put(t, ctx, s.Directory, group("G"))
	must(t, s.Directory.Link(ctx, entry.Group, g.ID, directory.Members, []entry.Ref{{ID: inner.ID}}, nil))
	equal(t, got(s.Directory.Get(ctx, entry.Group, g.ID))(t).Attrs[directory.Members], []entry.Value{ref(inner)})
}

func linkManager(t *testing.T, ctx context.Context, s Stores) {
	us := people(t, ctx, s.Directory, 3)
	must(t, s.Directory.Link(ctx, entry.User, us[0].ID, directory.Manager, []entry.Ref{ref(us[1])}, nil))
	must(t, s.Directory.Link(ctx, entry.User, us[0].ID, directory.Manager, []entry.Ref{ref(us[2])}, nil))
	equal(t, got(s.Directory.Get(ctx, entry.User, us[0].ID))(t).Attrs[directory.Manager], []entry.Value{ref(us[2])})
}

func linkNotFound(t *testing.T, ctx context.Context, s Stores) {
	us := people(t, ctx, s.Directory, 2)
	g := put(t, ctx, s.Directory, group("G"))
	must(t, s.Directory.HardDelete(ctx, entry.User, us[1].ID))
	err := s.Directory.Link(ctx, entry.Group, g.ID, directory.Members, []entry.Ref{ref(us[0]), ref(us[1])}, nil)
	wantKind(t, err, fault.NotFound)
	equal(t, members(t, ctx, s.Directory, g.ID), []string(nil)) // all or nothing
}

func linkInvalid(t *testing.T, ctx context.Context, s Stores) {
	us := people(t, ctx, s.Directory, 3)
	wantKind(t, s.Directory.Link(ctx, entry.User, us[0].ID, directory.Members, []entry.Ref{ref(us[1])}, nil), fault.Invalid)
	wantKind(t, s.Directory.Link(ctx, entry.User, us[0].ID, directory.Manager, []entry.Ref{ref(us[1]), ref(us[2])}, nil), fault.Invalid)
	wantKind(t, s.Directory.Link(ctx, entry.User, us[0].ID, directory.Manager, []entry.Ref{{}}, nil), fault.Invalid)
}

// linkAllAtOnce joins many people from as many goroutines, with a Put of the group in between: nobody is lost.
func linkAllAtOnce(t *testing.T, ctx context.Context, s Stores) {
	us := people(t, ctx, s.Directory, 60)
	g := put(t, ctx, s.Directory, group("G"))
	var wg sync.WaitGroup
	for _, u := range us {
		wg.Go(func() {
			if err := s.Directory.Link(ctx, entry.Group, g.ID, directory.Members, []entry.Ref{ref(u)}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Go(func() { edit(t, ctx, s.Directory, g, "description", "changed") })
	wg.Wait()
	equal(t, len(members(t, ctx, s.Directory, g.ID)), len(us))
	equal(t, got(s.Directory.Get(ctx, entry.Group, g.ID))(t).Attrs.Text("description"), "changed")
}
