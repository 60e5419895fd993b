package graphapi_test

import (
	"strings"
	"testing"
)

// TestServicePrincipalsOwnGroups: a client reads oid of its token and binds it as the owner of the group it makes (graph-api §6).
func TestServicePrincipalsOwnGroups(t *testing.T) {
	h := newHouse(t)
	oid := string(h.client.ID)
	bind := func(status int, kind, id string) map[string]any {
		t.Helper()
		return h.must(status, "POST", "/v1.0/groups", `{"displayName":"G `+kind+`","mailEnabled":false,"mailNickname":"g","securityEnabled":true,
			"owners@odata.bind":["https://graph.example.com/v1.0/`+kind+`/`+id+`"]}`)
	}
	owners := func(group string) (ids []string) {
		t.Helper()
		for _, o := range h.must(200, "GET", "/v1.0/groups/"+group+"/owners", "")["value"].([]any) {
			ids = append(ids, o.(map[string]any)["@odata.type"].(string)+" "+o.(map[string]any)["id"].(string))
		}
		return ids
	}
	principal, user := "#microsoft.graph.servicePrincipal "+oid, "#microsoft.graph.user "+userID
	for kind, want := range map[string]string{"servicePrincipals": principal, "directoryObjects": principal, "users": user} {
		id := oid
		if kind == "users" {
			id = userID
		}
		g := bind(201, kind, id)["id"].(string)
		if got := owners(g); len(got) != 1 || got[0] != want {
			t.Errorf("%s: owners %v, want %s", kind, got, want)
		}
	}
	for _, id := range []string{"nope", "33333333-3333-4333-8333-333333333333", groupID} {
		bind(400, "users", id)
	}
	ref := `{"@odata.id":"https://graph.example.com/v1.0/directoryObjects/` + oid + `"}`
	at := "/v1.0/groups/" + groupID + "/owners"
	h.must(204, "POST", at+"/$ref", ref)
	h.must(400, "POST", at+"/$ref", ref)
	h.must(404, "POST", at+"/$ref", strings.ReplaceAll(ref, oid, "33333333-3333-4333-8333-333333333333"))
	if got := owners(groupID); len(got) != 1 || got[0] != principal {
		t.Errorf("owners %v", got)
	}
	if o := h.must(200, "GET", "/v1.0/directoryObjects/"+oid, ""); o["@odata.type"] != "#microsoft.graph.servicePrincipal" || o["displayName"] != "canary-client" {
		t.Errorf("the object %v", o)
	}
	h.must(204, "DELETE", at+"/"+oid+"/$ref", "")
	if got := owners(groupID); len(got) != 0 {
		t.Errorf("owners %v", got)
	}
	h.must(204, "POST", at+"/$ref", ref)
	h.must(204, "DELETE", "/sallyport/v1/access/clients/"+oid, "")
	if got := owners(groupID); len(got) != 0 {
		t.Errorf("a client that is gone owns: %v", got)
	}
}
