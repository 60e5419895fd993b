package scim

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

func testUser(tb testing.TB) *ResourceType {
	tb.Helper()
	host := Schema{ID: ECMA2HostURN, Name: "ECMA2Host", Attributes: []Attribute{
		{Name: "Login", Uniqueness: UniqueServer}, {Name: "Age", Type: Integer}, {Name: "Score", Type: Decimal},
		{Name: "Since", Type: DateTime}, {Name: "Photo", Type: Binary}, {Name: "Tags", MultiValued: true},
		{Name: "Stamp", Mutability: Immutable}, {Name: "Secret", Returned: ReturnedRequest}, {Name: "Computed", Mutability: ReadOnly},
	}}
	rt, err := NewResourceType(entry.User, "/Users", CoreUser(), EnterpriseUser(), host)
	if err != nil {
		tb.Fatal(err)
	}
	return rt
}

func testGroup(tb testing.TB) *ResourceType {
	tb.Helper()
	rt, err := NewResourceType(entry.Group, "/Groups", CoreGroup())
	if err != nil {
		tb.Fatal(err)
	}
	return rt
}

// ent and host shorten the URNs of paths in tables.
const (
	ent  = EnterpriseURN + ":"
	host = ECMA2HostURN + ":"
)

// sample is the rich user that the checks of the reference call A.
func sample() entry.Entry {
	return entry.Entry{Type: entry.User, ID: "a1", Attrs: entry.Attrs{
		"userName":    {"a-run@example.test"},
		"externalId":  {"Ext-run"},
		"displayName": {`Babs "B" Jensen`},
		"title":       {"Tour Guide"},
		"active":      {true},
		"name":        {entry.Complex{"givenName": "Barbara", "familyName": "O'Malley"}},
		"emails": {
			entry.Complex{"value": "a-run@work.test", "type": "work", "primary": true},
			entry.Complex{"value": "p+run@home.test", "type": "home"},
		},
		ent + "department":     {"Sales"},
		ent + "employeeNumber": {"E-run"},
		ent + "manager":        {entry.Complex{"value": "m1", "displayName": "Boss"}},
	}}
}

// wantRefusal checks that err is a fault of kind Invalid with the scimType.
func wantRefusal(tb testing.TB, err error, scimType string) {
	tb.Helper()
	r, ok := errors.AsType[*Refusal](err)
	if !ok || r.ScimType != scimType || !fault.Is(err, fault.Invalid) {
		tb.Fatalf("error %v (scimType %q), want scimType %q", err, scimTypeOf(err), scimType)
	}
	if r.Detail == "" || strings.Contains(r.Detail, "%!") {
		tb.Errorf("detail %q", r.Detail)
	}
}

func scimTypeOf(err error) string { return ErrorOf(err).ScimType }

// equalJSON compares two JSON texts as values.
func equalJSON(tb testing.TB, got []byte, want string) {
	tb.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		tb.Fatalf("not JSON: %v\n%s", err, got)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		tb.Fatalf("the test's JSON is wrong: %v", err)
	}
	if !reflect.DeepEqual(g, w) {
		tb.Errorf("got  %s\nwant %s", got, want)
	}
}
