package storagetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

var objectCases = []testCase{
	{"ReviseCreatesAndChanges", reviseCreates},
	{"ReviseNothingNew", reviseNothing},
	{"ReviseMembers", reviseMembers},
	{"ErrRevise", reviseErr},
	{"NoRevisionLost", noRevisionLost},
	{"Seek", seek},
	{"ScanAndSkip", scanAndSkip},
	{"Retire", retire},
	{"AwayIsHidden", awayIsHidden},
	{"Memberships", memberships},
}

// versionedStore is the directory as doors use it whose clients hold versions.
type versionedStore interface {
	directory.Objects
	directory.Editor
}

func objects(t testing.TB, s Stores) versionedStore {
	t.Helper()
	v, ok := s.Directory.(versionedStore)
	if !ok {
		t.Fatalf("%T is not directory.Objects and directory.Editor", s.Directory)
	}
	return v
}

func setting(attr string, vs ...entry.Value) func(entry.Entry) (entry.Entry, error) {
	return func(e entry.Entry) (entry.Entry, error) {
		e.Attrs.Set(attr, vs...)
		return e, nil
	}
}

func named(e entry.Entry) directory.Revision {
	return directory.Revision{Change: func(entry.Entry) (entry.Entry, error) { return e, nil }}
}

func reviseCreates(t *testing.T, ctx context.Context, s Stores) {
	d := objects(t, s)
	before := time.Now().Truncate(time.Millisecond)
	a := got(d.Revise(ctx, entry.User, "", named(user("ann@x"))))(t)
	if a.ID == "" || a.Version == "" || a.Created.Before(before) || !a.Modified.Equal(a.Created) {
		t.Fatalf("got %+v", a)
	}
	equal(t, got(d.Load(ctx, entry.User, []string{"nobody", a.ID}, true))(t), []directory.Object{a})
	b := got(d.Revise(ctx, entry.User, a.ID, directory.Revision{Version: a.Version, Change: setting("city", "Paris")}))(t)
	if b.Version == a.Version || !b.Modified.After(a.Modified) || !b.Created.Equal(a.Created) || b.Attrs.Text("city") != "Paris" {
		t.Fatalf("%+v became %+v", a, b)
	}
	equal(t, got(s.Directory.Get(ctx, entry.User, a.ID))(t), b.Entry)
	cs := all(t, s.Directory.After(ctx, ""))
	equal(t, names(cs), []string{a.ID})
}

func reviseNothing(t *testing.T, ctx context.Context, s Stores) {
	d := objects(t, s)
	us := people(t, ctx, s.Directory, 1)
	g := got(d.Revise(ctx, entry.Group, "", directory.Revision{Change: named(group("G")).Change, Add: []entry.Ref{ref(us[0])}}))(t)
	for _, r := range []directory.Revision{
		{}, {Change: setting(directory.DisplayName, "G")}, {Add: []entry.Ref{ref(us[0])}}, {Remove: []entry.Ref{{ID: "nobody"}}},
		{Only: true, Add: []entry.Ref{{ID: us[0].ID}}, Version: g.Version},
	} {
		equal(t, got(d.Revise(ctx, entry.Group, g.ID, r))(t), g)
	}
}

