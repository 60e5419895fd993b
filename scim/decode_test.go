package scim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

func TestDecodeReadsTheBody(t *testing.T) {
	rt := testUser(t)
	for _, c := range []struct {
		name string
		mode Mode
		body string
		want entry.Attrs
	}{
		{"Minimal", both, `{"schemas":["` + UserURN + `"],"userName":"u"}`, entry.Attrs{"userName": {"u"}, "active": {true}}},
		{"NamesInAnyCase", both, `{"SCHEMAS":["x"],"USERNAME":"u","DisplayName":"D","NAME":{"FamilyName":"F"},"` + strings.ToUpper(EnterpriseURN) + `":{"DEPARTMENT":"S"}}`,
			entry.Attrs{"userName": {"u"}, "displayName": {"D"}, "name": {entry.Complex{"familyName": "F"}}, ent + "department": {"S"}, "active": {true}}},
		{"ClientIDAndMetaIgnored", both, `{"schemas":["x"],"userName":"u","id":"mine","meta":{"created":"1999"},"groups":[{"value":"g"}]}`, entry.Attrs{"userName": {"u"}, "active": {true}}},
		{"NullAndEmptyAreAbsent", both, `{"schemas":["x"],"userName":"u","title":null,"roles":[],"emails":[null,{}],"name":{"givenName":null}}`, entry.Attrs{"userName": {"u"}, "active": {true}}},
		{"StringBoolean", Entra, `{"userName":"u","active":"False","emails":[{"value":"a","primary":"TRUE"}]}`,
			entry.Attrs{"userName": {"u"}, "active": {false}, "emails": {entry.Complex{"value": "a", "primary": true}}}},
		{"TwoValuesOfOneTypeAreKept", both, `{"schemas":["x"],"userName":"u","emails":[{"type":"work","value":"1"},{"type":"work","value":"2"}]}`,
			entry.Attrs{"userName": {"u"}, "active": {true}, "emails": {entry.Complex{"type": "work", "value": "1"}, entry.Complex{"type": "work", "value": "2"}}}},
		{"EqualValuesAreOne", both, `{"schemas":["x"],"userName":"u","emails":[{"value":"1"},{"value":"2"},{"value":"1"}]}`,
			entry.Attrs{"userName": {"u"}, "active": {true}, "emails": {entry.Complex{"value": "1"}, entry.Complex{"value": "2"}}}},
		{"ExtensionWithoutSchemasMember", both, `{"schemas":["` + UserURN + `"],"userName":"u","` + ECMA2HostURN + `":{"Login":"l","Age":7,"Score":2,"Photo":"AQID","Since":"2024-01-01T00:00:00","Tags":["a","b"],"Computed":"ignored"}}`,
			entry.Attrs{"userName": {"u"}, "active": {true}, host + "Login": {"l"}, host + "Age": {int64(7)}, host + "Score": {2.0}, host + "Photo": {[]byte{1, 2, 3}},
				host + "Since": {time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}, host + "Tags": {"a", "b"}}},
		{"DayAlone", both, `{"schemas":["x"],"userName":"u","` + ECMA2HostURN + `":{"Since":"9999-12-31"}}`,
			entry.Attrs{"userName": {"u"}, "active": {true}, host + "Since": {time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}}},
		{"UnknownExtensionIgnored", both, `{"schemas":["` + UserURN + `","urn:unknown"],"userName":"u","urn:unknown":{"a":"b"}}`, entry.Attrs{"userName": {"u"}, "active": {true}}},
		{"UnknownAttributeIgnored", Entra, `{"userName":"u","nope":"x","name":{"nope":"y"}}`, entry.Attrs{"userName": {"u"}, "active": {true}}},
		{"ManagerForms", Entra, `{"userName":"u","` + EnterpriseURN + `":{"manager":[{"value":"m","$ref":null}]}}`, entry.Attrs{"userName": {"u"}, "active": {true}, ent + "manager": {entry.Complex{"value": "m"}}}},
		{"DottedKeys", Entra, `{"userName":"u","name":{"givenName":"G"},"name.familyName":"F","emails[type eq \"work\"].value":"e","` + ent + `department":"D"}`,
			entry.Attrs{"userName": {"u"}, "active": {true}, "name": {entry.Complex{"givenName": "G", "familyName": "F"}}, "emails": {entry.Complex{"type": "work", "value": "e"}}, ent + "department": {"D"}}},
		{"UnicodeByteForByte", both, `{"schemas":["x"],"userName":"u","title":"e\u0301 \ud83d\ude00 ﬀ \/ \u0000"}`, entry.Attrs{"userName": {"u"}, "active": {true}, "title": {"e\u0301 😀 ﬀ / \x00"}}},
	} {
		for _, m := range modes(c.mode) {
			t.Run(c.name+"/"+m.String(), func(t *testing.T) {
				e, err := rt.Decode([]byte(c.body), m)
				if err != nil {
					t.Fatal(err)
				}
				if !sameAttrs(e.Attrs, c.want) || e.ID != "" || e.Type != entry.User {
					t.Errorf("got  %v\nwant %v", e.Attrs, c.want)
				}
			})
		}
	}
}

