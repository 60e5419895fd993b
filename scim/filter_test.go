package scim

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

func TestFilterMatches(t *testing.T) {
	rt := testUser(t)
	e := sample()
	e.Attrs[host+"Age"] = []entry.Value{int64(41)}
	e.Attrs[host+"Score"] = []entry.Value{2.5}
	e.Attrs[host+"Since"] = []entry.Value{time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)}
	e.Attrs[host+"Photo"] = []entry.Value{[]byte{1, 2, 3}}
	e.Attrs[host+"Tags"] = []entry.Value{"red", "Blue"}
	e.Attrs[host+"Login"] = []entry.Value{"LOGIN"}
	s := rt.SourceOf(e, Meta{Created: time.Date(2020, 5, 5, 0, 0, 0, 0, time.UTC), Modified: time.Date(2021, 5, 5, 10, 0, 0, 0, time.UTC)})
	for _, c := range []struct {
		filter string
		want   bool
	}{
		{`userName eq "a-run@example.test"`, true},
		{`USERNAME EQ "A-RUN@EXAMPLE.TEST"`, true},
		{`  userName   eq   "a-run@example.test"  `, true},
		{`userName ne "a-run@example.test"`, false},
		{`userName sw "A-"`, true},
		{`userName ew ".TEST"`, true},
		{`userName co "RUN@"`, true},
		{`userName co ""`, true},
		{`userName gt "a"`, true},
		{`userName le "A-RUN@EXAMPLE.TEST"`, true},
		{`userName eq "a.run@example.test"`, false},
		{`userName eq "*"`, false},
		{`userName eq "x' OR '1'='1"`, false},
		{`displayName eq "Babs \"B\" Jensen"`, true},
		{`displayName co "\u0042abs"`, true},
		{`displayName eq "babs \"b\" jensen"`, true},
		{`externalId eq "Ext-run"`, true},
		{`externalId eq "EXT-run"`, false},
		{`externalId sw "Ext"`, true},
		{`externalId ew "RUN"`, false},
		{`id eq "a1"`, true},
		{`id eq "A1"`, false},
		{`title pr`, true},
		{`nickName pr`, false},
		{`nickName eq "x"`, false},
		{`nickName ne "x"`, true},
		{`nickName eq null`, true},
		{`title eq null`, false},
		{`title ne null`, true},
		{`name pr`, true},
		{`name.familyName eq "o'malley"`, true},
		{`name.middleName pr`, false},
		{`active eq true`, true},
		{`active eq "True"`, true},
		{`active ne false`, true},
		{`active eq false`, false},
		{`emails pr`, true},
		{`emails eq "a-run@work.test"`, true},
		{`emails co "HOME"`, true},
		{`emails.value eq "p+run@home.test"`, true},
		{`emails.type eq "work"`, true},
		{`emails.display ne "x"`, true},
		{`emails[type eq "work" and value co "run@work"]`, true},
		{`emails[type eq "home" and value co "run@work"]`, false},
		{`emails[type eq "work"].value eq "a-run@work.test"`, true},
		{`emails[type eq "home"].value eq "a-run@work.test"`, false},
		{`emails[type eq "work"].value pr`, true},
		{`emails[type eq "other"].value pr`, false},
		{`emails[type eq "other"].value ne "x"`, true},
		{`emails[type eq "work"].value ne "a-run@work.test"`, false},
		{`emails[type eq "work"].display eq null`, true},
		{`emails[value pr].primary ne true`, false},
		{`emails.primary ne true`, false},
		{`emails[type eq "home"].primary ne true`, true},
		{`emails[not (type eq "work")]`, true},
		{`emails[primary eq true]`, true},
		{`emails[type eq "work" and primary eq "True"]`, true},
		{`emails[type eq "work" or type eq "x"] and not (title pr and nickName pr)`, true},
		{`phoneNumbers[type eq "work"]`, false},
		{ent + `employeeNumber eq "E-run"`, true},
		{strings.ToUpper(ent) + `EMPLOYEENUMBER eq "e-RUN"`, true},
		{UserURN + `:userName eq "a-run@example.test"`, true},
		{UserURN + `:name.givenName eq "barbara"`, true},
		{`employeeNumber eq "E-run"`, true},
		{`manager eq "m1"`, true},
		{`manager.value eq "m1"`, true},
		{`manager eq "M1"`, false},
		{`id eq "a1" and ` + ent + `manager eq "m1"`, true},
		{ent + `manager.value eq "m2"`, false},
		{`manager pr`, true},
		{`userName eq "nobody" or id eq "a1"`, true},
		{`id eq "a1" or userName eq "nobody" and active eq false`, true},
		{`(id eq "a1" or userName eq "nobody") and active eq false`, false},
		{`not (id eq "a1")`, false},
		{`not(id eq "a2")and title pr`, true},
		{`meta.lastModified lt "2001-01-01T00:00:00Z"`, false},
		{`meta.lastModified eq "2021-05-05T12:00:00+02:00"`, true},
		{`meta.created ge "2020-05-05T00:00:00Z"`, true},
		{`meta.created ne "2020-05-05T00:00:00.5Z"`, true},
		{`meta.resourceType eq "User"`, true},
		{`meta.version pr`, false},
		{`schemas eq "` + EnterpriseURN + `"`, true},
		{`schemas eq "urn:x"`, false},
		{host + `Age eq 41`, true},
		{host + `Age gt 40.5`, true},
		{host + `Age lt 41`, false},
		{host + `Score eq 2.5`, true},
		{host + `Score ge 3`, false},
		{host + `Since gt "2024-01-01T12:30:00+01:00"`, true},
		{host + `Photo eq "AQID"`, true},
		{host + `Photo ne "AQID"`, false},
		{host + `Tags eq "RED"`, true},
		{host + `Tags[value eq "blue"]`, true},
		{host + `Tags[value sw "g"]`, false},
		{host + `Login eq "login"`, true},
		{`Login eq "login"`, true},
	} {
		t.Run(c.filter, func(t *testing.T) {
			f, err := rt.ParseFilter(c.filter)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Match(s); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestFilterFoldsUnicode(t *testing.T) {
	rt := testUser(t)
	for _, c := range [][3]string{
		{"STRASSE ΣΊΣΥΦΟΣ", `title eq "strasse σίσυφος"`, "true"},
		{"Kelvin \u212a", `title co " k"`, "true"},
		{"ÅNGSTRÖM", `title sw "ångs"`, "true"},
		{"ÅNGSTRÖM", `title ew "öm"`, "true"},
		{"Straße", `title eq "strasse"`, "false"}, // simple folding only
		{"ÉCOLE", `title gt "école"`, "false"},
	} {
		f, err := rt.ParseFilter(c[1])
		if err != nil {
			t.Fatal(err)
		}
		e := entry.Entry{Attrs: entry.Attrs{"title": {c[0]}}}
		if got := f.Match(rt.SourceOf(e, Meta{})); got != (c[2] == "true") {
			t.Errorf("%s on %q: %v", c[1], c[0], got)
		}
	}
}

func TestFilterRefused(t *testing.T) {
	rt := testUser(t)
	for _, c := range []struct{ filter, says string }{
		{``, "comparison is missing"},
		{`   `, "comparison is missing"},
		{`userName xx "a"`, "character 10"},
		{`userName eq bjensen`, "character 13"},
		{`userName eq "a" and`, "comparison is missing"},
		{`userName eq "a" extra`, "character 17"},
		{`userName eq`, "value is missing"},
		{`userName eq "a`, "does not end"},
		{`userName eq "\q"`, "escape"},
		{`userName eq 5`, "string in quotes"},
		{`userName eq 5x`, "quotes"},
		{`userName eq true`, "not a boolean"},
		{`userName gt null`, "null"},
		{`userName`, "operator"},
		{`userName eq"a"`, "value is missing"},
		{`emails[type eq "work"`, "not closed"},
		{`emails[type eq "work"].nope eq "x"`, "sub-attribute"},
		{`emails[type eq "work"].value`, "operator"},
		{`emails[emails[type eq "x"]]`, "not known"},
		{`emails[type[value eq "x"]]`, "brackets"},
		{`emails[nope eq "work"]`, "not known"},
		{`emails[]`, "expected"},
		{`userName[value eq "x"]`, "no values"},
		{`(userName eq "a"`, "not closed"},
		{`userName eq "a")`, "not understood"},
		{`not userName pr`, "parenthesis"},
		{`active gt true`, "eq and ne"},
		{`active gt "true"`, "eq and ne"},
		{`active eq "maybe"`, "boolean"},
		{`active eq 1`, "true or false"},
		{`name eq "x"`, "complex"},
		{`addresses co "x"`, "complex"},
		{`meta.lastModified gt "yesterday"`, "date"},
		{`meta.lastModified co "2021-05-05T12:00:00Z"`, "not text"},
		{host + `Age eq "41"`, "number"},
		{host + `Age co 4`, "not text"},
		{host + `Photo gt "AQID"`, "binary"},
		{host + `Photo eq "!"`, "binary"},
		{`nope eq "x"`, `"nope" is not known`},
		{`nope.sub eq "3f2504e0-4f89-11d3-9a0c-0305e82c3301"`, "not known"},
		{`PLACEHOLDER eq "x"`, "not known"},
		{`PLACEHOLDER ne "3f2504e0-4f89-11d3-9a0c-0305e82c3301"`, "not known"},
		{`title pr and PLACEHOLDER eq "3f2504e0-4f89-11d3-9a0c-0305e82c3301"`, "not known"},
		{`PLACEHOLDER eq "3f2504e0-4f89-11d3-9a0c-0305e82c3301" and title pr`, "not known"},
		{`password sw "a"`, "searched"},
		{`userName eq "` + strings.Repeat("a", maxFilter) + `"`, "longer"},
		{strings.Repeat("(", 33) + `title pr` + strings.Repeat(")", 33), "deeper"},
		{strings.Repeat("not (", 1000), "deeper"},
		{strings.Repeat("(", 8000), "deeper"},
	} {
		name := c.filter
		if len(name) > 60 {
			name = name[:60]
		}
		t.Run(name, func(t *testing.T) {
			_, err := rt.ParseFilter(c.filter)
			wantRefusal(t, err, InvalidFilter)
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "character ") {
				t.Errorf("says %q, want %q and a position", err, c.says)
			}
		})
	}
	t.Run("StrictStringBoolean", func(t *testing.T) {
		_, err := rt.ParseFilterIn(`active eq "False"`, Strict)
		wantRefusal(t, err, InvalidFilter)
	})
	t.Run("NestingAtTheLimit", func(t *testing.T) {
		if _, err := rt.ParseFilter(strings.Repeat("(", 32) + `title pr` + strings.Repeat(")", 32)); err != nil {
			t.Fatal(err)
		}
	})
}

func TestFilterConnectionTest(t *testing.T) {
	rt := testUser(t)
	f, err := rt.ParseFilter(`PLACEHOLDER eq "3F2504E0-4f89-11d3-9a0c-0305e82c3301" `)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := f.Probe(); ok || !f.IsUnknownProbe() || f.Match(rt.SourceOf(sample(), Meta{})) || len(f.Probes()) != 0 {
		t.Errorf("probe %v, unknown %v", ok, f.IsUnknownProbe())
	}
	if f, _ := rt.ParseFilter(`title eq "3f2504e0-4f89-11d3-9a0c-0305e82c3301"`); f.IsUnknownProbe() {
		t.Error("a known attribute is no connection test")
	}
}

func TestFilterProbe(t *testing.T) {
	user, group := testUser(t), testGroup(t)
	for _, c := range []struct {
		rt     *ResourceType
		filter string
		attr   string
		value  entry.Value
	}{
		{user, `USERNAME eq "X"`, "userName", "X"},
		{user, `title eq "t" and userName eq "x" and active eq true`, "userName", "x"},
		{user, `title eq "t" and (id eq "i" and userName eq "x")`, "id", "i"},
		{user, `externalId eq "e" and title eq "t"`, "externalId", "e"},
		{user, `emails[type eq "work" and value eq "v"]`, "emails.value", "v"},
		{user, `emails[type eq "work"].value eq "v"`, "emails.value", "v"},
		{user, `emails eq "v"`, "emails.value", "v"},
		{user, host + `login eq "v"`, host + "Login", "v"},
		{user, host + `age eq 4`, host + "Age", int64(4)},
		{user, `emails[type eq "work"].value ne "v"`, "", nil},
		{user, `emails[type eq "work" and value eq "v"].display sw "v"`, "emails.value", "v"},
		{user, `manager eq "m"`, ent + "manager.value", "m"},
		{group, `members eq "u"`, "members", entry.Ref{ID: "u"}},
		{group, `members.value eq "u"`, "members", entry.Ref{ID: "u"}},
		{group, `members[value eq "u"]`, "members", entry.Ref{ID: "u"}},
		{group, `id eq "g" and members eq "u"`, "id", "g"},
		{user, `userName eq "x" or title eq "t"`, "", nil},
		{user, `not (userName eq "x")`, "", nil},
		{user, `userName sw "x"`, "", nil},
		{user, `active eq true`, "", nil},
		{user, `meta.resourceType eq "User"`, "", nil},
	} {
		t.Run(c.filter, func(t *testing.T) {
			f, err := c.rt.ParseFilter(c.filter)
			if err != nil {
				t.Fatal(err)
			}
			attr, v, ok := f.Probe()
			if ok != (c.attr != "") || attr != c.attr || !entry.Equal(v, c.value) {
				t.Errorf("got %q %v %v", attr, v, ok)
			}
			if all := f.Probes(); ok && (all[0].Attr != attr || !entry.Equal(all[0].Value, v)) {
				t.Errorf("Probes begins with %v", all[0])
			}
		})
	}
	f, _ := user.ParseFilter(`title eq "t" and id eq "i" and userName eq "u"`)
	if all := f.Probes(); len(all) != 3 || all[0].Attr != "id" || !all[0].Exact || all[1].Attr != "userName" || all[1].Exact || all[2].Attr != "title" {
		t.Errorf("probes %v", all)
	}
}

// heldOnly is a Source that fails the test when a detached attribute is listed.
type heldOnly struct {
	t   *testing.T
	ids map[string]bool
}

func (h heldOnly) Values(attr string) []entry.Value {
	if attr == "members" {
		h.t.Error("the member list was read")
	}
	return []entry.Value{"g1"}
}

func (h heldOnly) Holds(attr, id string) bool { return attr == "members" && h.ids[id] }

func TestFilterAsksMembershipWithoutReadingIt(t *testing.T) {
	rt := testGroup(t)
	s := heldOnly{t, map[string]bool{"u1": true}}
	for filter, want := range map[string]bool{
		`members eq "u1"`:                  true,
		`members[value eq "u1"]`:           true,
		`id eq "g1" and members eq "u2"`:   false,
		`members.value eq "u1" and id pr`:  true,
		`not (members[value eq "u1"])`:     false,
		`members eq "u1" or members eq ""`: true,
	} {
		f, err := rt.ParseFilter(filter)
		if err != nil {
			t.Fatal(err)
		}
		if f.Match(s) != want {
			t.Errorf("%s: %v", filter, !want)
		}
	}
}

func TestFilterOverMembersItself(t *testing.T) {
	rt := testGroup(t)
	s := rt.SourceOf(entry.Entry{Attrs: entry.Attrs{"members": {entry.Ref{Type: "User", ID: "u1"}, entry.Ref{ID: "g2"}}}}, Meta{})
	for filter, want := range map[string]bool{
		`members[type eq "user"]`:                   true,
		`members[type eq "User" and value eq "g2"]`: false,
		`members pr`:      true,
		`members ne "u1"`: true,
		`members sw "g"`:  true,
		`members[value eq "u1" or value eq "other"]`: true,
	} {
		f, err := rt.ParseFilter(filter)
		if err != nil {
			t.Fatal(err)
		}
		if f.Match(s) != want {
			t.Errorf("%s: %v", filter, !want)
		}
	}
}

func TestLiteralStaysOneLiteral(t *testing.T) {
	rt := testUser(t)
	for _, s := range []string{`a"b`, `\`, `x" or title pr or userName eq "`, "é\n\t\x00", `+&%`, ""} {
		f, err := rt.ParseFilter(`userName eq ` + Quote(s))
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if _, v, _ := f.Probe(); v != s {
			t.Errorf("%q became %q", s, v)
		}
	}
	for want, v := range map[string]entry.Value{
		`true`: true, `5`: int64(5), `2.5`: 2.5, `"u"`: entry.Ref{ID: "u"}, `"AQI="`: []byte{1, 2}, `"v"`: entry.Complex{"value": "v"},
		`"2024-01-01T00:00:00Z"`: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		if got := Literal(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

func TestSorting(t *testing.T) {
	rt := testUser(t)
	a := rt.SourceOf(sample(), Meta{})
	low := sample()
	low.Attrs["emails"] = []entry.Value{entry.Complex{"value": "zz"}, entry.Complex{"value": "0", "primary": true}}
	low.Attrs["userName"] = []entry.Value{"B"}
	delete(low.Attrs, "title")
	b := rt.SourceOf(low, Meta{})
	for _, c := range []struct {
		by    string
		first Source
	}{{"userName", a}, {"USERNAME", a}, {"emails", b}, {"emails.value", b}, {"title", a}} {
		if got := rt.Less(a, b, c.by); got != (c.first == a) {
			t.Errorf("by %s: a first %v", c.by, got)
		}
	}
	if rt.Less(a, b, "nope") || rt.Less(a, a, "userName") || rt.SortKey(b, "title") != nil {
		t.Error("unknown, equal or absent")
	}
	for _, c := range []struct {
		a, b entry.Value
		want int
	}{{false, true, -1}, {int64(2), 1.5, 1}, {"a", nil, -1}, {nil, nil, 0}, {nil, "a", 1}, {[]byte{1}, []byte{2}, -1},
		{int64(1<<53 + 1), float64(1 << 53), 1}, {1e300, int64(5), 1}, {-1e300, int64(5), -1}} {
		if got := Compare(c.a, c.b, nil); got != c.want {
			t.Errorf("%v %v: %d", c.a, c.b, got)
		}
	}
}
