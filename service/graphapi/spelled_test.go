package graphapi_test

import (
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
)

// TestMisspeltPropertiesAreRefused writes and selects what no user or group has. What people may call their own stays possible.
func TestMisspeltPropertiesAreRefused(t *testing.T) {
	w := newWorld(t)
	ann, g := w.user("ann@x.example"), w.group("Team")
	user, group := "/v1.0/users/"+ann, "/v1.0/groups/"+g
	for _, c := range []struct{ path, body, says string }{
		{user, `{"dispalyName":"typo"}`, "displayName"}, {user, `{"accuontEnabled":false}`, "accountEnabled"}, {user, `{"shoeSize":"44"}`, "extension_shoeSize"},
		{group, `{"dscription":"typo"}`, "description"}, {group, `{"jobTitle":"x"}`, "extension_jobTitle"},
		{user, `{"displayName":"a","DisplayName":"b"}`, "twice"}, {user, `{"employeeOrgData":{"division":"a","Division":"b"}}`, "twice"},
	} {
		if a := w.wants(400, "", call{method: "PATCH", path: c.path, body: c.body}); !strings.Contains(a.text, c.says) {
			t.Errorf("%s: the refusal does not say %s: %s", c.body, c.says, a.text)
		}
	}
	w.want(400, "", "POST", "/v1.0/users", `{"userPrincipalName":"bob@x.example","displayName":"Bob","accuontEnabled":false}`)
	for path, name := range map[string]string{user: "dispalyName", "/v1.0/users": "jobTitel", group: "dispalyName", "/v1.0/groups": "mailNickName2"} {
		w.want(400, "", "GET", path+"?$select="+name, nil)
	}
	if got := w.want(200, "", "GET", user+"?$select=id,nope,extension_x", nil); len(got) != 3 {
		t.Errorf("$select=id,nope,extension_x gives %v", got) // @odata.context, id and the extension's null
	}
}

func TestAttributesOfOnesOwn(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann@x.example")
	at := "/v1.0/users/" + ann
	for _, body := range []string{
		`{"extension_1234_shoeSize":44}`, `{"onPremisesExtensionAttributes":{"extensionAttribute1":"x"}}`, `{"extensionAttribute2":"y"}`, `{"aboutMe":"z"}`,
		`{"costCenter":"4711"}`, `{"@odata.type":"#microsoft.graph.user","DisplayName":"Ann"}`, `{"passwordProfile":{"password":"x"}}`,
	} {
		w.want(204, "", "PATCH", at, body)
	}
	w.want(400, "", "PATCH", at, `{"badge":"1"}`)
	if _, err := w.db.Directory().Put(w.ctx(), entry.User, ann, func(e entry.Entry) (entry.Entry, error) { // as an import does
		e.Attrs.Set("badge", "1")
		return e, nil
	}); err != nil {
		t.Fatal(err)
	}
	w.want(204, "", "PATCH", at, `{"badge":"2"}`)
	if got := w.want(200, "", "GET", at+"?$select=badge,extension_1234_shoeSize", nil); got["badge"] != "2" || got["extension_1234_shoeSize"] != 44.0 {
		t.Errorf("it is now %v", got)
	}
	_, job := w.instantiate("Contoso")
	_, schema := w.schema(job)
	w.want(400, "", "PATCH", at, `{"locker":"7"}`)
	w.want(204, "", "PUT", job+"/schema", strings.NewReplacer(`"name":"jobTitle","expression":"[jobTitle]"`, `"name":"locker","expression":"[locker]"`,
		`"name":"jobTitle"`, `"name":"locker"`).Replace(schema))
	w.want(204, "", "PATCH", at, `{"locker":"7"}`)
}
