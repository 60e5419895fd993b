package gldap

import (
	"maps"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/test/targets"
)

// TestWhoPointsToItself is deleted, moved and refused to be deleted like anybody else.
func TestWhoPointsToItself(t *testing.T) {
	for server, start := range map[string]func(testing.TB) (*targets.LDAP, string){"OpenLDAP": targets.OpenLDAP, "389": targets.Dirsrv} {
		t.Run(server, func(t *testing.T) {
			s, l, container := opened(t, start, func(l *targets.LDAP, _ string) map[string]string {
				if server == "389" {
					return plain(l, "")
				}
				return nil
			})
			e := s.mustCreate(t, "User", person(1))
			s.mustUpdate(t, e, replace("manager", ref(e)))
			s.mustUpdate(t, e, replace(nameDN, "uid=moved,ou=people,"+container))
			if server == "389" { // OpenLDAP's overlay corrects it a moment later
				if got := s.one(t, e).Attrs.First("manager"); got != ref(e) {
					t.Errorf("after a move the manager is %v", got)
				}
			}
			group := s.mustCreate(t, "Group", entry.Attrs{"cn": {"round"}})
			s.mustUpdate(t, group, add("member", ref(group)))
			below := maps.Clone(person(2))
			below[nameDN] = []entry.Value{"uid=below,uid=moved,ou=people," + container}
			child := s.mustCreate(t, "User", below)
			wantKind(t, s.Delete(t.Context(), "User", connector.Anchor(e.ID)), fault.Conflict)
			if server == "389" {
				if got := s.one(t, e).Attrs.First("manager"); got != ref(e) {
					t.Errorf("a delete that was refused made %v of the manager", got)
				}
			}
			for _, x := range []entry.Entry{child, e, group} {
				if err := s.Delete(t.Context(), x.Type, connector.Anchor(x.ID)); err != nil {
					t.Errorf("delete %s: %v", x.ID, err)
				}
			}
			if raw(t, l, "uid=moved,ou=people,"+container) != nil {
				t.Error("the delete left the object")
			}
			s.mustCreate(t, "User", person(1))
		})
	}
}

// TestDirsrvDeletesWhoPointsToItself where the server by itself could not: it would answer the delete with code 32, and then every write
// with code 68, until it is started anew.
func TestDirsrvDeletesWhoPointsToItself(t *testing.T) {
	l := targets.DirsrvAlone(t)
	container, err := l.Container()
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	limit := ldap.NewModifyRequest("cn=config,cn=ldbm database,cn=plugins,cn=config", nil)
	limit.Replace("nsslapd-idlistscanlimit", []string{"100"}) // the least; what happens at 4,000 entries happens at 100
	if err := c.Modify(limit); err != nil {
		t.Fatal(err)
	}
	s := openedAt(t, config(l, container, plain(l, container)))
	for n := range 150 {
		s.mustCreate(t, "User", person(n))
	}
	e := s.mustCreate(t, "User", person(1000))
	s.mustUpdate(t, e, replace("secretary", ref(e)))
	if err := s.Delete(t.Context(), "User", connector.Anchor(e.ID)); err != nil {
		t.Error(err)
	}
	s.mustCreate(t, "User", person(1000))
}
