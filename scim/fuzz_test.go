package scim

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// onlyRefusal fails when a parser answers bad input with anything but one of the scimTypes.
func onlyRefusal(t *testing.T, err error, scimTypes ...string) {
	t.Helper()
	if !fault.Is(err, fault.Invalid) || ErrorOf(err).Status != 400 || !slices.Contains(scimTypes, scimTypeOf(err)) {
		t.Fatalf("bad input is answered with %+v", ErrorOf(err))
	}
	if !json.Valid(ErrorOf(err).AppendJSON(nil)) {
		t.Fatal("the error message is not JSON")
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{`userName eq "a"`, `emails[type eq "work" and value co "x"].value ne "\u0042"`, `not (title pr) and (meta.created gt "2020-01-01T00:00:00Z" or ` + host + `Age le -1.5e3)`,
		`members[value eq "x"]`, `PLACEHOLDER eq "3f2504e0-4f89-11d3-9a0c-0305e82c3301"`, `((((`, `active eq null`, `schemas co "urn"`} {
		f.Add(s)
	}
	user, group := testUser(f), testGroup(f)
	e := sample()
	f.Fuzz(func(t *testing.T, text string) {
		for _, rt := range []*ResourceType{user, group} {
			filter, err := rt.ParseFilter(text)
			if err != nil {
				onlyRefusal(t, err, InvalidFilter)
				continue
			}
			s := rt.SourceOf(e, Meta{})
			if filter.Match(s) {
				for _, p := range filter.Probes() {
					if p.Attr != "id" && !hasValue(rt, e.Attrs, p) {
						t.Fatalf("%q matches what its probe %v leaves out", text, p)
					}
				}
			}
			if _, err := rt.ParseFilterIn(text, Strict); err != nil {
				onlyRefusal(t, err, InvalidFilter)
			}
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"title", "NAME.familyName", `emails[type eq "work"].value`, EnterpriseURN, ent + "manager.value", `x[y eq "z"].w`, "urn:a:1.0:b.c", `members[value eq "a" or value eq "b"]`} {
		f.Add(s)
	}
	user, group := testUser(f), testGroup(f)
	e := sample()
	f.Fuzz(func(t *testing.T, text string) {
		for _, rt := range []*ResourceType{user, group} {
			p, err := rt.ParsePath(text, Strict)
			if err != nil {
				onlyRefusal(t, err, InvalidPath, InvalidFilter)
			}
			p.Values(e.Attrs)
		}
		p, err := AnyPath(nil, text)
		if err != nil {
			onlyRefusal(t, err, InvalidPath, InvalidFilter)
			return
		}
		p.Values(e.Attrs)
		if p.Attr() == "" {
			return
		}
		flat, err := Inflate(nil, entry.Attrs{text: {"x"}})
		if err != nil {
			onlyRefusal(t, err, InvalidPath)
			return
		}
		if !json.Valid((*ResourceType)(nil).AppendBody(nil, entry.Entry{Type: entry.User, Attrs: flat})) {
			t.Fatalf("%q makes a body that is not JSON", text)
		}
	})
}

func FuzzPatch(f *testing.F) {
	for _, s := range []string{`{"op":"add","path":"emails","value":[{"value":"x","primary":true}]}`, `{"op":"replace","value":{"name":{"givenName":"g"},"emails[type eq \"work\"].value":"v"}}`,
		`{"op":"remove","path":"emails[type eq \"work\"]"},{"op":"Remove","path":"members","value":[{"value":"a"}]}`, `{"op":"replace","path":"` + ent + `manager","value":"m"}`,
		`{"op":"replace","path":"members[type eq \"User\"]","value":{"value":"v"}}`} {
		f.Add(patchBody(s))
	}
	user, group := testUser(f), testGroup(f)
	e := sample()
	g := entry.Entry{ID: "g", Attrs: entry.Attrs{"displayName": {"G"}, "members": {entry.Ref{Type: "User", ID: "a"}}}}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, m := range []Mode{Strict, Entra} {
			fuzzPatch(t, user, e, body, m)
			fuzzPatch(t, group, g, body, m)
		}
	})
}

func fuzzPatch(t *testing.T, rt *ResourceType, doc entry.Entry, body []byte, m Mode) {
	all := []string{InvalidSyntax, InvalidPath, InvalidFilter, InvalidValue, NoTarget, Mutability}
	p, err := rt.ParsePatch(body, m)
	if err != nil {
		onlyRefusal(t, err, all...)
		return
	}
	before := doc.Clone()
	out, edits, err := p.Apply(doc)
	if !sameAttrs(doc.Attrs, before.Attrs) {
		t.Fatal("the document was changed in place")
	}
	if err != nil {
		onlyRefusal(t, err, all...)
		return
	}
	after := entry.Apply(before.Attrs, edits)
	for _, name := range rt.Detached() {
		out.Attrs[name] = after[name]
	}
	if !sameAttrs(after, out.Attrs) {
		t.Fatalf("edits %s lead to %v, not to %v", show(edits), after, out.Attrs)
	}
	if !json.Valid(rt.AppendJSON(nil, out, Meta{}, nil)) {
		t.Fatal("the patched resource is not JSON")
	}
}

func FuzzBody(f *testing.F) {
	for _, s := range []string{`{"schemas":["` + UserURN + `"],"userName":"u","emails":[{"value":"x","type":"work","primary":"True"}],"` + EnterpriseURN + `":{"manager":"m"}}`,
		`{"userName":"\u0042\ud83d\ude00","name.givenName":"G","` + ECMA2HostURN + `":{"Age":-0,"Score":1e3,"Photo":"AQ==","Since":"2024-01-01T00:00:00Z","Tags":["a"]}}`, `[[[[`, `{"a":"\u00"}`} {
		f.Add([]byte(s))
	}
	rt := testUser(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := parseJSON(body, false)
		if err == nil && !json.Valid(bytes.TrimPrefix(body, []byte("\ufeff"))) {
			t.Fatal("what is not JSON was taken for JSON")
		}
		if err == nil && !json.Valid(n.appendJSON(nil)) {
			t.Fatal("JSON written back is not JSON")
		}
		if _, _, err := rt.Read(body); err != nil {
			onlyRefusal(t, err, InvalidSyntax)
		}
		for _, m := range []Mode{Strict, Entra} {
			fuzzBody(t, rt, body, m)
		}
	})
}

// fuzzBody checks that what was read is written so that it reads the same.
func fuzzBody(t *testing.T, rt *ResourceType, body []byte, m Mode) {
	e, err := rt.Decode(body, m)
	if err != nil {
		onlyRefusal(t, err, InvalidSyntax, InvalidValue, InvalidFilter, InvalidPath, NoTarget, Mutability)
		return
	}
	again, err := rt.Decode(rt.AppendBody(nil, e), m)
	if err != nil || !sameAttrs(e.Attrs, again.Attrs) {
		t.Fatalf("%v\nread  %v\nagain %v", err, e.Attrs, again.Attrs)
	}
	if !json.Valid(rt.AppendJSON(nil, e, Meta{}, nil)) {
		t.Fatal("the resource is not JSON")
	}
	flat := Flatten(rt, e.Attrs)
	if _, err := Inflate(rt, flat); err != nil {
		t.Fatalf("%v of %v", err, flat)
	}
}
