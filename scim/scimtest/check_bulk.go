package scimtest

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/scim"
)

// bulk sends a BulkRequest; failOnErrors 0 is left out.
func (x *exchange) bulk(failOnErrors int, ops ...any) reply {
	body := object{"schemas": array{scim.BulkRequestURN}, "Operations": ops}
	if failOnErrors > 0 {
		body["failOnErrors"] = failOnErrors
	}
	r := x.do(http.MethodPost, "/Bulk", body)
	locations, _ := at(r.doc, "Operations/*/location").([]any)
	for _, loc := range locations {
		if s, ok := loc.(string); ok && strings.HasPrefix(s, x.base) {
			x.made = append(x.made, strings.TrimPrefix(s, x.base))
		}
	}
	return r
}

func bulkOp(method, path, bulkID string, data any) object {
	o := object{"method": method, "path": path}
	if bulkID != "" {
		o["bulkId"] = bulkID
	}
	if data != nil {
		o["data"] = withSchemas(method, path, data)
	}
	return o
}

func newUser() object { return object{"schemas": array{scim.UserURN}, "userName": random()} }

func newGroup(members ...any) object {
	return object{"schemas": array{scim.GroupURN}, "displayName": "g-" + random(), "members": array(members)}
}

func bulkChecks() []Check {
	l := list{area: "bulk", source: "RFC 7644 §3.7"}
	add := func(title string, run func(x *exchange)) {
		l.should(title, func(x *exchange) {
			if !x.lacks("bulk") {
				run(x)
			}
		})
	}
	add("every operation has its own result, with the status as a string", func(x *exchange) {
		r := x.bulk(0, bulkOp("POST", "/Users", "a", newUser()), bulkOp("POST", "/Users", "b", newUser())).is(200).has("schemas", scim.BulkResponseURN)
		r.count("Operations", 2).want("Operations/0/status", "201").want("Operations/0/bulkId", "a").want("Operations/0/method", "POST").kind("Operations/0/location", "string")
		x.get(r.text("Operations/1/location")).is(200).want("meta/version", r.text("Operations/1/version"))
	})
	add("PUT, PATCH and DELETE", func(x *exchange) {
		u, v, w := x.user(), x.user(), x.bare()
		r := x.bulk(0, bulkOp("PATCH", u.path, "", object{"schemas": array{scim.PatchURN}, "Operations": array{op("replace", "title", "B")}}),
			bulkOp("PUT", v.path, "", object{"userName": v.name, "title": "P"}), bulkOp("DELETE", w.path, "", nil)).is(200)
		r.want("Operations/0/status", "200").want("Operations/1/status", "200").want("Operations/2/status", "204")
		x.get(u.path).want("title", "B").count("emails", 2)
		x.get(v.path).want("title", "P").absent("emails")
		x.get(w.path).refused(404)
	})
	add("a reference to an earlier operation", func(x *exchange) {
		r := x.bulk(0, bulkOp("POST", "/Users", "u", newUser()), bulkOp("POST", "/Groups", "g", newGroup(object{"value": "bulkId:u"}))).is(200).want("Operations/1/status", "201")
		x.get(r.text("Operations/1/location")).count("members", 1).want("members/0/value", lastSegment(r.text("Operations/0/location")))
	})
	add("a reference to a later operation", func(x *exchange) {
		r := x.bulk(0, bulkOp("POST", "/Groups", "g", newGroup(object{"value": "bulkId:u"})), bulkOp("POST", "/Users", "u", newUser())).is(200).count("Operations", 2)
		r.want("Operations/0/status", "201").want("Operations/1/status", "201").want("Operations/0/bulkId", "g")
		x.get(r.text("Operations/0/location")).count("members", 1)
	})
	add("references in a circle between new groups", func(x *exchange) {
		r := x.bulk(0, bulkOp("POST", "/Groups", "one", newGroup(object{"value": "bulkId:two", "type": "Group"})),
			bulkOp("POST", "/Groups", "two", newGroup(object{"value": "bulkId:one", "type": "Group"}))).is(200)
		r.want("Operations/0/status", "201").want("Operations/1/status", "201")
		one, two := r.text("Operations/0/location"), r.text("Operations/1/location")
		x.get(one).has("members/*/value", lastSegment(two))
		x.get(two).has("members/*/value", lastSegment(one))
	})
	add("references in paths, in PATCH paths and in a manager", func(x *exchange) {
		boss := newUser()
		worker := newUser()
		worker[ent] = object{"manager": object{"value": "bulkId:boss"}}
		r := x.bulk(0, bulkOp("PATCH", "/Users/bulkId:w", "", object{"Operations": array{op("add", "title", "T")}}),
			bulkOp("POST", "/Users", "w", worker), bulkOp("POST", "/Users", "boss", boss)).is(200)
		r.want("Operations/0/status", "200").want("Operations/1/status", "201").want("Operations/2/status", "201")
		x.get(r.text("Operations/1/location")).want("title", "T").want(ent+"/manager/value", lastSegment(r.text("Operations/2/location")))
	})
	add("a reference to nothing fails that operation alone", func(x *exchange) {
		r := x.bulk(0, bulkOp("POST", "/Groups", "g", newGroup(object{"value": "bulkId:nobody"})), bulkOp("POST", "/Users", "u", newUser())).is(200)
		r.want("Operations/1/status", "201").kind("Operations/0/response", "object")
		if s := r.text("Operations/0/status"); !strings.HasPrefix(s, "4") {
			r.note("status %q of an operation with a reference to nothing", s)
		}
	})
	add("a failure is a full SCIM error, and the others go on", func(x *exchange) {
		r := x.bulk(0, bulkOp("POST", "/Users", "x", object{"userName": x.a.name}), bulkOp("DELETE", "/Users/none-"+random(), "", nil), bulkOp("POST", "/Users", "y", newUser())).is(200)
		r.want("Operations/0/status", "409").want("Operations/0/response/scimType", "uniqueness").want("Operations/0/response/status", "409").has("Operations/0/response/schemas", scim.ErrorURN)
		r.want("Operations/1/status", "404").want("Operations/2/status", "201")
	})
	add("failOnErrors stops", func(x *exchange) {
		taken := object{"userName": x.a.name}
		x.bulk(1, bulkOp("POST", "/Users", "x", taken), bulkOp("POST", "/Users", "y", newUser())).is(200).count("Operations", 1)
		x.bulk(2, bulkOp("POST", "/Users", "x", taken), bulkOp("POST", "/Users", "y", newUser()), bulkOp("POST", "/Users", "z", taken), bulkOp("POST", "/Users", "w", newUser())).
			is(200).count("Operations", 3)
	})
	add("a POST without bulkId is refused", func(x *exchange) {
		if r := x.bulk(0, bulkOp("POST", "/Users", "", newUser())).is(200, 400); r.status == 200 {
			r.want("Operations/0/status", "400")
		}
	})
	add("version is honoured", func(x *exchange) {
		u := x.user()
		stale := bulkOp("DELETE", u.path, "", nil)
		stale["version"] = `W/"stale"`
		x.bulk(0, stale).is(200).want("Operations/0/status", "412")
		x.get(u.path).is(200)
	})
	add("too many operations are 413", func(x *exchange) {
		most := x.config.number("bulk/maxOperations")
		if most <= 0 || most > 5000 {
			x.skip = fmt.Sprintf("maxOperations is %d", most)
			return
		}
		ops := make(array, most+1)
		for i := range ops {
			ops[i] = object{"method": "DELETE", "path": "/Users/none"}
		}
		x.do("POST", "/Bulk", object{"schemas": array{scim.BulkRequestURN}, "Operations": ops}).refused(413)
	})
	add("unknown methods and paths fail the operation, not the server", func(x *exchange) {
		r := x.bulk(0, bulkOp("GET", x.a.path, "", nil), bulkOp("DELETE", "/Nowhere/1", "", nil), bulkOp("PATCH", "", "", object{}), bulkOp("POST", "/Users", "u", nil)).is(200, 400)
		if r.status == 200 {
			r.count("Operations", 4)
		}
	})
	l.should("only POST", func(x *exchange) { x.get("/Bulk").is(405, 404, 501) })
	return l.checks
}

