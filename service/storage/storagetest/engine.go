package storagetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/assign"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// engineCases are what the engine needs beside pairs and failures.
var engineCases = []testCase{
	{"Held", engineHeld},
	{"HeldTold", engineHeldTold},
	{"Orders", engineOrders},
	{"Marks", engineMarks},
	{"Arrived", engineArrived},
	{"LinkCounts", engineLinkCounts},
	{"EscrowOfOne", engineEscrow},
	{"Images", engineImages},
	{"Members", engineMembers},
	{"Slim", engineSlim},
	{"Assignments", engineAssignments},
	{"LedgerIsAModel", engineModel},
}

func held(source string) cycle.HeldEntry {
	return cycle.HeldEntry{Source: source, Type: entry.User, Verb: plan.Disable, Name: source + "@x", Since: at0}
}

func sources(es []cycle.HeldEntry) (out []string) {
	for _, e := range es {
		out = append(out, e.Source)
	}
	return out
}

func engineHeld(t *testing.T, ctx context.Context, s Stores) {
	var many []cycle.HeldEntry
	for i := range 300 { // more than a page
		many = append(many, held(fmt.Sprintf("%03d", i)))
	}
	must(t, s.Ledger.Hold(ctx, job, many))
	must(t, s.Ledger.Hold(ctx, "it", many[:2]))
	equal(t, all(t, s.Ledger.Held(ctx, job, "", false)), many)
	equal(t, len(all(t, s.Ledger.Held(ctx, job, "297", false))), 2)
	equal(t, got(s.Ledger.HeldCount(ctx, job))(t), cycle.HeldCount{All: 300})
	equal(t, got(s.Ledger.Release(ctx, job, []string{"nobody"}))(t), 0)
	equal(t, got(s.Ledger.Release(ctx, job, []string{"001", "002", "nobody"}))(t), 2)
	equal(t, got(s.Ledger.Release(ctx, job, []string{"001"}))(t), 0)
	equal(t, got(s.Ledger.HeldCount(ctx, job))(t), cycle.HeldCount{All: 300, Released: 2, Kept: 298})
	equal(t, sources(all(t, s.Ledger.Held(ctx, job, "", true))), []string{"001", "002"})
	again := held("001")
	again.Verb, again.Since = plan.Delete, at0.Add(time.Hour)
	must(t, s.Ledger.Hold(ctx, job, []cycle.HeldEntry{again})) // keeps its time and its release
	again.Since, again.Released = at0, true
	equal(t, all(t, s.Ledger.Held(ctx, job, "", true))[0], again)
	must(t, s.Ledger.Settle(ctx, cycle.Receipt{Job: job, Intent: cycle.Intent{Source: "001"}}, cycle.Outcome{Stays: true}))
	must(t, s.Ledger.Settle(ctx, cycle.Receipt{Job: job, Intent: cycle.Intent{Source: "005"}}, cycle.Outcome{}))
	equal(t, got(s.Ledger.Release(ctx, job, nil))(t), 298)
	equal(t, got(s.Ledger.HeldCount(ctx, job))(t), cycle.HeldCount{All: 299, Released: 299})
	equal(t, got(s.Ledger.HeldCount(ctx, "it"))(t), cycle.HeldCount{All: 2})
}

func engineHeldTold(t *testing.T, ctx context.Context, s Stores) {
	must(t, s.Ledger.Hold(ctx, job, []cycle.HeldEntry{held("a"), held("b"), held("c")}))
	tell := func(es []cycle.HeldEntry) (rs []journal.Record) {
		for _, e := range es {
			rs = append(rs, journal.Record{Job: string(job), Reason: e.Source})
		}
		return rs
	}
	equal(t, got(s.Ledger.TellHeld(ctx, job, 2, tell))(t), 2)
	equal(t, got(s.Ledger.TellHeld(ctx, job, 2, tell))(t), 1)
	equal(t, got(s.Ledger.TellHeld(ctx, job, 2, tell))(t), 0)
	must(t, s.Ledger.Hold(ctx, job, []cycle.HeldEntry{held("a"), held("d")}))
	equal(t, got(s.Ledger.TellHeld(ctx, job, 9, tell))(t), 1)
	equal(t, reasons(got(s.Journal.Find(ctx, journal.Query{}))(t)), []string{"a", "b", "c", "d"})
}

