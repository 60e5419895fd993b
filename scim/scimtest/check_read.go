package scimtest

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/scim"
)

func escape(s string) string { return url.QueryEscape(s) }

func readChecks() []Check {
	l := list{area: "read", source: "RFC 7644 §3.4.1"}
	l.must("a resource by id", func(x *exchange) {
		x.get(x.a.path).is(200).want("id", x.a.id).want("userName", x.a.name).want("name/familyName", "O'Malley").count("emails", 2)
	})
	l.must("an inactive user is there like any other", func(x *exchange) {
		x.get(x.off.path).is(200).want("active", false)
		x.find(`userName eq "` + x.off.name + `"`).only(x.off.id)
	})
	l.must("the id of another type is 404", func(x *exchange) {
		x.get("/Users/" + x.team.id).refused(404)
		x.get("/Groups/" + x.a.id).refused(404)
	})
	l.must("an id that names nothing is 404, however odd", func(x *exchange) {
		for _, id := range []string{"none", "cn%3Dx%2Cou%3Dy", "a%2Fb", "%25", "%C3%BC", "a+b", "%00", "%F0%9F%98%80", strings.Repeat("x", 2000)} {
			x.get("/Users/" + id).refused(404)
		}
	})
	l.must("a user shows its groups", func(x *exchange) {
		x.get(x.a.path).is(200).has("groups/*/value", x.team.id)
	})
	l.must("a group shows its members", func(x *exchange) {
		x.get(x.team.path).is(200).count("members", 2).has("members/*/value", x.a.id).has("members/*/value", x.b.id)
	})
	l.must("schemas names the extensions that are there, and no others", func(x *exchange) {
		x.get(x.a.path).has("schemas", scim.UserURN).has("schemas", scim.EnterpriseURN)
		bare := x.get(x.bare().path).has("schemas", scim.UserURN)
		bare.count("schemas", 1+len(bare.extensions()))
		for _, urn := range bare.extensions() {
			bare.has("schemas", urn)
		}
	})
	return l.checks
}

func projectionChecks() []Check {
	l := list{area: "projection", source: "RFC 7644 §3.9"}
	l.must("attributes gives what is asked for, and id", func(x *exchange) {
		x.get(x.a.path+"?attributes=userName").is(200).want("id", x.a.id).want("userName", x.a.name).kind("schemas", "list").absent("emails", "name", "meta", "active")
	})
	l.must("names are matched in any case, dotted, and by URN", func(x *exchange) {
		x.get(x.a.path+"?attributes=USERNAME,Name.GivenName").is(200).want("userName", x.a.name).want("name/givenName", "Barbara").absent("name/familyName")
		x.get(x.a.path+"?attributes="+scim.UserURN+":userName,"+scim.EnterpriseURN+":department").is(200).
			want("userName", x.a.name).want(scim.EnterpriseURN+"/department", "Sales").absent(scim.EnterpriseURN+"/employeeNumber", "title")
		x.get(x.a.path+"?attributes="+scim.EnterpriseURN).is(200).want(scim.EnterpriseURN+"/department", "Sales").absent("userName")
	})
	l.must("a sub-attribute of a multi-valued attribute", func(x *exchange) {
		x.get(x.a.path+"?attributes=emails.value").is(200).count("emails", 2).kind("emails/0/value", "string").absent("emails/0/type")
	})
	l.must("excludedAttributes leaves out, but never id", func(x *exchange) {
		x.get(x.a.path+"?excludedAttributes=id,userName,name.familyName").is(200).want("id", x.a.id).want("name/givenName", "Barbara").absent("userName", "name/familyName")
	})
	l.must("a group without its members", func(x *exchange) {
		x.get(x.team.path+"?excludedAttributes=members").is(200).want("displayName", x.team.name).absent("members")
		x.get("/Groups?excludedAttributes=members&filter=" + escape(`displayName eq "`+x.team.name+`"`)).only(x.team.id).absent("Resources/0/members")
	})
	l.must("an unknown name asks for nothing", func(x *exchange) {
		x.get(x.a.path+"?attributes=nonsense").is(200).want("id", x.a.id).absent("userName")
	})
	l.must("attributes on a list", func(x *exchange) {
		x.get("/Users?attributes=userName&count=1").is(200).kind("Resources/0/id", "string").kind("Resources/0/userName", "string").absent("Resources/0/emails", "Resources/0/meta")
	})
	return l.checks
}

