package scimtest

import (
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/scim"
)

func authChecks() []Check {
	l := list{area: "auth", source: "RFC 7644 §2, RFC 6750 §3"}
	unauthorized := func(r reply) {
		r.refused(http.StatusUnauthorized).kind("detail", "string")
		if r.status == http.StatusUnauthorized && !strings.HasPrefix(strings.ToLower(r.header.Get("WWW-Authenticate")), "bearer") {
			r.note("WWW-Authenticate is %q, want Bearer", r.header.Get("WWW-Authenticate"))
		}
	}
	l.must("a request without credentials is 401 with a SCIM error", func(x *exchange) {
		unauthorized(x.get("/Users", "Authorization", "-"))
	})
	l.must("a wrong token is 401", func(x *exchange) {
		unauthorized(x.get("/Users", "Authorization", "Bearer wrong-"+random()))
	})
	l.must("a malformed Authorization header is 401 (Okta)", func(x *exchange) {
		for _, v := range []string{"Bearer", x.token, "Bearer  ", "Basic " + x.token, "Bearer " + x.token + " more", "Bearer " + x.token + ", Bearer x"} {
			unauthorized(x.get("/Users", "Authorization", v))
		}
	})
	l.must("the scheme is matched without regard to case", func(x *exchange) {
		x.get("/Users?count=0", "Authorization", "bearer "+x.token).is(200)
		x.get("/Users?count=0", "Authorization", "BEARER "+x.token).is(200)
	})
	l.must("credentials come before discovery, unknown paths and bodies", func(x *exchange) {
		for _, path := range []string{"/ServiceProviderConfig", "/Schemas", "/nowhere", "/Users/" + x.a.id} {
			unauthorized(x.get(path, "Authorization", "-"))
		}
		unauthorized(x.do(http.MethodPost, "/Users", "{not json", "Authorization", "-"))
		unauthorized(x.do(http.MethodDelete, "/Schemas", nil, "Authorization", "-"))
	})
	l.must("a token in the URL is not taken", func(x *exchange) {
		unauthorized(x.get("/Users?access_token="+x.token, "Authorization", "-"))
	})
	return l.checks
}

