package drift_test

import (
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

const groupText = `
id: hr
target: {url: "https://target.invalid/scim", secretFile: hr.secret}
objects:
  - source: User
    match: [{target: userName}]
    mappings:
      - {target: userName, source: userPrincipalName}
  - source: Group
    match: [{target: displayName}]
    mappings:
      - {target: displayName, source: displayName}
      - {target: members, source: members}
`

func (b *bench) group(id, name string, members ...string) {
	b.t.Helper()
	_, err := b.db.Directory().Put(b.ctx, entry.Group, id, func(e entry.Entry) (entry.Entry, error) {
		e.Attrs = entry.Attrs{directory.DisplayName: {name}}
		for _, m := range members {
			e.Attrs[directory.Members] = append(e.Attrs[directory.Members], entry.Ref{Type: entry.User, ID: m})
		}
		return e, nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// A membership that the directory changed and no cycle wrote yet is no drift; one that somebody added by hand is.
func TestMembershipsOfGroups(t *testing.T) {
	b := newBench(t, groupText)
	b.user("u1", "ann@x")
	b.user("u2", "bob@x")
	b.user("u3", "cyd@x")
	b.group("g1", "Sales", "u1")
	b.group("g2", "Staff", "u1", "u2")
	b.cycle()
	b.equal(b.check().Changed, 0)

	b.group("g1", "Sales", "u1", "u2")
	r := b.check()
	b.equal([]int{r.Changed, r.Pending}, []int{0, 1})

	hits, err := b.target.Find(b.ctx, entry.Group, "displayName", "Staff")
	if err != nil || len(hits) != 1 {
		t.Fatalf("%d groups (%v)", len(hits), err)
	}
	cyd := b.byName("cyd@x").ID
	hits[0].Attrs["members"] = append(hits[0].Attrs["members"], entry.Ref{Type: entry.User, ID: cyd})
	b.target.Put(hits[0])
	r = b.check()
	b.equal([]int{r.Changed, r.Pending}, []int{1, 1})
	b.equal(b.findings(), []string{"changed Staff members " + cyd + "→ open"})

	b.cycle()
	r = b.check()
	b.equal([]int{r.Changed, r.Pending}, []int{1, 0})
}