func listChecks() []Check {
	l := list{area: "list", source: "RFC 7644 §3.4.2"}
	l.must("a ListResponse with all its numbers", func(x *exchange) {
		r := x.get("/Users").is(200).has("schemas", scim.ListURN).kind("Resources", "list").want("startIndex", 1)
		if n, _ := at(r.doc, "Resources").([]any); r.number("itemsPerPage") != len(n) || r.number("totalResults") < 3 {
			r.note("itemsPerPage %d, totalResults %d, resources %d", r.number("itemsPerPage"), r.number("totalResults"), len(n))
		}
	})
	l.must("no match is 200 with an empty list, never 404", func(x *exchange) {
		x.find(`userName eq "nobody-` + random() + `"`).only()
		x.get("/Groups?filter=" + escape(`displayName eq "none-`+random()+`"`)).only()
	})
	l.must("startIndex moves and is echoed", func(x *exchange) {
		one := x.get("/Users?count=3").is(200).count("Resources", 3)
		x.get("/Users?startIndex=2&count=1").is(200).want("startIndex", 2).want("itemsPerPage", 1).want("Resources/0/id", at(one.doc, "Resources/1/id"))
	})
	l.must("startIndex below 1 is 1", func(x *exchange) {
		x.get("/Users?startIndex=0&count=1").is(200).want("startIndex", 1)
		x.get("/Users?startIndex=-5&count=1").is(200).want("startIndex", 1)
	})
	l.must("count 0 and a negative count give only the total", func(x *exchange) {
		for _, n := range []string{"0", "-5"} {
			if r := x.get("/Users?count="+n).is(200).count("Resources", 0); r.number("totalResults") < 3 {
				r.note("totalResults %d", r.number("totalResults"))
			}
		}
	})
	l.must("past the end is an empty page with the total", func(x *exchange) {
		if r := x.get("/Users?startIndex=100000000&count=5").is(200).count("Resources", 0); r.number("totalResults") < 3 {
			r.note("totalResults %d", r.number("totalResults"))
		}
	})
	l.must("a number that is none is 400 invalidValue", func(x *exchange) {
		x.get("/Users?count=abc").refused(400, "invalidValue")
		x.get("/Users?startIndex=1.5").refused(400, "invalidValue")
	})
	l.must("count is capped", func(x *exchange) {
		if r := x.get("/Users?count=1000000&attributes=id").is(200); r.number("itemsPerPage") > x.config.number("filter/maxResults") {
			r.note("%d in one page, over filter.maxResults", r.number("itemsPerPage"))
		}
	})
	l.must("a walk over all pages sees everything once", func(x *exchange) { x.walk("/Users", x.a.id, x.b.id, x.off.id) })
	l.must("groups page like users", func(x *exchange) {
		x.get("/Groups?startIndex=1&count=1").is(200).count("Resources", 1).want("itemsPerPage", 1)
		x.walk("/Groups", x.team.id)
	})
	l.must("a filter pages, too", func(x *exchange) {
		word := "page" + random()
		for range 5 {
			x.make("/Users", object{"userName": random(), "displayName": word})
		}
		filter := "filter=" + escape(`displayName eq "`+word+`"`)
		x.get("/Users?"+filter+"&startIndex=4&count=3").is(200).want("totalResults", 5).count("Resources", 2)
	})
	return l.checks
}

