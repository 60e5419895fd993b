package storagetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

var directoryCases = []testCase{
	{"EveryValueComesBack", everyValue},
	{"PutUpdates", putUpdates},
	{"PutNothingNew", putNothingNew},
	{"PutErrFromCaller", putErr},
	{"ErrInvalid", putInvalid},
	{"ErrExists", putExists},
	{"Lookup", lookup},
	{"List", list},
	{"PutMany", putMany},
	{"PutManyAllOrNothing", putManyAllOrNothing},
	{"SoftDeleteAndRestore", softDelete},
	{"HardDelete", hardDelete},
	{"ErrNotFound", directoryNotFound},
	{"NoUpdateLost", noUpdateLost},
}

func everyValue(t *testing.T, ctx context.Context, s Stores) {
	e := user("Ännchen+%',\"@例え.テスト")
	zone := time.FixedZone("", 5*3600+1800)
	for attr, vs := range map[string][]entry.Value{
		"text": {"", "a", "nul \x00 byte", "名前 🙂 e\u0301", strings.Repeat("x", 1<<20)}, "bool": {true, false, true},
		"int": {int64(0), int64(-1), int64(math.MaxInt64), int64(math.MinInt64)}, "float": {0.1, -0.0, math.Inf(1), math.SmallestNonzeroFloat64},
		"bytes":   {[]byte{0, 255}, []byte{}, []byte("x")},
		"time":    {time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC), time.Date(1700, 1, 1, 0, 0, 0, 0, zone), time.Time{}},
		"complex": {entry.Complex{"a": "b", "deep": entry.Complex{"n": int64(1)}, "when": time.Unix(1, 0).UTC()}, entry.Complex{}},
		"mixed":   {"a", entry.Ref{Type: entry.User, ID: "1"}, int64(1), 1.0}, "refs": {entry.Ref{ID: "9"}, entry.Ref{Type: entry.Group, ID: "8"}},
		"ключ ключей": {"v"},
	} {
		e.Attrs[attr] = vs
	}
	e = put(t, ctx, s.Directory, e)
	equal(t, got(s.Directory.Get(ctx, entry.User, e.ID))(t), e)
	equal(t, all(t, s.Directory.After(ctx, ""))[0].Entry, e)
}

func putUpdates(t *testing.T, ctx context.Context, s Stores) {
	e := put(t, ctx, s.Directory, user("ann@x"))
	if e.ID == "" || e.Type != entry.User {
		t.Fatalf("got %+v", e)
	}
	after := got(s.Directory.Put(ctx, entry.User, e.ID, func(have entry.Entry) (entry.Entry, error) {
		equal(t, have, e)
		have.Attrs.Set("city", "Paris")
		have.ID, have.Type = "other", entry.Group // not the caller's to change
		return have, nil
	}))(t)
	e.Attrs.Set("city", "Paris")
	equal(t, after, e)
	equal(t, got(s.Directory.Get(ctx, entry.User, e.ID))(t), e)
	given := user("bob@x")
	given.ID = "bob-1"
	equal(t, put(t, ctx, s.Directory, given), given)
}

func putNothingNew(t *testing.T, ctx context.Context, s Stores) {
	e := user("ann@x")
	e.Attrs[directory.Manager] = []entry.Value{entry.Ref{Type: entry.User, ID: "boss"}}
	e = put(t, ctx, s.Directory, e)
	before := got(s.Directory.Now(ctx))(t)
	put(t, ctx, s.Directory, e)
	must(t, s.Directory.PutMany(ctx, []entry.Entry{e}))
	if now := got(s.Directory.Now(ctx))(t); now != before {
		t.Fatalf("moved from %s to %s", before, now)
	}
}

func putErr(t *testing.T, ctx context.Context, s Stores) {
	mine := errors.New("mine")
	_, err := s.Directory.Put(ctx, entry.User, "1", func(entry.Entry) (entry.Entry, error) { return user("a@x"), mine })
	if !errors.Is(err, mine) {
		t.Fatalf("got %v", err)
	}
	_, err = s.Directory.Get(ctx, entry.User, "1")
	wantKind(t, err, fault.NotFound)
}

func putInvalid(t *testing.T, ctx context.Context, s Stores) {
	bad := user("a@x")
	bad.Attrs["city"] = []entry.Value{"\xff"}
	_, err := s.Directory.Put(ctx, entry.User, "", func(entry.Entry) (entry.Entry, error) { return bad, nil })
	wantKind(t, err, fault.Invalid)
	wantKind(t, s.Directory.PutMany(ctx, []entry.Entry{user("b@x"), bad}), fault.Invalid)
	equal(t, got(s.Directory.Count(ctx, entry.User))(t), 0)
}

