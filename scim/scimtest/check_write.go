package scimtest

import (
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/scim"
)

func createChecks() []Check {
	l := list{area: "create", source: "RFC 7644 §3.3, RFC 7643 §2 to §4"}
	l.must("201 with id, meta, Location and ETag, and the location answers", func(x *exchange) {
		u := x.bare()
		u.kind("id", "string").want("meta/resourceType", "User").kind("meta/created", "string").kind("meta/lastModified", "string").has("schemas", scim.UserURN)
		if loc := u.header.Get("Location"); loc == "" || loc != u.text("meta/location") {
			u.note("Location %q, meta.location %q", loc, u.text("meta/location"))
		} else {
			x.get(loc).is(200).want("id", u.id)
		}
	})
	l.must("what the client says of id and meta is ignored", func(x *exchange) {
		u := x.make("/Users", object{"userName": random(), "id": "mine", "meta": object{"resourceType": "Bogus", "created": "1999-01-01T00:00:00Z"}})
		u.want("meta/resourceType", "User")
		if u.id == "mine" || strings.HasPrefix(u.text("meta/created"), "1999") {
			u.note("id %q, created %q", u.id, u.text("meta/created"))
		}
	})
	l.must("read-only groups in a body are ignored", func(x *exchange) {
		u := x.make("/Users", object{"userName": random(), "groups": array{object{"value": x.team.id}}})
		x.get(u.path).is(200).absent("groups")
	})
	l.must("attribute names are matched without regard to case and given back in the schema's", func(x *exchange) {
		u := x.make("/Users", object{"USERNAME": random(), "DisplayName": "Cased", "NAME": object{"FamilyName": "F"},
			strings.ToUpper(scim.EnterpriseURN): object{"DEPARTMENT": "D"}})
		u.want("displayName", "Cased").want("name/familyName", "F").want(scim.EnterpriseURN+"/department", "D")
	})
	l.must("values are given back as they were sent", func(x *exchange) {
		odd := "Ünïcode ✓ 漢字 \t\\\"/ e\u0301 \U0001F600"
		u := x.make("/Users", object{"userName": random(), "displayName": odd, "phoneNumbers": array{object{"value": " +49 (0)30 / 1-2 ", "type": "work"}}})
		x.get(u.path).is(200).want("displayName", odd).want("phoneNumbers/0/value", " +49 (0)30 / 1-2 ")
	})
	l.must("null and empty lists mean unassigned", func(x *exchange) {
		u := x.make("/Users", object{"userName": random(), "title": nil, "emails": array{}, "name": nil})
		x.get(u.path).is(200).absent("title", "emails", "name")
		if strings.Contains(u.raw, "null") {
			u.note("null in the answer")
		}
	})
	l.must("active defaults to true", func(x *exchange) { x.get(x.bare().path).is(200).want("active", true) })
	l.must("a missing userName is 400", func(x *exchange) {
		x.do("POST", "/Users", object{"displayName": "no name"}).refused(400, "invalidValue", "invalidSyntax")
		x.do("POST", "/Groups", object{"externalId": "x"}).refused(400, "invalidValue", "invalidSyntax")
	})
	l.must("a taken userName is 409 uniqueness, also in another case", func(x *exchange) {
		x.do("POST", "/Users", object{"userName": strings.ToUpper(x.b.name)}).refused(409, "uniqueness")
		x.do("POST", "/Users", object{"userName": x.b.name}).refused(409, "uniqueness")
	})
	l.must("externalId is not forced to be unique", func(x *exchange) {
		shared := random()
		x.make("/Users", object{"userName": random(), "externalId": shared})
		x.make("/Users", object{"userName": random(), "externalId": shared})
	})
	l.must("a body that is not JSON is 400 invalidSyntax", func(x *exchange) {
		x.do("POST", "/Users", "{not json").refused(400, "invalidSyntax")
		x.do("POST", "/Users", "[]").refused(400, "invalidSyntax")
	})
	l.must("a wrong type is 400", func(x *exchange) {
		for _, body := range []object{
			{"userName": random(), "name": "not an object"}, {"userName": object{"x": 1}}, {"userName": random(), "emails": "a@b"},
			{"userName": random(), "active": "perhaps"}, {"userName": random(), "title": object{"value": object{}}},
		} {
			r := x.do("POST", "/Users", body)
			x.drop(r)
			r.refused(400, "invalidValue", "invalidSyntax")
		}
	})
	l.must("password is taken and never given back", func(x *exchange) {
		u := x.make("/Users", object{"userName": random(), "password": "s3cr3t!X" + random()})
		for _, r := range []reply{u.reply, x.get(u.path), x.get(u.path + "?attributes=password,userName"), x.find(`userName eq "` + u.name + `"`)} {
			if strings.Contains(r.raw, "s3cr3t") || strings.Contains(r.raw, `"password"`) {
				r.note("the password came back")
			}
		}
	})
	l.must("two primaries are refused or become one", func(x *exchange) {
		r := x.do("POST", "/Users", object{"userName": random(), "emails": array{
			object{"value": "1@a.test", "type": "work", "primary": true}, object{"value": "2@a.test", "type": "home", "primary": true}}}).is(201, 400)
		x.drop(r)
		if strings.Count(strings.ReplaceAll(r.raw, " ", ""), `"primary":true`) > 1 {
			r.note("two primaries stay")
		}
	})
	l.must("two values of one type are kept", func(x *exchange) {
		u := x.make("/Users", object{"userName": random(), "emails": array{object{"value": "1@a.test", "type": "work"}, object{"value": "2@a.test", "type": "work"}}})
		u.count("emails", 2)
	})
	l.must("unknown schemas and the attributes of unknown extensions are ignored", func(x *exchange) {
		x.make("/Users", object{"schemas": array{scim.UserURN, "urn:nobody:knows:1.0:X"}, "userName": random(), "urn:nobody:knows:1.0:X": object{"a": 1}})
	})
	l.must("an extension is taken by its key though schemas does not name it", func(x *exchange) {
		u := x.make("/Users", object{"schemas": array{scim.UserURN}, "userName": random(), scim.EnterpriseURN: object{"department": "D"}})
		u.want(scim.EnterpriseURN+"/department", "D").has("schemas", scim.EnterpriseURN)
	})
	l.should("attributes narrows the answer, id stays", func(x *exchange) {
		r := x.do("POST", "/Users?attributes=userName", object{"userName": random(), "displayName": "D"}).is(201).kind("id", "string")
		x.drop(r)
		r.kind("userName", "string").absent("displayName", "meta")
	})
	return l.checks
}

