package graphapi_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// stocked fills the service so that nearly every collection has something in it, and returns what to put into the variables of paths, by the
// collection they stand behind.
func (w *world) stocked() map[string]map[string]string {
	w.Helper()
	s, job := w.instantiate("Contoso")
	principal := strings.Split(s, "/")[3] // /v1.0/servicePrincipals/{id}/synchronization
	apps := list(w.want(200, "application[]", "GET", "/v1.0/applications", nil))
	boss := w.user("boss@x.example")
	ann := w.user("ann@x.example")
	w.want(204, "", "PUT", "/v1.0/users/"+ann+"/manager/$ref", ref(boss))
	gone := w.user("gone@x.example")
	w.want(204, "", "DELETE", "/v1.0/users/"+gone, nil)
	lost := w.group("Lost")
	w.want(204, "", "DELETE", "/v1.0/groups/"+lost, nil)
	outer, inner, above := w.group("Outer"), w.group("Inner"), w.group("Above")
	for _, m := range [][2]string{{outer, ann}, {outer, boss}, {outer, inner}, {inner, boss}, {above, outer}} {
		w.want(204, "", "POST", "/v1.0/groups/"+m[0]+"/members/$ref", ref(m[1]))
	}
	w.want(204, "", "POST", "/v1.0/groups/"+outer+"/owners/$ref", ref(boss))
	template := text(list(w.want(200, "applicationTemplate[]", "GET", "/v1.0/applicationTemplates", nil))[0]["id"])
	for _, id := range []string{boss, outer} {
		w.want(201, "appRoleAssignment", "POST", "/v1.0/servicePrincipals/"+principal+"/appRoleAssignedTo",
			map[string]any{"principalId": id, "resourceId": principal, "appRoleId": "00000000-0000-0000-0000-000000000000"})
	}
	for _, id := range []string{ann, boss} {
		w.want(200, "pair", "POST", job+"/provisionOnDemand", map[string]any{"parameters": []any{map[string]any{"subjects": []any{map[string]any{"objectId": id, "objectTypeName": "User"}}}}})
	}
	r := text(w.want(201, "publishedResource", "POST", publishing+"/publishedResources",
		map[string]any{"displayName": "HR", "resourceName": "hr.example"})["id"])
	group := w.agentGroup("spare")
	w.want(204, "", "POST", publishing+"/agents/"+agentGUID(string(w.agent.ID))+"/agentGroups/$ref", map[string]any{"@odata.id": "agentGroups/" + group})
	w.want(204, "", "POST", publishing+"/publishedResources/"+r+"/agentGroups/$ref", map[string]any{"@odata.id": "agentGroups/" + group})
	common := map[string]string{
		"{type}": "provisioning", "{agent}": agentGUID(string(w.agent.ID)), "{group}": group, "{resource}": r, "{template}": template,
		"{job}": job[strings.LastIndex(job, "/")+1:], "{directory}": "customappsso",
	}
	of := func(id string) map[string]string {
		out := map[string]string{"{id}": id, "{app}": id, "{principal}": id}
		for k, v := range common {
			out[k] = v
		}
		return out
	}
	return map[string]map[string]string{
		"users": of(boss), "groups": of(outer), "servicePrincipals": of(principal), "applications": of(text(apps[0]["id"])), "": of(outer),
	}
}

// collections returns the paths that answer with a list.
func (w *world) collections() (paths []string) {
	w.Helper()
	objects := w.stocked()
	for _, r := range w.api.Routes() {
		path, ok := strings.CutPrefix(r.Pattern, "GET ")
		if !ok || !strings.HasPrefix(path, "/v1.0/") || path == "/v1.0/" {
			continue
		}
		of := objects[strings.Split(path, "/")[2]]
		if of == nil {
			of = objects[""]
		}
		if at := w.filled(of, path); !strings.HasSuffix(at, "/delta") {
			if a := w.send(call{method: "GET", path: at}); a.status == http.StatusOK && a.body["value"] != nil {
				paths = append(paths, at)
			}
		}
	}
	return paths
}

// TestEveryCollectionTakesEveryOption asks every list that is served with every option: it is answered, or refused; never read over.
func TestEveryCollectionTakesEveryOption(t *testing.T) {
	w := newWorld(t)
	paths := w.collections()
	filledLists := 0
	for _, path := range paths {
		all := list(w.want(200, "", "GET", path, nil))
		if len(all) > 1 {
			filledLists++
		}
		w.noneOf(path)
		w.counted(path, len(all))
		w.unknownProperty(path)
		w.cutAndOrdered(path, all)
		w.selected(path, all)
	}
	if len(paths) < 40 || filledLists < 15 {
		t.Errorf("%d collections were found, %d of them with several items: %v", len(paths), filledLists, paths)
	}
}

var eventual = map[string]string{"ConsistencyLevel": "eventual"}

// noneOf asks for an item that is not there.
func (w *world) noneOf(path string) {
	w.Helper()
	for _, q := range []string{"$filter=id eq 'zzz'", "$filter=displayName eq 'zzz'", `$search="displayName:zzz"`} {
		name, value, _ := strings.Cut(q, "=")
		for _, count := range []string{"", "&$count=true"} {
			a := w.send(call{method: "GET", path: path + "?" + name + "=" + url.QueryEscape(value) + count, header: eventual})
			if a.status == http.StatusOK && len(list(a.body)) > 0 {
				w.Errorf("%s?%s%s: %d items come", path, q, count, len(list(a.body)))
			}
			if n, told := a.body["@odata.count"]; told && n != 0.0 {
				w.Errorf("%s?%s%s: counts %v", path, q, count, n)
			}
			if a.status != http.StatusOK && a.status != http.StatusBadRequest {
				w.Errorf("%s?%s%s: %d", path, q, count, a.status)
			}
		}
	}
}