func transportChecks() []Check {
	l := list{area: "transport", source: "RFC 7644 §3.1, RFC 9110"}
	l.must("answers are application/scim+json, whatever was accepted", func(x *exchange) {
		for _, accept := range []string{"-", "application/json", "application/scim+json", "*/*"} {
			r := x.get("/Users?count=1", "Accept", accept).is(200)
			if !strings.HasPrefix(r.header.Get("Content-Type"), "application/scim+json") {
				r.note("Content-Type %q", r.header.Get("Content-Type"))
			}
		}
	})
	l.must("application/json with a charset is taken as a body", func(x *exchange) {
		x.drop(x.do(http.MethodPost, "/Users", object{"userName": random()}, "Content-Type", "application/json; charset=utf-8").is(201))
	})
	l.must("a body of another type is 415", func(x *exchange) {
		x.do(http.MethodPost, "/Users", object{"userName": random()}, "Content-Type", "text/xml").refused(415)
		x.do(http.MethodPatch, x.b.path, "x=1", "Content-Type", "application/x-www-form-urlencoded").refused(415)
	})
	l.should("a trailing slash means nothing", func(x *exchange) {
		x.get("/Users/?count=1").is(200)
		x.get(x.a.path+"/").is(200).want("id", x.a.id)
	})
	l.must("unknown headers and parameters are ignored", func(x *exchange) {
		x.get("/Users?count=1&aadOptscim062020&nonsense=1", "ADSCIMVersion", "6.0", "X-Whatever", "1").is(200)
	})
	l.must("an unknown path is 404 with a SCIM error", func(x *exchange) {
		x.get("/Nowhere").refused(404)
		x.get(x.a.path + "/more").refused(404)
	})
	l.should("a wrong method on a known path is 405 with Allow", func(x *exchange) {
		for _, try := range [][2]string{{"DELETE", "/Users"}, {"PUT", "/Users"}, {"POST", x.a.path}, {"PATCH", "/ServiceProviderConfig"}} {
			r := x.do(try[0], try[1], nil).refused(405)
			if r.status == 405 && r.header.Get("Allow") == "" {
				r.note("no Allow header")
			}
		}
	})
	l.should("OPTIONS and HEAD give no server error", func(x *exchange) {
		for _, path := range []string{"/Users", x.a.path, "/ServiceProviderConfig", "/Bulk"} {
			x.do(http.MethodOptions, path, nil).is(200, 204, 404, 405)
			x.do(http.MethodHead, path, nil).is(200, 204, 404, 405)
		}
	})
	l.must("a body over the limit is 413, or the connection ends", func(x *exchange) {
		big := `{"userName":"` + strings.Repeat("x", 20<<20) + `"}`
		if r := (&exchange{session: x.session}).do(http.MethodPost, "/Users", big); r.status != 0 && r.status != 413 {
			r.x = x
			r.note("status %d, want 413", r.status)
		}
		x.get("/Users?count=1").is(200)
	})
	l.must("deep nesting is refused, not a crash", func(x *exchange) {
		deep := `{"userName":"u","x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`
		x.do(http.MethodPost, "/Users", deep).refused(400)
	})
	l.must("no input gives a server error", func(x *exchange) {
		for _, body := range []string{"", "null", "[]", "1", `"x"`, "{", `{"userName":}`, `{"userName":"a"}x`, "\xff\xfe", `{"userName":"\ud800"}`,
			`{"userName":null}`, `{"userName":[]}`, `{"userName":{}}`, `{"schemas":"x","userName":1}`, `{"emails":[[1]],"userName":"u"}`} {
			for _, to := range [][2]string{{"POST", "/Users"}, {"PUT", x.b.path}, {"PATCH", x.b.path}, {"POST", "/Users/.search"}, {"POST", "/Bulk"}, {"POST", "/Groups"}} {
				r := x.do(to[0], to[1], body)
				if r.status >= 500 && r.status != 501 {
					r.note("status %d on %q", r.status, body)
				}
				if to[0] == "POST" && r.status == 201 {
					x.drop(r)
				}
			}
		}
		x.restore()
	})
	l.must("no query gives a server error", func(x *exchange) {
		for _, q := range []string{"filter=%", "filter=%zz", "startIndex=x", "count=1e9", "count=99999999999999999999", "startIndex=-99999999999999999999",
			"sortBy=%00", "sortBy=nope", "sortOrder=up", "attributes=,,,", "attributes=%00", "filter=", "cursor=%00", "cursor=AAAA", "filter=%00", "&&&=&="} {
			if r := x.get("/Users?" + q); r.status >= 500 {
				r.note("status %d", r.status)
			}
		}
	})
	return l.checks
}

// drop deletes what a request made.
func (x *exchange) drop(r reply) {
	if id := r.text("id"); id != "" {
		kind := "/Users/"
		if r.text("meta/resourceType") == "Group" {
			kind = "/Groups/"
		}
		x.made = append(x.made, kind+id)
	}
}

// restore gives the plain user its content back after a check that threw things at it.
func (x *exchange) restore() {
	x.do(http.MethodPut, x.b.path, object{"schemas": array{scim.UserURN}, "userName": x.b.name, "displayName": "Plain", "active": true}).is(200)
}

