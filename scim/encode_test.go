package scim

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

func TestAppendJSON(t *testing.T) {
	rt := testUser(t)
	e := sample()
	e.Attrs["password"] = []entry.Value{"s3cr3t"}
	e.Attrs[host+"Secret"] = []entry.Value{"on request"}
	e.Attrs["phoneNumbers"] = []entry.Value{}
	e.Attrs["nickName"] = nil
	m := Meta{Location: "https://h/Users/a1", Version: `v"1`, Created: time.Unix(0, 0), Modified: time.Unix(1, 5e8)}
	core := `"id":"a1","userName":"a-run@example.test","externalId":"Ext-run","displayName":"Babs \"B\" Jensen","title":"Tour Guide","active":true,
		"name":{"givenName":"Barbara","familyName":"O'Malley"},"emails":[` + work + `,` + home + `]`
	enterprise := `"` + EnterpriseURN + `":{"department":"Sales","employeeNumber":"E-run","manager":{"value":"m1","displayName":"Boss"}}`
	meta := `"meta":{"resourceType":"User","created":"1970-01-01T00:00:00Z","lastModified":"1970-01-01T00:00:01.5Z","location":"https://h/Users/a1","version":"W/\"v\"1\""}`
	meta = strings.Replace(meta, `v"1`, `v\"1`, 1)
	both := `"schemas":["` + UserURN + `","` + EnterpriseURN + `"]`
	only := `"schemas":["` + UserURN + `"]`
	for _, c := range []struct{ name, attributes, excluded, want string }{
		{"Default", "", "", `{` + both + `,` + core + `,` + enterprise + `,` + meta + `}`},
		{"Attributes", "userName", "", `{` + only + `,"id":"a1","userName":"a-run@example.test"}`},
		{"AttributesInAnyForm", " USERNAME , " + strings.ToUpper(UserURN) + ":title,name.GIVENNAME," + ent + "department,meta.version", "",
			`{` + both + `,"id":"a1","userName":"a-run@example.test","title":"Tour Guide","name":{"givenName":"Barbara"},"` + EnterpriseURN + `":{"department":"Sales"},"meta":{"version":"W/\"v\"1\""}}`},
		{"WholeExtension", EnterpriseURN, "", `{` + both + `,"id":"a1",` + enterprise + `}`},
		{"SubOfPlural", "emails.value", "", `{` + only + `,"id":"a1","emails":[{"value":"a-run@work.test"},{"value":"p+run@home.test"}]}`},
		{"NothingMatches", "emails.display,nope", "", `{` + only + `,"id":"a1"}`},
		{"NeverReturned", "password,userName", "", `{` + only + `,"id":"a1","userName":"a-run@example.test"}`},
		{"OnRequest", host + "secret", "", `{"schemas":["` + UserURN + `","` + ECMA2HostURN + `"],"id":"a1","` + ECMA2HostURN + `":{"Secret":"on request"}}`},
		{"Excluded", "", "emails,name.familyName,meta,active,displayName,title,externalId," + EnterpriseURN, `{` + only + `,"id":"a1","userName":"a-run@example.test","name":{"givenName":"Barbara"}}`},
		{"IDCannotBeExcluded", "", "id,schemas,userName,externalId,displayName,title,active,name,emails,meta," + EnterpriseURN, `{` + only + `,"id":"a1"}`},
		{"BothParameters", "userName,title", "title", `{` + only + `,"id":"a1","userName":"a-run@example.test"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := rt.Projection(c.attributes, c.excluded)
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, rt.AppendJSON(nil, e, m, p), c.want)
		})
	}
}

func TestProjectionWants(t *testing.T) {
	rt := testGroup(t)
	for _, c := range []struct {
		attributes, excluded string
		want                 bool
	}{{"", "", true}, {"", "members", false}, {"", "MEMBERS", false}, {"displayName", "", false}, {"members.value", "", true}, {"", GroupURN + ":members", false}, {" , ", "", true}} {
		p, err := rt.Projection(c.attributes, c.excluded)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Wants("members"); got != c.want {
			t.Errorf("attributes %q excluded %q: wants members %v", c.attributes, c.excluded, got)
		}
	}
	_, err := rt.Projection(strings.Repeat("a", maxFilter+1), "")
	wantRefusal(t, err, InvalidValue)
}

func TestAppendJSONOfReferences(t *testing.T) {
	rt := testGroup(t)
	e := entry.Entry{ID: "g", Attrs: entry.Attrs{"displayName": {"G"}, "members": {entry.Ref{Type: "User", ID: "a/b"}, entry.Ref{ID: "x"}}}}
	equalJSON(t, rt.AppendJSON(nil, e, Meta{Location: "https://h/scim/Groups/g"}, nil), `{"schemas":["`+GroupURN+`"],"id":"g","displayName":"G",
		"members":[{"value":"a/b","$ref":"https://h/scim/Users/a%2Fb","type":"User"},{"value":"x"}],"meta":{"resourceType":"Group","location":"https://h/scim/Groups/g"}}`)
	p, _ := rt.Projection("members.value", "")
	equalJSON(t, rt.AppendJSON(nil, e, Meta{Location: "https://h/scim/Groups/g"}, p), `{"schemas":["`+GroupURN+`"],"id":"g","members":[{"value":"a/b"},{"value":"x"}]}`)
}

func TestAppendJSONIsAlwaysJSON(t *testing.T) {
	rt := testUser(t)
	text := "\x00\x1f\"\\/<>&\u2028é😀\xff\x7f\n"
	e := entry.Entry{ID: text, Attrs: entry.Attrs{"userName": {text}, "title": {int64(5)}, "nickName": {math.NaN()}, "active": {"odd"},
		"name": {entry.Complex{"givenName": text, "nope": "x", "familyName": nil}}, "emails": {entry.Complex{}, "plain", nil}, ent + "manager": {"m"},
		host + "Score": {math.Inf(1)}, host + "Photo": {[]byte{1}}, host + "Age": {1e21}, host + "Login": {time.Unix(0, 0).UTC()}}}
	got := rt.AppendJSON(nil, e, Meta{Version: text}, nil)
	want := strings.Replace(text, "\xff", "\ufffd", 1)
	quoted, _ := json.Marshal(want)
	equalJSON(t, got, fmt.Sprintf(`{"schemas":["%s","%s","%s"],"id":%s,"userName":%[4]s,"title":"5","active":"odd","name":{"givenName":%[4]s},"emails":[{"value":"plain"}],
		"%[2]s":{"manager":{"value":"m"}},"%[3]s":{"Photo":"AQ==","Age":1e21,"Login":"1970-01-01T00:00:00Z"},"meta":{"resourceType":"User","version":"W/\"%[5]s\""}}`,
		UserURN, EnterpriseURN, ECMA2HostURN, quoted, quoted[1:len(quoted)-1]))
	if !strings.Contains(string(got), "<>&\u2028é😀") {
		t.Error("characters were escaped that need not be")
	}
}

func TestRoundTrip(t *testing.T) {
	rt := testUser(t)
	e := sample()
	e.Attrs["x509Certificates"] = []entry.Value{entry.Complex{"value": []byte("cert")}}
	e.Attrs["password"] = []entry.Value{"p"}
	e.Attrs[host+"Since"] = []entry.Value{time.Date(2024, 1, 1, 12, 0, 0, 0, time.FixedZone("", 7200))}
	e.Attrs[ent+"manager"] = []entry.Value{entry.Complex{"value": "m", "$ref": "../Users/m"}}
	for _, m := range []Mode{Strict, Entra} {
		got, err := rt.Decode(rt.AppendBody(nil, e), m)
		if err != nil || !sameAttrs(got.Attrs, e.Attrs) {
			t.Errorf("%s: %v\ngot  %v\nwant %v", m, err, got.Attrs, e.Attrs)
		}
	}
}

func TestAppendBodyOfUnknownAttributes(t *testing.T) {
	e := entry.Entry{Type: entry.User, ID: "ignored", Attrs: entry.Attrs{"userName": {"u"}, "groups": {"g"}, "custom": {"c"}, "labels": {entry.Complex{"type": "a", "value": "b"}},
		ent + "department": {"D"}, ent + "own": {int64(1), int64(2)}, "urn:z:1.0:User:x": {true}, "urn:z:1.0:User:y": {entry.Complex{"k": "v"}}, "password": {"p"}}}
	equalJSON(t, (*ResourceType)(nil).AppendBody(nil, e), `{"schemas":["`+UserURN+`","`+EnterpriseURN+`","urn:z:1.0:User"],"userName":"u","password":"p","custom":"c","labels":[{"type":"a","value":"b"}],
		"`+EnterpriseURN+`":{"department":"D","own":[1,2]},"urn:z:1.0:User":{"x":true,"y":{"k":"v"}}}`)
	g := entry.Entry{Type: entry.Group, Attrs: entry.Attrs{"displayName": {"G"}, "members": {entry.Ref{Type: "User", ID: "u"}}}}
	equalJSON(t, (*ResourceType)(nil).AppendBody(nil, g), `{"schemas":["`+GroupURN+`"],"displayName":"G","members":[{"value":"u","type":"User"}]}`)
}

func TestListAndErrorJSON(t *testing.T) {
	l := List{Total: 0, Start: 1}
	equalJSON(t, AppendListEnd(l.AppendHead(nil)), `{"schemas":["`+ListURN+`"],"totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]}`)
	l = List{Total: -1, Items: 1, Next: `n"`, Previous: "p"}
	equalJSON(t, AppendListEnd(append(l.AppendHead(nil), `{}`...)), `{"schemas":["`+ListURN+`"],"itemsPerPage":1,"nextCursor":"n\"","previousCursor":"p","Resources":[{}]}`)
	for _, c := range []struct {
		name string
		err  error
		want Error
	}{
		{"Nil", nil, Error{}},
		{"Refusal", refuse(InvalidPath, "attribute %q", "x"), Error{400, InvalidPath, `attribute "x"`}},
		{"WrappedRefusal", fault.Wrap(fault.Internal, "patch", refuse(NoTarget, "none")), Error{400, NoTarget, "patch: none"}},
		{"Precondition", Refuse(412, "", "stale"), Error{412, "", "stale"}},
		{"Exists", fault.New(fault.Exists, "create user", "taken"), Error{409, Uniqueness, "create user: taken"}},
		{"NotFound", fault.New(fault.NotFound, "", "no such user"), Error{404, "", "no such user"}},
		{"Throttled", fault.New(fault.Throttled, "", "slow down"), Error{429, "", "slow down"}},
		{"InternalStaysInside", errors.New("SELECT secret"), Error{500, "", "the server failed to carry out the request"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ErrorOf(c.err); got != c.want {
				t.Errorf("got %+v", got)
			}
		})
	}
	body := Error{400, InvalidFilter, `say "x"`}.AppendJSON(nil)
	equalJSON(t, body, `{"schemas":["`+ErrorURN+`"],"status":"400","scimType":"invalidFilter","detail":"say \"x\""}`)
	if e, ok := ReadError(body); !ok || e != (Error{400, InvalidFilter, `say "x"`}) {
		t.Error(e, ok)
	}
	for _, bad := range []string{`{}`, `<html>`, `{"schemas":["` + ListURN + `"]}`} {
		if _, ok := ReadError([]byte(bad)); ok {
			t.Errorf("%s taken for a SCIM error", bad)
		}
	}
}