func (w *world) counted(path string, n int) {
	w.Helper()
	a := w.wants(200, "", call{method: "GET", path: path + "?$count=true", header: eventual})
	if a.body["@odata.count"] != float64(n) {
		w.Errorf("%s?$count=true: %v, want %d", path, a.body["@odata.count"], n)
	}
}

func (w *world) unknownProperty(path string) {
	w.Helper()
	for _, q := range []string{"$filter=nosuch%20eq%20'x'", "$orderby=nosuch", `$search="nosuch:x"`} {
		if a := w.send(call{method: "GET", path: path + "?" + strings.ReplaceAll(q, `"`, "%22") + "&$count=true", header: eventual}); a.status != http.StatusBadRequest {
			w.Errorf("%s?%s: %d, want 400", path, q, a.status)
		}
	}
}

// cutAndOrdered follows pages of one item; the items come each once, in the order asked for when the list can be ordered.
func (w *world) cutAndOrdered(path string, all []map[string]any) {
	w.Helper()
	if items, _ := w.pages("", path+"?$top=1"); len(items) != len(all) && len(all) <= 100 {
		w.Errorf("%s?$top=1: %d items over all pages, want %d", path, len(items), len(all))
	}
	for _, q := range []string{"$orderby=id%20desc", "$orderby=displayName", "$orderby=displayName%20desc"} {
		a := w.send(call{method: "GET", path: path + "?" + q})
		if a.status == http.StatusBadRequest || strings.HasSuffix(path, "$ref") {
			continue
		}
		key := strings.TrimPrefix(strings.TrimSuffix(q, "%20desc"), "$orderby=")
		var got []string
		for _, x := range list(a.body) {
			got = append(got, strings.ToLower(text(x[key])))
		}
		want := slices.Sorted(slices.Values(got))
		if strings.HasSuffix(q, "desc") {
			slices.Reverse(want)
		}
		if a.status != http.StatusOK || len(got) != len(all) || !slices.Equal(got, want) {
			w.Errorf("%s?%s: %d %v", path, q, a.status, got)
		}
	}
}

func (w *world) selected(path string, all []map[string]any) {
	w.Helper()
	if strings.HasSuffix(path, "$ref") {
		return
	}
	for _, x := range list(w.want(200, "", "GET", path+"?$select=id", nil)) {
		for name := range x {
			if name != "id" && !strings.Contains(name, "@") {
				w.Errorf("%s?$select=id: %s comes along", path, name)
			}
		}
	}
}

// TestExpandTakesOptions asks for options inside $expand, apart by semicolons as they come from clients: raw.
func TestExpandTakesOptions(t *testing.T) {
	w := newWorld(t)
	top, boss, ann := w.user("top@x.example"), w.user("boss@x.example"), w.user("ann@x.example")
	for _, m := range [][2]string{{ann, boss}, {boss, top}, {top, boss}} {
		w.want(204, "", "PUT", "/v1.0/users/"+m[0]+"/manager/$ref", ref(m[1]))
	}
	g := w.group("Team")
	for _, id := range []string{top, boss, ann} {
		w.want(204, "", "POST", "/v1.0/groups/"+g+"/members/$ref", ref(id))
	}
	members, _ := w.want(200, "", "GET", "/v1.0/groups/"+g+"?$expand=members($select=id;$top=1)", nil)["members"].([]any)
	if first, _ := members[0].(map[string]any); len(members) != 1 || len(first) != 2 || first["id"] != top {
		t.Errorf("members %v", members)
	}
	got := w.want(200, "", "GET", "/v1.0/users/"+ann+"?$expand=manager($levels=max;$select=id)", nil)
	one, _ := got["manager"].(map[string]any)
	two, _ := one["manager"].(map[string]any)
	if one["id"] != boss || one["displayName"] != nil || two["id"] != top || two["manager"] != nil {
		t.Errorf("the chain is %v", one)
	}
	if n := len(list(w.want(200, "", "GET", "/v1.0/groups?$filter=displayName%20eq%20'a;b'", nil))); n != 0 {
		t.Errorf("%d groups", n)
	}
	group := w.defaultGroup()
	agents, _ := w.want(200, "", "GET", publishing+"/agentGroups/"+group+"?$expand=agents($top=1;$select=machineName)", nil)["agents"].([]any)
	if x, _ := agents[0].(map[string]any); len(agents) != 1 || len(x) != 2 || x["machineName"] == nil {
		t.Errorf("agents %v", agents)
	}
	for _, inner := range []string{"$filter=id eq 'x'", "$bogus=1", "bogus", "$top=x", "$top=-1", "$levels=none", "$expand=manager"} {
		w.want(400, "", "GET", "/v1.0/groups/"+g+"?$expand=members("+url.PathEscape(inner)+")", nil)
		w.want(400, "", "GET", publishing+"/agentGroups?$expand=agents("+url.PathEscape(inner)+")", nil)
	}
}
