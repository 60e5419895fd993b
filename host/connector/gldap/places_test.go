package gldap

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/test/targets"
)

// servers runs a test on each server; with adds settings.
func servers(t *testing.T, with map[string]string, f func(t *testing.T, s *session, l *targets.LDAP, container string)) {
	for name, start := range map[string]func(testing.TB) (*targets.LDAP, string){"OpenLDAP": targets.OpenLDAP, "389": targets.Dirsrv, "Samba": targets.Samba} {
		t.Run(name, func(t *testing.T) {
			s, l, container := opened(t, start, func(l *targets.LDAP, container string) map[string]string {
				out := map[string]string{}
				switch name {
				case "389":
					out = plain(l, container)
				case "Samba":
					out = ad(l, container)
				}
				for k, v := range with {
					out[k] = strings.ReplaceAll(v, "$C", container)
				}
				return out
			})
			f(t, s, l, container)
		})
	}
}

var accounts atomic.Int64 // their names are unique in the whole domain

// someone is a person that every server takes.
func someone(s *session, n int) entry.Attrs {
	a := person(n)
	if s.server.windows() {
		delete(a, "uid")
		a["sAMAccountName"], a["accountEnabled"] = []entry.Value{fmt.Sprintf("person-%d", accounts.Add(1))}, []entry.Value{false}
	}
	return a
}

func TestMissingContainersAreMade(t *testing.T) {
	with := map[string]string{"dn": "User=cn={cn},ou={title},ou=deep,ou=people,$C", "createContainers": "true"}
	servers(t, with, func(t *testing.T, s *session, l *targets.LDAP, container string) {
		a := someone(s, 1)
		a["title"] = []entry.Value{"Sales, East+West"}
		made := s.mustCreate(t, "User", a)
		if at := `ou=Sales\, East\+West,ou=deep,ou=people,` + container; raw(t, l, at) == nil || !strings.Contains(strings.ToLower(made.Attrs.Text(nameDN)), "ou=deep") {
			t.Errorf("%s is not there; the object is at %s", at, made.Attrs.Text(nameDN))
		}
		s.mustUpdate(t, made, replace("title", "Elsewhere"))
		if now := s.one(t, made); !strings.Contains(now.Attrs.Text(nameDN), "Elsewhere") || now.ID != made.ID {
			t.Errorf("the object did not move to a new container: %v", now)
		}
	})
	forbidden := map[string]string{"dn": "User=cn={cn},ou=nowhere,$C"}
	servers(t, forbidden, func(t *testing.T, s *session, l *targets.LDAP, container string) {
		_, err := s.Create(t.Context(), entry.Entry{Type: "User", Attrs: someone(s, 1)})
		wantKind(t, err, fault.Invalid)
		if raw(t, l, "ou=nowhere,"+container) != nil {
			t.Error("the container was made")
		}
		if !strings.Contains(fault.HintOf(err), "createContainers") {
			t.Errorf("hint %q", fault.HintOf(err))
		}
	})
}

func TestRenameAndMove(t *testing.T) {
	servers(t, nil, func(t *testing.T, s *session, l *targets.LDAP, container string) {
		boss := s.mustCreate(t, "User", someone(s, 1))
		a := someone(s, 2)
		a["manager"] = []entry.Value{ref(boss)}
		worker := s.mustCreate(t, "User", a)
		g := s.mustCreate(t, "Group", entry.Attrs{"cn": {"Team"}, "member": {ref(boss), ref(worker)}})
		naming, _, _ := strings.Cut(boss.Attrs.Text(nameDN), "=")
		s.mustUpdate(t, boss, replace(nameDN, naming+"=chief,ou=groups,"+container))
		now := s.one(t, boss)
		if keyOf(now.Attrs.Text(nameDN)) != keyOf(naming+"=chief,ou=groups,"+container) {
			t.Errorf("it stands at %s", now.Attrs.Text(nameDN))
		}
		eventually(t, func() bool { return s.one(t, worker).Attrs.First("manager") == ref(boss) })
		eventually(t, func() bool { return len(s.one(t, g).Attrs["member"]) == 2 })
	})
}

func TestDeleteSubtrees(t *testing.T) {
	for _, allowed := range []bool{false, true} {
		servers(t, map[string]string{"deleteSubtrees": fmt.Sprint(allowed), "dn": "User=cn={cn},ou=people,$C"}, func(t *testing.T, s *session, l *targets.LDAP, _ string) {
			made := s.mustCreate(t, "User", someone(s, 1))
			name := made.Attrs.Text(nameDN)
			c, err := l.Dial()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			class, naming := "applicationProcess", "cn"
			if s.server.windows() {
				class = "classStore"
			}
			for at := name; len(at) < len(name)+20; {
				at = naming + "=below," + at
				r := ldap.NewAddRequest(at, nil)
				r.Attribute("objectClass", []string{class})
				if err := c.Add(r); err != nil {
					t.Fatal(err)
				}
			}
			err = s.Delete(t.Context(), "User", connector.Anchor(made.ID))
			if allowed {
				if err != nil || raw(t, l, name) != nil {
					t.Errorf("%v", err)
				}
				return
			}
			wantKind(t, err, fault.Conflict)
			if raw(t, l, "cn=below,"+name) == nil {
				t.Error("what stands below is gone")
			}
		})
	}
}

func TestOutsideTheBasesNothingIsWrittenOrRead(t *testing.T) {
	servers(t, map[string]string{"bases": "ou=people,$C", "dn": "User=cn={cn},ou=people,$C", "delta": "none"}, func(t *testing.T, s *session, l *targets.LDAP, container string) {
		for _, name := range []string{
			"cn=x,ou=groups," + container, "cn=x," + container, "ou=people," + container, "cn=x,ou=people,ou=groups," + container,
			`cn=x\,ou=people\,` + strings.ReplaceAll(container, ",", `\,`), "cn=x,ou=people\\," + container, "", "x", "cn=x,ou=people," + container + ",dc=evil",
		} {
			a := someone(s, 1)
			a[nameDN] = []entry.Value{name}
			if name == "" {
				a[nameDN] = []entry.Value{" "}
			}
			if _, err := s.Create(t.Context(), entry.Entry{Type: "User", Attrs: a}); !fault.Is(err, fault.Invalid) {
				t.Errorf("create at %q: %v", name, err)
			}
		}
		made := s.mustCreate(t, "User", someone(s, 1))
		for _, to := range []string{"cn=x,ou=groups," + container, "cn=x," + container} {
			if _, err := s.Update(t.Context(), "User", connector.Anchor(made.ID), []entry.Edit{replace(nameDN, to)}); !fault.Is(err, fault.Invalid) {
				t.Errorf("move to %s: %v", to, err)
			}
		}
		found, err := s.Lookup(t.Context(), "User", nameDN, l.Service)
		if err != nil || len(found) != 0 {
			t.Errorf("looked beyond the base: %v %v", found, err)
		}
		for _, e := range mustAll(t, s, "User") {
			if e.ID != made.ID {
				t.Errorf("import shows %v", e)
			}
		}
	})
}