func due(id string) cycle.Due {
	return cycle.Due{Object: cycle.Object{Type: entry.User, ID: id}, Reach: id == "g"}
}

func ids(ds []cycle.Due) (out []string) {
	for _, d := range ds {
		out = append(out, d.Object.ID)
	}
	return out
}

func engineOrders(t *testing.T, ctx context.Context, s Stores) {
	woken := make(chan error, 1)
	go func() { woken <- s.Ledger.AwaitOrder(ctx, job) }()
	must(t, s.Ledger.Order(ctx, "it", []cycle.Due{due("x")}))
	must(t, s.Ledger.Order(ctx, job, []cycle.Due{due("a"), due("g")}))
	must(t, <-woken)
	must(t, s.Ledger.Order(ctx, job, []cycle.Due{due("a")}))
	ds := got(s.Ledger.Ordered(ctx, job, -1, 10))(t)
	equal(t, ids(ds), []string{"a", "g", "a"})
	if !ds[1].Reach || ds[0].Reach {
		t.Fatalf("got %+v", ds)
	}
	equal(t, ids(got(s.Ledger.Ordered(ctx, job, ds[0].Seq, 1))(t)), []string{"g"})
	must(t, s.Ledger.Served(ctx, job, ds[1].Seq))
	equal(t, ids(got(s.Ledger.Ordered(ctx, job, -1, 10))(t)), []string{"a"})
	equal(t, ids(got(s.Ledger.Ordered(ctx, "it", -1, 10))(t)), []string{"x"})
	must(t, s.Ledger.Served(ctx, job, ds[2].Seq))
	must(t, s.Ledger.Order(ctx, job, []cycle.Due{due("z")}))
	if again := got(s.Ledger.Ordered(ctx, job, -1, 10))(t); again[0].Seq <= ds[2].Seq {
		t.Fatalf("position %d was given again after %d", again[0].Seq, ds[2].Seq)
	}
}

func engineMarks(t *testing.T, ctx context.Context, s Stores) {
	mark := func() (int64, bool) {
		m, known, err := s.Ledger.Mark(ctx, job, "g")
		must(t, err)
		return m, known
	}
	if _, known := mark(); known {
		t.Fatal("a mark before any")
	}
	g := plan.Link{Source: "g", Type: entry.Group, Target: "tg", Active: true}
	settle(t, ctx, s, job, "g", cycle.Outcome{Link: g, Members: &cycle.MemberMarks{Mark: 7, Add: []string{"a", "b"}}})
	if m, known := mark(); m != 7 || !known {
		t.Fatalf("got %d %v", m, known)
	}
	settle(t, ctx, s, job, "a", cycle.Outcome{Link: link("a", "ta")})
	settle(t, ctx, s, job, "g", cycle.Outcome{Waiting: nil, Members: &cycle.MemberMarks{Mark: -1, Add: []string{"c"}}})
	equal(t, got(s.Ledger.Waiting(ctx, job, "c"))(t), []string{"g"})
	equal(t, got(s.Ledger.Awaited(ctx, job, "g", 10))(t), []plan.Link{link("a", "ta")})
	if m, _ := mark(); m != 7 {
		t.Fatalf("the mark became %d", m)
	}
	settle(t, ctx, s, job, "g", cycle.Outcome{Members: &cycle.MemberMarks{Mark: 9, Drop: []string{"a"}}})
	equal(t, len(got(s.Ledger.Awaited(ctx, job, "g", 10))(t)), 0)
	equal(t, got(s.Ledger.Waiting(ctx, job, "b"))(t), []string{"g"})
	settle(t, ctx, s, job, "g", cycle.Outcome{Members: &cycle.MemberMarks{Mark: 0, All: true, Add: []string{"d"}}})
	equal(t, len(got(s.Ledger.Waiting(ctx, job, "b"))(t)), 0)
	equal(t, got(s.Ledger.Waiting(ctx, job, "d"))(t), []string{"g"})
	if _, known := mark(); known {
		t.Fatal("the mark was not taken back")
	}
	settle(t, ctx, s, job, "g", cycle.Outcome{Members: &cycle.MemberMarks{Mark: 3}})
	settle(t, ctx, s, job, "g", cycle.Outcome{Unlink: true})
	if _, known := mark(); known {
		t.Fatal("a mark without a link")
	}
}

