package scim

import (
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// twelve is a user of twelve attributes, as the speed goals count them.
func twelve() (entry.Entry, Meta) {
	return entry.Entry{Type: entry.User, ID: "dS4xMjM0NTY3ODkw", Attrs: entry.Attrs{
		"userName":    {"bjensen@example.test"},
		"externalId":  {"701984"},
		"name":        {entry.Complex{"givenName": "Barbara", "familyName": "Jensen", "formatted": "Barbara Jensen"}},
		"displayName": {`Babs "B" Jensen`},
		"title":       {"Tour Guide"},
		"active":      {true},
		"locale":      {"en-US"},
		"emails": {
			entry.Complex{"value": "bjensen@example.test", "type": "work", "primary": true},
			entry.Complex{"value": "babs@home.test", "type": "home"},
		},
		"phoneNumbers":                    {entry.Complex{"value": "+1 555 0100", "type": "work"}},
		EnterpriseURN + ":department":     {"Tour Operations"},
		EnterpriseURN + ":employeeNumber": {"701984"},
		EnterpriseURN + ":manager":        {entry.Complex{"value": "dS45OTk"}},
	}}, Meta{Location: "https://host.test/ecma2host_mem/scim/Users/dS4xMjM0NTY3ODkw", Version: "3694e05e9dff590", Created: time.Unix(1e9, 0), Modified: time.Unix(1.1e9, 0)}
}

// allocsAtMost reports how often one run allocates and fails above the limit, which a change of machine does not move.
func allocsAtMost(tb testing.TB, limit float64, run func()) {
	tb.Helper()
	if n := testing.AllocsPerRun(100, run); n > limit {
		tb.Errorf("%v allocations, at most %v are wanted", n, limit)
	}
}

func TestAllocations(t *testing.T) {
	rt := testUser(t)
	e, m := twelve()
	buf := make([]byte, 0, 4096)
	f, err := rt.ParseFilter(`userName eq "bjensen@example.test"`)
	if err != nil {
		t.Fatal(err)
	}
	s := rt.SourceOf(e, m)
	t.Run("FilterParse", func(t *testing.T) {
		allocsAtMost(t, 5, func() { rt.ParseFilter(`userName eq "bjensen@example.test"`) })
	})
	t.Run("FilterMatch", func(t *testing.T) { allocsAtMost(t, 0, func() { f.Match(s) }) })
	t.Run("AppendJSON", func(t *testing.T) { allocsAtMost(t, 2, func() { rt.AppendJSON(buf, e, m, nil) }) })
}

func BenchmarkFilterParse(b *testing.B) {
	rt := testUser(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rt.ParseFilter(`userName eq "bjensen@example.test"`); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFilterMatch(b *testing.B) {
	rt := testUser(b)
	e, m := twelve()
	f, _ := rt.ParseFilter(`userName eq "BJENSEN@example.test" and emails[type eq "work" and value co "EXAMPLE"]`)
	s := rt.SourceOf(e, m)
	b.ReportAllocs()
	for b.Loop() {
		if !f.Match(s) {
			b.Fatal("no match")
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	rt := testUser(b)
	e, m := twelve()
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = rt.AppendJSON(buf[:0], e, m, nil)
	}
	b.ReportMetric(float64(len(buf)), "bytes/user")
}

func BenchmarkDecode(b *testing.B) {
	rt := testUser(b)
	e, _ := twelve()
	body := rt.AppendBody(nil, e)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rt.Decode(body, Entra); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPatch(b *testing.B) {
	rt := testUser(b)
	e, _ := twelve()
	body := []byte(`{"schemas":["` + PatchURN + `"],"Operations":[{"op":"Replace","path":"displayName","value":"New"},{"op":"Replace","path":"emails[type eq \"work\"].value","value":"new@example.test"}]}`)
	b.ReportAllocs()
	for b.Loop() {
		p, err := rt.ParsePatch(body, Entra)
		if err != nil {
			b.Fatal(err)
		}
		if _, edits, err := p.Apply(e); err != nil || len(edits) != 3 {
			b.Fatal(err, edits)
		}
	}
}

// BenchmarkPatchMember shows that one member costs the same whatever the size of the group: it is never read.
func BenchmarkPatchMember(b *testing.B) {
	rt := testGroup(b)
	e := entry.Entry{Type: entry.Group, ID: "g", Attrs: entry.Attrs{"displayName": {"G"}}}
	body := []byte(`{"schemas":["` + PatchURN + `"],"Operations":[{"op":"Add","path":"members","value":[{"$ref":null,"value":"u1"}]}]}`)
	b.ReportAllocs()
	for b.Loop() {
		p, err := rt.ParsePatch(body, Entra)
		if err != nil {
			b.Fatal(err)
		}
		if _, edits, err := p.Apply(e); err != nil || len(edits) != 1 {
			b.Fatal(err, edits)
		}
	}
}