func putExists(t *testing.T, ctx context.Context, s Stores) {
	ann := put(t, ctx, s.Directory, user("Ann@x"))
	bob := put(t, ctx, s.Directory, user("bob@x"))
	rename := func(id, upn string) error {
		_, err := s.Directory.Put(ctx, entry.User, id, func(entry.Entry) (entry.Entry, error) { return user(upn), nil })
		return err
	}
	wantKind(t, rename("", "aNN@X"), fault.Exists)
	wantKind(t, rename(bob.ID, "ANN@x"), fault.Exists)
	must(t, rename(ann.ID, "ANN@X"))
	put(t, ctx, s.Directory, group("Sales"))
	_, err := s.Directory.Put(ctx, entry.Group, "", func(entry.Entry) (entry.Entry, error) { return group("Sales"), nil })
	wantKind(t, err, fault.Exists)
	if fault.HintOf(err) == "" {
		t.Fatal("no hint")
	}
	equal(t, got(s.Directory.Get(ctx, entry.User, bob.ID))(t), bob)
}

func lookup(t *testing.T, ctx context.Context, s Stores) {
	ann := put(t, ctx, s.Directory, user("Ann@Straße.example"))
	sales := put(t, ctx, s.Directory, group("Sales"))
	equal(t, got(s.Directory.Lookup(ctx, entry.User, directory.UserPrincipalName, "aNN@STRASSE.example"))(t), ann)
	equal(t, got(s.Directory.Lookup(ctx, entry.Group, directory.DisplayName, "Sales"))(t), sales)
	_, err := s.Directory.Lookup(ctx, entry.User, directory.UserPrincipalName, "Sales")
	wantKind(t, err, fault.NotFound)
	_, err = s.Directory.Lookup(ctx, entry.User, "city", "Paris")
	wantKind(t, err, fault.Unsupported)
}

func list(t *testing.T, ctx context.Context, s Stores) {
	for i := range 7 {
		e := user(fmt.Sprintf("u%d@x", i))
		e.ID = fmt.Sprintf("id%d", i)
		put(t, ctx, s.Directory, e)
	}
	must(t, s.Directory.SoftDelete(ctx, entry.User, "id3", time.Unix(1, 0)))
	must(t, s.Directory.HardDelete(ctx, entry.User, "id5"))
	page := func(deleted bool, after string, limit int) (ids []string) {
		for _, e := range got(s.Directory.List(ctx, entry.User, deleted, after, limit))(t) {
			ids = append(ids, e.ID)
		}
		return ids
	}
	equal(t, page(false, "", 3), []string{"id0", "id1", "id2"})
	equal(t, page(false, "id2", 3), []string{"id4", "id6"})
	equal(t, page(true, "", 3), []string{"id3"})
	equal(t, page(true, "id3", 3), []string(nil))
	equal(t, got(s.Directory.Count(ctx, entry.User))(t), 5)
	equal(t, got(s.Directory.Count(ctx, entry.Group))(t), 0)
}

func putMany(t *testing.T, ctx context.Context, s Stores) {
	ann, bob, sales := user("ann@x"), user("bob@x"), group("Sales")
	ann.ID, bob.ID, sales.ID = "a", "b", "s"
	ann.Attrs[directory.Manager] = []entry.Value{ref(bob)} // stands further down
	sales.Attrs[directory.Members] = []entry.Value{ref(bob), ref(ann)}
	must(t, s.Directory.PutMany(ctx, []entry.Entry{ann, bob, sales}))
	equal(t, got(s.Directory.Get(ctx, entry.User, "a"))(t), ann)
	equal(t, got(s.Directory.Get(ctx, entry.Group, "s"))(t), sales)

	bob.Attrs.Set("city", "Rome")
	sales.Attrs[directory.Members] = []entry.Value{ref(ann)}
	from := got(s.Directory.Now(ctx))(t)
	must(t, s.Directory.PutMany(ctx, []entry.Entry{ann, bob, sales}))
	equal(t, names(all(t, s.Directory.After(ctx, from))), []string{"b", "s"})
	equal(t, got(s.Directory.Get(ctx, entry.Group, "s"))(t), sales)
	must(t, s.Directory.PutMany(ctx, nil))
}

