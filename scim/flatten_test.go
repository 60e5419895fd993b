package scim

import (
	"testing"

	"github.com/sallyport-id/sallyport/entry"
)

func TestFlatten(t *testing.T) {
	rt := testUser(t)
	e := sample()
	e.Attrs["emails"] = append(e.Attrs["emails"], entry.Complex{"type": "work", "value": "second@x.test", "display": "S"})
	e.Attrs["roles"] = []entry.Value{entry.Complex{"value": "admin", "primary": true}, entry.Complex{"value": "dev"}}
	e.Attrs["entitlements"] = []entry.Value{entry.Complex{"value": "a"}, entry.Complex{"value": "b"}}
	e.Attrs[host+"Tags"] = []entry.Value{"x", "y"}
	want := entry.Attrs{
		"userName": {"a-run@example.test"}, "externalId": {"Ext-run"}, "displayName": {`Babs "B" Jensen`}, "title": {"Tour Guide"}, "active": {true},
		"name.givenName": {"Barbara"}, "name.familyName": {"O'Malley"},
		`emails[type eq "work"].value`: {"a-run@work.test"}, `emails[type eq "work"].primary`: {true}, `emails[type eq "home"].value`: {"p+run@home.test"},
		`emails[type eq "work" and value eq "second@x.test"].value`: {"second@x.test"}, `emails[type eq "work" and value eq "second@x.test"].display`: {"S"},
		"roles.value": {"admin", "dev"}, `roles[value eq "admin"].primary`: {true}, `roles[value eq "dev"].value`: nil, "entitlements.value": {"a", "b"},
		ent + "department": {"Sales"}, ent + "employeeNumber": {"E-run"},
		ent + "manager": {"m1"}, ent + "manager.value": {"m1"}, ent + "manager.displayName": {"Boss"}, host + "Tags": {"x", "y"},
	}
	for _, rt := range []*ResourceType{rt, nil} {
		flat := Flatten(rt, e.Attrs)
		if !sameAttrs(flat, want) {
			t.Errorf("got  %v\nwant %v", flat, want)
		}
		back, err := Inflate(rt, flat)
		if err != nil || !sameAttrs(back, e.Attrs) {
			t.Errorf("%v\nback %v\nwant %v", err, back, e.Attrs)
		}
	}
}

func TestInflateMergesPathsOfOneElement(t *testing.T) {
	for name, c := range map[string]struct{ flat, want entry.Attrs }{
		"Address": {entry.Attrs{`addresses[type eq "work"].streetAddress`: {"S"}, `ADDRESSES[Type eq "work"].Locality`: {"L"}},
			entry.Attrs{"addresses": {entry.Complex{"type": "work", "streetAddress": "S", "locality": "L"}}}},
		"Name":           {entry.Attrs{"name.givenName": {"G"}, "NAME.familyName": {"F"}}, entry.Attrs{"name": {entry.Complex{"givenName": "G", "familyName": "F"}}}},
		"ManagerPlain":   {entry.Attrs{ent + "manager": {"m"}}, entry.Attrs{ent + "manager": {entry.Complex{"value": "m"}}}},
		"ManagerRef":     {entry.Attrs{ent + "manager": {entry.Ref{ID: "m"}}}, entry.Attrs{ent + "manager": {entry.Ref{ID: "m"}}}},
		"ManagerParts":   {entry.Attrs{ent + "manager": {"m"}, ent + "manager.$ref": {"r"}}, entry.Attrs{ent + "manager": {entry.Complex{"value": "m", "$ref": "r"}}}},
		"PlainPlural":    {entry.Attrs{"emails": {"a", "b"}}, entry.Attrs{"emails": {entry.Complex{"value": "a"}, entry.Complex{"value": "b"}}}},
		"Members":        {entry.Attrs{"members": {"a", entry.Ref{ID: "b"}}}, entry.Attrs{"members": {entry.Ref{ID: "a"}, entry.Ref{ID: "b"}}}},
		"TextToBoolean":  {entry.Attrs{"active": {"True"}, `emails[primary eq "True"].value`: {"e"}}, entry.Attrs{"active": {true}, "emails": {entry.Complex{"primary": true, "value": "e"}}}},
		"Empty":          {entry.Attrs{"title": {}}, entry.Attrs{}},
		"UnknownSingle":  {entry.Attrs{"custom.a": {"1"}, "custom.b": {"2"}}, entry.Attrs{"custom": {entry.Complex{"a": "1", "b": "2"}}}},
		"UnknownPlural":  {entry.Attrs{`tags[type eq "x"].value`: {"1"}, `tags[type eq "x"].note`: {"2"}}, entry.Attrs{"tags": {entry.Complex{"type": "x", "value": "1", "note": "2"}}}},
		"UnknownURN":     {entry.Attrs{"urn:z:2.0:User:attr": {"1"}, "urn:z:2.0:User:obj.sub": {"2"}}, entry.Attrs{"urn:z:2.0:User:attr": {"1"}, "urn:z:2.0:User:obj": {entry.Complex{"sub": "2"}}}},
		"UnknownInKnown": {entry.Attrs{`emails[type eq "work"].extra`: {"x"}, "name.extra": {"y"}}, entry.Attrs{"emails": {entry.Complex{"type": "work", "extra": "x"}}, "name": {entry.Complex{"extra": "y"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Inflate(nil, c.flat)
			if err != nil || !sameAttrs(got, c.want) {
				t.Errorf("%v\ngot  %v\nwant %v", err, got, c.want)
			}
		})
	}
	for _, bad := range []string{"a b", "emails[type eq", "emails[type ne \"x\"].value", EnterpriseURN, "", ".", "a..b", "a.b.c"} {
		if _, err := Inflate(nil, entry.Attrs{bad: {"x"}}); err == nil {
			t.Errorf("%q was taken for a path", bad)
		}
	}
}

func TestPathValues(t *testing.T) {
	e := sample()
	for path, want := range map[string][]entry.Value{
		"userName": {"a-run@example.test"}, "name.familyName": {"O'Malley"}, `emails[type eq "WORK"].value`: {"a-run@work.test"}, `emails[primary eq true].value`: {"a-run@work.test"},
		"emails.value": {"a-run@work.test", "p+run@home.test"}, `emails[type eq "x"].value`: nil, ent + "department": {"Sales"}, ent + "manager.value": {"m1"}, "nothing.here": nil, EnterpriseURN: nil,
	} {
		p, err := AnyPath(nil, path)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Values(e.Attrs); !entry.EqualValues(got, want) || p.String() != path {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	p, _ := AnyPath(nil, `EMAILS[type eq "work"].VALUE`)
	if p.Attr() != "emails" || p.Sub() != "value" {
		t.Error(p.Attr(), p.Sub())
	}
	if p, _ := AnyPath(nil, EnterpriseURN); p.Attr() != "" || p.Sub() != "" {
		t.Error(p)
	}
}