func TestDecodeRefused(t *testing.T) {
	rt := testUser(t)
	for _, c := range []struct {
		name, body string
		mode       Mode
		scimType   string
	}{
		{"NotJSON", `{not json`, both, InvalidSyntax},
		{"Empty", ``, both, InvalidSyntax},
		{"Array", `[]`, both, InvalidSyntax},
		{"String", `"x"`, both, InvalidSyntax},
		{"Trailing", `{"userName":"u"} x`, both, InvalidSyntax},
		{"NotUTF8", "{\"userName\":\"\xff\"}", both, InvalidSyntax},
		{"HalfSurrogate", `{"userName":"\ud800"}`, both, InvalidSyntax},
		{"ControlCharacter", "{\"userName\":\"a\nb\"}", both, InvalidSyntax},
		{"LeadingZero", `{"userName":"u","x":01}`, both, InvalidSyntax},
		{"DuplicateKey", `{"schemas":["x"],"userName":"u","USERNAME":"v"}`, both, InvalidSyntax},
		{"DuplicateNestedKey", `{"schemas":["x"],"userName":"u","name":{"givenName":"a","givenname":"b"}}`, both, InvalidSyntax},
		{"TooDeep", `{"userName":"u","x":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`, both, InvalidSyntax},
		{"FarTooDeep", strings.Repeat(`{"a":`, 100000), both, InvalidSyntax},
		{"MissingRequired", `{"schemas":["x"],"displayName":"d"}`, both, InvalidValue},
		{"EmptyRequired", `{"schemas":["x"],"userName":""}`, both, InvalidValue},
		{"StringForComplex", `{"schemas":["x"],"userName":"u","name":"x"}`, both, InvalidValue},
		{"ObjectForString", `{"schemas":["x"],"userName":{"a":1}}`, both, InvalidValue},
		{"StringForPlural", `{"schemas":["x"],"userName":"u","emails":"x"}`, both, InvalidValue},
		{"TwoPrimaries", `{"schemas":["x"],"userName":"u","emails":[{"value":"1","primary":true},{"value":"2","primary":true}]}`, both, InvalidValue},
		{"FractionForInteger", `{"schemas":["x"],"userName":"u","` + ECMA2HostURN + `":{"Age":1.5}}`, both, InvalidValue},
		{"HugeInteger", `{"schemas":["x"],"userName":"u","` + ECMA2HostURN + `":{"Age":99999999999999999999}}`, both, InvalidValue},
		{"HugeDecimal", `{"schemas":["x"],"userName":"u","` + ECMA2HostURN + `":{"Score":1e999}}`, both, InvalidValue},
		{"DayAndMore", `{"schemas":["x"],"userName":"u","` + ECMA2HostURN + `":{"Since":"9999-12-31 and on"}}`, both, InvalidValue},
		{"BadDate", `{"schemas":["x"],"userName":"u","` + ECMA2HostURN + `":{"Since":"yesterday"}}`, both, InvalidValue},
		{"BadBase64", `{"schemas":["x"],"userName":"u","` + ECMA2HostURN + `":{"Photo":"%%"}}`, both, InvalidValue},
		{"ExtensionNotObject", `{"schemas":["x"],"userName":"u","` + ECMA2HostURN + `":"x"}`, both, InvalidValue},
		{"SchemasNotArray", `{"schemas":"x","userName":"u"}`, both, InvalidSyntax},
		{"SchemasMissingStrict", `{"userName":"u"}`, Strict, InvalidSyntax},
		{"UnknownAttributeStrict", `{"schemas":["x"],"userName":"u","nope":1}`, Strict, InvalidSyntax},
		{"UnknownSubStrict", `{"schemas":["x"],"userName":"u","name":{"nope":1}}`, Strict, InvalidSyntax},
		{"StringBooleanStrict", `{"schemas":["x"],"userName":"u","active":"True"}`, Strict, InvalidValue},
		{"ObjectForPluralStrict", `{"schemas":["x"],"userName":"u","emails":{"value":"x"}}`, Strict, InvalidValue},
	} {
		for _, m := range modes(c.mode) {
			t.Run(c.name+"/"+m.String(), func(t *testing.T) {
				_, err := rt.Decode([]byte(c.body), m)
				wantRefusal(t, err, c.scimType)
			})
		}
	}
}