func putChecks() []Check {
	l := list{area: "put", source: "RFC 7644 §3.5.1"}
	l.must("what the body leaves out is cleared", func(x *exchange) {
		u := x.user()
		r := x.do("PUT", u.path, object{"schemas": array{scim.UserURN}, "userName": u.name, "displayName": "Put"})
		r.is(200).want("displayName", "Put").want("id", u.id)
		x.get(u.path).is(200).want("displayName", "Put").absent("title", "emails", "name", scim.EnterpriseURN, "externalId")
	})
	l.must("id, meta and created stay as they are", func(x *exchange) {
		u := x.user()
		x.do("PUT", u.path, object{"userName": u.name, "id": "other", "meta": object{"created": "1999-01-01T00:00:00Z"}}).is(200)
		x.get(u.path).is(200).want("id", u.id).want("meta/created", u.text("meta/created"))
	})
	l.must("a missing required attribute is 400", func(x *exchange) {
		x.do("PUT", x.user().path, object{"displayName": "x"}).refused(400)
	})
	l.must("a taken userName is 409", func(x *exchange) {
		x.do("PUT", x.bare().path, object{"userName": x.a.name}).refused(409, "uniqueness")
	})
	l.must("an unknown id is 404: PUT never creates", func(x *exchange) {
		x.do("PUT", "/Users/none-"+random(), object{"userName": random()}).refused(404)
	})
	l.must("members are replaced", func(x *exchange) {
		g := x.group()
		x.do("PUT", g.path, object{"displayName": g.name, "members": array{object{"value": x.off.id}}}).is(200).count("members", 1)
		x.get(g.path).is(200).count("members", 1).has("members/*/value", x.off.id)
		x.do("PUT", g.path, object{"displayName": g.name}).is(200).count("members", 0)
	})
	l.should("attributes narrows the answer", func(x *exchange) {
		u := x.user()
		x.do("PUT", u.path+"?attributes=title", object{"userName": u.name, "title": "T"}).is(200).want("title", "T").absent("userName")
	})
	return l.checks
}

