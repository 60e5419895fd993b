package graphapi_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// raw sends a request as it is written, with no client's help: no gzip behind the back, no redirect followed.
func (w *world) raw(method, path string, header map[string]string) (*http.Response, []byte) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, w.server.URL+path, nil)
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.admin)
	req.Header.Set("Accept-Encoding", "identity")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := w.server.Client().Transport.RoundTrip(req)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	return resp, data
}

func TestAnswersAreCompressed(t *testing.T) {
	w := newWorld(t)
	for i := range 30 {
		w.user(fmt.Sprintf("p%d@x.example", i))
	}
	_, plain := w.raw("GET", "/v1.0/users", nil)
	resp, small := w.raw("GET", "/v1.0/users", map[string]string{"Accept-Encoding": "br, gzip;q=0.8"})
	if resp.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(resp.Header.Get("Vary"), "Accept-Encoding") || len(small) > len(plain)/2 {
		t.Fatalf("%d bytes of %d, %v", len(small), len(plain), resp.Header)
	}
	z, err := gzip.NewReader(bytes.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	if back, err := io.ReadAll(z); err != nil || !bytes.Equal(back, plain) {
		t.Errorf("unpacked it is another answer: %v", err)
	}
	for name, c := range map[string][2]string{
		"small": {"/v1.0/users?$top=1&$select=id", "gzip"}, "refused": {"/v1.0/users", "gzip;q=0, identity"}, "an error": {"/v1.0/users/none", "gzip"}, "a stranger": {"/v1.0/users", "zstd"},
	} {
		resp, data := w.raw("GET", c[0], map[string]string{"Accept-Encoding": c[1]})
		if resp.Header.Get("Content-Encoding") != "" || !json.Valid(data) {
			t.Errorf("%s: %v", name, resp.Header)
		}
	}
	if resp, data := w.raw("HEAD", "/v1.0/users", map[string]string{"Accept-Encoding": "gzip"}); resp.StatusCode != 200 || len(data) != 0 {
		t.Errorf("HEAD: %d with %d bytes", resp.StatusCode, len(data))
	}
	if a := w.send(call{method: "POST", path: "/v1.0/users/p1@x.example/manager/$ref", body: "{}", gzip: true}); a.status != 405 || a.header.Get("Allow") != "DELETE, GET, PUT" {
		t.Errorf("%d %v", a.status, a.header)
	}
}

func TestMetadataLevels(t *testing.T) {
	w := newWorld(t)
	for i := range 3 {
		w.user(fmt.Sprintf("p%d@x.example", i))
	}
	for accept, want := range map[string]string{
		"application/json": "minimal", "application/json;odata.metadata=minimal": "minimal", "application/json;odata.metadata=full": "minimal",
		"application/json;odata.metadata=none": "none", "application/json; odata.metadata=NONE; charset=utf-8, */*": "none", "*/*": "minimal", "nonsense;;": "minimal",
	} {
		resp, data := w.raw("GET", "/v1.0/users?$top=2", map[string]string{"Accept": accept})
		var page map[string]any
		if err := json.Unmarshal(data, &page); err != nil || !strings.Contains(resp.Header.Get("Content-Type"), "odata.metadata="+want+";") {
			t.Errorf("%s: %v %v", accept, resp.Header, err)
		}
		if (page["@odata.context"] != nil) != (want == "minimal") || page["@odata.nextLink"] == nil || len(list(page)) != 2 {
			t.Errorf("%s: %s", accept, data)
		}
	}
	none := map[string]string{"Accept": "application/json;odata.metadata=none"}
	if resp, data := w.raw("GET", "/v1.0/users/none", none); resp.StatusCode != 404 || !strings.Contains(string(data), "innerError") {
		t.Errorf("%d %s", resp.StatusCode, data)
	}
	if resp, data := w.raw("GET", "/v1.0/users/$count", map[string]string{"Accept": none["Accept"], "ConsistencyLevel": "eventual"}); resp.StatusCode != 200 || string(data) != "3" {
		t.Errorf("%d %s", resp.StatusCode, data)
	}
	if resp, data := w.raw("DELETE", "/v1.0/users/p0@x.example", none); resp.StatusCode != 204 || len(data) != 0 {
		t.Errorf("%d %s", resp.StatusCode, data)
	}
}

func TestPageSizePreference(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.user(fmt.Sprintf("p%d@x.example", i))
	}
	two := map[string]string{"Prefer": "odata.maxpagesize=2, return=minimal"}
	for _, path := range []string{"/v1.0/users", "/v1.0/users/delta", "/v1.0/users?$orderby=displayName"} {
		a := w.wants(200, "user[]", call{method: "GET", path: path, header: two})
		if len(list(a.body)) != 2 || a.header.Get("Preference-Applied") != "odata.maxpagesize=2" {
			t.Errorf("%s: %d items, %q", path, len(list(a.body)), a.header.Get("Preference-Applied"))
		}
		n := 2
		for next := text(a.body["@odata.nextLink"]); next != ""; next = text(a.body["@odata.nextLink"]) {
			a = w.wants(200, "user[]", call{method: "GET", path: next, header: two})
			if n += len(list(a.body)); len(list(a.body)) > 2 {
				t.Errorf("%s: a page of %d", path, len(list(a.body)))
			}
		}
		if n != 5 {
			t.Errorf("%s: %d of 5", path, n)
		}
	}
	if a := w.wants(200, "user[]", call{method: "GET", path: "/v1.0/users?$top=3", header: two}); len(list(a.body)) != 3 {
		t.Errorf("$top says 3, there are %d", len(list(a.body)))
	}
	for _, odd := range []string{"odata.maxpagesize=-1", "odata.maxpagesize=x", "respond-async", "outlook.timezone=\"UTC\""} {
		w.wants(200, "user[]", call{method: "GET", path: "/v1.0/users", header: map[string]string{"Prefer": odd}})
	}
}

