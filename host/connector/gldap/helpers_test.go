package gldap

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/test/targets"
)

// opened is a session in a container of its own.
func opened(t testing.TB, start func(testing.TB) (*targets.LDAP, string), with func(l *targets.LDAP, container string) map[string]string) (*session, *targets.LDAP, string) {
	t.Helper()
	l, container := start(t)
	values := map[string]string{}
	if with != nil {
		maps.Copy(values, with(l, container))
	}
	return openedAt(t, config(l, container, values)), l, container
}

func openedAt(t testing.TB, c connector.Config) *session {
	t.Helper()
	x, err := New().Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x.(*session)
}

func plain(*targets.LDAP, string) map[string]string {
	return map[string]string{"tls": "none", "caFile": ""}
}

func ad(l *targets.LDAP, container string) map[string]string {
	with := sambaSettings(container)
	with["serverName"] = l.ServerName
	return with
}

func (s *session) mustCreate(t testing.TB, kind entry.Type, a entry.Attrs) entry.Entry {
	t.Helper()
	e, err := s.Create(t.Context(), entry.Entry{Type: kind, Attrs: a})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (s *session) mustUpdate(t testing.TB, e entry.Entry, edits ...entry.Edit) {
	t.Helper()
	if _, err := s.Update(t.Context(), e.Type, connector.Anchor(e.ID), edits); err != nil {
		t.Fatal(err)
	}
}

func (s *session) one(t testing.TB, e entry.Entry) entry.Entry {
	t.Helper()
	o, err := s.object(e.Type)
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.Lookup(t.Context(), e.Type, o.anchor.Name, e.ID)
	if err != nil || len(found) != 1 {
		t.Fatalf("%v %v", found, err)
	}
	return found[0]
}

func all(ctx context.Context, s connector.Session, kind entry.Type) ([]entry.Entry, error) {
	var out []entry.Entry
	for e, err := range s.Import(ctx, kind) {
		if err != nil {
			return out, err
		}
		out = append(out, e)
	}
	return out, nil
}

func mustAll(t testing.TB, s connector.Session, kind entry.Type) []entry.Entry {
	t.Helper()
	out, err := all(t.Context(), s, kind)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// raw asks the server with another library what an entry holds; nil when it is not there.
func raw(t testing.TB, l *targets.LDAP, name string, attrs ...string) *ldap.Entry {
	t.Helper()
	c, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.Search(ldap.NewSearchRequest(name, ldap.ScopeBaseObject, 0, 0, 0, false, "(objectClass=*)", attrs, nil))
	if ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return r.Entries[0]
}

// eventually asks until it is so: OpenLDAP's overlay refint corrects references a moment after it has answered.
func eventually(t testing.TB, so func() bool) {
	t.Helper()
	for limit := time.Now().Add(2 * time.Minute); !so(); {
		if time.Now().After(limit) {
			t.Fatal("it did not come to be")
		}
	}
}

func wantKind(t testing.TB, err error, want fault.Kind) {
	t.Helper()
	if !fault.Is(err, want) || fault.HintOf(err) == "" {
		t.Errorf("%v (%v, hint %q), want %v", err, fault.KindOf(err), fault.HintOf(err), want)
	}
}

func replace(attr string, vs ...entry.Value) entry.Edit {
	return entry.Edit{Op: entry.Replace, Attr: attr, Values: vs}
}
func add(attr string, vs ...entry.Value) entry.Edit {
	return entry.Edit{Op: entry.Add, Attr: attr, Values: vs}
}
func remove(attr string, vs ...entry.Value) entry.Edit {
	return entry.Edit{Op: entry.Remove, Attr: attr, Values: vs}
}

func ref(e entry.Entry) entry.Ref { return entry.Ref{Type: e.Type, ID: e.ID} }
