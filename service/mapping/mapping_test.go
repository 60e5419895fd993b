package mapping

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
)

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"

func ptr(s string) *string { return &s }

func compile(t testing.TB, ms []app.Mapping, match ...app.Rule) *Mapping {
	t.Helper()
	m, err := Compile(app.Object{Source: entry.User, Target: entry.User, Mappings: ms, Match: match})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func ann() entry.Entry {
	return entry.Entry{Type: entry.User, ID: "id-1", Attrs: entry.Attrs{
		"userPrincipalName": {"ann@contoso.com"}, "givenName": {"Ann"}, "surname": {"Ødegård"}, "displayName": {"安 Ødegård ✓"}, "empty": {""},
		"manager": {entry.Ref{Type: entry.User, ID: "boss"}}, "proxyAddresses": {"a", "b"}, "level": {int64(3)}, "hired": {time.Unix(0, 0).UTC()},
		"appRoleAssignments": {entry.Complex{"value": "Admin", "displayName": "Administrators"}},
	}}
}

func TestEvaluate(t *testing.T) {
	for _, c := range []struct {
		name string
		m    app.Mapping
		in   Input
		want Output
	}{
		{"Direct", app.Mapping{Target: "displayName", Source: "displayName"}, Input{}, Output{Want: entry.Attrs{"displayName": {"安 Ødegård ✓"}}}},
		{"DirectInBrackets", app.Mapping{Target: "userName", Source: "[userPrincipalName]"}, Input{}, Output{Want: entry.Attrs{"userName": {"ann@contoso.com"}}}},
		{"DirectKeepsTypes", app.Mapping{Target: "x", Source: "level"}, Input{}, Output{Want: entry.Attrs{"x": {int64(3)}}}},
		{"DirectSeveralValues", app.Mapping{Target: "x", Source: "proxyAddresses"}, Input{}, Output{Want: entry.Attrs{"x": {"a", "b"}}}},
		{"Constant", app.Mapping{Target: "x", Constant: ptr("Employee")}, Input{}, Output{Want: entry.Attrs{"x": {"Employee"}}}},
		{"Expression", app.Mapping{Target: "x", Expression: `Join(" ", [givenName], [surname])`}, Input{}, Output{Want: entry.Attrs{"x": {"Ann Ødegård"}}}},
		{"ActiveIsBoolean", app.Mapping{Target: "active", Expression: "Not([IsSoftDeleted])"}, Input{}, Output{Want: entry.Attrs{"active": {true}}}},
		{"InactiveIsBoolean", app.Mapping{Target: "active", Expression: "Not([IsSoftDeleted])"}, Input{IsSoftDeleted: true}, Output{Want: entry.Attrs{"active": {false}}}},
		{"SwitchStaysText", app.Mapping{Target: "active", Expression: `Switch([IsSoftDeleted], , "False", "True", "True", "False")`}, Input{IsSoftDeleted: true}, Output{Want: entry.Attrs{"active": {"False"}}}},
		{"AccountEnabledAbsent", app.Mapping{Target: "active", Source: "accountEnabled"}, Input{}, Output{Want: entry.Attrs{"active": {true}}}},
		{"ObjectID", app.Mapping{Target: "externalId", Source: "objectId"}, Input{}, Output{Want: entry.Attrs{"externalId": {"id-1"}}}},
		{"ObjectIDInExpression", app.Mapping{Target: "externalId", Expression: `"x" & [id]`}, Input{}, Output{Want: entry.Attrs{"externalId": {"xid-1"}}}},
		{"NullIsLeftOut", app.Mapping{Target: "x", Source: "nothing"}, Input{}, Output{Want: entry.Attrs{}, Notes: []string{"x: the source has no value"}}},
		{"NullIsCleared", app.Mapping{Target: "x", Source: "nothing", ClearNull: true}, Input{}, Output{Want: entry.Attrs{"x": {}}}},
		{"EmptyIsCleared", app.Mapping{Target: "x", Source: "empty", ClearNull: true}, Input{}, Output{Want: entry.Attrs{"x": {}}}},
		{"NullIsNotClearedAtCreate", app.Mapping{Target: "x", Source: "nothing", ClearNull: true}, Input{Creating: true}, Output{Want: entry.Attrs{}, Notes: []string{"x: the source has no value"}}},
		{"EmptyFlows", app.Mapping{Target: "x", Source: "empty"}, Input{}, Output{Want: entry.Attrs{"x": {""}}}},
		{"DefaultAtCreate", app.Mapping{Target: "x", Source: "nothing", Default: "Staff"}, Input{Creating: true}, Output{Want: entry.Attrs{"x": {"Staff"}}}},
		{"NoDefaultAtUpdate", app.Mapping{Target: "x", Source: "nothing", Default: "Staff"}, Input{}, Output{Want: entry.Attrs{}, Notes: []string{"x: the source has no value"}}},
		{"NoDefaultWhenIgnored", app.Mapping{Target: "x", Expression: "IgnoreFlowIfNullOrEmpty([nothing])", Default: "Staff"}, Input{Creating: true}, Output{Want: entry.Attrs{}, Notes: []string{"x: the expression says to leave it out"}}},
		{"AddOnlyAtCreate", app.Mapping{Target: "x", Source: "givenName", Flow: app.OnCreate}, Input{Creating: true}, Output{Want: entry.Attrs{"x": {"Ann"}}}},
		{"AddOnlyAtUpdate", app.Mapping{Target: "x", Source: "givenName", Flow: app.OnCreate}, Input{}, Output{Want: entry.Attrs{}, Notes: []string{"x: only written when the object is created"}}},
		{"MultiValueAddOnly", app.Mapping{Target: "x", Source: "proxyAddresses", Flow: app.AddValueOnly}, Input{}, Output{Want: entry.Attrs{"x": {"a", "b"}}, AddOnly: map[string]bool{"x": true}}},
		{"RolesAreAdded", app.Mapping{Target: "roles", Expression: "AppRoleAssignmentsComplex([appRoleAssignments])"}, Input{}, Output{
			Want:    entry.Attrs{"roles": {entry.Complex{"primary": false, "type": "WindowsAzureActiveDirectoryRole", "displayName": "Administrators", "value": "Admin"}}},
			AddOnly: map[string]bool{"roles": true},
		}},
		{"Reference", app.Mapping{Target: enterprise + "manager", Source: "manager"}, Input{}, Output{Want: entry.Attrs{}, Refs: []Ref{{Attr: enterprise + "manager", Single: true, IDs: []string{"boss"}}}}},
		{"ReferenceByExpression", app.Mapping{Target: "boss", Expression: "Coalesce([manager], [other])"}, Input{}, Output{Want: entry.Attrs{}, Refs: []Ref{{Attr: "boss", IDs: []string{"boss"}}}}},
		{"NoReferencesAtUpdate", app.Mapping{Target: "members", Source: "members"}, Input{}, Output{Want: entry.Attrs{}, Refs: []Ref{{Attr: "members", IDs: []string{}}}}},
		{"NoReferencesAtCreate", app.Mapping{Target: "members", Source: "members"}, Input{Creating: true}, Output{Want: entry.Attrs{}, Notes: []string{"members: the source has no value"}}},
		{"Redacted", app.Mapping{Target: "password", Expression: `Redact("x" & [givenName])`}, Input{}, Output{Want: entry.Attrs{"password": {"xAnn"}}, Redacted: map[string]bool{"password": true}}},
		{"IgnoreObject", app.Mapping{Target: "objectFilter", Expression: "IgnoreObjectFlow"}, Input{}, Output{Want: entry.Attrs{}, IgnoreObject: true, Notes: []string{"objectFilter: the expression says to leave the object alone"}}},
		{"ObjectFilterIsNeverWritten", app.Mapping{Target: "objectFilter", Expression: `IIF([level] = 3, "False", IgnoreObjectFlow)`}, Input{}, Output{Want: entry.Attrs{}}},
		{"RandomAtCreate", app.Mapping{Target: "x", Expression: "Guid()"}, Input{Creating: true, Rand: bytes.NewReader(make([]byte, 16))}, Output{Want: entry.Attrs{"x": {"00000000-0000-4000-8000-000000000000"}}}},
		{"RandomAtUpdate", app.Mapping{Target: "x", Expression: "Guid()"}, Input{}, Output{Want: entry.Attrs{}, Notes: []string{"x: the expression says to leave it out"}}},
		{"DefaultDomain", app.Mapping{Target: "x", Expression: `"a@" & DefaultDomain()`}, Input{DefaultDomain: "contoso.com"}, Output{Want: entry.Attrs{"x": {"a@contoso.com"}}}},
		{"Unique", app.Mapping{Target: "x", Expression: `SelectUniqueValue([givenName], [givenName] & "2")`}, Input{Creating: true, Taken: func(attr, v string) (bool, error) { return attr == "x" && v == "Ann", nil }}, Output{Want: entry.Attrs{"x": {"Ann2"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.Source = ann()
			got, err := compile(t, []app.Mapping{c.m}).Evaluate(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(ann(), c.in.Source); diff != "" {
				t.Errorf("the source was changed: %s", diff)
			}
		})
	}
}

func TestGuestPrincipalName(t *testing.T) {
	m := compile(t, []app.Mapping{{Target: "userName", Source: "userPrincipalName"}, {Target: "raw", Expression: "[originalUserPrincipalName]"}})
	for raw, home := range map[string]string{
		"bob_smith_fabrikam.com#EXT#@contoso.com": "bob_smith@fabrikam.com", "ann@contoso.com": "ann@contoso.com", "odd#EXT#@contoso.com": "odd#EXT#@contoso.com",
	} {
		out, err := m.Evaluate(Input{Source: entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userPrincipalName": {raw}}}})
		if err != nil || out.Want.Text("userName") != home || out.Want.Text("raw") != raw {
			t.Errorf("%s became %v (%v)", raw, out.Want, err)
		}
	}
}

func TestFailuresNameTargetAndExpression(t *testing.T) {
	unavailable := fault.New(fault.Unavailable, "find", "the host is away")
	for _, c := range []struct {
		name string
		m    app.Mapping
		kind fault.Kind
		want string
	}{
		{"BadDate", app.Mapping{Target: "hireDate", Expression: "CDate([givenName])"}, fault.Invalid, `map hireDate: from CDate([givenName]): evaluate the expression: CDate of [givenName]: "Ann" is not a date`},
		{"RedactedHidesValueAndExpression", app.Mapping{Target: "password", Expression: `Redact(CDate([givenName] & "secret"))`}, fault.Invalid, `map password: from [Redact]: evaluate the expression: CDate of [givenName]: [Redact] is not a date`},
		{"TargetAway", app.Mapping{Target: "x", Expression: `SelectUniqueValue("a", "b")`}, fault.Unavailable, "the host is away"},
		{"MixedReferences", app.Mapping{Target: "x", Source: "mixed"}, fault.Invalid, "map x: from [mixed]: the source mixes references and other values"},
		{"SeveralManagers", app.Mapping{Target: "manager", Source: "managers"}, fault.Invalid, "the source has 2 references, the target holds one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := ann()
			src.Attrs["mixed"] = []entry.Value{entry.Ref{ID: "1"}, "2"}
			src.Attrs["managers"] = []entry.Value{entry.Ref{ID: "1"}, entry.Ref{ID: "2"}}
			in := Input{Source: src, Creating: true, Taken: func(_, _ string) (bool, error) { return false, unavailable }}
			out, err := compile(t, []app.Mapping{{Target: "userName", Source: "userPrincipalName"}, c.m}).Evaluate(in)
			if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if out.Want != nil {
				t.Errorf("a part would be written: %v", out.Want)
			}
		})
	}
}

func TestCompileReportsEveryMistake(t *testing.T) {
	_, err := Compile(app.Object{
		Mappings: []app.Mapping{
			{Target: "a", Expression: "Join("},
			{Target: "b", Expression: `Switch([manager], , "x", "y")`},
			{Target: "c", Source: "appRoleAssignments"},
			{Target: "d"},
			{Target: "e", Expression: `SelectUniqueValue([x], [y])`},
		},
		Match: []app.Rule{{Precedence: 1, Target: "e"}, {Precedence: 2, Target: "gone"}, {Precedence: 3, Target: "f", Source: "Nope([x])"}},
	})
	if !fault.Is(err, fault.Invalid) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{
		"map a: parse the expression: line 1, column 6: the expression ends too early",
		"map b: [manager] is a reference, which Switch cannot handle",
		"map c: [appRoleAssignments] cannot be mapped directly",
		"map d: the mapping has neither source nor constant nor expression",
		"map e (match rule of precedence 1): SelectUniqueValue cannot be matched by",
		"map gone (match rule of precedence 2): the match rule's target is not mapped",
		"map f (match rule of precedence 3): parse the expression: line 1, column 1: there is no function Nope",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is missing in\n%v", want, err)
		}
	}
}

func TestMatchValue(t *testing.T) {
	m := compile(t,
		[]app.Mapping{{Target: "userName", Source: "userPrincipalName"}, {Target: "nick", Source: "empty"}, {Target: "level", Source: "level", Flow: app.OnCreate}},
		app.Rule{Precedence: 1, Target: "userName"}, app.Rule{Precedence: 2, Target: "externalId", Source: "[objectId]"}, app.Rule{Precedence: 3, Target: "x", Source: "givenName"},
		app.Rule{Precedence: 4, Target: "nick"}, app.Rule{Precedence: 5, Target: "y", Source: "nothing"}, app.Rule{Precedence: 6, Target: "level"}, app.Rule{Precedence: 7, Target: "z", Source: "CDate([givenName])"},
	)
	for i, want := range []entry.Value{"ann@contoso.com", "id-1", "Ann", nil, nil, int64(3)} {
		got, ok, err := m.MatchValue(i, Input{Source: ann()})
		if err != nil || got != want || ok != (want != nil) {
			t.Errorf("rule %d yields %v %t %v, want %v", i, got, ok, err, want)
		}
	}
	if _, _, err := m.MatchValue(6, Input{Source: ann()}); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want a failed expression", err)
	}
	if _, _, err := m.MatchValue(7, Input{}); !fault.Is(err, fault.Internal) {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestListings(t *testing.T) {
	m := compile(t, []app.Mapping{{Target: "userName", Source: "userPrincipalName"}, {Target: "x", Expression: `join("-", [a], [b], Guid())`}}, app.Rule{Precedence: 1, Target: "q", Source: "[objectId]"})
	if diff := cmp.Diff([]string{"a", "b", "objectId", "userPrincipalName"}, m.Attributes()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"x: the function join is usually written Join", "x: Guid yields a value only when the object is created; say so with flow ObjectAddOnly"}, m.Lint()); diff != "" {
		t.Error(diff)
	}
	if m.HasSoftDelete() || !compile(t, []app.Mapping{{Target: "active", Expression: "Not([IsSoftDeleted])"}}).HasSoftDelete() {
		t.Error("HasSoftDelete is wrong")
	}
}

func TestCallerMayAppendToWant(t *testing.T) {
	src := ann()
	backing := []entry.Value{"a", "b", "untouched"}
	src.Attrs["proxyAddresses"] = backing[:2]
	out, err := compile(t, []app.Mapping{{Target: "x", Source: "proxyAddresses"}}).Evaluate(Input{Source: src})
	if err != nil {
		t.Fatal(err)
	}
	if got := append(out.Want["x"], "c"); len(got) != 3 || backing[2] != "untouched" {
		t.Errorf("the source was changed: %v", backing)
	}
}

// twelve are the mappings most applications have.
var twelve = []app.Mapping{
	{Target: "userName", Source: "userPrincipalName"}, {Target: "active", Expression: "Not([IsSoftDeleted])"}, {Target: "displayName", Source: "displayName"},
	{Target: "title", Source: "jobTitle"}, {Target: `emails[type eq "work"].value`, Source: "mail"}, {Target: "name.givenName", Source: "givenName"},
	{Target: "name.familyName", Source: "surname"}, {Target: "name.formatted", Expression: `Join(" ", [givenName], [surname])`}, {Target: "externalId", Source: "mailNickname"},
	{Target: enterprise + "employeeNumber", Source: "employeeId"}, {Target: enterprise + "department", Source: "department"}, {Target: enterprise + "manager", Source: "manager"},
}

func BenchmarkTwelveMappings(b *testing.B) {
	m := compile(b, twelve)
	in := Input{Source: ann()}
	for name, v := range map[string]string{"jobTitle": "Engineer", "mail": "ann@contoso.com", "mailNickname": "ann", "employeeId": "42", "department": "IT"} {
		in.Source.Attrs[name] = []entry.Value{v}
	}
	b.ReportAllocs()
	for b.Loop() {
		out, err := m.Evaluate(in)
		if err != nil || len(out.Want) != 11 || len(out.Refs) != 1 {
			b.Fatal(out, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N), "µs/user")
}
