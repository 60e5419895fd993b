package scimtest

import (
	"strings"

	"github.com/sallyport-id/sallyport/scim"
)

// patchCase is a PATCH on a fresh rich user, and what the user is afterwards.
type patchCase struct {
	title string
	ops   []any
	after func(r reply)
}

// patches adds one check for each case.
func (l *list) patches(add func(string, func(*exchange)), cases ...patchCase) {
	for _, c := range cases {
		add(c.title, func(x *exchange) {
			u := x.user()
			x.patch(u, x.fillOps(c.ops)...).done()
			c.after(x.get(u.path).is(200))
		})
	}
}

// fillOps puts ids in place of {A} and {B}.
func (x *exchange) fillOps(ops []any) []any {
	out := make([]any, len(ops))
	for i, o := range ops {
		o := o.(object)
		filled := object{}
		for k, v := range o {
			filled[k] = x.fillValue(v)
		}
		out[i] = filled
	}
	return out
}

func (x *exchange) fillValue(v any) any {
	switch v := v.(type) {
	case string:
		return x.fill(v)
	case object:
		filled := object{}
		for k, sub := range v {
			filled[k] = x.fillValue(sub)
		}
		return filled
	case array:
		filled := array{}
		for _, sub := range v {
			filled = append(filled, x.fillValue(sub))
		}
		return filled
	}
	return v
}

const ent = scim.EnterpriseURN

func patchChecks() []Check {
	l := list{area: "patch", source: "RFC 7644 §3.5.2"}
	l.patches(l.must,
		patchCase{"replace by path", []any{op("replace", "displayName", "N")}, func(r reply) { r.want("displayName", "N").want("title", "Tour Guide") }},
		patchCase{"add a simple attribute", []any{op("add", "nickName", "Babs")}, func(r reply) { r.want("nickName", "Babs") }},
		patchCase{"a sub-attribute leaves its siblings", []any{op("replace", "name.familyName", "New")}, func(r reply) {
			r.want("name/familyName", "New").want("name/givenName", "Barbara")
		}},
		patchCase{"a path in another case", []any{op("replace", "NAME.FAMILYNAME", "New")}, func(r reply) { r.want("name/familyName", "New") }},
		patchCase{"a path with the core URN", []any{op("replace", scim.UserURN+":title", "T2"), op("replace", scim.UserURN+":name.givenName", "G2")},
			func(r reply) { r.want("title", "T2").want("name/givenName", "G2") }},
		patchCase{"a path into an extension leaves its siblings", []any{op("replace", ent+":department", "HR")}, func(r reply) {
			r.want(ent+"/department", "HR").kind(ent+"/employeeNumber", "string")
		}},
		patchCase{"manager.value by path", []any{op("replace", ent+":manager.value", "{A}")}, func(r reply) { r.want(ent+"/manager/value", r.x.a.id) }},
		patchCase{"remove manager", []any{op("remove", ent+":manager")}, func(r reply) { r.absent(ent+"/manager").want(ent+"/department", "Sales") }},
		patchCase{"without a path: several attributes", []any{op("replace", "", object{"displayName": "D9", "title": "T9"})}, func(r reply) {
			r.want("displayName", "D9").want("title", "T9").want("name/givenName", "Barbara")
		}},
		patchCase{"without a path: nested objects merge", []any{op("replace", "", object{"name": object{"givenName": "G7"}})}, func(r reply) {
			r.want("name/givenName", "G7").want("name/familyName", "O'Malley")
		}},
		patchCase{"without a path: an extension merges", []any{op("add", "", object{ent: object{"division": "D"}})}, func(r reply) {
			r.want(ent+"/division", "D").want(ent+"/department", "Sales")
		}},
		patchCase{"remove an attribute, and one that is not there", []any{op("remove", "title"), op("remove", "nickName")}, func(r reply) { r.absent("title", "nickName") }},
		patchCase{"remove a sub-attribute", []any{op("remove", "name.familyName")}, func(r reply) {
			r.absent("name/familyName").want("name/givenName", "Barbara")
		}},
		patchCase{"remove by filter", []any{op("remove", `emails[type eq "work"]`)}, func(r reply) { r.count("emails", 1).want("emails/0/type", "home") }},
		patchCase{"remove a sub-attribute by filter", []any{op("remove", `emails[type eq "work"].primary`)}, func(r reply) {
			r.count("emails", 2).absent("emails/type=work/primary")
		}},
		patchCase{"remove all values", []any{op("remove", "emails")}, func(r reply) { r.count("emails", 0) }},
		patchCase{"replace with null clears", []any{op("replace", "title", nil)}, func(r reply) { r.absent("title") }},
		patchCase{"add appends to a list, one object or an array", []any{op("add", "emails", array{object{"type": "other", "value": "o@x.test"}}),
			op("add", "phoneNumbers", object{"type": "work", "value": "1"})}, func(r reply) {
			r.count("emails", 3).count("phoneNumbers", 1)
		}},
		patchCase{"replace of a list replaces all of it", []any{op("replace", "emails", array{object{"type": "work", "value": "only@x.test"}})}, func(r reply) {
			r.count("emails", 1).want("emails/0/value", "only@x.test")
		}},
		patchCase{"replace one element's sub-attribute by filter", []any{op("replace", `emails[type eq "work"].value`, "new@x.test")}, func(r reply) {
			r.count("emails", 2).want("emails/type=work/value", "new@x.test").want("emails/type=work/primary", true)
		}},
		patchCase{"a new primary unsets the old one", []any{op("replace", `emails[type eq "home"].primary`, true)}, func(r reply) {
			r.want("emails/type=home/primary", true)
			if strings.Count(strings.ReplaceAll(r.raw, " ", ""), `"primary":true`) != 1 {
				r.note("not exactly one primary")
			}
		}},
		patchCase{"operations run in order and see each other", []any{op("remove", "title"), op("add", "title", "a"), op("replace", "title", "b"),
			op("add", "emails", object{"type": "other", "value": "1@x"}), op("replace", `emails[type eq "other"].value`, "2@x")}, func(r reply) {
			r.want("title", "b").want("emails/type=other/value", "2@x")
		}},
	)
	patchRuleChecks(&l)
	return l.checks
}