func reviseMembers(t *testing.T, ctx context.Context, s Stores) {
	d := objects(t, s)
	us := people(t, ctx, s.Directory, 4)
	inner := put(t, ctx, s.Directory, group("inner"))
	g := got(d.Revise(ctx, entry.Group, "", directory.Revision{Change: named(group("G")).Change, Add: []entry.Ref{{ID: "u0000"}, {Type: entry.User, ID: inner.ID}}}))(t)
	equal(t, g.Attrs[directory.Members], []entry.Value(nil))
	has := func(ids ...string) {
		t.Helper()
		equal(t, members(t, ctx, s.Directory, g.ID), ids)
	}
	has("u0000", inner.ID)
	full := got(d.Load(ctx, entry.Group, []string{g.ID}, true))(t)[0]
	equal(t, full.Attrs[directory.Members], []entry.Value{ref(us[0]), ref(inner)}) // types are put right
	h := got(d.Revise(ctx, entry.Group, g.ID, directory.Revision{Add: []entry.Ref{ref(us[1])}, Remove: []entry.Ref{{ID: inner.ID}}}))(t)
	has("u0000", "u0001")
	if h.Version == g.Version || !h.Modified.After(g.Modified) {
		t.Fatalf("%+v became %+v", g, h)
	}
	got(d.Revise(ctx, entry.Group, g.ID, directory.Revision{Change: setting("description", "d"), Only: true, Add: []entry.Ref{ref(us[3]), ref(us[1])}}))(t)
	has("u0001", "u0003")
	equal(t, got(s.Directory.Get(ctx, entry.Group, g.ID))(t).Attrs.Text("description"), "d")
	got(d.Revise(ctx, entry.Group, g.ID, directory.Revision{Only: true}))(t)
	has()
}

