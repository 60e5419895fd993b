package graphapi_test

import (
	"slices"
	"strings"
	"testing"
)

const publishing = "/beta/onPremisesPublishingProfiles/provisioning"

func agentGUID(id string) string {
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}

func (w *world) agentGroup(name string) string {
	w.Helper()
	return text(w.want(201, "onPremisesAgentGroup", "POST", publishing+"/agentGroups", map[string]any{"displayName": name})["id"])
}

func (w *world) defaultGroup() string {
	w.Helper()
	for _, g := range list(w.want(200, "onPremisesAgentGroup[]", "GET", publishing+"/agentGroups", nil)) {
		if g["isDefault"] == true {
			return text(g["id"])
		}
	}
	w.Fatal("there is no default group")
	return ""
}

func ids(items any) (out []string) {
	vs, _ := items.([]any)
	for _, v := range vs {
		m, _ := v.(map[string]any)
		out = append(out, text(m["id"]))
	}
	return out
}

func TestW01AgentGroupsExpanded(t *testing.T) {
	w := newWorld(t)
	page := w.want(200, "onPremisesAgentGroup[]", "GET", publishing+"/agentGroups?$expand=agents,publishedResources", nil)
	g := list(page)[0]
	as, _ := g["agents"].([]any)
	if len(as) != 2 || g["isDefault"] != true || g["publishedResources"] == nil {
		t.Fatalf("got %v", g)
	}
	states := map[string]string{}
	for _, a := range as {
		m, _ := a.(map[string]any)
		states[text(m["machineName"])] = text(m["status"])
	}
	if states["site-host"] != "active" || states["spare-host"] != "inactive" {
		t.Errorf("states %v", states)
	}
	p := w.want(200, "onPremisesPublishingProfile", "GET", publishing+"?$expand=publishedResources,agents,agentGroups", nil)
	if len(ids(p["agents"])) != 2 || len(ids(p["agentGroups"])) != 1 {
		t.Errorf("profile %v", p)
	}
	w.want(404, "", "GET", "/beta/onPremisesPublishingProfiles/applicationProxy/agents", nil)
	if n := w.wants(200, "", call{method: "GET", path: publishing + "/agents/$count"}); n.text != "2" || !strings.HasPrefix(n.header.Get("Content-Type"), "text/plain") {
		t.Errorf("count %q as %s", n.text, n.header.Get("Content-Type"))
	}
}