func engineArrived(t *testing.T, ctx context.Context, s Stores) {
	for i := range 300 {
		settle(t, ctx, s, job, fmt.Sprintf("%03d", i), cycle.Outcome{Link: link(fmt.Sprintf("%03d", i), fmt.Sprint("t", i)), Waiting: []string{"boss", "nobody"}})
	}
	equal(t, len(all(t, s.Ledger.Arrived(ctx, job))), 0)
	settle(t, ctx, s, job, "unlinked", cycle.Outcome{Waiting: []string{"boss"}})
	settle(t, ctx, s, job, "boss", cycle.Outcome{Link: link("boss", "tb")})
	os := all(t, s.Ledger.Arrived(ctx, job))
	if len(os) != 300 || os[0] != (cycle.Object{Type: entry.User, ID: "000"}) {
		t.Fatalf("%d objects, first %+v", len(os), os[0])
	}
	equal(t, len(all(t, s.Ledger.Arrived(ctx, "it"))), 0)
}

func engineLinkCounts(t *testing.T, ctx context.Context, s Stores) {
	settle(t, ctx, s, job, "1", cycle.Outcome{Link: link("1", "t1")})
	settle(t, ctx, s, job, "2", cycle.Outcome{Link: plan.Link{Source: "2", Type: entry.User, Target: "t2"}}) // inactive
	settle(t, ctx, s, job, "g", cycle.Outcome{Link: plan.Link{Source: "g", Type: entry.Group, Target: "t3", Active: true}})
	equal(t, got(s.Ledger.LinkCounts(ctx, job))(t), map[entry.Type]int{entry.User: 1, entry.Group: 1})
}

func engineEscrow(t *testing.T, ctx context.Context, s Stores) {
	if next := got(s.Ledger.NextDue(ctx, job))(t); !next.IsZero() {
		t.Fatalf("due at %v without any", next)
	}
	settle(t, ctx, s, job, "a", cycle.Outcome{Escrow: escrow("a", 2, 20)})
	settle(t, ctx, s, job, "b", cycle.Outcome{Escrow: escrow("b", 1, 10)})
	equal(t, got(s.Ledger.NextDue(ctx, job))(t), at0.Add(10*time.Second))
	e, found, err := s.Ledger.Escrow(ctx, job, "a")
	must(t, err)
	if !found || e != *escrow("a", 2, 20) {
		t.Fatalf("got %+v", e)
	}
	if _, found, err = s.Ledger.Escrow(ctx, job, "c"); found || err != nil {
		t.Fatalf("got one of c, %v", err)
	}
}

