package gldap

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/test/targets"
)

// people is LDIF of n people below ou=people.
func people(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "dn: uid=old%d,ou=people,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: old%d\ncn: Old %d\nsn: S%d\nmail: old%d@example.com\n\n", i, i, i, i, i)
	}
	return b.String()
}

// whole is the configuration of a server that the test has to itself.
func whole(l *targets.LDAP, with map[string]string) connector.Config {
	values := map[string]string{"auxiliaries": "", "dn": "User=uid={uid},ou=people," + l.Suffix + "\nGroup=cn={cn},ou=groups," + l.Suffix, "delta": "none"}
	for k, v := range with {
		values[k] = v
	}
	return config(l, l.Suffix, values)
}

func TestKilledInMidImportIsAnErrorAndTheNextOneIsWhole(t *testing.T) {
	const many = 8000
	l := targets.OpenLDAPAlone(t, targets.Slapd{NoLog: true, Data: people(many)})
	s := openedAt(t, whole(l, map[string]string{"pageSize": "500"}))
	n := 0
	var failed error
	for _, err := range s.Import(t.Context(), "User") {
		if err != nil {
			failed = err
			break
		}
		if n++; n == 300 {
			l.Kill()
		}
	}
	wantKind(t, failed, fault.Unavailable)
	if n >= many {
		t.Errorf("%d objects came from a dead server", n)
	}
	if _, err := all(t.Context(), s, "User"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("while it is down: %v", err)
	}
	if err := l.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := mustAll(t, s, "User"); len(got) != many {
		t.Errorf("%d objects after the restart, want %d", len(got), many)
	}
}

// TestKilledInMidExportTellsOfEachObject kills the server within a batch: what is said to be done is there, what is said not to have
// been tried is not, and the rest is said to be unknown and settled by looking.
func TestKilledInMidExportTellsOfEachObject(t *testing.T) {
	l := targets.OpenLDAPAlone(t, targets.Slapd{NoLog: true, Durable: true})
	via := relayTo(t, strings.TrimPrefix(l.URL, "ldap://"))
	s := openedAt(t, whole(l, map[string]string{"servers": "ldap://" + via.address, "tls": "none"}))
	const many = 400
	var xs []connector.Export
	for n := range many {
		xs = append(xs, connector.Export{Op: entry.Add, Type: "User", Entry: entry.Entry{Type: "User", Attrs: person(n)}})
	}
	via.after(60_000, func() { l.Kill() })
	results := s.Export(t.Context(), xs)
	if err := l.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	via.after(0, nil)
	count := map[string]int{}
	for n, r := range results {
		found, err := s.Lookup(t.Context(), "User", "uid", fmt.Sprintf("user%d", n))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case r.Err == nil:
			count["done"]++
			if len(found) != 1 || found[0].ID != string(r.Anchor) {
				t.Errorf("user%d is said to be %s, and there is %v", n, r.Anchor, found)
			}
		case fault.Is(r.Err, fault.Timeout):
			count["unknown"]++
			if len(found) == 0 {
				if _, err := s.Create(t.Context(), xs[n].Entry); err != nil {
					t.Errorf("user%d cannot be created after looking: %v", n, err)
				}
			}
		case fault.Is(r.Err, fault.Unavailable):
			count["not tried"]++
			if len(found) != 0 {
				t.Errorf("user%d is said not to have been tried, and is there", n)
			}
		default:
			t.Errorf("user%d: %v (%v)", n, r.Err, fault.KindOf(r.Err))
		}
	}
	if count["done"] == 0 || count["unknown"] == 0 || count["not tried"] == 0 {
		t.Errorf("the server was not killed in the middle: %v", count)
	}
}

func TestGarbageInMidImportIsAnError(t *testing.T) {
	l := targets.OpenLDAPAlone(t, targets.Slapd{NoLog: true, Data: people(3000)})
	for name, garbage := range map[string]string{"Text": "HTTP/1.1 500 oops\r\n\r\n", "LDAP that is cut": "\x30\x84\x00\x00\x00\x20\x02\x01\x05\x64", "GoodBye": "\x30\x0c\x02\x01\x00\x78\x07\x0a\x01\x34\x04\x00\x04\x00"} {
		t.Run(name, func(t *testing.T) {
			via := relayTo(t, strings.TrimPrefix(l.URL, "ldap://"))
			s := openedAt(t, whole(l, map[string]string{"servers": "ldap://" + via.address, "tls": "none"}))
			via.garbage(100_000, garbage)
			got, err := all(t.Context(), s, "User")
			wantKind(t, err, fault.Unavailable)
			if len(got) >= 3000 {
				t.Errorf("%d objects came", len(got))
			}
			if got := mustAll(t, s, "User"); len(got) != 3000 {
				t.Errorf("%d objects afterwards", len(got))
			}
		})
	}
}

