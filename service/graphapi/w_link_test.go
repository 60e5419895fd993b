package graphapi_test

import (
	"net/http"
	"sync"
	"testing"
)

// TestManyAddTheSameMemberAtOnce adds a member twelve times at once: W28 says 204 once, then 400.
func TestManyAddTheSameMemberAtOnce(t *testing.T) {
	w := newWorld(t)
	ann, boss, g := w.user("ann@x.example"), w.user("boss@x.example"), w.group("Team")
	for path, id := range map[string]string{"/members/$ref": ann, "/owners/$ref": boss} {
		var mu sync.Mutex
		got := map[int]int{}
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				a := w.send(call{method: "POST", path: "/v1.0/groups/" + g + path, body: ref(id)})
				mu.Lock()
				defer mu.Unlock()
				got[a.status]++
			})
		}
		all.Wait()
		if got[http.StatusNoContent] != 1 || got[http.StatusBadRequest] != 11 {
			t.Errorf("%s: %v", path, got)
		}
	}
}

func TestAGroupIsNoMemberOfItself(t *testing.T) {
	w := newWorld(t)
	g := w.group("Team")
	w.want(400, "", "POST", "/v1.0/groups/"+g+"/members/$ref", ref(g))
	w.want(400, "", "PATCH", "/v1.0/groups/"+g, map[string]any{"members@odata.bind": []string{"https://graph.example.com/v1.0/directoryObjects/" + g}})
	if n := len(list(w.want(200, "", "GET", "/v1.0/groups/"+g+"/members", nil))); n != 0 {
		t.Errorf("it has %d members", n)
	}
}

// TestOnlyJSONIsTaken sends JSON that says it is something else.
func TestOnlyJSONIsTaken(t *testing.T) {
	w := newWorld(t)
	g := w.group("Team")
	for kind, want := range map[string]int{
		"text/plain": 415, "application/x-www-form-urlencoded": 415, "application/octet-stream": 415, "nonsense;;": 415,
		"application/json; charset=utf-8": 204, "application/scim+json": 204, "": 204,
	} {
		a := w.send(call{method: "PATCH", path: "/v1.0/groups/" + g, body: `{"description":"x"}`, header: map[string]string{"Content-Type": kind}})
		if a.status != want {
			t.Errorf("%q: %d, want %d", kind, a.status, want)
		}
	}
}

// TestTemplateIsSpelledAsItIs makes a job of a template in the wrong case.
func TestTemplateIsSpelledAsItIs(t *testing.T) {
	w := newWorld(t)
	made := w.want(201, "applicationServicePrincipal", "POST", "/v1.0/applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621/instantiate", map[string]any{"displayName": "Contoso"})
	sp, _ := made["servicePrincipal"].(map[string]any)
	j := w.want(201, "synchronizationJob", "POST", "/v1.0/servicePrincipals/"+text(sp["id"])+"/synchronization/jobs", map[string]any{"templateId": "SCIM"})
	if want := "scim.default." + text(sp["id"]); j["id"] != want || j["templateId"] != "scim" {
		t.Errorf("id %v, template %v, want %s", j["id"], j["templateId"], want)
	}
}