// walk reads all index pages of 3 and expects the ids to be among them, each id once.
func (x *exchange) walk(path string, ids ...string) {
	seen := map[any]int{}
	for start := 1; start < 100_000; {
		r := x.get(fmt.Sprintf("%s?count=50&attributes=id&startIndex=%d", path, start)).is(200)
		page, _ := at(r.doc, "Resources/*/id").([]any)
		for _, id := range page {
			seen[id]++
		}
		start += len(page)
		if len(page) == 0 || start > r.number("totalResults") {
			break
		}
	}
	x.sawAll(seen, ids)
}

func (x *exchange) sawAll(seen map[any]int, ids []string) {
	for _, id := range ids {
		if seen[id] != 1 {
			x.failf("%s was seen %d times", id, seen[id])
		}
	}
	for id, n := range seen {
		if n > 1 {
			x.failf("%v was seen %d times", id, n)
		}
	}
}

func cursorChecks() []Check {
	l := list{area: "cursor", source: "RFC 9865 §2"}
	can := func(x *exchange) bool {
		if at(x.config.doc, "pagination/cursor") == true {
			return true
		}
		x.skip = "the endpoint does not publish cursor paging"
		return false
	}
	l.may("nextCursor leads through everything once, and the last page has none", func(x *exchange) {
		if !can(x) {
			return
		}
		seen := map[any]int{}
		for cursor, pages := "", 0; pages < 10_000; pages++ {
			r := x.get("/Users?count=7&attributes=id&cursor=" + escape(cursor)).is(200)
			page, _ := at(r.doc, "Resources/*/id").([]any)
			for _, id := range page {
				seen[id]++
			}
			if pages == 0 {
				r.absent("previousCursor")
			}
			if cursor = r.text("nextCursor"); cursor == "" {
				break
			}
		}
		x.sawAll(seen, []string{x.a.id, x.b.id, x.off.id})
	})
	l.may("a walk is consistent while resources come and go", func(x *exchange) {
		if !can(x) {
			return
		}
		word := "walk" + random()
		var users []thing
		for range 6 {
			users = append(users, x.make("/Users", object{"userName": random(), "displayName": word}))
		}
		q := "/Users?count=2&filter=" + escape(`displayName eq "`+word+`"`) + "&cursor="
		first := x.get(q).is(200).count("Resources", 2)
		x.do("DELETE", users[0].path, nil).is(204)
		second := x.get(q + escape(first.text("nextCursor"))).is(200)
		second.want("Resources/0/id", users[2].id).want("Resources/1/id", users[3].id)
	})
	l.may("a cursor is bound to its filter, and a forged one is refused", func(x *exchange) {
		if !can(x) {
			return
		}
		cursor := x.get("/Users?count=1&cursor=").is(200).text("nextCursor")
		x.get("/Users?count=1&filter="+escape("title pr")+"&cursor="+escape(cursor)).refused(400, "invalidCursor")
		x.get("/Groups?count=1&cursor="+escape(cursor)).refused(400, "invalidCursor")
		x.get("/Users?count=1&cursor=nonsense").refused(400, "invalidCursor")
		x.get("/Users?count=1&cursor="+escape(flip(cursor))).refused(400, "invalidCursor")
	})
	l.may("a count that is none is 400 invalidCount", func(x *exchange) {
		if can(x) {
			x.get("/Users?cursor=&count=abc").refused(400, "invalidCount")
		}
	})
	return l.checks
}

// flip changes one character in the middle.
func flip(s string) string {
	if s == "" {
		return "x"
	}
	b := []byte(s)
	if i := len(b) / 2; b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}

// order compares two values as times when both are, else as text without regard to case.
func order(a, b string) int {
	s, err := time.Parse(time.RFC3339Nano, a)
	t, err2 := time.Parse(time.RFC3339Nano, b)
	if err == nil && err2 == nil {
		return s.Compare(t)
	}
	return strings.Compare(strings.ToLower(a), strings.ToLower(b))
}

