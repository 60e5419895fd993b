package inbound_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/inbound"
)

// sample makes a value of an attribute; n tells values apart.
func sample(s *site, a scim.Attribute, n int) any {
	switch a.Type {
	case scim.Boolean:
		return n%2 == 1
	case scim.Integer:
		return n
	case scim.Decimal:
		return float64(n) + 0.5
	case scim.DateTime:
		return fmt.Sprintf("2026-01-%02dT03:04:05Z", n)
	case scim.Binary:
		return "AAECA/8="
	case scim.Complex:
		c := map[string]any{}
		for _, sub := range a.Sub {
			switch {
			case sub.Mutability == scim.ReadOnly:
			case sub.Name == "primary":
				c[sub.Name] = n == 1
			case a.Name == "manager" && sub.Name == "value":
				c[sub.Name] = s.user(fmt.Sprintf("boss%d@x", n))
			default:
				c[sub.Name] = sample(s, sub, n)
			}
		}
		return c
	}
	return fmt.Sprintf("  %s %d \"'%%_* 名🙂", a.Name, n)
}

func samples(s *site, a scim.Attribute) any {
	if a.MultiValued {
		return []any{sample(s, a, 1), sample(s, a, 2), sample(s, a, 3)}
	}
	return sample(s, a, 1)
}

// everything is a body with every advertised attribute of a type that may be written and read.
func everything(s *site, rt *scim.ResourceType) map[string]any {
	body := map[string]any{"externalId": "Ext 1"}
	put := func(into map[string]any, attrs []scim.Attribute) {
		for _, a := range attrs {
			if a.Mutability != scim.ReadOnly && a.Returned != scim.ReturnedNever && !a.Detached {
				into[a.Name] = samples(s, a)
			}
		}
	}
	put(body, rt.Core.Attributes)
	for _, x := range rt.Extensions {
		sub := map[string]any{}
		put(sub, x.Attributes)
		body[x.ID] = sub
	}
	if rt.Name == entry.User {
		body["userName"] = "Ann 'Ä' 名@example.test"
	} else {
		body["displayName"] = "Größe"
	}
	return body
}

// same fails unless the resource holds exactly what the body says.
func same(t *testing.T, body, got map[string]any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for _, server := range []string{"id", "schemas", "meta", "groups"} {
		delete(got, server)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-sent +got\n%s", d)
	}
}

func TestEveryAttributeComesBack(t *testing.T) {
	s := newSite(t)
	for _, rt := range inbound.Types() {
		t.Run(string(rt.Name), func(t *testing.T) {
			body := everything(s, rt)
			text, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			a := s.do(201, "POST", rt.Endpoint, string(text))
			id := a.id()
			same(t, body, a.doc)
			same(t, body, s.do(200, "GET", rt.Endpoint+"/"+id, "").doc)
			s.restart()
			same(t, body, s.do(200, "GET", rt.Endpoint+"/"+id, "").doc)
			again := s.do(200, "PUT", rt.Endpoint+"/"+id, string(text))
			if was := a.header.Get("ETag"); was == "" || again.header.Get("ETag") != was {
				t.Errorf("PUT of the same moved %s to %s", was, again.header.Get("ETag"))
			}
			// Cleared, only what is required is left; put back, it is all there again.
			name := map[string]any{"userName": body["userName"]}
			if rt.Name == entry.Group {
				name = map[string]any{"displayName": body["displayName"]}
			}
			least, _ := json.Marshal(name) // a map of strings always marshals
			cleared := s.do(200, "PUT", rt.Endpoint+"/"+id, string(least)).doc
			if rt.Name == entry.User {
				name["active"] = true
			}
			same(t, name, cleared)
			for attr := range s.graph(rt.Name, id).Attrs {
				switch attr {
				case directory.UserPrincipalName, directory.DisplayName, directory.AccountEnabled, directory.CreatedDateTime:
				default:
					t.Errorf("%s is still there", attr)
				}
			}
			same(t, body, s.do(200, "PUT", rt.Endpoint+"/"+id, string(text)).doc)
		})
	}
}

func TestDirectoryAttributesFollow(t *testing.T) {
	s := newSite(t)
	boss := s.user("boss@x")
	id := s.do(201, "POST", "/Users", `{"userName":"ann@x","externalId":"701","displayName":"Ann","title":"T","active":"False","preferredLanguage":"de",
		"userType":"Member","name":{"givenName":"A","familyName":"B","middleName":"M"},
		"emails":[{"type":"home","value":"h@x","primary":true},{"type":"work","value":"w@x"},{"type":"other","value":"o@x"}],
		"phoneNumbers":[{"type":"mobile","value":"1"},{"type":"work","value":"2"},{"type":"fax","value":"3"}],
		"addresses":[{"type":"other","formatted":"Room 1"},{"type":"work","streetAddress":"S","locality":"L","region":"R","postalCode":"P","country":"C"}],
		"`+scim.EnterpriseURN+`":{"employeeNumber":"E","department":"D","organization":"O","costCenter":"K","manager":{"value":"`+boss+`"}}}`).id()
	want := map[string]any{
		"userPrincipalName": "ann@x", "displayName": "Ann", "jobTitle": "T", "accountEnabled": false, "preferredLanguage": "de", "userType": "Member",
		"givenName": "A", "surname": "B", "mail": "w@x", "proxyAddresses": "o@x", "mobilePhone": "1", "businessPhones": "2", "faxNumber": "3",
		"officeLocation": "Room 1", "streetAddress": "S", "city": "L", "state": "R", "postalCode": "P", "country": "C",
		"employeeId": "E", "department": "D", "companyName": "O", "externalId": "701", "mailNickname": "701",
		"manager": entry.Ref{Type: entry.User, ID: boss},
	}
	check := func() {
		t.Helper()
		e := s.graph(entry.User, id)
		for attr, v := range want {
			if !entry.Equal(e.Attrs.First(attr), v) {
				t.Errorf("%s is %v, want %v", attr, e.Attrs[attr], v)
			}
		}
	}
	check()
	s.do(200, "PATCH", "/Users/"+id, `{"Operations":[{"op":"replace","path":"emails[type eq \"work\"].value","value":"new@x"},
		{"op":"remove","path":"phoneNumbers[type eq \"fax\"]"},{"op":"replace","path":"active","value":"True"},{"op":"replace","path":"name.familyName","value":"C"},
		{"op":"remove","path":"`+scim.EnterpriseURN+`:manager"},{"op":"replace","path":"externalId","value":"702"},
		{"op":"replace","path":"addresses[type eq \"work\"].locality","value":"L2"}]}`)
	want["mail"], want["accountEnabled"], want["surname"], want["mailNickname"], want["externalId"], want["city"] = "new@x", true, "C", "702", "702", "L2"
	want["faxNumber"], want["manager"] = nil, nil
	check()
}

