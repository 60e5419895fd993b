package review_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/review"
)

// group stores a group with exactly the members named.
func (b *bench) group(id, name string, members ...string) {
	b.t.Helper()
	_, err := b.db.Directory().Put(b.ctx, entry.Group, id, func(e entry.Entry) (entry.Entry, error) {
		e.Attrs = entry.Attrs{}
		e.Attrs.Set(directory.DisplayName, name)
		for _, m := range members {
			e.Attrs[directory.Members] = append(e.Attrs[directory.Members], entry.Ref{Type: entry.User, ID: m})
		}
		return e, nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// membersOf are the userNames of a group's members in the target, sorted.
func (b *bench) membersOf(name string) (out []string) {
	b.t.Helper()
	hits, err := b.target.Find(b.ctx, entry.Group, "displayName", name)
	if err != nil || len(hits) != 1 {
		b.t.Fatalf("%d groups named %s (%v)", len(hits), name, err)
	}
	for _, v := range hits[0].Attrs["members"] {
		e, err := b.target.Get(b.ctx, entry.User, v.(entry.Ref).ID)
		if err != nil {
			b.t.Fatal(err)
		}
		out = append(out, e.Attrs.Text("userName"))
	}
	slices.Sort(out)
	return out
}

func TestPlanCreatesAGroupWithTheMembersItCreates(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x")
	b.user("u2", "bob@x")
	b.target.Put(entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {"bob@x"}, "active": {true}}})
	b.group("g1", "Sales", "u1", "u2")
	p := b.plan()
	if rows := b.rows(p.ID); !slices.Contains(rows, "create Sales displayName:→Sales members:→(2 references, as soon as the objects are in the target)") {
		t.Fatalf("the plan says %q", rows)
	}
	s := b.carry(p.ID)
	b.equal(b.outcomes(p.ID), []string{"applied Sales", "applied ann@x", "applied bob@x"})
	b.equal(s.Totals.Of(review.Link), 1)
	b.equal(b.membersOf("Sales"), []string{"ann@x", "bob@x"})
	b.equal(b.rows(b.plan().ID), []string(nil))
}

func TestPlanOfMembershipsIsAppliedExactly(t *testing.T) {
	b := newBench(t)
	for i := range 4 {
		b.user(fmt.Sprint("u", i), fmt.Sprintf("p%d@x", i))
	}
	b.group("g1", "Sales", "u0", "u1")
	b.cycle()
	b.group("g1", "Sales", "u1", "u2")
	p := b.plan()
	b.equal(len(b.rows(p.ID)), 1)
	b.target.Writes()
	s := b.carry(p.ID)
	b.equal(b.outcomes(p.ID), []string{"applied Sales"})
	b.equal(s.Status, review.Applied)
	b.equal(b.membersOf("Sales"), []string{"p1@x", "p2@x"})
	b.target.Writes()
	b.cycle()
	b.equal(b.writes(), []string(nil))
}

func TestMembershipsThatMovedOnAreRefused(t *testing.T) {
	b := newBench(t)
	for i := range 4 {
		b.user(fmt.Sprint("u", i), fmt.Sprintf("p%d@x", i))
	}
	b.group("g1", "Sales", "u0")
	b.group("g2", "Staff", "u0")
	b.cycle()
	b.group("g1", "Sales", "u0", "u1")
	b.group("g2", "Staff", "u0", "u1")
	p := b.plan()
	b.group("g1", "Sales", "u0", "u1", "u2") // the directory moved on
	hits, err := b.target.Find(b.ctx, entry.Group, "displayName", "Staff")
	if err != nil {
		t.Fatal(err)
	}
	hits[0].Attrs["members"] = append(hits[0].Attrs["members"], entry.Ref{Type: entry.User, ID: b.byName("p3@x").ID}) // the target did
	b.target.Put(hits[0])
	b.carry(p.ID)
	b.equal(b.outcomes(p.ID), []string{"refused Sales", "refused Staff"})
	b.equal(b.membersOf("Sales"), []string{"p0@x"})
	b.equal(b.membersOf("Staff"), []string{"p0@x", "p3@x"})
}

// More members than one request carries are planned as one and written page by page.
func TestPlanOfALargeGroup(t *testing.T) {
	b := newBench(t)
	b.apply(strings.Replace(appText, "workers: 4", "workers: 128", 1)) // waiting writers share commits
	var members []string
	var people []entry.Entry
	for i := range 1100 {
		id := fmt.Sprintf("u%04d", i)
		members = append(members, id)
		people = append(people, entry.Entry{Type: entry.User, ID: id, Attrs: entry.Attrs{directory.UserPrincipalName: {id + "@x"}}})
	}
	if err := b.db.Directory().PutMany(b.ctx, people); err != nil {
		t.Fatal(err)
	}
	b.cycle()
	b.group("g1", "All", members...)
	p := b.plan()
	b.carry(p.ID)
	b.equal(b.outcomes(p.ID), []string{"applied All"})
	b.equal(len(b.membersOf("All")), 1100)

	b.group("g1", "All", members[:100]...)
	second := b.plan()
	b.group("g1", "All", members[:101]...) // far behind the first page
	b.carry(second.ID)
	b.equal(b.outcomes(second.ID), []string{"refused All"})
	b.equal(len(b.membersOf("All")), 1100)
}