func TestPreconditions(t *testing.T) {
	w := newWorld(t)
	id := w.user("ann@x.example")
	patch := func(match string) int {
		return w.send(call{method: "PATCH", path: "/v1.0/users/" + id, body: map[string]any{"jobTitle": match}, header: map[string]string{"If-Match": match}}).status
	}
	if got := patch("*"); got != 204 {
		t.Errorf("any: %d", got)
	}
	if got := patch(`W/"made up"`); got != 412 {
		t.Errorf("an ETag nobody gave out: %d", got)
	}
	if u := w.want(200, "user", "GET", "/v1.0/users/"+id, nil); u["jobTitle"] != "*" {
		t.Errorf("it was changed all the same: %v", u)
	}
	w.wants(200, "user", call{method: "GET", path: "/v1.0/users/" + id, header: map[string]string{"If-Match": `"x"`, "If-None-Match": `"x"`}})
}

// TestSegmentsOfNavigations asks for what SDKs make of a navigation: counts, references, and members of one type.
func TestSegmentsOfNavigations(t *testing.T) {
	w := newWorld(t)
	ann, bob, g, inner := w.user("ann@x.example"), w.user("bob@x.example"), w.group("Staff"), w.group("Inner")
	for _, m := range []string{ann, inner} {
		w.want(204, "", "POST", "/v1.0/groups/"+g+"/members/$ref", ref(m))
	}
	w.want(204, "", "POST", "/v1.0/groups/"+inner+"/members/$ref", ref(bob))
	w.want(204, "", "POST", "/v1.0/groups/"+g+"/owners/$ref", ref(ann))
	w.want(204, "", "PUT", "/v1.0/users/"+ann+"/manager/$ref", ref(bob))
	for path, want := range map[string]string{
		"groups/" + g + "/members": ann + " " + inner, "groups/" + g + "/transitiveMembers": ann + " " + inner + " " + bob, "groups/" + g + "/owners": ann,
		"groups/" + inner + "/memberOf": g, "users/" + bob + "/memberOf": inner, "users/" + bob + "/transitiveMemberOf": inner + " " + g, "users/" + bob + "/directReports": ann,
	} {
		n := len(strings.Fields(want))
		if a := w.wants(200, "", call{method: "GET", path: "/v1.0/" + path + "/$count", header: map[string]string{"ConsistencyLevel": "eventual"}}); a.text != fmt.Sprint(n) {
			t.Errorf("%s: %s, want %d", path, a.text, n)
		}
		refs := list(w.want(200, "reference[]", "GET", "/v1.0/"+path+"/$ref", nil))
		for _, r := range refs {
			at := text(r["@odata.id"])
			if id := at[strings.LastIndexByte(at, '/')+1:]; !strings.Contains(want, id) || !strings.HasPrefix(at, w.server.URL+"/v1.0/directoryObjects/") {
				t.Errorf("%s: %s", path, at)
			}
		}
		users := list(w.want(200, "directoryObject[]", "GET", "/v1.0/"+path+"/graph.user?$select=id", nil))
		groups := list(w.want(200, "directoryObject[]", "GET", "/v1.0/"+path+"/microsoft.graph.group", nil))
		if len(refs) != n || len(users)+len(groups) != n {
			t.Errorf("%s: %d references, %d users, %d groups, want %d", path, len(refs), len(users), len(groups), n)
		}
		for _, u := range users {
			if u["@odata.type"] != "#microsoft.graph.user" {
				t.Errorf("%s: %v", path, u)
			}
		}
	}
	if m := w.want(200, "reference", "GET", "/v1.0/users/"+ann+"/manager/$ref", nil); !strings.HasSuffix(text(m["@odata.id"]), bob) {
		t.Errorf("manager %v", m)
	}
	w.want(404, "", "GET", "/v1.0/users/"+bob+"/manager/$ref", nil)
	w.want(204, "", "DELETE", "/v1.0/users/"+bob, nil)
	for _, path := range []string{"graph.user", "microsoft.graph.user", "Microsoft.Graph.User"} {
		if all := list(w.want(200, "directoryObject[]", "GET", "/beta/directory/deletedItems/"+path, nil)); len(all) != 1 {
			t.Errorf("%s: %v", path, all)
		}
	}
	w.want(200, "directoryObject", "POST", "/v1.0/directory/deletedItems/"+bob+"/restore", nil)
}