func TestMailOfUntypedElements(t *testing.T) {
	s := newSite(t)
	for i, tc := range []struct {
		emails string
		mail   entry.Value
	}{
		{`[{"value":"a@x"}]`, "a@x"},
		{`[{"type":"home","value":"a@x"}]`, nil},
		{`[{"type":"home","value":"a@x"},{"value":"b@x"}]`, "b@x"},
		{`[{"type":"home","value":"a@x"},{"type":"home","value":"b@x","primary":true}]`, "b@x"},
		{`[{"type":"WORK","value":"a@x"},{"type":"work","value":"b@x","primary":true}]`, "b@x"},
		{`[{"type":"other","value":"a@x","primary":true}]`, nil},
		{`[{"type":"work","value":"a@x"},{"type":"home","value":"b@x","primary":true}]`, "a@x"},
		{`[{"type":"work","display":"none"},{"value":"b@x","primary":true}]`, nil},
	} {
		a := s.do(201, "POST", "/Users", fmt.Sprintf(`{"userName":"u%d@x","emails":%s}`, i, tc.emails))
		if got := s.graph(entry.User, a.id()).Attrs.First("mail"); got != tc.mail {
			t.Errorf("%s has the mail %v, want %v", tc.emails, got, tc.mail)
		}
		var want any
		if err := json.Unmarshal([]byte(tc.emails), &want); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, a.doc["emails"]); d != "" {
			t.Errorf("-sent +got\n%s", d)
		}
	}
}

// TestAdministratorsChangesShow: what is changed in the directory is what SCIM clients see.
func TestAdministratorsChangesShow(t *testing.T) {
	s := newSite(t)
	boss := s.user("boss@x")
	body := `{"userName":"ann@x","title":"T","name":{"givenName":"A","middleName":"M"},"emails":[{"type":"work","value":"w@x","display":"W"},{"type":"home","value":"h@x"}],
		"phoneNumbers":[{"type":"mobile","value":"1"}],"addresses":[{"type":"work","locality":"L","formatted":"F"}],
		"` + scim.EnterpriseURN + `":{"manager":{"value":"` + boss + `","$ref":"../Users/` + boss + `"}}}`
	a := s.do(201, "POST", "/Users", body)
	other := s.user("other@x")
	s.set(entry.User, a.id(), entry.Attrs{
		"jobTitle": {"T2"}, "givenName": nil, "surname": {"B"}, "mail": {"n@x"}, "mobilePhone": nil, "businessPhones": {"5", "6"}, "city": nil, "country": {"CH"},
		"officeLocation": {"Room"}, "manager": {entry.Ref{Type: entry.User, ID: other}}, "accountEnabled": nil,
	})
	got := s.do(200, "GET", "/Users/"+a.id(), "")
	if got.meta("version") == a.meta("version") || got.meta("lastModified") == a.meta("lastModified") {
		t.Error("the version did not move")
	}
	same(t, map[string]any{
		"userName": "ann@x", "active": true, "title": "T2", "name": map[string]any{"familyName": "B", "middleName": "M"},
		"emails":           []any{map[string]any{"type": "work", "value": "n@x", "display": "W"}, map[string]any{"type": "home", "value": "h@x"}},
		"phoneNumbers":     []any{map[string]any{"type": "work", "value": "5"}},
		"addresses":        []any{map[string]any{"type": "work", "formatted": "F", "country": "CH"}, map[string]any{"type": "other", "formatted": "Room"}},
		scim.EnterpriseURN: map[string]any{"manager": map[string]any{"value": other}},
	}, got.doc)
	// A change of one attribute leaves alone what else the administrator did.
	s.do(200, "PATCH", "/Users/"+a.id(), `{"Operations":[{"op":"replace","path":"title","value":"T3"}]}`)
	if e := s.graph(entry.User, a.id()); len(e.Attrs["businessPhones"]) != 2 || e.Attrs.Text("mail") != "n@x" {
		t.Errorf("got %v", e.Attrs)
	}
}

func TestPasswordIsNotKept(t *testing.T) {
	s := newSite(t)
	a := s.do(201, "POST", "/Users", `{"userName":"ann@x","password":"s3cr3t!"}`)
	s.do(200, "PATCH", "/Users/"+a.id(), `{"Operations":[{"op":"replace","path":"password","value":"s3cr3t!"}]}`)
	for attr, vs := range s.graph(entry.User, a.id()).Attrs {
		if vs[0] == "s3cr3t!" {
			t.Errorf("%s holds the password", attr)
		}
	}
}
