package sdk

import (
	"encoding/json"
	"slices"
	"testing"

	abstractions "github.com/microsoft/kiota-abstractions-go"
)

const publishing = "/onPremisesPublishingProfiles/provisioning"

type agentGroup struct {
	ID             string `json:"id"`
	Name           string `json:"displayName"`
	PublishingType string `json:"publishingType"`
	Default        *bool  `json:"isDefault"`
}

type agent struct {
	ID      string       `json:"id"`
	Machine string       `json:"machineName"`
	Status  string       `json:"status"`
	Types   []string     `json:"supportedPublishingTypes"`
	Groups  []agentGroup `json:"agentGroups"`
}

// read asks for a beta path and reads the answer.
func read[T any](t *testing.T, c client, path string) (v T) {
	t.Helper()
	text, err := c.raw(t, abstractions.GET, path, nil)
	ok(t, err)
	ok(t, json.Unmarshal(text, &v))
	return v
}

func TestAgentGroups(t *testing.T) {
	c := newClient(t, "beta", secretCredential(t, "OnPremisesPublishingProfiles.ReadWrite.All"))
	var agents struct{ Value []agent }
	until(t, "the agent", func() bool {
		agents = read[struct{ Value []agent }](t, c, publishing+"/agents?$expand=agentGroups")
		return len(agents.Value) == 1 && agents.Value[0].Status == "active"
	})
	a := agents.Value[0]
	if a.Machine == "" || !slices.Equal(a.Types, []string{"provisioning"}) || len(a.Groups) != 1 {
		t.Errorf("agent %+v", a)
	}
	text, err := c.raw(t, abstractions.POST, publishing+"/agentGroups", []byte(`{"displayName":"New Group"}`))
	ok(t, err)
	var g agentGroup
	ok(t, json.Unmarshal(text, &g))
	if g.PublishingType != "provisioning" || g.Default == nil || *g.Default {
		t.Errorf("made %+v", g)
	}
	_, err = c.raw(t, abstractions.POST, publishing+"/agents/"+a.ID+"/agentGroups/$ref", []byte(`{"@odata.id":"`+here.URL+`/beta`+publishing+`/agentGroups/`+g.ID+`/"}`))
	ok(t, err)
	if now := read[agent](t, c, publishing+"/agents/"+a.ID+"?$expand=agentGroups"); len(now.Groups) != 2 {
		t.Errorf("the agent's groups: %+v", now.Groups)
	}
	_, err = c.raw(t, abstractions.DELETE, publishing+"/agents/"+a.ID+"/agentGroups/"+g.ID+"/$ref", nil)
	ok(t, err)
	_, err = c.raw(t, abstractions.DELETE, publishing+"/agentGroups/"+g.ID, nil)
	ok(t, err)
	_, err = c.raw(t, abstractions.DELETE, publishing+"/agentGroups/"+g.ID, nil)
	refused(t, err, 404, "ResourceNotFound")
	_, err = c.raw(t, abstractions.GET, "/users", nil)
	refused(t, err, 403, "Authorization_RequestDenied") // another of Graph's permissions
}