func reviseErr(t *testing.T, ctx context.Context, s Stores) {
	d := objects(t, s)
	a := got(d.Revise(ctx, entry.User, "", named(user("ann@x"))))(t)
	b := got(d.Revise(ctx, entry.User, "", named(user("bob@x"))))(t)
	g := got(d.Revise(ctx, entry.Group, "", named(group("Größe"))))(t)
	must(t, s.Directory.SoftDelete(ctx, entry.User, b.ID, time.Unix(1, 0)))
	stale := directory.Revision{Version: a.Version, Change: setting("city", "Rome")}
	got(d.Revise(ctx, entry.User, a.ID, stale))(t)
	before := got(s.Directory.Now(ctx))(t)
	for name, tc := range map[string]struct {
		t    entry.Type
		id   string
		r    directory.Revision
		want fault.Kind
	}{
		"absent":       {entry.User, "nobody", directory.Revision{}, fault.NotFound},
		"other type":   {entry.Group, a.ID, directory.Revision{}, fault.NotFound},
		"away":         {entry.User, b.ID, directory.Revision{Change: setting("city", "x")}, fault.NotFound},
		"stale":        {entry.User, a.ID, stale, fault.Conflict},
		"taken":        {entry.User, "", named(user("ANN@x")), fault.Exists},
		"group taken":  {entry.Group, "", named(group("GRÖSSE")), fault.Exists},
		"no name":      {entry.User, "", named(user("")), fault.Invalid},
		"no member":    {entry.Group, g.ID, directory.Revision{Change: setting("x", "y"), Add: []entry.Ref{{ID: "nobody"}}}, fault.Invalid},
		"away member":  {entry.Group, g.ID, directory.Revision{Add: []entry.Ref{{ID: a.ID}, {ID: b.ID}}}, fault.Invalid},
		"only nobody":  {entry.Group, g.ID, directory.Revision{Only: true, Add: []entry.Ref{{ID: "nobody"}}}, fault.Invalid},
		"not a member": {entry.User, a.ID, directory.Revision{Version: "x"}, fault.Conflict},
	} {
		_, err := d.Revise(ctx, tc.t, tc.id, tc.r)
		if !fault.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
	equal(t, got(s.Directory.Now(ctx))(t), before)
	wantKind(t, d.Retire(ctx, entry.User, b.ID, "", time.Unix(1, 0)), fault.NotFound)
	wantKind(t, d.Retire(ctx, entry.User, a.ID, a.Version, time.Unix(1, 0)), fault.Conflict)
}

func noRevisionLost(t *testing.T, ctx context.Context, s Stores) {
	d := objects(t, s)
	us := people(t, ctx, s.Directory, 8)
	g := put(t, ctx, s.Directory, group("G"))
	var wg sync.WaitGroup
	for i, u := range us {
		wg.Go(func() {
			r := directory.Revision{Change: setting(fmt.Sprint("a", i), "x"), Add: []entry.Ref{ref(u)}}
			if _, err := d.Revise(ctx, entry.Group, g.ID, r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	e := got(s.Directory.Get(ctx, entry.Group, g.ID))(t)
	if len(e.Attrs) != 2+len(us) || len(e.Attrs[directory.Members]) != len(us) {
		t.Fatalf("got %v", e)
	}
}

func seek(t *testing.T, ctx context.Context, s Stores) {
	d := objects(t, s)
	us := people(t, ctx, s.Directory, 3)
	edit(t, ctx, s.Directory, us[0], directory.ExternalID, "E1")
	edit(t, ctx, s.Directory, us[2], directory.ExternalID, "E1")
	edit(t, ctx, s.Directory, us[1], directory.ExternalID, "e1")
	edit(t, ctx, s.Directory, us[1], directory.Manager, ref(us[0]))
	g := got(d.Revise(ctx, entry.Group, "", directory.Revision{Change: named(group("Sales")).Change, Add: []entry.Ref{ref(us[2])}}))(t)
	for _, tc := range []struct {
		t           entry.Type
		attr, value string
		want        []string
	}{
		{entry.User, directory.UserPrincipalName, "U1@X", []string{"u0001"}}, {entry.User, directory.UserPrincipalName, "Sales", nil},
		{entry.Group, directory.DisplayName, "sALES", []string{g.ID}}, {entry.User, directory.ExternalID, "E1", []string{"u0000", "u0002"}},
		{entry.Group, directory.ExternalID, "E1", nil}, {entry.User, directory.Manager, "u0000", []string{"u0001"}},
		{entry.Group, directory.Members, "u0002", []string{g.ID}}, {entry.Group, directory.Members, "u0000", nil},
	} {
		equal(t, got(d.Seek(ctx, tc.t, tc.attr, tc.value))(t), tc.want)
	}
	_, err := d.Seek(ctx, entry.User, "city", "Paris")
	wantKind(t, err, fault.Unsupported)
	must(t, s.Directory.SoftDelete(ctx, entry.User, "u0000", time.Unix(1, 0)))
	equal(t, got(d.Seek(ctx, entry.User, directory.ExternalID, "E1"))(t), []string{"u0002"})
}

func scanAndSkip(t *testing.T, ctx context.Context, s Stores) {
	d := objects(t, s)
	us := people(t, ctx, s.Directory, 7)
	edit(t, ctx, s.Directory, us[4], directory.Manager, ref(us[0]))
	must(t, s.Directory.SoftDelete(ctx, entry.User, "u0002", time.Unix(1, 0)))
	page := got(d.Scan(ctx, entry.User, "u0000", 3))(t)
	equal(t, []string{page[0].ID, page[1].ID, page[2].ID}, []string{"u0001", "u0003", "u0004"})
	equal(t, page[2].Attrs[directory.Manager], []entry.Value{ref(us[0])})
	equal(t, page, got(d.Load(ctx, entry.User, []string{"u0001", "u0003", "u0004"}, false))(t))
	equal(t, len(got(d.Scan(ctx, entry.User, "u0006", 3))(t)), 0)
	equal(t, got(d.Skip(ctx, entry.User, "", 3))(t), "u0003")
	equal(t, got(d.Skip(ctx, entry.User, "u0003", 3))(t), "u0006")
	equal(t, got(d.Skip(ctx, entry.User, "u0003", 4))(t), "")
}

func retire(t *testing.T, ctx context.Context, s Stores) {
	d := objects(t, s)
	us := people(t, ctx, s.Directory, 3)
	edit(t, ctx, s.Directory, us[1], directory.Manager, ref(us[0]))
	edit(t, ctx, s.Directory, us[0], directory.Manager, ref(us[0])) // of himself
	g := got(d.Revise(ctx, entry.Group, "", directory.Revision{Change: named(group("G")).Change, Add: []entry.Ref{ref(us[0]), ref(us[2])}}))(t)
	from := got(s.Directory.Now(ctx))(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	must(t, d.Retire(ctx, entry.User, "u0000", got(d.Load(ctx, entry.User, []string{"u0000"}, false))(t)[0].Version, at))
	equal(t, sorted(names(all(t, s.Directory.After(ctx, from)))...), sorted("u0000", "u0001", g.ID))
	equal(t, got(s.Directory.Get(ctx, entry.User, "u0000"))(t).Attrs[directory.DeletedDateTime], []entry.Value{at})
	equal(t, members(t, ctx, s.Directory, g.ID), []string{"u0002"})
	equal(t, got(s.Directory.Get(ctx, entry.User, "u0001"))(t).Attrs[directory.Manager], []entry.Value(nil))
	now := got(d.Load(ctx, entry.Group, []string{g.ID}, false))(t)[0]
	if now.Version == g.Version || !now.Modified.After(g.Modified) {
		t.Fatalf("%+v became %+v", g, now)
	}
	got(d.Revise(ctx, entry.User, "", named(user("U0@x"))))(t) // the name is free
	must(t, d.Retire(ctx, entry.Group, g.ID, "", at))
}

func awayIsHidden(t *testing.T, ctx context.Context, s Stores) {
	d := objects(t, s)
	us := people(t, ctx, s.Directory, 3)
	edit(t, ctx, s.Directory, us[1], directory.Manager, ref(us[0]))
	g := got(d.Revise(ctx, entry.Group, "", directory.Revision{Change: named(group("G")).Change, Add: []entry.Ref{ref(us[0]), ref(us[2])}}))(t)
	must(t, s.Directory.SoftDelete(ctx, entry.User, "u0000", time.Unix(1, 0)))
	equal(t, len(got(d.Load(ctx, entry.User, []string{"u0000"}, false))(t)), 0)
	equal(t, got(d.Load(ctx, entry.User, []string{"u0001"}, false))(t)[0].Attrs[directory.Manager], []entry.Value(nil))
	got(d.Revise(ctx, entry.User, "u0001", directory.Revision{Change: setting("city", "Rome")}))(t)
	equal(t, got(d.Load(ctx, entry.Group, []string{g.ID}, true))(t)[0].Attrs[directory.Members], []entry.Value{ref(us[2])})
	must(t, s.Directory.Restore(ctx, entry.User, "u0000")) // and what was hidden is back
	equal(t, got(d.Load(ctx, entry.User, []string{"u0001"}, false))(t)[0].Attrs[directory.Manager], []entry.Value{ref(us[0])})
}

func memberships(t *testing.T, ctx context.Context, s Stores) {
	d := objects(t, s)
	us := people(t, ctx, s.Directory, 3)
	make := func(name string, ms ...entry.Ref) directory.Object {
		return got(d.Revise(ctx, entry.Group, "", directory.Revision{Change: named(group(name)).Change, Add: ms}))(t)
	}
	inner := make("inner", ref(us[0]), ref(us[1]))
	outer := make("outer", ref(inner.Entry))
	top := make("top", ref(outer.Entry), ref(us[1]))
	got(d.Revise(ctx, entry.Group, inner.ID, directory.Revision{Add: []entry.Ref{ref(top.Entry)}}))(t) // a circle
	gone := make("gone", ref(us[0]))
	must(t, s.Directory.SoftDelete(ctx, entry.Group, gone.ID, time.Unix(1, 0)))
	ms := got(d.Memberships(ctx, []string{"u0000", "u0001", "u0002"}))(t)
	equal(t, len(ms), 2)
	equal(t, ms["u0000"], []directory.Membership{{Group: inner.ID, Name: "inner", Direct: true}, {Group: outer.ID, Name: "outer"}, {Group: top.ID, Name: "top"}})
	direct := map[string]bool{}
	for _, m := range ms["u0001"] {
		direct[m.Name] = m.Direct
	}
	equal(t, direct, map[string]bool{"inner": true, "top": true, "outer": false})
}