func TestW02CreateAgentGroup(t *testing.T) {
	w := newWorld(t)
	a := w.wants(201, "onPremisesAgentGroup", call{method: "POST", path: publishing + "/agentGroups", body: map[string]any{"displayName": "New Group"}})
	if a.body["isDefault"] != false || a.body["displayName"] != "New Group" {
		t.Fatal(a.text)
	}
	if got := w.want(200, "onPremisesAgentGroup", "GET", a.header.Get("Location"), nil); got["id"] != a.body["id"] || got["displayName"] != "New Group" {
		t.Errorf("at Location there is %v", got)
	}
	w.want(204, "", "PATCH", publishing+"/agentGroups/"+text(a.body["id"]), map[string]any{"displayName": "Renamed"})
	if got := w.want(200, "onPremisesAgentGroup", "GET", publishing+"/agentGroups/"+strings.ToUpper(text(a.body["id"])), nil); got["displayName"] != "Renamed" {
		t.Errorf("after PATCH: %v", got)
	}
	for name, body := range map[string]any{"no name": map[string]any{}, "taken": map[string]any{"displayName": "Renamed"}, "no text": map[string]any{"displayName": 7}} {
		if a := w.send(call{method: "POST", path: publishing + "/agentGroups", body: body}); a.status != 400 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	hint := w.wants(400, "", call{method: "POST", path: publishing + "/agentGroups/" + text(a.body["id"]) + "/agents", body: map[string]any{"displayName": "x"}})
	if !strings.Contains(hint.text, "POST /beta/onPremisesPublishingProfiles/provisioning/agentGroups") {
		t.Errorf("the documented contradiction is answered with %s", hint.text)
	}
}

func TestW03JoinAgentGroup(t *testing.T) {
	w := newWorld(t)
	agent := agentGUID(string(w.agent.ID))
	for name, form := range map[string]string{
		"absolute": "{server}/beta/onPremisesPublishingProfiles/provisioning/agentGroups/{id}", "relative": "onPremisesPublishingProfiles/provisioning/agentGroups/{id}",
		"wrong host": "https://graph.microsoft.com/v1.0/onPremisesPublishingProfiles/provisioning/agentGroups/{id}", "trailing slash": "https://x.example/agentGroups/{id}/",
		"key in parentheses": "/beta/onPremisesPublishingProfiles('provisioning')/agentGroups('{id}')", "upper case": "agentGroups/{ID}",
	} {
		t.Run(name, func(t *testing.T) {
			g := w.agentGroup("group of " + name)
			url := strings.NewReplacer("{server}", w.server.URL, "{id}", g, "{ID}", strings.ToUpper(g)).Replace(form)
			for range 2 { // a repeat changes nothing
				w.want(204, "", "POST", publishing+"/agents/"+agent+"/agentGroups/$ref", map[string]any{"@odata.id": url})
			}
			a := w.want(200, "onPremisesAgent", "GET", publishing+"/agents/"+agent+"?$expand=agentGroups", nil)
			b := w.want(200, "onPremisesAgentGroup", "GET", publishing+"/agentGroups/"+g+"?$expand=agents", nil)
			if n := count(ids(a["agentGroups"]), g); n != 1 || !slices.Contains(ids(b["agents"]), agent) {
				t.Errorf("agent %v, group %v", a, b)
			}
		})
	}
	w.want(404, "", "POST", publishing+"/agents/"+agent+"/agentGroups/$ref", map[string]any{"@odata.id": "agentGroups/00000000-0000-0000-0000-000000000001"})
	w.want(400, "", "POST", publishing+"/agents/"+agent+"/agentGroups/$ref", map[string]any{})
	w.want(400, "", "DELETE", publishing+"/agents/"+agent, nil) // connected
	w.want(404, "", "GET", publishing+"/agents/nobody", nil)
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

func TestW04LeaveAgentGroup(t *testing.T) {
	w := newWorld(t)
	agent, g := agentGUID(string(w.agent.ID)), w.agentGroup("other")
	w.want(204, "", "POST", publishing+"/agents/"+agent+"/agentGroups/$ref", map[string]any{"@odata.id": "agentGroups/" + g})
	w.want(204, "", "DELETE", publishing+"/agents/"+agent+"/agentGroups/"+g+"/$ref", nil)
	w.want(404, "", "DELETE", publishing+"/agents/"+agent+"/agentGroups/"+g+"/$ref", nil)
}

func TestW05GroupsThatStay(t *testing.T) {
	w := newWorld(t)
	w.want(400, "", "DELETE", publishing+"/agentGroups/"+w.defaultGroup(), nil)
	g := w.agentGroup("busy")
	r := text(w.want(201, "publishedResource", "POST", publishing+"/publishedResources", map[string]any{"displayName": "HR", "resourceName": "hr"})["id"])
	w.want(204, "", "POST", publishing+"/publishedResources/"+r+"/agentGroups/$ref", map[string]any{"@odata.id": "agentGroups/" + g})
	w.want(400, "", "DELETE", publishing+"/agentGroups/"+g, nil)
	if got := w.want(200, "onPremisesAgentGroup", "GET", publishing+"/agentGroups/"+g+"?$expand=publishedResources", nil); !slices.Contains(ids(got["publishedResources"]), r) {
		t.Errorf("the group lost its resource: %v", got)
	}
	w.want(204, "", "DELETE", publishing+"/publishedResources/"+r, nil)
	w.want(204, "", "DELETE", publishing+"/agentGroups/"+g, nil)
	w.want(404, "", "GET", publishing+"/agentGroups/"+g, nil)
}

func TestW06PublishedResources(t *testing.T) {
	w := newWorld(t)
	def, g := w.defaultGroup(), w.agentGroup("plant")
	at := publishing + "/publishedResources/" + text(w.want(201, "publishedResource", "POST", publishing+"/publishedResources", map[string]any{"displayName": "HR", "resourceName": "hr.contoso.com"})["id"])
	groups := func() []string {
		return ids(w.want(200, "publishedResource", "GET", at+"?$expand=agentGroups", nil)["agentGroups"])
	}
	if got := groups(); !slices.Equal(got, []string{def}) {
		t.Errorf("a new resource is in %v", got)
	}
	w.want(204, "", "PATCH", at, map[string]any{"displayName": "Human Resources"})
	if got := w.want(200, "publishedResource", "GET", at, nil); got["displayName"] != "Human Resources" {
		t.Errorf("after PATCH: %v", got)
	}
	w.want(204, "", "POST", at+"/agentGroups/$ref", map[string]any{"@odata.id": "https://x.example/agentGroups/" + g})
	if got := groups(); !slices.Equal(got, []string{g}) {
		t.Errorf("after an assignment it is in %v: it must move", got)
	}
	w.want(404, "", "DELETE", at+"/agentGroups/"+def+"/$ref", nil)
	w.want(204, "", "DELETE", at+"/agentGroups/"+g+"/$ref", nil)
	if got := groups(); !slices.Equal(got, []string{def}) {
		t.Errorf("after the assignment went it is in %v", got)
	}
	w.want(400, "", "POST", publishing+"/publishedResources", map[string]any{"displayName": "again", "resourceName": "hr.contoso.com"})
	w.want(204, "", "DELETE", at, nil)
	w.want(404, "", "GET", at, nil)
}

func TestW07Updater(t *testing.T) {
	w := newWorld(t)
	at := publishing + "/hybridAgentUpdaterConfiguration"
	shown := func() map[string]any {
		u, _ := w.want(200, "onPremisesPublishingProfile", "GET", publishing, nil)["hybridAgentUpdaterConfiguration"].(map[string]any)
		return u
	}
	w.want(204, "", "PATCH", at, map[string]any{"allowUpdateConfigurationOverride": true, "deferUpdateDateTime": "2018-08-12T12:00:00Z"})
	if u := shown(); u["allowUpdateConfigurationOverride"] != true || u["deferUpdateDateTime"] != "2018-08-12T12:00:00Z" {
		t.Errorf("first sample: %v", u)
	}
	w.want(204, "", "PATCH", at, map[string]any{"deferUpdate": "2018-09-01T12:00", "allowUpdateConfigurationOverride": false})
	if u := shown(); u["allowUpdateConfigurationOverride"] != false || u["deferUpdateDateTime"] != "2018-09-01T12:00:00Z" {
		t.Errorf("the sample with deferUpdate: %v", u)
	}
	w.want(204, "", "PATCH", publishing, map[string]any{"hybridAgentUpdaterConfiguration": map[string]any{
		"updateWindow": map[string]any{"updateWindowStartTime": "23:59:00.0000000", "updateWindowEndTime": "04:00"}, "deferUpdateDateTime": nil,
	}})
	u := shown()
	if win, _ := u["updateWindow"].(map[string]any); u["deferUpdateDateTime"] != nil || win["updateWindowStartTime"] != "23:59:00.0000000" || win["updateWindowEndTime"] != "04:00:00.0000000" {
		t.Errorf("the window: %v", u)
	}
	w.want(400, "", "PATCH", at, map[string]any{"updateWindow": map[string]any{"updateWindowStartTime": "25:00", "updateWindowEndTime": "04:00"}})
	w.want(400, "", "PATCH", at, map[string]any{"deferUpdate": "soon"})
}