func TestDecodeManyKeys(t *testing.T) {
	rt := testUser(t)
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, `"k%d":1,`, i)
	}
	if _, err := rt.Decode([]byte(`{`+b.String()+`"userName":"u"}`), Entra); err != nil {
		t.Fatal(err)
	}
	_, err := rt.Decode([]byte(`{`+b.String()+`"userName":"u","K7":2}`), Entra)
	wantRefusal(t, err, InvalidSyntax)
}

func TestDecodeGroup(t *testing.T) {
	rt := testGroup(t)
	e, err := rt.Decode([]byte(`{"schemas":["`+GroupURN+`","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],"displayName":"G",
		"members":[{"value":"a","$ref":null,"type":"user"},{"value":"a"},{"value":"b"}]}`), Entra)
	want := []entry.Value{entry.Ref{Type: entry.User, ID: "a"}, entry.Ref{ID: "b"}}
	if err != nil || !entry.EqualValues(e.Attrs["members"], want) || e.Attrs["members"][0] != want[0] {
		t.Fatal(err, e.Attrs["members"])
	}
	e, err = rt.Decode([]byte(`{"displayName":"G","members[value eq \"x\"].value":"x"}`), Entra)
	if err != nil || !entry.EqualValues(e.Attrs["members"], []entry.Value{entry.Ref{ID: "x"}}) {
		t.Fatal(err, e.Attrs["members"])
	}
}

func TestRequiredAttributeOfAnExtension(t *testing.T) {
	rt, err := NewResourceType("User", "/Users", CoreUser(), Schema{ID: "urn:x", Attributes: []Attribute{{Name: "need", Required: true}, {Name: "may"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rt.Decode([]byte(`{"userName":"u"}`), Entra); err != nil {
		t.Error("demanded of a resource without the extension:", err)
	}
	_, err = rt.Decode([]byte(`{"userName":"u","urn:x":{"may":"m"}}`), Entra)
	wantRefusal(t, err, InvalidValue)
}

func TestReadServersAnswer(t *testing.T) {
	e, m, err := (*ResourceType)(nil).Read([]byte(`{"schemas":["` + UserURN + `"],"id":"7","userName":"u","active":"true","groups":[{"value":"g","display":"G"}],
		"custom":{"a":[1,2],"b":{"c":null}},"list":[1,2.5,"x"],"urn:z:User":{"Extra":"e","Nested":{"k":true}},"` + EnterpriseURN + `":{"manager":{"value":"m","displayName":"Boss"},"own":"o"},
		"title":5,"meta":{"resourceType":"User","version":"W/\"3\"","location":"https://h/Users/7","created":"2020-01-01T00:00:00Z","lastModified":"2021-01-01T00:00:00Z"}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := entry.Attrs{"userName": {"u"}, "active": {true}, "groups": {entry.Complex{"value": "g", "display": "G"}}, "custom": {entry.Complex{"a": "[1,2]"}},
		"list": {int64(1), 2.5, "x"}, "urn:z:User:Extra": {"e"}, "urn:z:User:Nested": {entry.Complex{"k": true}},
		ent + "manager": {entry.Complex{"value": "m", "displayName": "Boss"}}, ent + "own": {"o"}, "title": {int64(5)}}
	if e.ID != "7" || !sameAttrs(e.Attrs, want) {
		t.Errorf("got  %v\nwant %v", e.Attrs, want)
	}
	if m.Version != "3" || m.Location != "https://h/Users/7" || m.Created.Year() != 2020 || m.Modified.Year() != 2021 {
		t.Errorf("meta %v", m)
	}
}

func TestReadList(t *testing.T) {
	a, err := (*ResourceType)(nil).ReadList([]byte(`{"schemas":["` + ListURN + `"],"totalResults":2,"startIndex":1,"nextCursor":"c","Resources":[{"id":"1","userName":"a"},{"id":"2","schemas":["` + GroupURN + `"],"members":[{"value":"1"}]}]}`))
	if err != nil || a.Total != 2 || a.Next != "c" || len(a.Resources) != 2 || a.Resources[1].Attrs.First("members") != (entry.Ref{ID: "1"}) {
		t.Fatal(err, a)
	}
	if a, err := (*ResourceType)(nil).ReadList([]byte(`{"totalResults":0}`)); err != nil || a.Total != 0 || len(a.Resources) != 0 {
		t.Error(err, a)
	}
	for _, bad := range []string{`{}`, `[]`, `<html>`, `{"Resources":5}`, `{"Resources":[5]}`} {
		_, err := (*ResourceType)(nil).ReadList([]byte(bad))
		wantRefusal(t, err, InvalidSyntax)
	}
}