func sortChecks() []Check {
	l := list{area: "sort", source: "RFC 7644 §3.4.2.3"}
	ordered := func(x *exchange, query, path string, descending bool) {
		r := x.get("/Users?count=200&" + query).is(200)
		values, _ := at(r.doc, "Resources/*/"+path).([]any)
		for i := 1; i < len(values); i++ {
			a, b := fmt.Sprint(values[i-1]), fmt.Sprint(values[i])
			if n := order(a, b); descending && n < 0 || !descending && n > 0 {
				r.note("%s before %s", a, b)
				return
			}
		}
	}
	l.should("ascending by default, and descending", func(x *exchange) {
		if x.lacks("sort") {
			return
		}
		ordered(x, "sortBy=userName", "userName", false)
		ordered(x, "sortBy=USERNAME&sortOrder=ascending", "userName", false)
		ordered(x, "sortBy=userName&sortOrder=descending", "userName", true)
	})
	l.should("by a sub-attribute, and by what meta holds", func(x *exchange) {
		if x.lacks("sort") {
			return
		}
		ordered(x, "sortBy=name.familyName&filter="+escape("name.familyName pr"), "name/familyName", false)
		ordered(x, "sortBy=meta.created", "meta/created", false)
		ordered(x, "sortBy=meta.lastModified&sortOrder=descending", "meta/lastModified", true)
	})
	l.should("those without the attribute come last in ascending order", func(x *exchange) {
		if x.lacks("sort") {
			return
		}
		word := "sort" + random()
		none := x.make("/Users", object{"userName": random(), "nickName": word})
		some := x.make("/Users", object{"userName": random(), "nickName": word, "title": "a"})
		x.get("/Users?sortBy=title&filter="+escape(`nickName eq "`+word+`"`)).want("Resources/0/id", some.id).want("Resources/1/id", none.id)
	})
	l.should("a multi-valued attribute sorts by its primary", func(x *exchange) {
		if x.lacks("sort") {
			return
		}
		word := "prim" + random()
		late := x.make("/Users", object{"userName": random(), "nickName": word, "emails": array{object{"value": "a@x"}, object{"value": "z@x", "primary": true}}})
		early := x.make("/Users", object{"userName": random(), "nickName": word, "emails": array{object{"value": "m@x"}}})
		x.get("/Users?sortBy=emails&filter="+escape(`nickName eq "`+word+`"`)).want("Resources/0/id", early.id).want("Resources/1/id", late.id)
	})
	return l.checks
}

func searchChecks() []Check {
	l := list{area: "search", source: "RFC 7644 §3.4.3"}
	l.should("POST /Users/.search takes the parameters in the body", func(x *exchange) {
		x.do("POST", "/Users/.search", object{"schemas": array{scim.SearchURN}, "filter": `userName eq "` + x.a.name + `"`, "startIndex": 1, "count": 10,
			"attributes": array{"userName"}}).only(x.a.id).want("Resources/0/userName", x.a.name).absent("Resources/0/emails")
		x.do("POST", "/Groups/.search", object{"filter": `displayName eq "` + x.team.name + `"`, "excludedAttributes": array{"members"}}).only(x.team.id).absent("Resources/0/members")
	})
	l.should("a bad filter there is refused as anywhere", func(x *exchange) {
		x.do("POST", "/Users/.search", object{"filter": "userName xx 1"}).refused(400, "invalidFilter")
		x.do("POST", "/Users/.search", "{").refused(400, "invalidSyntax")
	})
	l.should("a search over all types works or is 501", func(x *exchange) {
		filter := fmt.Sprintf(`userName eq "%s" or displayName eq "%s"`, x.a.name, x.team.name)
		for _, r := range []reply{x.do("POST", "/.search", object{"filter": filter}), x.get("/?filter=" + escape(filter))} {
			if r.is(200, 501, 404); r.status == 200 {
				r.has("Resources/*/id", x.a.id)
			}
		}
	})
	return l.checks
}
