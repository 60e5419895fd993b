package gldap

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
	"github.com/sallyport-id/sallyport/test/targets"
)

// TestKindsOfGroups keeps members in every attribute that directories have for them, among them classes that may not be empty.
func TestKindsOfGroups(t *testing.T) {
	for name, c := range map[string]struct {
		class, attr string
		with        map[string]string
		more        entry.Attrs
		crowded     bool
	}{
		"groupOfNames":       {"groupOfNames", "member", map[string]string{"references": "Group.member=User"}, nil, true},
		"groupOfUniqueNames": {"groupOfUniqueNames", "uniqueMember", map[string]string{"references": "Group.uniqueMember=User"}, nil, true},
		"posixGroup": {"posixGroup", "memberUid", map[string]string{"references": "Group.memberUid=User by uid"},
			entry.Attrs{"gidNumber": {int64(1000)}}, false},
	} {
		for server, start := range map[string]func(testing.TB) (*targets.LDAP, string){"OpenLDAP": targets.OpenLDAP, "389": targets.Dirsrv} {
			t.Run(name+"/"+server, func(t *testing.T) {
				crowded := c.crowded && server == "OpenLDAP" // the schema of 389 lets them be empty
				s, l, _ := opened(t, start, func(*targets.LDAP, string) map[string]string {
					with := map[string]string{"types": "User=inetOrgPerson\nGroup=" + c.class, "delta": "none"}
					if server == "389" {
						with["tls"], with["caFile"] = "none", ""
						if c.class == "posixGroup" { // an auxiliary class there
							with["types"], with["auxiliaries"] = "User=inetOrgPerson\nGroup=groupOfNames", "Group=posixGroup"
						}
					}
					for k, v := range c.with {
						with[k] = v
					}
					return with
				})
				a := entry.Attrs{"cn": {"Team"}}
				for k, v := range c.more {
					a[k] = v
				}
				g := s.mustCreate(t, "Group", a)
				members := func() []entry.Value { return s.one(t, g).Attrs[c.attr] }
				if got := members(); len(got) != 0 {
					t.Errorf("an empty group shows %v", got)
				}
				held := func() []string { return raw(t, l, g.Attrs.Text(nameDN), c.attr).GetAttributeValues(c.attr) }
				if got := held(); (len(got) == 1) != crowded {
					t.Errorf("an empty group holds %v", got)
				}
				one, two := s.mustCreate(t, "User", person(1)), s.mustCreate(t, "User", person(2))
				s.mustUpdate(t, g, add(c.attr, ref(one)))
				s.mustUpdate(t, g, add(c.attr, ref(one), ref(two)))
				if got := members(); len(got) != 2 || !slices.Contains(got, entry.Value(ref(two))) {
					t.Errorf("members %v", got)
				}
				s.mustUpdate(t, g, remove(c.attr, ref(one)), remove(c.attr, ref(two)))
				if got := members(); len(got) != 0 || (len(held()) == 1) != crowded {
					t.Errorf("emptied, the group shows %v and holds %v", got, held())
				}
				_, err := s.Update(t.Context(), "Group", connector.Anchor(g.ID), []entry.Edit{add(c.attr, entry.Ref{Type: "User", ID: "00000000-0000-0000-0000-000000000000"})})
				wantKind(t, err, fault.Invalid)
			})
		}
	}
}

// TestRangesOfMembers reads and changes a group whose members come in parts, as Active Directory shows those of more than 1,500. Samba
// only does so when it is asked to.
func TestRangesOfMembers(t *testing.T) {
	s, _, _ := opened(t, targets.Samba, ad)
	many := 300
	if os.Getenv(fullEnv) == "full" {
		many = 1600
	}
	var xs []connector.Export
	for n := range many {
		xs = append(xs, connector.Export{Op: entry.Add, Type: "User", Entry: entry.Entry{Type: "User", Attrs: someone(s, n)}})
	}
	var refs []entry.Value
	for part := range slices.Chunk(xs, 200) {
		for _, r := range s.Export(t.Context(), part) {
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			refs = append(refs, entry.Ref{Type: "User", ID: string(r.Anchor)})
		}
	}
	o, _ := s.object("Group")
	o.ask = []string{"cn", "objectGUID", fmt.Sprintf("member;range=0-%d", many/3)}
	g := s.mustCreate(t, "Group", entry.Attrs{"cn": {"Everybody"}, "member": refs})
	if got := s.one(t, g).Attrs["member"]; len(got) != many {
		t.Fatalf("%d members", len(got))
	}
	s.mustUpdate(t, g, remove("member", refs[many-1]), remove("member", refs[3]))
	imported := mustAll(t, s, "Group")
	if len(imported) != 1 || len(imported[0].Attrs["member"]) != many-2 {
		t.Errorf("import: %d groups", len(imported))
	}
	err := s.read(t.Context(), "read ranges", func(ctx context.Context, c *wire.Conn) error {
		have, err := s.held(ctx, c, g.Attrs.Text(nameDN), []string{"member;range=0-9"})
		if len(have["member"]) != many-2 {
			t.Errorf("%d members read in parts", len(have["member"]))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestReferencesFollowWhatTheyPointTo sees that members and managers go with the objects they point to where the server cares for it, and
// that a reference to something of another type, or outside the bases, is not shown.
func TestReferencesFollowWhatTheyPointTo(t *testing.T) {
	servers(t, map[string]string{"references": "Group.member=User"}, func(t *testing.T, s *session, l *targets.LDAP, _ string) {
		one, two := s.mustCreate(t, "User", someone(s, 1)), s.mustCreate(t, "User", someone(s, 2))
		inner := s.mustCreate(t, "Group", entry.Attrs{"cn": {"Inner"}, "member": {ref(one)}})
		_, err := s.Create(t.Context(), entry.Entry{Type: "Group", Attrs: entry.Attrs{"cn": {"Outer"}, "member": {entry.Ref{Type: "Group", ID: inner.ID}}}})
		wantKind(t, err, fault.Invalid)
		s.mustUpdate(t, inner, add("member", ref(two)))
		if err := s.Delete(t.Context(), "User", connector.Anchor(one.ID)); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool {
			got := s.one(t, inner).Attrs["member"]
			return len(got) == 1 && got[0] == ref(two)
		})
	})
}
