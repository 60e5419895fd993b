package gldap

import (
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/test/targets"
)

// evil are pieces that mean something to filters, DNs, LDIF or shells.
var evil = []string{"*", "(", ")", "\\", "|", "&", "!", "=", ",", "+", "\"", "<", ">", ";", "#", " ", "/", "'", "\t", "\n", "\r", "é", "日本", "\\2a", "\\00", "\\,", "=x", "cn=", "uid=",
	"ou=groups", ")(uid=*", "*)(objectClass=*", "admin)(&", "(|(uid=*))", "dc=example,dc=com", ",ou=people", "a", "B", "0", "%", "$", "{cn}", "{", "}", "-dn-", "\u00a0", "\u200b"}

var oddSpaces = strings.NewReplacer("\u00a0", "_", "\u200b", "_", "\t", "_", "\n", "_", "\r", "_")

// seed makes a failure repeatable: it stands in its message.
func drawnFrom(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(6) {
		b.WriteString(evil[r.IntN(len(evil))])
	}
	return b.String()
}

// TestInjection stores hostile values as names, texts and members and asks for them and for their neighbours on every server: what is
// found is what a comparison in memory finds, and nothing ever stands elsewhere than below the base.
func TestInjection(t *testing.T) {
	servers(t, map[string]string{"dn": "User=cn={cn},ou=people,$C", "delta": "none"}, func(t *testing.T, s *session, l *targets.LDAP, container string) {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec
		drawn := drawnFrom
		if s.server.brand == dirsrv { // its index finds odd spaces otherwise than its own matching rule does
			drawn = func(r *rand.Rand) string { return oddSpaces.Replace(drawnFrom(r)) }
		}
		same := map[brand]func(string) string{
			openLDAP: func(x string) string { return strings.ToLower(prepare(x)) },
			dirsrv:   func(x string) string { return strings.ToLower(prepareSpaces(x)) }, active: prepareFold,
		}[s.server.brand]
		stored, count := map[string]map[string]entry.Entry{}, 0 // by name, as the server compares values; names it may compare otherwise
		for n := range 60 {
			name := drawn(r)
			a := someone(s, n)
			a["cn"] = []entry.Value{name}
			made, err := s.Create(t.Context(), entry.Entry{Type: "User", Attrs: a})
			if err != nil {
				if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Exists) {
					t.Errorf("seed %d: create %q: %v (%v)", seed, name, err, fault.KindOf(err))
				}
				continue
			}
			if d, err := parseDN(made.Attrs.Text(nameDN)); err != nil || len(d) < 3 || keyOf(d.parent().text()) != keyOf("ou=people,"+container) || len(d[0]) != 1 {
				t.Errorf("seed %d: %q stands at %q: %v", seed, name, made.Attrs.Text(nameDN), err)
			}
			if got := made.Attrs.Text("cn"); same(got) != same(name) {
				t.Errorf("seed %d: %q became %q", seed, name, got)
			}
			if stored[same(name)] == nil {
				stored[same(name)] = map[string]entry.Entry{}
			}
			stored[same(name)][made.ID] = made
			count++
		}
		if count < 20 {
			t.Fatalf("seed %d: only %d of 60 were taken", seed, count)
		}
		for n := range 120 {
			ask := drawn(r)
			if n%2 == 0 {
				for e := range flat(stored) {
					ask = e.Attrs.Text("cn")
					break
				}
			}
			found, err := s.Lookup(t.Context(), "User", "cn", ask)
			want := stored[same(ask)]
			if err != nil || len(found) != len(want) || slices.ContainsFunc(found, func(e entry.Entry) bool { return want[e.ID].ID == "" }) {
				t.Errorf("seed %d: look up %q found %v (%v), want %v", seed, ask, found, err, want)
			}
			if _, err := s.Lookup(t.Context(), "User", drawn(r)+"?", "x"); !fault.Is(err, fault.Invalid) {
				t.Errorf("seed %d: an unknown attribute: %v", seed, err)
			}
		}
		renamed := 0
		for _, e := range slices.Collect(flat(stored)) {
			to := drawn(r)
			_, err := s.Update(t.Context(), "User", connector.Anchor(e.ID), []entry.Edit{replace("cn", to)})
			now := s.one(t, e)
			if d, parsed := parseDN(now.Attrs.Text(nameDN)); parsed != nil || keyOf(d.parent().text()) != keyOf("ou=people,"+container) {
				t.Errorf("seed %d: renamed from %q to %q it stands at %q", seed, e.Attrs.Text("cn"), to, now.Attrs.Text(nameDN))
			}
			if err == nil {
				renamed++
			}
		}
		if renamed == 0 {
			t.Errorf("seed %d: no rename was taken", seed)
		}
		nothingElse(t, l, container, "ou=people,"+container, count)
	})
}