func putManyAllOrNothing(t *testing.T, ctx context.Context, s Stores) {
	put(t, ctx, s.Directory, user("taken@x"))
	err := s.Directory.PutMany(ctx, []entry.Entry{user("new@x"), user("TAKEN@x")})
	wantKind(t, err, fault.Exists)
	equal(t, got(s.Directory.Count(ctx, entry.User))(t), 1)
}

func softDelete(t *testing.T, ctx context.Context, s Stores) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	e := put(t, ctx, s.Directory, user("ann@x"))
	team := group("Team")
	team.Attrs[directory.Members] = []entry.Value{ref(e)}
	team = put(t, ctx, s.Directory, team)
	must(t, s.Directory.SoftDelete(ctx, entry.User, e.ID, at))
	must(t, s.Directory.SoftDelete(ctx, entry.User, e.ID, at.Add(time.Hour)))
	equal(t, got(s.Directory.Get(ctx, entry.User, e.ID))(t).Attrs[directory.DeletedDateTime], []entry.Value{at})
	equal(t, got(s.Directory.Get(ctx, entry.Group, team.ID))(t), team)
	_, err := s.Directory.Lookup(ctx, entry.User, directory.UserPrincipalName, "ann@x")
	wantKind(t, err, fault.NotFound)

	other := put(t, ctx, s.Directory, user("ANN@x")) // the name is free
	wantKind(t, s.Directory.Restore(ctx, entry.User, e.ID), fault.Exists)
	must(t, s.Directory.HardDelete(ctx, entry.User, other.ID))
	must(t, s.Directory.Restore(ctx, entry.User, e.ID))
	equal(t, got(s.Directory.Get(ctx, entry.User, e.ID))(t), e)
}

func hardDelete(t *testing.T, ctx context.Context, s Stores) {
	boss := put(t, ctx, s.Directory, user("boss@x"))
	ann := user("ann@x")
	ann.Attrs[directory.Manager] = []entry.Value{ref(boss)}
	ann = put(t, ctx, s.Directory, ann)
	team := group("Team")
	team.Attrs[directory.Members] = []entry.Value{ref(boss), ref(ann)}
	team = put(t, ctx, s.Directory, team)
	from := got(s.Directory.Now(ctx))(t)

	must(t, s.Directory.HardDelete(ctx, entry.User, boss.ID))
	_, err := s.Directory.Get(ctx, entry.User, boss.ID)
	wantKind(t, err, fault.NotFound)
	equal(t, got(s.Directory.Get(ctx, entry.User, ann.ID))(t), func() entry.Entry { e := ann.Clone(); e.Attrs.Set(directory.Manager); return e }())
	equal(t, got(s.Directory.Get(ctx, entry.Group, team.ID))(t).Attrs[directory.Members], []entry.Value{ref(ann)})
	equal(t, sorted(names(all(t, s.Directory.After(ctx, from)))...), sorted(ann.ID, team.ID, "-"+boss.ID))

	wantKind(t, s.Directory.HardDelete(ctx, entry.User, boss.ID), fault.NotFound)
	boss.Attrs.Set("city", "Rome")
	equal(t, put(t, ctx, s.Directory, boss), boss) // the same id may come back
	equal(t, names(all(t, s.Directory.After(ctx, ""))), append(sorted(boss.ID, ann.ID), team.ID))
}

func directoryNotFound(t *testing.T, ctx context.Context, s Stores) {
	_, err := s.Directory.Get(ctx, entry.User, "none")
	wantKind(t, err, fault.NotFound)
	wantKind(t, s.Directory.SoftDelete(ctx, entry.User, "none", time.Unix(1, 0)), fault.NotFound)
	wantKind(t, s.Directory.Restore(ctx, entry.User, "none"), fault.NotFound)
	wantKind(t, s.Directory.HardDelete(ctx, entry.User, "none"), fault.NotFound)
	wantKind(t, s.Directory.Link(ctx, entry.Group, "none", directory.Members, nil, nil), fault.NotFound)
}

// noUpdateLost counts one object up from many goroutines at once.
func noUpdateLost(t *testing.T, ctx context.Context, s Stores) {
	e := put(t, ctx, s.Directory, user("ann@x"))
	const workers, each = 8, 20
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				_, err := s.Directory.Put(ctx, entry.User, e.ID, func(e entry.Entry) (entry.Entry, error) {
					n, _ := e.Attrs.First("n").(int64)
					e.Attrs.Set("n", n+1)
					return e, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	equal(t, got(s.Directory.Get(ctx, entry.User, e.ID))(t).Attrs.First("n"), entry.Value(int64(workers*each)))
}