func engineImages(t *testing.T, ctx context.Context, s Stores) {
	images, ok := s.Journal.(journal.Images)
	if !ok {
		t.Fatal("the journal keeps no images")
	}
	want := journal.Image{
		Before: entry.Attrs{"n": {int64(7)}, "m": {entry.Ref{Type: entry.User, ID: "1"}}}, After: entry.Attrs{"n": {true, at0}},
		Partial: []string{"m"}, Hidden: []string{"password"}, Active: true,
		Origins: map[string]journal.Origin{"n": {Mapping: "[x]", Sources: map[string][]string{"x": {"1"}}, Default: true}},
	}
	r := record(1, "hr", "a", "success")
	r.Cycle, r.Image = "c1", &want
	must(t, s.Journal.Append(ctx, r, record(2, "hr", "a", "success")))
	rs := got(s.Journal.Find(ctx, journal.Query{}))(t)
	if rs[0].Image != nil {
		t.Fatal("Find read the image")
	}
	equal(t, got(images.Image(ctx, rs[0].ID))(t), want)
	_, err := images.Image(ctx, rs[1].ID)
	wantKind(t, err, fault.NotFound)
	made := record(3, "hr", "a", "success")
	made.Cycle, made.Image = "c1", &journal.Image{After: entry.Attrs{"n": {"x"}}}
	must(t, s.Journal.Append(ctx, made))
	rs = got(s.Journal.Find(ctx, journal.Query{Cycle: "c1"}))(t)
	equal(t, reasons(rs), []string{"1", "3"})
	if i := got(images.Image(ctx, rs[1].ID))(t); i.Before != nil || i.After == nil {
		t.Fatalf("a create came back as %+v", i)
	}
	equal(t, got(images.RetainImages(ctx, at0.Add(2*time.Second)))(t), 1)
	_, err = images.Image(ctx, rs[0].ID)
	wantKind(t, err, fault.NotFound)
	equal(t, len(got(s.Journal.Find(ctx, journal.Query{}))(t)), 3)
}

func engineMembers(t *testing.T, ctx context.Context, s Stores) {
	roster := s.Directory.(cycle.Roster) //nolint:forcetypeassert // the suite is about this
	for _, id := range []string{"a", "b", "c", "d"} {
		e := user(id + "@x")
		e.ID = id
		must(t, s.Directory.PutMany(ctx, []entry.Entry{e}))
	}
	put := func(ids ...string) {
		got(s.Directory.Put(ctx, entry.Group, "g", func(e entry.Entry) (entry.Entry, error) {
			e.Attrs = entry.Attrs{directory.DisplayName: {"G"}}
			for _, id := range ids {
				e.Attrs[directory.Members] = append(e.Attrs[directory.Members], entry.Ref{Type: entry.User, ID: id})
			}
			return e, nil
		}))(t)
	}
	words := func(since int64) (out []string) {
		for _, c := range got(roster.MemberChanges(ctx, "g", since, 100))(t) {
			out = append(out, map[bool]string{true: "-", false: "+"}[c.Gone]+c.Member.ID)
		}
		return out
	}
	put("a", "b")
	first := got(roster.Edge(ctx))(t)
	equal(t, words(0), []string{"+a", "+b"})
	put("b", "c") // a left, c joined
	equal(t, words(first), []string{"-a", "+c"})
	must(t, s.Directory.Link(ctx, entry.Group, "g", directory.Members, []entry.Ref{{Type: entry.User, ID: "a"}}, []entry.Ref{{Type: entry.User, ID: "b"}}))
	equal(t, words(first), []string{"+c", "-b", "+a"}) // a is back
	second := got(roster.Edge(ctx))(t)
	equal(t, len(words(second)), 0)
	must(t, s.Directory.HardDelete(ctx, entry.User, "c"))
	equal(t, words(second), []string{"-c"})
	equal(t, len(got(roster.MemberChanges(ctx, "g", 0, 2))(t)), 2)
	equal(t, got(roster.Members(ctx, "g", "", 10))(t), []entry.Ref{{Type: entry.User, ID: "a"}})
	there := got(s.Directory.(cycle.Presence).Present(ctx, []cycle.Object{{Type: entry.User, ID: "a"}, {Type: entry.User, ID: "c"}}))(t) //nolint:forcetypeassert // likewise
	equal(t, there, map[cycle.Object]bool{{Type: entry.User, ID: "a"}: true})
}