// patchRuleChecks are about what a PATCH does beside its change, and what must be refused.
func patchRuleChecks(l *list) {
	l.must("adding what is there already changes nothing", func(x *exchange) {
		u := x.user()
		home := at(u.doc, "emails/type=home/value")
		before := x.get(u.path)
		x.patch(u, op("add", "emails", array{object{"type": "home", "value": home}}), op("add", "title", "Tour Guide")).done()
		x.get(u.path).count("emails", 2).want("meta/version", before.text("meta/version"))
	})
	l.must("rename: the new name is found, the old one is not", func(x *exchange) {
		u, name := x.bare(), "ren-"+random()
		x.patch(u, op("replace", "userName", name)).done()
		x.find(`userName eq "` + name + `"`).only(u.id)
		x.find(`userName eq "` + u.name + `"`).only()
	})
	l.must("a taken userName is 409, and nothing happens", func(x *exchange) {
		u := x.user()
		x.patch(u, op("replace", "title", "changed"), op("replace", "userName", strings.ToUpper(x.a.name))).refused(409, "uniqueness")
		x.get(u.path).want("title", "Tour Guide").want("userName", u.name)
	})
	l.must("all or nothing", func(x *exchange) {
		u := x.user()
		x.patch(u, op("replace", "title", "changed"), op("replace", "nope", "x")).refused(400)
		x.get(u.path).want("title", "Tour Guide").want("meta/version", u.text("meta/version"))
	})
	l.must("read-only attributes by path are 400 mutability", func(x *exchange) {
		u := x.bare()
		for _, path := range []string{"id", "meta.created", "groups"} {
			x.patch(u, op("replace", path, "x")).refused(400, "mutability")
		}
	})
	l.must("a required attribute cannot be removed", func(x *exchange) {
		x.patch(x.bare(), op("remove", "userName")).refused(400, "mutability", "invalidValue")
		x.patch(x.group(), op("remove", "displayName")).refused(400, "mutability", "invalidValue")
	})
	l.must("remove without a path is 400 noTarget", func(x *exchange) { x.patch(x.bare(), op("remove", "")).refused(400, "noTarget") })
	l.must("replace of an element that no filter matches is 400 noTarget", func(x *exchange) {
		x.patch(x.user(), op("replace", `emails[type eq "pager"]`, object{"value": "x"})).refused(400, "noTarget")
	})
	l.must("malformed and unknown paths are 400", func(x *exchange) {
		u := x.bare()
		x.patch(u, op("replace", "emails[type eq", "x")).refused(400, "invalidPath", "invalidFilter")
		x.patch(u, op("replace", `emails[type xx "work"].value`, "x")).refused(400, "invalidPath", "invalidFilter")
		x.patch(u, op("replace", "nonsense", "x")).refused(400, "invalidPath").has("detail", "nonsense")
		x.patch(u, op("replace", "name.nonsense", "x")).refused(400, "invalidPath")
	})
	l.must("a wrong type is 400", func(x *exchange) {
		u := x.bare()
		x.patch(u, op("replace", "name", "a string")).refused(400, "invalidValue", "invalidSyntax")
		x.patch(u, op("replace", "active", "perhaps")).refused(400, "invalidValue")
		x.patch(u, op("replace", "emails", array{"x"})).is(200, 204, 400)
	})
	l.must("a malformed request is 400", func(x *exchange) {
		u := x.bare()
		x.do("PATCH", u.path, object{"schemas": array{scim.PatchURN}}).refused(400)
		x.do("PATCH", u.path, object{"schemas": array{scim.PatchURN}, "Operations": array{}}).refused(400)
		x.patch(u, op("frobnicate", "title", "x")).refused(400, "invalidSyntax", "invalidValue")
		x.do("PATCH", u.path, "{").refused(400, "invalidSyntax")
	})
	l.must("an unknown id is 404", func(x *exchange) {
		x.patch(thing{path: "/Users/none-" + random()}, op("replace", "title", "x")).refused(404)
	})
	l.should("attributes forces 200 with that body", func(x *exchange) {
		u := x.user()
		u.path += "?attributes=title"
		x.patch(u, op("replace", "title", "x")).is(200).want("title", "x").absent("emails")
	})
}