func flat(stored map[string]map[string]entry.Entry) iter.Seq[entry.Entry] {
	return func(yield func(entry.Entry) bool) {
		for _, alike := range stored {
			for _, e := range alike {
				if !yield(e) {
					return
				}
			}
		}
	}
}

// nothingElse counts the entries below a container as the administrator sees them.
func nothingElse(t *testing.T, l *targets.LDAP, container, people string, want int) {
	t.Helper()
	c, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	inPlace, err := c.Search(ldap.NewSearchRequest(people, ldap.ScopeSingleLevel, 0, 0, 0, false, "(objectClass=*)", []string{"1.1"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	everything, err := c.Search(ldap.NewSearchRequest(container, ldap.ScopeWholeSubtree, 0, 0, 0, false, "(objectClass=*)", []string{"1.1"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(inPlace.Entries) != want || len(everything.Entries) != want+3 {
		t.Errorf("%d entries in the place and %d in all, want %d", len(inPlace.Entries), len(everything.Entries), want)
	}
}

// FuzzNamesStayInside fills a DN line with anything: the result is one part longer than what stands fixed, ends in the base, reads
// back as the value, and another library reads the same.
func FuzzNamesStayInside(f *testing.F) {
	for _, s := range evil {
		f.Add(s, "x")
	}
	f.Add("a,ou=groups", "\\")
	base, _ := parseDN("ou=people,dc=example,dc=com")
	line, err := parseTemplate("cn={cn}+sn=Dr {sn},ou=people,dc=example,dc=com", []dn{base})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, cn, sn string) {
		d, err := line.make(func(name string) entry.Value { return map[string]entry.Value{"cn": cn, "sn": sn}[name] })
		if err != nil {
			if cn != "" && sn != "" {
				t.Fatalf("%q %q: %v", cn, sn, err)
			}
			return
		}
		back, err := parseDN(d.text())
		if err != nil {
			if utf8.ValidString(cn) && utf8.ValidString(sn) {
				t.Fatalf("%q cannot be read back: %v", d.text(), err)
			}
			return
		}
		if len(back) != 4 || !back.below(base) || len(back[0]) != 2 || back[0][0].value != cn || back[0][1].value != "Dr "+sn {
			t.Fatalf("%q %q became %q, which reads %v", cn, sn, d.text(), back)
		}
		if strings.ContainsRune(cn+sn, 0) || !utf8.ValidString(cn+sn) {
			return
		}
		theirs, err := ldap.ParseDN(d.text())
		if err != nil || len(theirs.RDNs) != 4 || theirs.RDNs[0].Attributes[0].Value != cn {
			t.Fatalf("another library reads %q as %v: %v", d.text(), theirs, err)
		}
	})
}

// FuzzDNs reads any text as a DN; what is read is written so that it reads the same.
func FuzzDNs(f *testing.F) {
	for _, s := range []string{"", "cn=a", `cn=a\,b,dc=x`, "cn=a+sn=b,dc=x", `cn="a,b",dc=x`, "cn=#04024869", `cn=\e6\97\a5`, "cn= a ,dc=x", "1.2.3=x", `cn=\`, "cn", "=x", "cn=a,,dc=x", "cn=a;dc=x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := parseDN(s)
		if err != nil {
			return
		}
		again, err := parseDN(d.text())
		if err != nil || again.key() != d.key() {
			t.Fatalf("%q was read as %q, and that as %q: %v", s, d.text(), again.text(), err)
		}
		if keyOf(s) != d.key() {
			t.Fatalf("%q has the keys %q and %q", s, keyOf(s), d.key())
		}
	})
}

// TestHostileTypesAndAnchors asks for objects by anchors that are none.
func TestHostileTypesAndAnchors(t *testing.T) {
	servers(t, nil, func(t *testing.T, s *session, _ *targets.LDAP, _ string) {
		s.mustCreate(t, "User", someone(s, 1))
		for _, a := range append([]string{"", "*", "x)(objectClass=*", "00000000-0000-0000-0000-000000000000", "cn=admin,dc=example,dc=com"}, evil...) {
			if err := s.Delete(t.Context(), "User", connector.Anchor(a)); !fault.Is(err, fault.NotFound) {
				t.Errorf("delete %q: %v", a, err)
			}
			if _, err := all(t.Context(), s, entry.Type(a)); err == nil {
				t.Errorf("import of the type %q", a)
			}
		}
		if n := len(mustAll(t, s, "User")); n != 1 {
			t.Errorf("%d objects are left", n)
		}
	})
}