// TestLimitsAndReferralsAreNotTheEndOfTheList sees that what the server withholds is an error, and never a shorter list.
func TestLimitsAndReferralsAreNotTheEndOfTheList(t *testing.T) {
	more := people(200) + "dn: cn=limited,dc=example,dc=com\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: limited\nuserPassword: s3cret-s3cret\n\n" +
		"dn: ou=elsewhere,dc=example,dc=com\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\nref: ldap://other.example.org/ou=elsewhere,dc=example,dc=com\n\n"
	l := targets.OpenLDAPAlone(t, targets.Slapd{NoLog: true, Data: more, Access: "limits dn.exact=\"cn=limited,dc=example,dc=com\" size=50\n"})
	for _, paging := range []string{"paged", "none", "vlv"} {
		s := openedAt(t, whole(l, map[string]string{"user": "cn=limited,dc=example,dc=com", "paging": paging, "pageSize": "20"}))
		got, err := all(t.Context(), s, "User")
		if paging == "vlv" && err == nil && len(got) == 200 {
			continue // OpenLDAP has no limit for views
		}
		if err == nil || len(got) >= 200 {
			t.Errorf("%s: a size limit of 50 gave %d objects and %v", paging, len(got), err)
		}
		wantKind(t, err, fault.Unavailable)
	}
	s := openedAt(t, whole(l, nil))
	if got := mustAll(t, s, "User"); len(got) != 200 {
		t.Errorf("%d objects beside a referral", len(got))
	}
	a := person(1)
	a[nameDN] = []entry.Value{"uid=x,ou=elsewhere," + l.Suffix}
	_, err := s.Create(t.Context(), entry.Entry{Type: "User", Attrs: a})
	wantKind(t, err, fault.Denied)
	if !strings.Contains(fault.HintOf(err), "other.example.org") {
		t.Errorf("hint %q", fault.HintOf(err))
	}
	for base, want := range map[string]fault.Kind{"ou=elsewhere," + l.Suffix: fault.Denied, "ou=nowhere," + l.Suffix: fault.NotFound} {
		s := openedAt(t, whole(l, map[string]string{"bases": base, "dn": ""}))
		got, err := all(t.Context(), s, "User")
		if len(got) != 0 {
			t.Errorf("%s: %v", base, got)
		}
		wantKind(t, err, want)
	}
}

func TestRefusedChangesGiveTheNameBack(t *testing.T) {
	s, l, container := opened(t, targets.OpenLDAP, nil)
	made := s.mustCreate(t, "User", person(1))
	_, err := s.Update(t.Context(), "User", connector.Anchor(made.ID), []entry.Edit{replace("uid", "renamed"), replace("mail", "kein@straße.example")})
	wantKind(t, err, fault.Invalid)
	if raw(t, l, "uid=user1,ou=people,"+container) == nil {
		t.Error("the object lost its name")
	}
	if got := s.one(t, made).Attrs.Text("uid"); got != "user1" {
		t.Errorf("uid %q", got)
	}
}

func TestSilentServerIsNotWaitedForForever(t *testing.T) {
	l := targets.OpenLDAPAlone(t, targets.Slapd{NoLog: true, Data: people(10)})
	s := openedAt(t, whole(l, map[string]string{"commandTimeout": "1s", "connectTimeout": "1s"}))
	mustAll(t, s, "User")
	draft := person(1)
	if err := l.Pause(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Resume() }()
	var err error
	for err == nil && t.Context().Err() == nil { // a process stops a little after it is told to
		_, err = all(t.Context(), s, "User")
	}
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("import: %v (%v)", err, fault.KindOf(err))
	}
	_, err = s.Create(t.Context(), entry.Entry{Type: "User", Attrs: draft})
	if !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Timeout) {
		t.Errorf("create: %v (%v)", err, fault.KindOf(err))
	}
}

// relay stands between the connector and a server, and does something after a number of bytes of the server.
type relay struct {
	address string
	seen    atomic.Int64
	mu      sync.Mutex
	limit   int64
	then    func()
	instead string
}

func relayTo(t *testing.T, target string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	r := &relay{address: listener.Addr().String()}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go r.carry(c, target)
		}
	}()
	return r
}

func (r *relay) after(bytes int64, then func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen.Store(0)
	r.limit, r.then, r.instead = bytes, then, ""
}

func (r *relay) garbage(after int64, instead string) {
	r.after(after, func() {})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.instead = instead
}

func (r *relay) carry(c net.Conn, target string) {
	defer c.Close()
	to, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer to.Close()
	go func() {
		defer c.Close()
		defer to.Close()
		_, _ = copyOf(to, c, nil)
	}()
	_, _ = copyOf(c, to, r)
}

func copyOf(to, from net.Conn, r *relay) (int64, error) {
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return 0, err
		}
		if r != nil {
			if instead, now := r.reached(int64(n)); now {
				_, err := to.Write([]byte(instead))
				return 0, err
			}
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return 0, err
		}
	}
}

// reached counts the server's bytes, and once does what is to be done; with something instead, the connection ends with that.
func (r *relay) reached(n int64) (instead string, ends bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.then == nil || r.seen.Add(n) < r.limit {
		return "", false
	}
	then := r.then
	r.then = nil
	then()
	return r.instead, r.instead != ""
}
