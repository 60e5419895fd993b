package graphapi_test

import (
	"fmt"
	"strings"
	"testing"
)

func (w *world) targetDirectory(job string) (at string, d map[string]any) {
	w.Helper()
	for _, d := range list(w.want(200, "directoryDefinition[]", "GET", job+"/schema/directories", nil)) {
		if d["readOnly"] == false {
			return job + "/schema/directories/" + text(d["id"]), d
		}
	}
	w.Fatal("the schema has no target")
	return "", nil
}

func TestPatchDirectory(t *testing.T) {
	w := newWorld(t)
	_, job := w.instantiate("Contoso")
	at, d := w.targetDirectory(job)
	before, _ := w.schema(job)
	w.want(204, "", "PATCH", at, map[string]any{"version": "7", "discoverabilities": "AttributeNames, AttributeDataTypes"})
	got := w.want(200, "directoryDefinition", "GET", at, nil)
	if got["version"] != "7" || got["discoverabilities"] != "AttributeNames,AttributeDataTypes" || fmt.Sprint(got["objects"]) != fmt.Sprint(d["objects"]) {
		t.Errorf("after PATCH: %v %v", got["version"], got["discoverabilities"])
	}
	objects, _ := d["objects"].([]any)
	user, _ := objects[0].(map[string]any)
	attrs, _ := user["attributes"].([]any)
	extra := map[string]any{}
	for k, v := range attrs[1].(map[string]any) {
		extra[k] = v
	}
	extra["name"], extra["anchor"] = "badgeNumber", false
	user["attributes"] = append(attrs, extra)
	w.want(204, "", "PATCH", at, map[string]any{"objects": objects})
	if got := w.want(200, "directoryDefinition", "GET", at, nil); !strings.Contains(fmt.Sprint(got["objects"]), "badgeNumber") {
		t.Error("the attribute that was added is not there")
	}
	if after, _ := w.schema(job); fmt.Sprint(after["synchronizationRules"]) != fmt.Sprint(before["synchronizationRules"]) {
		t.Error("the rules changed with the directory")
	}
	extra["anchor"] = true
	if a := w.wants(400, "", call{method: "PATCH", path: at, body: map[string]any{"objects": objects}}); !strings.Contains(a.text, "anchor") {
		t.Errorf("two anchors: %s", a.text)
	}
	w.want(400, "", "PATCH", at, map[string]any{"name": "another"})
	w.want(404, "", "PATCH", job+"/schema/directories/none", map[string]any{})
	first := w.want(200, "directoryDefinition", "POST", at+"/discover", nil)
	second := w.want(200, "directoryDefinition", "POST", at+"/discover", nil)
	if kept := w.want(200, "directoryDefinition", "GET", at, nil); second["version"] == first["version"] || kept["version"] != second["version"] {
		t.Errorf("discovered %v, then %v, kept %v", first["version"], second["version"], kept["version"])
	}
}

func TestListsOfAJobTakeOptions(t *testing.T) {
	w := newWorld(t)
	sync, _ := w.instantiate("Contoso")
	for _, path := range []string{sync + "/jobs?$select=id,status&$filter=templateId%20eq%20'scim'", sync + "/jobs?$top=1&$count=true"} {
		page := w.want(200, "synchronizationJob?[]", "GET", path, nil)
		if len(list(page)) != 1 {
			t.Errorf("%s: %v", path, page)
		}
	}
	if page := w.want(200, "synchronizationJob[]", "GET", sync+"/jobs?$filter=templateId%20eq%20'x'", nil); len(list(page)) != 0 {
		t.Errorf("another template: %v", page)
	}
	for _, x := range list(w.want(200, "synchronizationTemplate?[]", "GET", sync+"/templates?$select=id,factoryTag", nil)) {
		if x["schema"] != nil || x["factoryTag"] == nil {
			t.Errorf("selected: %v", x)
		}
	}
}

func TestAssignmentsFromTheOtherSide(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann@x.example"), w.user("bob@x.example")
	sync, _ := w.instantiate("Payroll")
	sp := strings.TrimSuffix(sync, "/synchronization")
	resource := sp[strings.LastIndexByte(sp, '/')+1:]
	at := "/v1.0/users/" + ann + "/appRoleAssignments"
	a := w.wants(201, "appRoleAssignment", call{method: "POST", path: at, body: map[string]any{"principalId": ann, "resourceId": resource, "appRoleId": noRole}})
	one := at + "/" + text(a.body["id"])
	w.want(200, "appRoleAssignment", "GET", one, nil)
	w.want(200, "appRoleAssignment", "GET", a.header.Get("Location"), nil)
	w.want(200, "appRoleAssignment", "GET", strings.Replace(one, ann, "ann@x.example", 1), nil)
	w.want(404, "", "GET", strings.Replace(one, ann, bob, 1), nil)
	w.want(400, "", "POST", at, map[string]any{"principalId": bob, "resourceId": resource, "appRoleId": noRole})
	w.want(204, "", "DELETE", one, nil)
	w.want(404, "", "GET", one, nil)
}
