package targets

import (
	"testing"

	"github.com/go-ldap/ldap/v3"
)

func TestOpenLDAPKeepsContainersApart(t *testing.T) {
	l, a := OpenLDAP(t)
	_, b := OpenLDAP(t)
	survives(t, l, a, b)
}

func TestDirsrvKeepsContainersApart(t *testing.T) {
	l, a := Dirsrv(t)
	_, b := Dirsrv(t)
	survives(t, l, a, b)
}

func TestSambaKeepsContainersApart(t *testing.T) {
	if testing.Short() {
		t.Skip("a domain takes ten seconds to make")
	}
	l, a := Samba(t)
	_, b := Samba(t)
	survives(t, l, a, b)
}

func TestOpenLDAPSurvivesKill(t *testing.T) {
	l := OpenLDAPAlone(t, Slapd{Durable: true})
	dn, err := l.Container()
	if err != nil {
		t.Fatal(err)
	}
	l.Kill()
	if err := l.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	count(t, l, dn, 3)
}

// survives checks that a container is there, and that another one is not within it.
func survives(t *testing.T, l *LDAP, a, b string) {
	t.Helper()
	if a == b {
		t.Fatalf("two tests share %s", a)
	}
	count(t, l, a, 3)
	count(t, l, b, 3)
}

func count(t *testing.T, l *LDAP, dn string, want int) {
	t.Helper()
	c, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.Search(ldap.NewSearchRequest(dn, ldap.ScopeWholeSubtree, 0, 0, 0, false, "(objectClass=*)", []string{"1.1"}, nil))
	if err != nil || len(r.Entries) != want {
		t.Fatalf("%v, want %d entries", err, want)
	}
}