func deleteChecks() []Check {
	l := list{area: "delete", source: "RFC 7644 §3.6"}
	l.must("204, then the resource is gone everywhere", func(x *exchange) {
		u := x.user()
		r := x.do(http.MethodDelete, u.path, nil).is(204)
		if r.raw != "" {
			r.note("a body came with 204")
		}
		x.get(u.path).refused(404)
		x.find(`userName eq "` + u.name + `"`).only()
		x.patch(u, op("replace", "title", "x")).refused(404)
		x.do("PUT", u.path, object{"userName": u.name}).refused(404)
	})
	l.must("a second DELETE, and one of an unknown id, is 404", func(x *exchange) {
		u := x.bare()
		x.do(http.MethodDelete, u.path, nil).is(204)
		x.do(http.MethodDelete, u.path, nil).refused(404)
		x.do(http.MethodDelete, "/Users/none-"+random(), nil).refused(404)
	})
	l.must("the name is free again", func(x *exchange) {
		u := x.bare()
		x.do(http.MethodDelete, u.path, nil).is(204)
		x.make("/Users", object{"userName": u.name})
	})
	l.must("a group cannot be deleted as a user", func(x *exchange) {
		g := x.group()
		x.do(http.MethodDelete, "/Users/"+g.id, nil).refused(404)
		x.get(g.path).is(200)
	})
	l.should("a deleted user leaves its groups", func(x *exchange) {
		u := x.bare()
		g := x.make("/Groups", object{"displayName": "g-" + random(), "members": array{object{"value": u.id}, object{"value": x.a.id}}})
		x.do(http.MethodDelete, u.path, nil).is(204)
		x.get(g.path).is(200).count("members", 1).has("members/*/value", x.a.id)
		x.get("/Groups?filter=" + escape(`members.value eq "`+u.id+`"`)).only()
	})
	return l.checks
}

func etagChecks() []Check {
	l := list{area: "etag", source: "RFC 7644 §3.14, RFC 9110 §13"}
	stale := []string{"If-Match", `W/"stale"`}
	l.should("the ETag is the version", func(x *exchange) {
		if x.lacks("etag") {
			return
		}
		r := x.get(x.a.path).is(200)
		if tag := r.header.Get("ETag"); tag == "" || tag != r.text("meta/version") || !strings.HasPrefix(tag, "W/") {
			r.note("ETag %q, meta.version %q", r.header.Get("ETag"), r.text("meta/version"))
		}
	})
	l.should("If-None-Match of the version is 304, of a list that holds it too", func(x *exchange) {
		if x.lacks("etag") {
			return
		}
		tag := x.get(x.a.path).header.Get("ETag")
		x.get(x.a.path, "If-None-Match", tag).is(304)
		x.get(x.a.path, "If-None-Match", `W/"other", `+tag).is(304)
		x.get(x.a.path, "If-None-Match", `W/"other"`).is(200)
	})
	l.should("If-Match of an old version is 412, and nothing happens", func(x *exchange) {
		if x.lacks("etag") {
			return
		}
		u := x.user()
		x.do("PATCH", u.path, object{"schemas": array{scim.PatchURN}, "Operations": array{op("replace", "title", "x")}}, stale...).refused(412)
		x.do("PUT", u.path, object{"userName": u.name}, stale...).refused(412)
		x.do("DELETE", u.path, nil, stale...).refused(412)
		x.get(u.path).is(200).want("title", "Tour Guide")
	})
	l.should("If-Match of the version and * pass", func(x *exchange) {
		if x.lacks("etag") {
			return
		}
		u := x.user()
		body := func(v string) object {
			return object{"schemas": array{scim.PatchURN}, "Operations": array{op("replace", "title", v)}}
		}
		x.do("PATCH", u.path, body("x"), "If-Match", x.get(u.path).header.Get("ETag")).done()
		x.do("PATCH", u.path, body("y"), "If-Match", "*").done()
		x.do("DELETE", u.path, nil, "If-Match", x.get(u.path).header.Get("ETag")).is(204)
	})
	l.should("version and lastModified move with a change and with nothing else", func(x *exchange) {
		u := x.user()
		before := x.get(u.path)
		x.patch(u, op("replace", "title", "Tour Guide")).done()
		x.get(u.path).want("meta/version", before.text("meta/version")).want("meta/lastModified", before.text("meta/lastModified"))
		x.patch(u, op("replace", "title", "Other")).done()
		after := x.get(u.path).want("meta/created", before.text("meta/created"))
		if after.text("meta/version") == before.text("meta/version") {
			after.note("the version stayed")
		}
		if after.text("meta/lastModified") == before.text("meta/lastModified") {
			after.note("lastModified stayed")
		}
	})
	l.should("a change of members moves a group's version", func(x *exchange) {
		g := x.group()
		before := x.get(g.path)
		x.patch(g, op("add", "members", array{object{"value": x.off.id}})).done()
		if after := x.get(g.path); after.text("meta/version") == before.text("meta/version") {
			after.note("the version stayed")
		}
	})
	return l.checks
}