func TestAlternateKeys(t *testing.T) {
	w := newWorld(t)
	id := w.user("o'brien@x.example")
	for _, path := range []string{
		"/v1.0/users(userPrincipalName='o''brien@x.example')", "/v1.0/users('o''brien@x.example')", "/v1.0/users(id='" + id + "')", "/v1.0/users/o'brien@x.example",
		"/v1.0/users(%27" + id + "%27)", "/v1.0/Users(UserPrincipalName=%27O%27%27Brien@x.example%27)",
	} {
		if got := w.want(200, "user", "GET", path, nil); got["id"] != id {
			t.Errorf("%s: %v", path, got)
		}
	}
	w.want(404, "", "GET", "/v1.0/users(userPrincipalName='nobody')", nil)
	w.want(204, "", "PATCH", "/v1.0/users(userPrincipalName='o''brien@x.example')", map[string]any{"jobTitle": "x"})
}

func TestServiceDocument(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/v1.0", "/v1.0/", "/beta/"} {
		page := w.want(200, "entitySet[]", "GET", path, nil)
		names := ""
		for _, s := range list(page) {
			names += " " + text(s["name"])
			if a := w.send(call{method: "GET", path: strings.TrimSuffix(path, "/") + "/" + text(s["url"])}); a.status != 200 {
				t.Errorf("%s: %d", text(s["name"]), a.status)
			}
		}
		for _, want := range []string{"users", "groups", "applications", "servicePrincipals", "applicationTemplates", "onPremisesPublishingProfiles", "organization"} {
			if !strings.Contains(names+" ", " "+want+" ") {
				t.Errorf("%s does not name %s: %s", path, want, names)
			}
		}
	}
}