// engineSlim: the slim feed shows what After shows, but for members.
func engineSlim(t *testing.T, ctx context.Context, s Stores) {
	roster := s.Directory.(cycle.Roster) //nolint:forcetypeassert // the suite is about this
	e := user("a@x")
	e.ID = "a"
	must(t, s.Directory.PutMany(ctx, []entry.Entry{e, {Type: entry.Group, ID: "g", Attrs: entry.Attrs{
		directory.DisplayName: {"G"}, directory.Members: {entry.Ref{Type: entry.User, ID: "a"}},
	}}}))
	for _, from := range []directory.Watermark{"", "0"} {
		var ids []string
		for c, err := range roster.Slim(ctx, from) {
			must(t, err)
			ids = append(ids, c.Entry.ID)
			if len(c.Entry.Attrs[directory.Members]) > 0 || c.Changed.IsZero() {
				t.Fatalf("got %+v", c)
			}
		}
		equal(t, ids, []string{"a", "g"})
	}
	g := got(roster.GetSlim(ctx, entry.Group, "g"))(t)
	if g.Attrs.Text(directory.DisplayName) != "G" || len(g.Attrs[directory.Members]) > 0 {
		t.Fatalf("got %+v", g)
	}
	_, err := roster.GetSlim(ctx, entry.Group, "none")
	wantKind(t, err, fault.NotFound)
}

func engineAssignments(t *testing.T, ctx context.Context, s Stores) {
	got(s.Apps.Put(ctx, app.App{ID: "hr"}))(t)
	got(s.Apps.Put(ctx, app.App{ID: "it"}))(t)
	for _, id := range []string{"a", "b"} {
		e := user(id + "@x")
		e.ID = id
		must(t, s.Directory.PutMany(ctx, []entry.Entry{e}))
	}
	must(t, s.Directory.PutMany(ctx, []entry.Entry{
		{Type: entry.Group, ID: "g", Attrs: entry.Attrs{directory.DisplayName: {"G"}, directory.Members: {entry.Ref{Type: entry.User, ID: "a"}}}},
		{Type: entry.Group, ID: "outer", Attrs: entry.Attrs{directory.DisplayName: {"O"}, directory.Members: {entry.Ref{Type: entry.Group, ID: "g"}}}},
	}))
	one := got(s.Assign.Add(ctx, assign.Assignment{App: "hr", Principal: "a", PrincipalType: entry.User}))(t)
	if one.ID == "" || one.Role != assign.DefaultRole || one.At.IsZero() {
		t.Fatalf("got %+v", one)
	}
	_, err := s.Assign.Add(ctx, assign.Assignment{App: "hr", Principal: "a", PrincipalType: entry.User})
	wantKind(t, err, fault.Exists)
	for _, bad := range []assign.Assignment{{App: "none", Principal: "a", PrincipalType: entry.User}, {App: "hr", Principal: "none", PrincipalType: entry.User}} {
		_, err = s.Assign.Add(ctx, bad)
		wantKind(t, err, fault.NotFound)
	}
	_, err = s.Assign.Add(ctx, assign.Assignment{App: "hr", Principal: "a", PrincipalType: "Device"})
	wantKind(t, err, fault.Invalid)
	outer := got(s.Assign.Add(ctx, assign.Assignment{App: "hr", Principal: "outer", PrincipalType: entry.Group, Role: "admin"}))(t)
	equal(t, ids(got(s.Ledger.Ordered(ctx, "hr", -1, 10))(t)), []string{"a", "outer"}) // the job was told

	reach := func(id string, nested bool) (out []string) {
		for _, a := range got(s.Assign.Reach(ctx, "hr", id, nested))(t) {
			out = append(out, a.Principal)
		}
		return out
	}
	equal(t, reach("a", false), []string{"a"})
	equal(t, reach("a", true), []string{"a", "outer"})
	equal(t, reach("g", false), []string{"outer"})
	equal(t, len(reach("b", true)), 0)
	equal(t, got(s.Assign.List(ctx, assign.Query{App: "hr"}))(t), []assign.Assignment{one, outer})
	equal(t, got(s.Assign.List(ctx, assign.Query{App: "hr", After: one.ID, Limit: 1}))(t), []assign.Assignment{outer})
	equal(t, got(s.Assign.List(ctx, assign.Query{Principal: "a", App: "hr"}))(t), []assign.Assignment{one})
	equal(t, len(got(s.Assign.List(ctx, assign.Query{App: "it"}))(t)), 0)
	equal(t, got(s.Assign.Get(ctx, one.ID))(t), one)
	must(t, s.Assign.Remove(ctx, one.ID))
	wantKind(t, s.Assign.Remove(ctx, one.ID), fault.NotFound)
	equal(t, ids(got(s.Ledger.Ordered(ctx, "hr", -1, 10))(t)), []string{"a", "outer", "a"})
	must(t, s.Apps.Delete(ctx, "hr"))
	equal(t, len(got(s.Assign.List(ctx, assign.Query{}))(t)), 0)
}