func lastSegment(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

func idempotencyChecks() []Check {
	l := list{area: "idempotency", source: "Sallyport, draft-ietf-httpapi-idempotency-key-header"}
	known := func(x *exchange) bool {
		body, key := newUser(), random()
		first := x.do("POST", "/Users", body, "Idempotency-Key", key).is(201)
		x.drop(first)
		again := x.do("POST", "/Users", body, "Idempotency-Key", key)
		if again.status != 201 {
			x.skip = "the endpoint does not know Idempotency-Key"
			return false
		}
		again.want("id", first.text("id"))
		return true
	}
	l.may("the same key gives the same answer", func(x *exchange) { known(x) })
	l.may("another body under the key is refused", func(x *exchange) {
		if !known(x) {
			return
		}
		key := random()
		x.drop(x.do("POST", "/Users", newUser(), "Idempotency-Key", key).is(201))
		x.do("POST", "/Users", newUser(), "Idempotency-Key", key).is(409, 422)
	})
	l.may("requests at the same time make one resource", func(x *exchange) {
		if !known(x) {
			return
		}
		body, key := newUser(), random()
		x.together(6, func(x *exchange, _ int) { x.do("POST", "/Users", body, "Idempotency-Key", key).is(201) })
		r := x.find(`userName eq "`+body["userName"].(string)+`"`).want("totalResults", 1)
		x.made = append(x.made, "/Users/"+r.text("Resources/0/id"))
	})
	return l.checks
}

func asyncChecks() []Check {
	l := list{area: "async", source: "RFC 9967 §2.5.1"}
	l.may("Prefer: respond-async is answered in the normal way or with a proper 202", func(x *exchange) {
		u := x.user()
		r := x.do("PUT", u.path, object{"userName": u.name, "displayName": "async"}, "Prefer", "respond-async").is(200, 202)
		if r.status != 202 {
			return
		}
		if r.raw != "" {
			r.note("202 has a body")
		}
		for _, h := range []string{"Set-Txn", "Preference-Applied", "Location"} {
			if r.header.Get(h) == "" {
				r.note("202 lacks %s", h)
			}
		}
	})
	return l.checks
}