// TestCodesOfWhatIsNotThere: the directory has a code of its own (graph-api §1.1).
func TestCodesOfWhatIsNotThere(t *testing.T) {
	w := newWorld(t)
	_, job := w.instantiate("Contoso")
	for path, code := range map[string]string{
		"/v1.0/users/none": "Request_ResourceNotFound", "/v1.0/groups/none/members": "Request_ResourceNotFound", "/beta/servicePrincipals/none": "Request_ResourceNotFound",
		"/v1.0/directory/deletedItems/none": "Request_ResourceNotFound", publishing + "/agentGroups/none": "ResourceNotFound", publishing + "/agents/none": "ResourceNotFound",
		strings.TrimSuffix(job, job[strings.LastIndexByte(job, '/'):]) + "/none": "ResourceNotFound", job + "/schema/directories/none": "ResourceNotFound",
		"/v1.0/auditLogs/provisioning/none": "ResourceNotFound", "/v1.0/applicationTemplates/none": "ResourceNotFound", "/sallyport/v1/apps/none": "ResourceNotFound",
		"/v1.0/nonsense": "ResourceNotFound",
	} {
		a := w.wants(404, "", call{method: "GET", path: path})
		if e, _ := a.body["error"].(map[string]any); e["code"] != code {
			t.Errorf("%s: %v, want %s", path, e["code"], code)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	w := newWorld(t)
	const mine = "2f4a3c1e-0000-4000-8000-000000000001"
	for _, path := range []string{"/v1.0/users", "/v1.0/users/none", "/v1.0/nonsense"} {
		a := w.send(call{method: "GET", path: path, header: map[string]string{"client-request-id": mine, "return-client-request-id": "true"}})
		if a.header.Get("client-request-id") != mine || a.header.Get("request-id") == "" || a.header.Get("Date") == "" || a.header.Get("OData-Version") != "4.0" {
			t.Errorf("%s: %v", path, a.header)
		}
		if a.status >= 400 && !strings.Contains(a.text, `"client-request-id":"`+mine+`"`) {
			t.Errorf("%s: %s", path, a.text)
		}
	}
}

func TestMembershipActions(t *testing.T) {
	w := newWorld(t)
	ann, g, inner, other := w.user("ann@x.example"), w.group("Staff"), w.group("Inner"), w.group("Other")
	w.want(204, "", "POST", "/v1.0/groups/"+inner+"/members/$ref", ref(ann))
	w.want(204, "", "POST", "/v1.0/groups/"+g+"/members/$ref", ref(inner))
	w.want(204, "", "PATCH", "/v1.0/groups/"+g, map[string]any{"securityEnabled": false})
	ask := func(path string, body any) string {
		t.Helper()
		var out []string
		vs, _ := w.want(200, "", "POST", path, body)["value"].([]any)
		for _, v := range vs {
			out = append(out, map[any]string{g: "Staff", inner: "Inner", other: "Other"}[v])
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	for _, c := range []struct {
		path string
		body any
		want string
	}{
		{"/v1.0/users/ann@x.example/getMemberGroups", map[string]any{"securityEnabledOnly": false}, "Inner Staff"},
		{"/v1.0/users/" + ann + "/microsoft.graph.getMemberGroups", map[string]any{"securityEnabledOnly": true}, "Inner"},
		{"/v1.0/directoryObjects/" + ann + "/getMemberObjects", nil, "Inner Staff"},
		{"/v1.0/groups/" + inner + "/getMemberGroups", map[string]any{}, "Staff"},
		{"/beta/directoryObjects/" + ann + "/checkMemberGroups", map[string]any{"groupIds": []string{strings.ToUpper(g), other}}, "Staff"},
		{"/v1.0/users/" + ann + "/checkMemberObjects", map[string]any{"ids": []string{other}}, ""},
	} {
		if got := ask(c.path, c.body); got != c.want {
			t.Errorf("%s: %q, want %q", c.path, got, c.want)
		}
	}
	w.want(400, "", "POST", "/v1.0/users/"+ann+"/checkMemberGroups", map[string]any{})
	w.want(404, "", "POST", "/v1.0/users/none/getMemberGroups", map[string]any{})
}

// TestMetadata: the document is XML, names every type it speaks of, and agrees with the hand-written table where both know a type.
func TestMetadata(t *testing.T) {
	w := newWorld(t)
	resp, data := w.raw("GET", "/v1.0/$metadata", nil)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/xml" {
		t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	type typ struct {
		Name     string `xml:"Name,attr"`
		Property []struct {
			Name string `xml:"Name,attr"`
			Type string `xml:"Type,attr"`
		}
	}
	var doc struct {
		Schema struct {
			EntityType, ComplexType []typ
			EntityContainer         struct {
				EntitySet []struct {
					Name       string `xml:"Name,attr"`
					EntityType string `xml:"EntityType,attr"`
				}
			}
		} `xml:"DataServices>Schema"`
	}
	if err := xml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, x := range append(doc.Schema.EntityType, doc.Schema.ComplexType...) {
		known["microsoft.graph."+x.Name] = true
	}
	for _, x := range append(doc.Schema.EntityType, doc.Schema.ComplexType...) {
		table := propertiesOf(x.Name)
		for _, p := range x.Property {
			kind := strings.TrimSuffix(strings.TrimPrefix(p.Type, "Collection("), ")")
			if !strings.HasPrefix(kind, "Edm.") && !known[kind] {
				t.Errorf("%s/%s is of %s, which is nowhere", x.Name, p.Name, p.Type)
			}
			if table != nil && table[p.Name] == "" {
				t.Errorf("%s/%s is not in the table of served types", x.Name, p.Name)
			}
		}
		for name := range table {
			if !slices.ContainsFunc(x.Property, func(p struct {
				Name string `xml:"Name,attr"`
				Type string `xml:"Type,attr"`
			}) bool {
				return p.Name == name
			}) && !slices.Contains([]string{"manager", "memberOf", "members"}, name) {
				t.Errorf("%s lacks %s", x.Name, name)
			}
		}
	}
	for _, s := range doc.Schema.EntityContainer.EntitySet {
		if !known[s.EntityType] {
			t.Errorf("%s is of %s, which is nowhere", s.Name, s.EntityType)
		}
		w.wants(200, "", call{method: "GET", path: "/v1.0/" + s.Name})
	}
	if len(doc.Schema.EntityContainer.EntitySet) < 8 {
		t.Errorf("%d entity sets", len(doc.Schema.EntityContainer.EntitySet))
	}
}