func dialectChecks() []Check {
	l := list{area: "dialect", source: "Microsoft Entra, Okta"}
	l.patches(l.entra,
		patchCase{"disable with a string (Entra)", []any{op("Replace", "active", "False")}, func(r reply) { r.want("active", false) }},
		patchCase{"disable without a path (Okta)", []any{op("replace", "", object{"active": false})}, func(r reply) { r.want("active", false) }},
		patchCase{"Add of a filtered path makes the element", []any{op("Add", `emails[type eq "other"].value`, "o@x.test")}, func(r reply) {
			r.count("emails", 3).want("emails/type=other/value", "o@x.test")
		}},
		patchCase{"Replace of a filtered path makes the element", []any{op("Replace", `phoneNumbers[type eq "work"].value`, "+2")}, func(r reply) {
			r.want("phoneNumbers/type=work/value", "+2")
		}},
		patchCase{"two of them for one type make one element", []any{op("Add", `addresses[type eq "work"].streetAddress`, "S"), op("Add", `addresses[type eq "work"].Locality`, "L")},
			func(r reply) {
				r.count("addresses", 1).want("addresses/0/streetAddress", "S").want("addresses/0/locality", "L")
			}},
		patchCase{"dotted, URN and value path keys without a path", []any{op("replace", "", object{"name.givenName": "G", ent + ":costCenter": "C",
			`emails[type eq "work"].value`: "k@w.test"})}, func(r reply) {
			r.want("name/givenName", "G").want("name/familyName", "O'Malley").want(ent+"/costCenter", "C").want("emails/type=work/value", "k@w.test")
		}},
		patchCase{"manager as a string", []any{op("Add", ent+":manager", "{A}")}, func(r reply) { r.want(ent+"/manager/value", r.x.a.id) }},
		patchCase{"manager as an array of one, with $ref null", []any{op("Replace", ent+":manager", array{object{"value": "{A}", "$ref": nil}})},
			func(r reply) { r.want(ent+"/manager/value", r.x.a.id) }},
		patchCase{"a single value in an array of objects", []any{op("Replace", "displayName", array{object{"value": "Wrapped"}})}, func(r reply) { r.want("displayName", "Wrapped") }},

		patchCase{"roles by primary as a string", []any{op("Add", `roles[primary eq "True"].value`, "admin")}, func(r reply) {
			r.want("roles/0/value", "admin").want("roles/0/primary", true)
		}},
		patchCase{"roles as JSON text", []any{op("Add", "roles", array{`{"id":"1","value":"R1","displayName":"Role 1"}`})}, func(r reply) { r.want("roles/0/value", "R1") }},
		patchCase{"an empty string clears", []any{op("Replace", "title", "")}, func(r reply) { r.absent("title") }},
	)
	l.entra("Remove with a value array of one e-mail leaves the other", func(x *exchange) {
		u := x.user()
		x.patch(u, op("Remove", "emails", array{object{"value": at(u.doc, "emails/0/value")}})).done()
		x.get(u.path).count("emails", 1).want("emails/0/value", at(u.doc, "emails/1/value"))
	})
	l.entra("enterprise paths on a user without the extension", func(x *exchange) {
		u := x.bare()
		x.patch(u, op("Add", ent+":department", "HR"), op("Add", ent+":manager", x.b.id)).done()
		x.get(u.path).want(ent+"/department", "HR").want(ent+"/manager/value", x.b.id).has("schemas", ent)
	})
	l.entra("a PatchOp without schemas, with keys in another case", func(x *exchange) {
		u := x.bare()
		x.do("PATCH", u.path, `{"operations":[{"OP":"Add","Path":"title","VALUE":"T"}]}`).done()
		x.get(u.path).want("title", "T")
	})
	l.entra("an own id in a pathless object is ignored (Okta)", func(x *exchange) {
		u := x.bare()
		x.patch(u, op("replace", "", object{"id": u.id, "title": "T"})).done()
		x.get(u.path).want("title", "T").want("id", u.id)
	})
	l.entra("a create without schemas", func(x *exchange) {
		x.drop(x.do("POST", "/Users", `{"userName":"`+random()+`"}`).is(201))
	})
	l.entra("string booleans in a create", func(x *exchange) {
		x.make("/Users", object{"userName": random(), "active": "True"}).want("active", true)
		x.make("/Users", object{"userName": random(), "active": "False"}).want("active", false)
	})
	l.entra("a string boolean in a filter", func(x *exchange) {
		x.find(`active eq "False" and id eq "` + x.off.id + `"`).only(x.off.id)
	})
	l.entra("Entra's user create with an empty roles list", func(x *exchange) {
		x.make("/Users", object{"schemas": array{scim.UserURN, ent}, "externalId": random(), "userName": random(), "active": true,
			"meta": object{"resourceType": "User"}, "roles": array{}}).absent("roles")
	})
	l.entra("Entra's group create with its own schema URN", func(x *exchange) {
		x.make("/Groups", object{"schemas": array{scim.GroupURN, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"},
			"externalId": random(), "displayName": "g-" + random(), "meta": object{"resourceType": "Group"}})
	})
	l.entra("Entra's connection test is an empty list", func(x *exchange) {
		x.find(`PLACEHOLDER eq "6a1bd8ad-2bfb-44b1-8ae4-b8ae8bbd2bb2"`).only()
	})
	return l.checks
}

func groupChecks() []Check {
	l := list{area: "group", source: "RFC 7644 §3.5.2, RFC 7643 §4.2"}
	members := func(x *exchange, title string, n int, ops ...any) {
		g := x.group()
		x.patch(g, x.fillOps(ops)...).done()
		r := x.get(g.path).is(200).count("members", n)
		if len(r.x.why) > 0 {
			x.failf("%s", title)
		}
	}
	for _, c := range []struct {
		title string
		n     int
		ops   []any
	}{
		{"add one member", 3, []any{op("add", "members", array{object{"value": "{OFF}"}})}},
		{"add a member twice is no change", 2, []any{op("add", "members", array{object{"value": "{A}"}})}},
		{"remove a member by filter", 1, []any{op("remove", `members[value eq "{A}"]`)}},
		{"remove two in two operations", 0, []any{op("remove", `members[value eq "{A}"]`), op("remove", `members[value eq "{B}"]`)}},
		{"remove a member that is not there", 2, []any{op("remove", `members[value eq "nobody"]`)}},
		{"remove all members", 0, []any{op("remove", "members")}},
		{"replace members", 1, []any{op("replace", "members", array{object{"value": "{B}"}})}},
		{"add and remove in one request", 2, []any{op("remove", `members[value eq "{A}"]`), op("add", "members", array{object{"value": "{OFF}"}})}},
	} {
		l.must(c.title, func(x *exchange) { members(x, c.title, c.n, x.withOff(c.ops)...) })
	}
	for _, c := range []struct {
		title string
		n     int
		ops   []any
	}{
		{"Add with $ref null (Entra)", 3, []any{op("Add", "members", array{object{"$ref": nil, "value": "{OFF}"}})}},
		{"Remove with a value array takes only those (Entra)", 1, []any{op("Remove", "members", array{object{"$ref": nil, "value": "{A}"}})}},
		{"Remove of a missing member (Entra)", 2, []any{op("Remove", "members", array{object{"value": "{OFF}"}})}},
	} {
		l.entra(c.title, func(x *exchange) { members(x, c.title, c.n, x.withOff(c.ops)...) })
	}
	l.must("create with members", func(x *exchange) {
		x.make("/Groups", object{"displayName": "g-" + random(), "members": array{object{"value": x.a.id}}}).count("members", 1).want("members/0/value", x.a.id)
	})
	l.must("a group PATCH is 204 or shows the group", func(x *exchange) {
		r := x.patch(x.group(), op("add", "members", array{object{"value": x.off.id}})).done()
		if r.status == 204 && r.raw != "" {
			r.note("a body came with 204")
		}
	})
	l.entra("a pathless rename with the id (Okta)", func(x *exchange) {
		g, name := x.group(), "okta-"+random()
		x.patch(g, op("replace", "", object{"id": g.id, "displayName": name})).done()
		x.get(g.path).want("displayName", name).count("members", 2)
		x.get("/Groups?filter=" + escape(`displayName eq "`+name+`"`)).only(g.id)
	})
	l.should("two groups of one name are 409", func(x *exchange) {
		x.do("POST", "/Groups", object{"displayName": strings.ToUpper(x.team.name)}).refused(409, "uniqueness")
	})
	l.must("a group in a group", func(x *exchange) {
		g := x.make("/Groups", object{"displayName": "g-" + random(), "members": array{object{"value": x.team.id, "type": "Group"}}})
		x.get(g.path).has("members/*/value", x.team.id)
	})
	l.must("a user's groups follow the members", func(x *exchange) {
		u, g := x.bare(), x.group()
		x.patch(g, op("add", "members", array{object{"value": u.id}})).done()
		x.get(u.path).has("groups/*/value", g.id)
		x.patch(g, op("remove", `members[value eq "`+u.id+`"]`)).done()
		x.get(u.path).absent("groups")
	})
	l.must("many members added at once by many clients are all there", func(x *exchange) {
		g := x.make("/Groups", object{"displayName": "g-" + random()})
		var ids []string
		for range 12 {
			ids = append(ids, x.bare().id)
		}
		x.together(len(ids), func(x *exchange, i int) {
			x.patch(g, op("add", "members", array{object{"value": ids[i]}})).done()
		})
		r := x.get(g.path).is(200).count("members", len(ids))
		for _, id := range ids {
			r.has("members/*/value", id)
		}
	})
	l.must("concurrent PATCHes of one user lose nothing", func(x *exchange) {
		u := x.user()
		kinds := []string{"pager", "fax", "mobile", "other", "car", "boat"}
		x.together(len(kinds), func(x *exchange, i int) {
			x.patch(u, op("add", "phoneNumbers", array{object{"type": kinds[i], "value": kinds[i]}})).done()
		})
		x.get(u.path).count("phoneNumbers", len(kinds))
	})
	return l.checks
}

// withOff puts the id of the inactive user in place of {OFF}.
func (x *exchange) withOff(ops []any) []any {
	out := make([]any, 0, len(ops))
	for _, o := range ops {
		filled := object{}
		for k, v := range o.(object) {
			filled[k] = replaceAll(v, "{OFF}", x.off.id)
		}
		out = append(out, filled)
	}
	return out
}

func replaceAll(v any, old, with string) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, old, with)
	case object:
		filled := object{}
		for k, sub := range v {
			filled[k] = replaceAll(sub, old, with)
		}
		return filled
	case array:
		filled := array{}
		for _, sub := range v {
			filled = append(filled, replaceAll(sub, old, with))
		}
		return filled
	}
	return v
}