// engineModel compares the ledger with a model in memory over random histories.
func engineModel(t *testing.T, ctx context.Context, s Stores) {
	history := 0
	rapid.Check(t, func(rt *rapid.T) {
		history++
		j := cycle.JobID(fmt.Sprintf("model-%d", history))
		links, escrows, waits := map[string]plan.Link{}, map[string]bool{}, map[string][]string{}
		open := map[string]cycle.Receipt{}
		name := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		rt.Repeat(map[string]func(*rapid.T){
			"intend": func(rt *rapid.T) {
				r, err := s.Ledger.Intend(ctx, j, cycle.Intent{Source: name.Draw(rt, "who"), Type: entry.User, Verb: plan.Update})
				if err != nil {
					rt.Fatal(err)
				}
				open[r.Key] = r
			},
			"settle": func(rt *rapid.T) {
				who := name.Draw(rt, "who")
				r := cycle.Receipt{Job: j, Intent: cycle.Intent{Source: who, Type: entry.User}}
				for k, o := range open {
					if o.Intent.Source == who {
						r = o
						delete(open, k)
						break
					}
				}
				var o cycle.Outcome
				delete(escrows, who)
				o.Waiting = rapid.SliceOfNDistinct(name, 0, 2, func(s string) string { return s }).Draw(rt, "waits")
				waits[who] = o.Waiting
				switch rapid.IntRange(0, 3).Draw(rt, "outcome") {
				case 0:
					o.Link = link(who, fmt.Sprint("t", rapid.IntRange(0, 3).Draw(rt, "target")))
					links[who] = o.Link
				case 1:
					o.Unlink = true
					delete(links, who)
				case 2:
					o.Escrow = &cycle.Escrow{Source: who, Type: entry.User, First: at0, Next: at0}
					escrows[who] = true
				}
				if err := s.Ledger.Settle(ctx, r, o); err != nil {
					rt.Fatal(err)
				}
			},
			"": func(rt *rapid.T) {
				n := 0
				for k, err := range s.Ledger.AllLinks(ctx, j) {
					if err != nil || links[k.Source].Target != k.Target {
						rt.Fatalf("link %+v, want %+v (%v)", k, links[k.Source], err)
					}
					n++
				}
				if n != len(links) {
					rt.Fatalf("%d links, want %d", n, len(links))
				}
				n = 0
				for e, err := range s.Ledger.Escrows(ctx, j, time.Time{}) {
					if err != nil || !escrows[e.Source] {
						rt.Fatalf("escrow of %s (%v)", e.Source, err)
					}
					n++
				}
				if n != len(escrows) {
					rt.Fatalf("%d escrows, want %d", n, len(escrows))
				}
				n = 0
				for r, err := range s.Ledger.Intents(ctx, j) {
					if _, ok := open[r.Key]; err != nil || !ok {
						rt.Fatalf("intent %+v (%v)", r, err)
					}
					n++
				}
				if n != len(open) {
					rt.Fatalf("%d intents, want %d", n, len(open))
				}
				for _, wanted := range []string{"a", "b", "c", "d"} {
					who, err := s.Ledger.Waiting(ctx, j, wanted)
					if err != nil {
						rt.Fatal(err)
					}
					for owner, ws := range waits {
						if slices.Contains(ws, wanted) != slices.Contains(who, owner) {
							rt.Fatalf("%v wait for %s, want %v", who, wanted, waits)
						}
					}
				}
			},
		})
	})
}