func discoveryChecks() []Check {
	l := list{area: "discovery", source: "RFC 7644 §4, RFC 7643 §5 to §7"}
	l.must("ServiceProviderConfig has every part, also of features that are off", func(x *exchange) {
		r := x.get("/ServiceProviderConfig").is(200).has("schemas", scim.ConfigURN)
		for _, f := range []string{"patch", "bulk", "filter", "changePassword", "sort", "etag"} {
			r.kind(f+"/supported", "bool")
		}
		r.kind("bulk/maxOperations", "number").kind("bulk/maxPayloadSize", "number").kind("filter/maxResults", "number")
		r.kind("authenticationSchemes/0/type", "string").kind("authenticationSchemes/0/name", "string").kind("authenticationSchemes/0/description", "string")
	})
	l.may("ServiceProviderConfig says how it pages and whether it answers asynchronously (RFC 9865, 9967)", func(x *exchange) {
		r := x.get("/ServiceProviderConfig").is(200).kind("pagination/cursor", "bool").kind("pagination/index", "bool")
		r.kind("pagination/defaultPaginationMethod", "string").kind("pagination/defaultPageSize", "number").kind("pagination/maxPageSize", "number")
		r.kind("securityEvents/asyncRequest", "string").kind("securityEvents/eventUris", "list")
	})
	l.must("ResourceTypes lists User and Group", func(x *exchange) {
		r := x.get("/ResourceTypes").is(200).has("schemas", scim.ListURN).has("Resources/*/name", "User").has("Resources/*/name", "Group")
		r.want("Resources/name=User/endpoint", "/Users").want("Resources/name=User/schema", scim.UserURN)
		if l, _ := at(r.doc, "Resources").([]any); len(l) != r.number("totalResults") {
			r.note("totalResults %d but %d resources", r.number("totalResults"), len(l))
		}
	})
	l.should("ResourceTypes/User names the enterprise extension", func(x *exchange) {
		x.get("/ResourceTypes/User").is(200).want("name", "User").has("schemaExtensions/*/schema", scim.EnterpriseURN).kind("meta/location", "string")
	})
	l.must("an unknown resource type or schema is 404", func(x *exchange) {
		x.get("/ResourceTypes/Nope").refused(404)
		x.get("/Schemas/urn:nope:1.0:X").refused(404)
	})
	l.must("Schemas lists every schema, without null", func(x *exchange) {
		r := x.get("/Schemas").is(200).has("schemas", scim.ListURN).has("Resources/*/id", scim.UserURN).has("Resources/*/id", scim.GroupURN)
		if strings.Contains(r.raw, ":null") || strings.Contains(r.raw, ": null") {
			r.note("null in the document")
		}
	})
	l.should("a schema is found by its URN in any case", func(x *exchange) {
		x.get("/Schemas/"+strings.ToUpper(scim.UserURN)).is(200).want("id", scim.UserURN)
		x.get("/Schemas/"+scim.EnterpriseURN).is(200).want("id", scim.EnterpriseURN)
	})
	l.must("every attribute definition has its characteristics", func(x *exchange) {
		r := x.get("/Schemas/" + scim.UserURN).is(200)
		attributes, _ := at(r.doc, "attributes").([]any)
		if len(attributes) == 0 {
			r.note("no attributes")
		}
		for _, a := range attributes {
			name, _ := at(a, "name").(string)
			for key, kind := range map[string]string{"name": "string", "type": "string", "multiValued": "bool", "description": "string",
				"required": "bool", "mutability": "string", "returned": "string"} {
				if kindOf(at(a, key)) != kind {
					r.note("attribute %s: %s is no %s", name, key, kind)
				}
			}
			if at(a, "type") == "complex" && kindOf(at(a, "subAttributes")) != "list" {
				r.note("attribute %s has no subAttributes", name)
			}
		}
		r.want("attributes/name=userName/required", true).want("attributes/name=password/returned", "never").want("attributes/name=groups/mutability", "readOnly")
	})
	l.must("discovery cannot be written to", func(x *exchange) {
		x.do(http.MethodPost, "/Schemas", object{}).is(405, 501)
		x.do(http.MethodDelete, "/ResourceTypes/User", nil).is(405, 501)
		x.do(http.MethodPut, "/ServiceProviderConfig", object{}).is(405, 501)
	})
	l.must("a filter on discovery is 403", func(x *exchange) {
		for _, path := range []string{"/Schemas", "/ResourceTypes", "/ServiceProviderConfig"} {
			x.get(path + "?filter=id%20pr").refused(403)
		}
	})
	l.must("/Me answers for a person or says 501", func(x *exchange) { x.get("/Me").is(200, 307, 308, 501) })
	return l.checks
}
