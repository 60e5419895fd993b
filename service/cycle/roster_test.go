package cycle_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/cycle/targettest"
	"github.com/sallyport-id/sallyport/service/directory"
)

// people puts n live people u0…; their UPNs are p0@x….
func (b *bench) people(n int) {
	b.t.Helper()
	es := make([]entry.Entry, n)
	for i := range es {
		es[i] = entry.Entry{Type: entry.User, ID: fmt.Sprintf("u%d", i), Attrs: entry.Attrs{
			directory.UserPrincipalName: {fmt.Sprintf("p%d@x", i)}, "employeeId": {fmt.Sprint(i)},
		}}
	}
	if err := b.db.Directory().PutMany(b.ctx, es); err != nil {
		b.t.Fatal(err)
	}
}

func refs(ids ...string) []entry.Ref {
	out := make([]entry.Ref, len(ids))
	for i, id := range ids {
		out[i] = entry.Ref{Type: entry.User, ID: id}
	}
	return out
}

func (b *bench) link(group string, add, remove []entry.Ref) {
	b.t.Helper()
	if err := b.db.Directory().Link(b.ctx, entry.Group, group, directory.Members, add, remove); err != nil {
		b.t.Fatal(err)
	}
}

// membersOf returns who is in the target's only group, as target ids, sorted.
func (b *bench) membersOf(name string) (ids []string) {
	b.t.Helper()
	for _, g := range b.target.All(entry.Group) {
		if g.Attrs.Text("displayName") != name {
			continue
		}
		for _, v := range g.Attrs["members"] {
			ids = append(ids, v.(entry.Ref).ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// updates returns the updates of groups since the last look.
func (b *bench) updates() (ws []targettest.Write) {
	for _, w := range b.target.Writes() {
		if w.Type == entry.Group && w.Verb == "update" {
			ws = append(ws, w)
		}
	}
	return ws
}

// TestOneMemberIsOneSmallPatch: adding to, or taking from, a large group sends one value in one request, asks the target nothing
// and reads the group nowhere (rules: provisioning semantics §6, "membership as small edits").
func TestOneMemberIsOneSmallPatch(t *testing.T) {
	const n = 1100 // more than one page
	b := newBench(t)
	b.people(n + 1)
	members := make([]string, n)
	for i := range members {
		members[i] = fmt.Sprintf("u%d", i)
	}
	b.group("g", "Staff", members...)
	b.cycle()
	if got := len(b.membersOf("Staff")); got != n {
		t.Fatalf("%d members, want %d", got, n)
	}
	b.target.Writes()
	asked := 0
	b.target.Before = func(verb string, _ entry.Entry) error {
		if verb == "get" || verb == "find" || verb == "list" {
			asked++
		}
		return nil
	}
	b.link("g", refs(fmt.Sprintf("u%d", n)), nil)
	b.cycle()
	ws := b.updates()
	if len(ws) != 1 || len(ws[0].Edits) != 1 || ws[0].Edits[0].Op != entry.Add || len(ws[0].Edits[0].Values) != 1 {
		t.Fatalf("written %+v, want one edit with one value", ws)
	}
	b.link("g", nil, refs("u7"))
	b.cycle()
	ws = b.updates()
	if len(ws) != 1 || len(ws[0].Edits) != 1 || ws[0].Edits[0].Op != entry.Remove || len(ws[0].Edits[0].Values) != 1 {
		t.Fatalf("written %+v, want one value taken out", ws)
	}
	if asked != 0 {
		t.Errorf("the target was asked %d questions", asked)
	}
	b.cycle()
	b.want()
	if got := len(b.membersOf("Staff")); got != n {
		t.Errorf("%d members, want %d", got, n)
	}
}

// TestMembersArriveInAnyOrder: whoever is provisioned later becomes a member then, without a restart (§6, late references).
func TestMembersArriveInAnyOrder(t *testing.T) {
	b := newBench(t)
	for _, id := range []string{"u1", "u2", "u3"} {
		b.user(id, id+"@x", "department=Temp") // out of scope
	}
	b.user("u4", "u4@x")
	b.group("g", "Staff", "u1", "u2", "u3", "u4")
	b.cycle()
	for i, id := range []string{"u3", "u1", "u2"} {
		if got := len(b.membersOf("Staff")); got != 1+i {
			t.Fatalf("%d members before %s arrived", got, id)
		}
		b.user(id, id+"@x", "department=")
		b.cycle()
	}
	if got := len(b.membersOf("Staff")); got != 4 {
		t.Errorf("%d members, want all", got)
	}
	b.target.Writes()
	b.cycle()
	b.want()
}

// TestRestartComparesTheWholeGroup: what somebody changed in the target by hand is put right by a restart, in the smallest edits.
func TestRestartComparesTheWholeGroup(t *testing.T) {
	b := newBench(t)
	b.people(4)
	b.group("g", "Staff", "u0", "u1", "u2")
	b.cycle()
	g := b.target.All(entry.Group)[0]
	stranger := b.theOne("userName", "p3@x").ID
	g.Attrs["members"] = append(g.Attrs["members"][1:], entry.Ref{ID: stranger})
	b.target.Put(g)
	b.target.Writes()
	b.restart()
	b.cycle()
	ws := b.updates()
	if len(ws) != 1 || len(ws[0].Edits) != 2 {
		t.Fatalf("written %+v, want one update that takes one out and puts one in", ws)
	}
	if got := b.membersOf("Staff"); len(got) != 3 || slices.Contains(got, stranger) {
		t.Errorf("members %v", got)
	}
}

// TestMembershipFailureIsRepeated: a refused membership waits in escrow and is not forgotten.
func TestMembershipFailureIsRepeated(t *testing.T) {
	b := newBench(t)
	b.people(3)
	b.group("g", "Staff", "u0")
	b.cycle()
	b.target.Before = func(verb string, e entry.Entry) error {
		if verb == "update" && e.Type == entry.Group {
			return fault.New(fault.Invalid, "update", "refused")
		}
		return nil
	}
	b.link("g", refs("u1"), nil)
	b.cycle()
	if st := b.state(); st.Last.Failed != 1 {
		t.Fatalf("%d failed", st.Last.Failed)
	}
	b.target.Before = nil
	b.link("g", refs("u2"), nil) // a change tries again at once
	b.cycle()
	if got := len(b.membersOf("Staff")); got != 3 {
		t.Errorf("%d members, want all three", got)
	}
}

// TestRenameAndMembersTogether: a group that is renamed and gains a member takes one request.
func TestRenameAndMembersTogether(t *testing.T) {
	b := newBench(t)
	b.people(2)
	b.group("g", "Staff", "u0")
	b.cycle()
	b.target.Writes()
	b.group("g", "Crew", "u0", "u1")
	b.cycle()
	ws := b.updates()
	if len(ws) != 1 || len(ws[0].Edits) != 2 {
		t.Fatalf("written %+v, want one update with both", ws)
	}
}

func TestGroupOnDemandWithSomeMembers(t *testing.T) {
	b := newBench(t)
	b.people(4)
	b.group("g", "Staff", "u0", "u1", "u2")
	rs, err := b.job.ProvisionGroup(b.ctx, "g", objects("u0", "u3"))
	if err != nil || len(rs) != 3 {
		t.Fatalf("%d records, %v", len(rs), err)
	}
	if got := b.membersOf("Staff"); len(got) != 1 || got[0] != b.theOne("userName", "p0@x").ID {
		t.Errorf("members %v, want u0 alone: u3 is none in the directory", got)
	}
	b.cycle()
	if got := b.membersOf("Staff"); len(got) != 3 {
		t.Errorf("members %v after a cycle, want all", got)
	}
}

// TestGroupOfEveryShapeConverges changes memberships at random and compares in the end.
func TestGroupOfEveryShapeConverges(t *testing.T) {
	b := newBench(t)
	b.people(30)
	b.group("g", "Staff")
	in := map[string]bool{}
	for round := range 12 {
		for i := range 30 {
			id := fmt.Sprintf("u%d", i)
			switch {
			case (i*7+round*5)%11 == 0 && !in[id]:
				b.link("g", refs(id), nil)
				in[id] = true
			case (i*3+round)%7 == 0 && in[id]:
				b.link("g", nil, refs(id))
				delete(in, id)
			}
		}
		if round%5 == 4 {
			b.restart()
		}
		b.cycle()
		if got := len(b.membersOf("Staff")); got != len(in) {
			t.Fatalf("round %d: %d members, want %d", round, got, len(in))
		}
	}
}
