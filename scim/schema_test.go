package scim

import (
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

func TestCanonicalNames(t *testing.T) {
	rt := testUser(t)
	for name, want := range map[string]string{
		"userName": "userName", "USERNAME": "userName", "name.GIVENNAME": "name.givenName", "ID": "id", "Meta.LastModified": "meta.lastModified", "EXTERNALID": "externalId",
		strings.ToUpper(UserURN) + ":UserName": "userName", UserURN + ":emails.value": "emails.value", UserURN + ":id": "id",
		strings.ToLower(ent) + "DEPARTMENT": ent + "department", "department": ent + "department", "manager.VALUE": ent + "manager.value",
		strings.ToUpper(host) + "LOGIN": host + "Login", "members": "", "nope": "", "name.nope": "", "": "", "urn:x:userName": "", EnterpriseURN: "", strings.Repeat("x", 5000): "",
	} {
		got, ok := rt.Canonical(name)
		if got != want || ok != (want != "") {
			t.Errorf("%s: %q %v, want %q", name, got, ok, want)
		}
	}
	if a, ok := rt.Attribute("emails.primary"); !ok || a.Type != Boolean {
		t.Error(a, ok)
	}
	if d := testGroup(t).Detached(); !reflect.DeepEqual(d, []string{"members"}) {
		t.Error(d)
	}
}

func TestBareNameIsNotGuessedBetweenExtensions(t *testing.T) {
	x := Schema{ID: "urn:x", Attributes: []Attribute{{Name: "same"}, {Name: "title"}}}
	y := Schema{ID: "urn:y", Attributes: []Attribute{{Name: "Same"}}}
	rt, err := NewResourceType("User", "/Users", CoreUser(), x, y)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := rt.Canonical("same"); ok {
		t.Error("an ambiguous name was resolved")
	}
	if n, _ := rt.Canonical("title"); n != "title" {
		t.Error("an extension hid a core attribute:", n)
	}
}

func TestNewResourceTypeRefuses(t *testing.T) {
	one := func(a Attribute) []Schema { return []Schema{{ID: "urn:x", Attributes: []Attribute{a}}} }
	for name, c := range map[string]struct {
		name     entry.Type
		endpoint string
		core     Schema
		ext      []Schema
	}{
		"NoName":           {"", "/Users", CoreUser(), nil},
		"EndpointNoSlash":  {"User", "Users", CoreUser(), nil},
		"SameURN":          {"User", "/Users", CoreUser(), []Schema{CoreUser()}},
		"NotURN":           {"User", "/Users", Schema{ID: "x"}, nil},
		"MalformedName":    {"User", "/Users", CoreUser(), one(Attribute{Name: "a b"})},
		"DottedName":       {"User", "/Users", CoreUser(), one(Attribute{Name: "a.b"})},
		"NestedComplex":    {"User", "/Users", CoreUser(), one(Attribute{Name: "a", Type: Complex, Sub: []Attribute{{Name: "b", Type: Complex}}})},
		"SubOfSimple":      {"User", "/Users", CoreUser(), one(Attribute{Name: "a", Sub: []Attribute{{Name: "b"}}})},
		"TwiceInOneSchema": {"User", "/Users", CoreUser(), []Schema{{ID: "urn:x", Attributes: []Attribute{{Name: "a"}, {Name: "A"}}}}},
		"TwiceInSub":       {"User", "/Users", CoreUser(), one(Attribute{Name: "a", Type: Complex, Sub: []Attribute{{Name: "b"}, {Name: "B"}}})},
		"TooManySubs":      {"User", "/Users", CoreUser(), one(Attribute{Name: "a", Type: Complex, Sub: make([]Attribute, 65)})},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewResourceType(c.name, c.endpoint, c.core, c.ext...); !fault.Is(err, fault.Invalid) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestDiscoveryRoundTrip(t *testing.T) {
	rt := testUser(t)
	for _, s := range []Schema{rt.Core, rt.Extensions[0], rt.Extensions[1], testGroup(t).Core} {
		body := AppendSchema(nil, s, "https://h/Schemas/"+s.ID)
		if strings.Contains(string(body), "null") {
			t.Error("null in a schema")
		}
		got, err := ReadSchema(body)
		if err != nil {
			t.Fatal(err)
		}
		want := s
		want.Attributes = withDefaults(s.Attributes)
		for i := range want.Attributes {
			want.Attributes[i].Default = nil // not on the wire
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %+v\nwant %+v", s.ID, got, want)
		}
	}
	equalJSON(t, rt.AppendType(nil, "https://h/ResourceTypes/User"), `{"schemas":["`+ResourceTypeURN+`"],"id":"User","name":"User","endpoint":"/Users","schema":"`+UserURN+`",
		"schemaExtensions":[{"schema":"`+EnterpriseURN+`","required":false},{"schema":"`+ECMA2HostURN+`","required":false}],"meta":{"resourceType":"ResourceType","location":"https://h/ResourceTypes/User"}}`)
}

func TestAttributeDefinitionIsComplete(t *testing.T) {
	equalJSON(t, AppendSchema(nil, Schema{ID: "urn:x", Attributes: []Attribute{{Name: "a"}}}, ""), `{"schemas":["`+SchemaURN+`"],"id":"urn:x","meta":{"resourceType":"Schema"},"attributes":[
		{"name":"a","type":"string","multiValued":false,"description":"","required":false,"caseExact":false,"mutability":"readWrite","returned":"default","uniqueness":"none"}]}`)
}

func TestCompileFromDiscovery(t *testing.T) {
	rt := testUser(t)
	list := List{Total: 1, Start: 1, Items: 1}
	types, err := ReadTypes(AppendListEnd(rt.AppendType(list.AppendHead(nil), "")))
	if err != nil || len(types) != 1 {
		t.Fatal(err, types)
	}
	schemas, err := ReadSchemas(AppendListEnd(AppendSchema(append(AppendSchema(list.AppendHead(nil), rt.Core, ""), ','), rt.Extensions[0], "")))
	if err != nil || len(schemas) != 2 {
		t.Fatal(err, schemas)
	}
	got, err := types[0].Compile(schemas)
	if err != nil || got.Name != "User" || got.Endpoint != "/Users" || len(got.Extensions) != 1 {
		t.Fatal(err, got)
	}
	_, err = types[0].Compile(schemas[1:])
	wantRefusal(t, err, InvalidSyntax)
	for _, bad := range []string{`{}`, `x`, `{"Resources":[{"name":"no id"}]}`} {
		_, err := ReadSchemas([]byte(bad))
		wantRefusal(t, err, InvalidSyntax)
	}
	if s, err := ReadSchemas([]byte(`[{"id":"urn:x","attributes":null}]`)); err != nil || len(s) != 1 {
		t.Error("a plain array is not understood:", err)
	}
}

func TestFoldAgreesWithEqualFold(t *testing.T) {
	for r := rune(0); r <= 0x1ffff; r++ {
		for n := unicode.SimpleFold(r); n != r; n = unicode.SimpleFold(n) {
			if Fold(string(r)) != Fold(string(n)) {
				t.Fatalf("%q and %q fold apart", r, n)
			}
		}
		if f := Fold(string(r)); r < 0xd800 && !strings.EqualFold(f, string(r)) {
			t.Fatalf("%q folds to %q", r, f)
		}
	}
	if Fold("ABC ÄÖ") != Fold("abc äö") || Fold("plain") != "plain" {
		t.Error("fold")
	}
}

func TestFoldedSearchInLongText(t *testing.T) {
	long := strings.Repeat("xyz ", 100) + "NEEDLE" + strings.Repeat(" Ä", 50)
	if !containsFold(long, "needle ä") || containsFold(long, "needles") || !containsFold("ab", "") || containsFold("", "a") {
		t.Error("containsFold")
	}
	if !suffixFold(long, "ä") || suffixFold("a", "ba") {
		t.Error("suffixFold")
	}
}
