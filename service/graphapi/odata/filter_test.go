package odata_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/graphapi/odata"
)

// ann is somebody to filter for.
func ann(path string) []any {
	role := func(value string, on bool) odata.Object {
		return func(path string) []any {
			return map[string][]any{"value": {value}, "enabled": {on}}[path]
		}
	}
	return map[string][]any{
		"displayName": {"Ann O'Brien"}, "accountEnabled": {true}, "age": {int64(42)}, "hired": {time.Date(2020, 5, 1, 0, 0, 0, 0, time.UTC)},
		"mails": {"ann@x.example", "ann@home.example"}, "address/city": {"Rome"}, "roles": {role("reader", true), role("admin", false)},
	}[path]
}

func TestFilterMatch(t *testing.T) {
	for text, want := range map[string]bool{
		"displayName eq 'ann o''brien'": true, "displayName eq 'Ann'": false, "displayName ne 'Ann'": true, "displayName gt 'Ann'": true, "displayName lt 'ann'": false,
		"startswith(displayName,'ann')": true, "endswith(displayName,'BRIEN')": true, "contains(displayName,'o''')": true, "startswith(displayName, 'x') eq true": false,
		"accountEnabled eq true": true, "accountEnabled eq false": false, "accountEnabled": false, "nothing eq null": true, "displayName eq null": false, "nothing ne null": false,
		"age ge 42": true, "age gt 42": false, "age lt 43 and age le 42": true, "hired ge 2020-05-01": true, "hired lt 2020-05-01T00:00:00Z": false, "hired eq 2020-05-01T02:00:00+02:00": true,
		"displayName in ('x','ANN O''BRIEN')": true, "age in (1,2)": false, "tolower(displayName) eq 'ann o''brien'": true,
		"mails/any(m:m eq 'ANN@home.example')": true, "mails/any(m:startswith(m,'bob'))": false, "mails/all(m:startswith(m,'ann'))": true, "mails/any()": true, "nothing/any()": false,
		"nothing/all(n:n eq 'x')": true, "mails/$count eq 2": true, "mails/$count gt 2": false, "address/city eq 'rome'": true,
		"roles/any(r:r/value eq 'reader' and r/enabled eq true)": true, "roles/any(r:r/value eq 'admin' and r/enabled eq true)": false,
		"not (age eq 42)": false, "not startswith(displayName,'x') and age eq 42": true, "age eq 1 or age eq 2 or age eq 42": true, "age eq 42 or age eq 1 and age eq 2": true,
		"(age eq 42 or age eq 1) and age eq 2": false, "AGE eq 42": false, "age EQ 42 AND accountEnabled Eq TRUE": true,
	} {
		f, err := odata.ParseFilter(text)
		if text == "accountEnabled" { // a property alone is no condition
			if err == nil {
				t.Errorf("%s was understood", text)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := f.Match(ann, true); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
	f, err := odata.ParseFilter("displayName eq 'ann o''brien'")
	if err != nil || f.Match(ann, false) {
		t.Errorf("without folding the case counts: %v", err)
	}
	if !(*odata.Filter)(nil).Match(ann, true) {
		t.Error("no filter lets everybody pass")
	}
}

func TestFilterRefuses(t *testing.T) {
	for _, text := range []string{
		"", " ", "a", "a eq", "eq 'x'", "a eq 'x", "a eq x", "a like 'x'", "(a eq 1", "a eq 1)", "a eq 1 b eq 2", "not", "a in ()", "a in (1", "a in 1", "startswith(a)", "startswith(a,1)", "foo(a,'x')",
		"a/any(", "a/any(b)", "a/any(b:", "a/any(b:b eq 1", "a/any(b:b/any(c:c eq 1))", "a//b eq 1", "a eq 'x' and", "';DROP TABLE x;--", "a\x00 eq 1", "é eq 1 €",
		strings.Repeat("(", 100) + "a eq 1" + strings.Repeat(")", 100), strings.Repeat("not ", 100) + "a eq 1", strings.Repeat("a eq 1 or ", 600) + "a eq 1",
		"a in (" + strings.Repeat("1,", 600) + "1)", "a eq '" + strings.Repeat("x", odata.MaxText) + "'",
	} {
		if _, err := odata.ParseFilter(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.60q: %v", text, err)
		} else if len(err.Error()) > 500 {
			t.Errorf("%.60q: the message has %d bytes", text, len(err.Error()))
		}
	}
}

func TestFilterTells(t *testing.T) {
	for text, want := range map[string]struct {
		paths, equal string
		prefix       string
		advanced     bool
	}{
		"id eq 'a'":                          {"id", "a", "", false},
		"id eq 'a' or id eq 'b'":             {"id id", "a b", "", false},
		"id eq 'a' or name eq 'b'":           {"id name", "-", "", false},
		"id in ('a','b') and name eq 'c'":    {"id name", "a b", "", false},
		"not (id eq 'a')":                    {"id", "-", "", true},
		"startswith(id,'a') and name eq 'c'": {"id name", "-", "a", false},
		"startswith(id,'a') or name eq 'c'":  {"id name", "-", "", false},
		"id ne 'a'":                          {"id", "-", "", true},
		"endswith(id,'a')":                   {"id", "-", "", true},
		"mails/$count eq 1":                  {"mails", "-", "", true},
		"roles/any(r:r/value eq 'x')":        {"roles roles/value", "-", "", false},
		"x/any(id:id eq 'a')":                {"x x", "-", "", false},
	} {
		f, err := odata.ParseFilter(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		ids, ok := f.Equal("ID")
		if got := strings.Join(ids, " "); ok != (want.equal != "-") || ok && got != want.equal {
			t.Errorf("%s: equal %q %t", text, got, ok)
		}
		if got, ok := f.Prefix("id"); ok != (want.prefix != "") || ok && got != want.prefix {
			t.Errorf("%s: prefix %q", text, got)
		}
		if got := strings.Join(f.Paths(), " "); got != want.paths || f.Advanced() != want.advanced {
			t.Errorf("%s: paths %q, advanced %t", text, got, f.Advanced())
		}
	}
	f, err := odata.ParseFilter("at ge 2020-01-01 and at lt 2021-01-01 and (at gt 2022-01-01 or x eq 1)")
	if err != nil {
		t.Fatal(err)
	}
	if low, high := f.Bounds("at"); low != time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC) || high != time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC) {
		t.Errorf("bounds %v %v", low, high)
	}
}

func TestOptions(t *testing.T) {
	if got, err := odata.ParseSelect(" id , displayName,,id"); err != nil || !slices.Equal(got, []string{"id", "displayName"}) {
		t.Errorf("select %v %v", got, err)
	}
	if got, err := odata.ParseOrder("displayName desc, id"); err != nil || !slices.Equal(got, []odata.Order{{Path: "displayName", Desc: true}, {Path: "id"}}) {
		t.Errorf("order %v %v", got, err)
	}
	got, err := odata.ParseExpand("manager($select=id,displayName;$levels=1), members")
	if err != nil || len(got) != 2 || got[0].Name != "manager" || !slices.Equal(got[0].Select, []string{"id", "displayName"}) || got[1].Name != "members" {
		t.Errorf("expand %v %v", got, err)
	}
	for _, bad := range []string{"a sideways", "a desc desc", "a,", ";", "a,b,c,d,e,f"} {
		if _, err := odata.ParseOrder(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("order %q: %v", bad, err)
		}
	}
	for _, bad := range []string{"a(", "a)", "((a))(", "a(b(c(d)))", "'"} {
		if _, err := odata.ParseExpand(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("expand %q: %v", bad, err)
		}
	}
	for _, bad := range []string{"a b", "'", "a(b)"} {
		if _, err := odata.ParseSelect(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("select %q: %v", bad, err)
		}
	}
}

func TestSearch(t *testing.T) {
	for text, want := range map[string]bool{
		`"displayName:o'br"`: true, `"displayName:rien"`: false, `"displayName:bob"`: false, `"ann"`: true, `ann`: true, `"displayName:ann" AND "address/city:rome"`: true, `"displayName:bob" OR "displayName:ann"`: true,
		`"displayName:ann" AND NOT "address/city:rome"`: false, `"displayName:bob" OR "displayName:ann" AND "address/city:oslo"`: false,
	} {
		s, err := odata.ParseSearch(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := s.Match(ann, []string{"displayName"}); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
	for _, bad := range []string{`"`, `""`, `"a" OR`, `OR "a"`, `"displayName:"`, strings.Repeat("x", odata.MaxText+1)} {
		if _, err := odata.ParseSearch(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
	if !(*odata.Search)(nil).Match(ann, nil) {
		t.Error("no search lets everybody pass")
	}
}

// FuzzParse: whatever a client writes is understood or refused, and what was understood can be asked.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a eq 'x'", "not (a/any(b:b/c eq 1)) or startswith(a,'x')", "a in (1,'x',null)", `"a:b" AND NOT c`, "manager($select=id)", "a desc,b", "a/$count ge 2020-01-01", "((", "'''", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if x, err := odata.ParseFilter(s); err == nil {
			x.Match(ann, true)
			x.Equal("a")
			x.Prefix("a")
			x.Bounds("a")
			if len(x.Paths()) == 0 {
				t.Errorf("%q speaks of no property", s)
			}
		} else if !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", s, err)
		}
		if x, err := odata.ParseSearch(s); err == nil {
			x.Match(ann, []string{"displayName"})
		}
		_, _ = odata.ParseSelect(s) // may refuse, must not fall
		_, _ = odata.ParseOrder(s)
		_, _ = odata.ParseExpand(s)
	})
}
