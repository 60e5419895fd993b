package graphapi_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestW27Users(t *testing.T) {
	w := newWorld(t)
	a := w.wants(201, "user", call{method: "POST", path: "/v1.0/users", gzip: true, body: map[string]any{
		"@odata.type": "#microsoft.graph.user", "accountEnabled": true, "displayName": "Ann Lee", "mailNickname": "ann", "userPrincipalName": "ann@x.example",
		"passwordProfile": map[string]any{"password": "S3cret!", "forceChangePasswordNextSignIn": true},
		"employeeOrgData": map[string]any{"division": "North"}, "onPremisesExtensionAttributes": map[string]any{"extensionAttribute3": "three"},
	}})
	if strings.Contains(a.text, "S3cret") || a.body["passwordProfile"] != nil {
		t.Error("the password is echoed")
	}
	id := text(a.body["id"])
	if a.header.Get("Location") != w.server.URL+"/v1.0/users/"+id || a.header.Get("OData-Version") != "4.0" {
		t.Errorf("headers %v", a.header)
	}
	for _, path := range []string{"/v1.0/users/" + id, "/beta/users/" + strings.ToUpper(id) + "/", "/v1.0/users/ANN@x.example", "/V1.0/Users('" + id + "')"} {
		got := w.want(200, "user", "GET", path, nil)
		if got["id"] != id || got["department"] != nil || len(got) != 12 { // eleven standard properties and the context
			t.Errorf("%s: %v", path, got)
		}
		if _, there := got["department"]; there {
			t.Errorf("%s shows more than the standard properties", path)
		}
	}
	got := w.want(200, "user?", "GET", "/v1.0/users/"+id+"?$select=EmployeeOrgData,onPremisesExtensionAttributes,accountEnabled,mailNickname", nil)
	if s := fmt.Sprint(got); !strings.Contains(s, "division:North") || !strings.Contains(s, "extensionAttribute3:three") || got["accountEnabled"] != true {
		t.Errorf("selected: %v", got)
	}
	w.want(204, "", "PATCH", "/v1.0/users/"+id, map[string]any{"jobTitle": "Clerk", "businessPhones": []string{"+1"}, "employeeHireDate": "2020-01-02T00:00:00Z"})
	if got := w.want(200, "user", "GET", "/v1.0/users/"+id, nil); got["jobTitle"] != "Clerk" || fmt.Sprint(got["businessPhones"]) != "[+1]" {
		t.Errorf("after PATCH: %v", got)
	}
	for name, bad := range map[string]any{
		"wrong kind": map[string]any{"accountEnabled": "yes"}, "not a list": map[string]any{"otherMails": "a@b"}, "computed": map[string]any{"createdDateTime": "2020-01-01T00:00:00Z"},
		"navigation": map[string]any{"manager": "x"}, "date": map[string]any{"employeeHireDate": "tomorrow"}, "object": map[string]any{"jobTitle": map[string]any{"a": 1}},
	} {
		if a := w.send(call{method: "PATCH", path: "/v1.0/users/" + id, body: bad}); a.status != 400 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	w.want(409, "", "POST", "/v1.0/users", map[string]any{"userPrincipalName": "ANN@X.example", "displayName": "Other"})
	w.want(204, "", "DELETE", "/v1.0/users/ann@x.example", nil)
	w.want(404, "", "GET", "/v1.0/users/"+id, nil)
	if page := w.want(200, "user?[]", "GET", "/v1.0/directory/deletedItems/microsoft.graph.user", nil); len(list(page)) != 1 {
		t.Errorf("deleted users %v", page)
	}
	w.want(200, "directoryObject", "GET", "/v1.0/directory/deletedItems/"+id, nil)
	back := w.want(200, "directoryObject", "POST", "/v1.0/directory/deletedItems/"+id+"/microsoft.graph.restore", nil)
	if back["@odata.type"] != "#microsoft.graph.user" {
		t.Errorf("restored %v", back)
	}
	w.want(200, "user", "GET", "/v1.0/users/"+id, nil)
	w.want(204, "", "DELETE", "/v1.0/users/"+id, nil)
	w.want(204, "", "DELETE", "/v1.0/directory/deletedItems/"+id, nil)
	w.want(404, "", "GET", "/v1.0/directory/deletedItems/"+id, nil)
}

func TestW28ManagerAndMembers(t *testing.T) {
	w := newWorld(t)
	ann, bo, g := w.user("ann@x.example"), w.user("bo@x.example"), w.group("Staff")
	w.want(404, "", "GET", "/v1.0/users/"+ann+"/manager", nil)
	w.want(204, "", "PUT", "/v1.0/users/"+ann+"/manager/$ref", ref(bo))
	if m := w.want(200, "directoryObject", "GET", "/v1.0/users/"+ann+"/manager", nil); m["id"] != bo {
		t.Errorf("manager %v", m)
	}
	if u := w.want(200, "user", "GET", "/v1.0/users/"+ann+"?$expand=manager($select=id,displayName)", nil); fmt.Sprint(u["manager"]) == "<nil>" {
		t.Errorf("expanded %v", u)
	}
	if rs := list(w.want(200, "directoryObject[]", "GET", "/v1.0/users/"+bo+"/directReports", nil)); len(rs) != 1 || rs[0]["id"] != ann {
		t.Errorf("reports %v", rs)
	}
	w.want(204, "", "DELETE", "/v1.0/users/"+ann+"/manager/$ref", nil)
	w.want(404, "", "GET", "/v1.0/users/"+ann+"/manager", nil)
	members := "/v1.0/groups/" + g + "/members"
	w.want(204, "", "POST", members+"/$ref", ref(ann))
	w.want(400, "", "POST", members+"/$ref", ref(ann))
	w.want(404, "", "POST", members+"/$ref", ref("00000000-0000-0000-0000-000000000001"))
	if ms := list(w.want(200, "directoryObject[]", "GET", members, nil)); len(ms) != 1 || ms[0]["@odata.type"] != "#microsoft.graph.user" {
		t.Errorf("members %v", ms)
	}
	inner := w.group("Inner")
	w.want(204, "", "POST", members+"/$ref", ref(inner))
	w.want(204, "", "PATCH", "/v1.0/groups/"+inner, map[string]any{"members@odata.bind": []string{w.server.URL + "/v1.0/users/" + bo}})
	if ms := list(w.want(200, "directoryObject[]", "GET", "/v1.0/groups/"+g+"/transitiveMembers", nil)); len(ms) != 3 {
		t.Errorf("transitive members %v", ms)
	}
	if gs := list(w.want(200, "directoryObject[]", "GET", "/v1.0/users/"+bo+"/transitiveMemberOf", nil)); len(gs) != 2 {
		t.Errorf("bo is in %v", gs)
	}
	w.want(204, "", "DELETE", members+"/"+ann+"/$ref", nil)
	w.want(404, "", "DELETE", members+"/"+ann+"/$ref", nil)
	w.want(204, "", "POST", "/v1.0/groups/"+g+"/owners/$ref", ref(ann))
	w.want(400, "", "POST", "/v1.0/groups/"+g+"/owners/$ref", ref(ann))
	if os := list(w.want(200, "directoryObject[]", "GET", "/v1.0/groups/"+g+"/owners", nil)); len(os) != 1 {
		t.Errorf("owners %v", os)
	}
	w.want(204, "", "DELETE", "/v1.0/groups/"+g+"/owners/"+ann+"/$ref", nil)
}

// delta follows nextLinks to the deltaLink and returns the items by id.
func (w *world) delta(shape, path string) (items map[string]map[string]any, link string) {
	w.Helper()
	all, last := w.pages(shape, path)
	items = map[string]map[string]any{}
	for _, i := range all {
		items[text(i["id"])] = i
	}
	link = text(last["@odata.deltaLink"])
	if link == "" || last["@odata.nextLink"] != nil {
		w.Fatalf("the last page has not exactly a deltaLink: %v", last)
	}
	return items, link
}

func reason(item map[string]any) string {
	m, _ := item["@removed"].(map[string]any)
	return text(m["reason"])
}

func TestW29UserDelta(t *testing.T) {
	for _, path := range []string{"/v1.0/users/delta", "/v1.0/users/delta()", "/beta/users/microsoft.graph.delta()"} {
		t.Run(path, func(t *testing.T) { userDelta(t, path) })
	}
}

func userDelta(t *testing.T, path string) {
	w := newWorld(t)
	var people []string
	for i := range 5 {
		people = append(people, w.user(fmt.Sprintf("p%d@x.example", i)))
	}
	items, link := w.delta("user[]", path+"?$top=2")
	if len(items) != 5 {
		t.Fatalf("the full state has %d users", len(items))
	}
	if items, link = w.delta("user[]", link); len(items) != 0 {
		t.Errorf("nothing changed, but %v is told", items)
	}
	w.want(204, "", "PATCH", "/v1.0/users/"+people[0], map[string]any{"department": "Sales"})
	w.want(204, "", "DELETE", "/v1.0/users/"+people[1], nil)
	fresh := w.user("new@x.example")
	items, second := w.delta("user[]", link)
	if len(items) != 3 || items[people[0]]["department"] != "Sales" || reason(items[people[1]]) != "changed" || items[fresh] == nil {
		t.Errorf("changes %v", items)
	}
	if again, _ := w.delta("user[]", link); len(again) != 3 {
		t.Errorf("a token can be used again, it gave %v", again)
	}
	w.want(200, "", "POST", "/v1.0/directory/deletedItems/"+people[1]+"/restore", nil)
	w.want(204, "", "DELETE", "/v1.0/users/"+people[2], nil)
	w.want(204, "", "DELETE", "/v1.0/directory/deletedItems/"+people[2], nil)
	w.want(204, "", "PUT", "/v1.0/users/"+people[0]+"/manager/$ref", ref(people[3]))
	items, _ = w.delta("user[]", second)
	if items[people[1]] == nil || reason(items[people[1]]) != "" || reason(items[people[2]]) != "deleted" || items[people[0]]["manager@delta"] == nil {
		t.Errorf("restore, purge and manager: %v", items)
	}
}

func TestW29DeltaSelect(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann@x.example"), w.user("bob@x.example")
	items, link := w.delta("user?[]", "/v1.0/users/delta?$select=displayName,jobTitle")
	if len(items) != 2 || len(items[ann]) != 3 {
		t.Errorf("selected: %v", items)
	}
	w.want(204, "", "PATCH", "/v1.0/users/"+ann, map[string]any{"department": "Sales"})
	w.want(204, "", "PATCH", "/v1.0/users/"+bob, map[string]any{"jobTitle": "Clerk"})
	if items, _ = w.delta("user?[]", link); len(items) != 1 || items[bob]["jobTitle"] != "Clerk" {
		t.Errorf("a change of what is not selected must not surface: %v", items)
	}
	items, _ = w.delta("user[]", "/v1.0/users/delta?$filter="+url.QueryEscape("id eq '"+ann+"' or id eq 'x'"))
	if len(items) != 1 || items[ann] == nil {
		t.Errorf("filtered: %v", items)
	}
	w.want(400, "", "GET", "/v1.0/users/delta?$filter=startswith(displayName,'a')", nil)
	w.want(400, "", "GET", "/v1.0/users/delta?$expand=manager", nil)
}

func TestW30GroupDelta(t *testing.T) {
	w := newWorld(t)
	ann, bob, g := w.user("ann@x.example"), w.user("bob@x.example"), w.group("Staff")
	w.want(204, "", "POST", "/v1.0/groups/"+g+"/members/$ref", ref(ann))
	items, link := w.delta("group?[]", "/v1.0/groups/delta?$select=displayName,members")
	if got := ids(items[g]["members@delta"]); !slices.Equal(got, []string{ann}) {
		t.Errorf("full state: %v", items)
	}
	w.want(204, "", "POST", "/v1.0/groups/"+g+"/members/$ref", ref(bob))
	w.want(204, "", "DELETE", "/v1.0/groups/"+g+"/members/"+ann+"/$ref", nil)
	items, link = w.delta("group?[]", link)
	moves := map[string]string{}
	ms, _ := items[g]["members@delta"].([]any)
	for _, m := range ms {
		o, _ := m.(map[string]any)
		moves[text(o["id"])] = reason(o) + text(o["@odata.type"])
	}
	if len(moves) != 2 || moves[bob] != "#microsoft.graph.user" || moves[ann] != "deleted#microsoft.graph.user" {
		t.Errorf("moves %v", moves)
	}
	w.want(204, "", "PATCH", "/v1.0/groups/"+g, map[string]any{"description": "unselected"})
	if items, _ = w.delta("group?[]", link); len(items) != 0 {
		t.Errorf("an unselected change surfaced: %v", items)
	}
}

func TestW31DeltaTokens(t *testing.T) {
	w := newWorld(t)
	w.user("ann@x.example")
	page := w.want(200, "user[]", "GET", "/v1.0/users/delta?$deltatoken=latest", nil)
	if len(list(page)) != 0 || page["@odata.deltaLink"] == nil {
		t.Errorf("latest: %v", page)
	}
	link := text(page["@odata.deltaLink"])
	bob := w.user("bob@x.example")
	if items, _ := w.delta("user[]", link); len(items) != 1 || items[bob] == nil {
		t.Errorf("after latest: %v", items)
	}
	u, _ := url.Parse(link)
	token := u.Query().Get("$deltatoken")
	for name, forged := range map[string]string{"made up": "abc", "changed": token[:len(token)-2] + "xx", "of groups": token} {
		path := "/v1.0/users/delta?$deltaToken=" + forged
		if name == "of groups" {
			path = "/v1.0/groups/delta?$skipToken=" + forged
		}
		a := w.wants(410, "", call{method: "GET", path: path})
		if !strings.Contains(a.text, "syncStateNotFound") || !strings.HasSuffix(a.header.Get("Location"), "/delta?$deltatoken=") {
			t.Errorf("%s: %v %s", name, a.header.Get("Location"), a.text)
		}
		if anew := w.send(call{method: "GET", path: a.header.Get("Location")}); anew.status != 200 {
			t.Errorf("%s: the Location answers %d", name, anew.status)
		}
	}
}

func TestW32Filters(t *testing.T) {
	w := newWorld(t)
	w.user("ann@x.example", "department", "Sales", "jobTitle", "Clerk")
	w.user("bob@x.example", "department", "Sales", "surname", "O'Brien")
	w.user("cat@y.example", "jobTitle", "clerk")
	w.want(204, "", "PATCH", "/v1.0/users/cat@y.example", map[string]any{"otherMails": []string{"cat@home.example"}, "accountEnabled": false, "employeeHireDate": "2020-05-01T00:00:00Z"})
	for filter, want := range map[string]string{
		"userPrincipalName eq 'BOB@x.example'":                                "bob",
		"startswith(displayName,'a')":                                         "ann",
		"startswith(userPrincipalName,'CA')":                                  "cat",
		"department eq 'sales'":                                               "ann bob",
		"department eq 'Sales' and jobTitle eq 'Clerk'":                       "ann",
		"jobTitle eq 'clerk' or surname eq 'O''Brien'":                        "ann bob cat",
		"displayName in ('ann', 'cat')":                                       "ann cat",
		"otherMails/any(c:c eq 'cat@home.example')":                           "cat",
		"otherMails/any()":                                                    "cat",
		"accountEnabled eq false":                                             "cat",
		"(department eq null) and jobTitle eq 'clerk'":                        "cat",
		"employeeHireDate ge 2020-01-01T00:00:00Z":                            "cat",
		"employeeHireDate lt 2020-01-01T00:00:00Z":                            "",
		"tolower(department) eq 'sales'":                                      "ann bob",
		"displayName eq 'x'' or ''1'' eq ''1'":                                "",
		"startswith(displayName,'a') eq true":                                 "ann",
		"! department ne 'Sales'":                                             "cat",
		"! not(department eq 'Sales')":                                        "cat",
		"! endswith(userPrincipalName,'@y.example')":                          "cat",
		"! not startswith(displayName,'a') and not (displayName eq 'cat')":    "bob",
		"! otherMails/$count eq 1":                                            "cat",
		"onPremisesExtensionAttributes/extensionAttribute1 eq 'none of them'": "",
	} {
		t.Run(filter, func(t *testing.T) {
			plain, advanced := strings.CutPrefix(filter, "! ")
			c := call{method: "GET", path: "/v1.0/users?$orderby=displayName&%24filter=" + url.QueryEscape(plain)}
			if advanced {
				w.wants(400, "", c)
				c.path, c.header = c.path+"&$count=true", map[string]string{"ConsistencyLevel": "eventual"}
			}
			a := w.wants(200, "user[]", c)
			var names []string
			for _, u := range list(a.body) {
				names = append(names, text(u["displayName"]))
			}
			if got := strings.Join(names, " "); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if advanced && a.body["@odata.count"] != float64(len(names)) {
				t.Errorf("count %v", a.body["@odata.count"])
			}
		})
	}
	for _, bad := range []string{
		"displayName eq", "displayName eq 'a", "eq 'a'", "displayName eq 'a' and", "(displayName eq 'a'", "displayName eq 'a')", "nonsense eq 'a'", "startswith(displayName)",
		"displayName like 'a'", "displayName eq a", "foo(displayName,'a')", "otherMails/any(c:d)", "displayName in ()", "displayName eq 'a' displayName eq 'b'", "';DROP TABLE x;--",
		strings.Repeat("(", 100) + "displayName eq 'a'" + strings.Repeat(")", 100), strings.Repeat("displayName eq 'a' or ", 600) + "displayName eq 'a'", "manager/id eq 'x'", "\x00",
	} {
		if a := w.send(call{method: "GET", path: "/v1.0/users?$filter=" + url.QueryEscape(bad)}); a.status != 400 {
			t.Errorf("%.40q: %d", bad, a.status)
		}
	}
	s := w.wants(200, "user[]", call{method: "GET", path: "/v1.0/users?$count=true&$search=" + url.QueryEscape(`"displayName:an" OR "mail:zz"`), header: map[string]string{"ConsistencyLevel": "eventual"}})
	if len(list(s.body)) != 1 {
		t.Errorf("search: %s", s.text)
	}
	w.want(400, "", "GET", "/v1.0/users?$search="+url.QueryEscape(`"displayName:an"`), nil)
	w.want(400, "", "GET", "/v1.0/users?$filter=displayName+eq+'a'&$filter=displayName+eq+'b'", nil)
	w.want(400, "", "GET", "/v1.0/users?$apply=x", nil)
	w.want(400, "", "GET", "/v1.0/users?$top=0", nil)
	w.want(400, "", "GET", "/v1.0/users?$skiptoken=%25%25", nil)
	w.want(400, "", "GET", "/v1.0/users?$orderby=nonsense", nil)
	n := w.wants(200, "", call{method: "GET", path: "/v1.0/users/$count", header: map[string]string{"ConsistencyLevel": "eventual"}})
	if n.text != "3" {
		t.Errorf("count %q", n.text)
	}
}

func TestPagesAreDisjointAndComplete(t *testing.T) {
	w := newWorld(t)
	for i := range 23 {
		w.user(fmt.Sprintf("p%02d@x.example", i), "department", []string{"A", "B"}[i%2], "jobTitle", fmt.Sprint(i%3))
	}
	for _, query := range []string{
		"$top=4", "$top=4&$orderby=userPrincipalName", "$top=4&$orderby=userPrincipalName desc", "$top=4&$orderby=jobTitle desc,displayName", "$top=3&$filter=department eq 'A'",
		"$top=3&$filter=startswith(userPrincipalName,'p1')", "$top=4&$orderby=displayName", "$top=4&$orderby=displayName desc", "$top=1&$filter=startswith(displayName,'p')", "$top=5&$select=id&$filter=department eq 'A'&$orderby=jobTitle",
	} {
		t.Run(query, func(t *testing.T) {
			want := 23
			switch {
			case strings.Contains(query, "'A'"):
				want = 12
			case strings.Contains(query, "'p1'"):
				want = 10
			}
			items, _ := w.pages("user?[]", "/v1.0/users?"+strings.ReplaceAll(query, " ", "%20"))
			seen := map[string]bool{}
			var order []string
			for _, i := range items {
				seen[text(i["id"])] = true
				order = append(order, text(i["userPrincipalName"]))
			}
			if len(items) != want || len(seen) != want {
				t.Errorf("%d items, %d of them different, want %d", len(items), len(seen), want)
			}
			sorted := slices.Sorted(slices.Values(order))
			if strings.HasSuffix(query, "desc") {
				slices.Reverse(sorted)
			}
			if strings.Contains(query, "orderby=userPrincipalName") && !slices.Equal(order, sorted) {
				t.Errorf("order %v", order)
			}
		})
	}
}
