package graphapi_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var variable = regexp.MustCompile(`\{[^}]+\}`)

const noRole = "00000000-0000-0000-0000-000000000000"

// TestAnApplicationThroughGraphAlone goes the whole way: instantiate, job, secrets, schema, start; accounts appear in the application.
func TestAnApplicationThroughGraphAlone(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		w.user(fmt.Sprintf("p%d@x.example", i), "jobTitle", "Clerk", "givenName", "P", "surname", fmt.Sprint(i))
	}
	g := w.group("Staff")
	w.want(204, "", "POST", "/v1.0/groups/"+g+"/members/$ref", ref("p0@x.example"))
	sync, job := w.instantiate("Payroll")
	_, schema := w.schema(job)
	w.want(204, "", "PUT", job+"/schema", strings.Replace(schema, `"name":"jobTitle","expression":"[jobTitle]"`, `"name":"department","expression":"[department]"`, 1))
	w.want(204, "", "POST", job+"/validateCredentials", map[string]any{"useSavedCredentials": true})
	w.want(204, "", "POST", job+"/start", nil)
	w.settled(job, func(last map[string]any) bool { return last["countExported"] == 8.0 })
	ann := w.accounts()["p3@x.example"]
	if len(w.accounts()) != 7 || ann == nil || ann["title"] != nil || !strings.Contains(fmt.Sprint(ann["name"]), "familyName:3") {
		t.Errorf("p3 is %v", ann)
	}
	w.want(204, "", "PATCH", "/v1.0/users/p3@x.example", map[string]any{"displayName": "Third"})
	w.until("the change", func() bool { return w.accounts()["p3@x.example"]["displayName"] == "Third" })
	sp := strings.TrimSuffix(sync, "/synchronization")
	w.want(204, "", "DELETE", sp, nil)
	w.want(404, "", "GET", job, nil)
	if len(w.accounts()) != 7 {
		t.Error("deleting the application took accounts with it")
	}
}

func TestAnAppliedFileIsAServicePrincipal(t *testing.T) {
	w := newWorld(t)
	file := strings.Replace(appFile, "https://target.invalid/scim", w.target.URL+"/scim", 1)
	w.want(200, "", "PUT", "/sallyport/v1/apps/hr", map[string]any{"name": "hr.yaml", "file": file, "bearer": targetToken})
	found := list(w.want(200, "servicePrincipal[]", "GET", "/v1.0/servicePrincipals?$filter=displayName+eq+'hr'", nil))
	if len(found) != 1 {
		t.Fatalf("found %v", found)
	}
	sp := found[0]
	for _, path := range []string{"/v1.0/servicePrincipals/" + text(sp["id"]), "/v1.0/servicePrincipals(appId='" + text(sp["appId"]) + "')", "/v1.0/servicePrincipals/hr"} {
		if got := w.want(200, "servicePrincipal", "GET", path, nil); got["id"] != sp["id"] {
			t.Errorf("%s: %v", path, got)
		}
	}
	apps := list(w.want(200, "application[]", "GET", "/v1.0/applications?$filter=appId+eq+'"+text(sp["appId"])+"'", nil))
	if len(apps) != 1 {
		t.Fatalf("applications %v", apps)
	}
	w.want(200, "application", "GET", "/v1.0/applications/"+text(apps[0]["id"]), nil)
	jobs := list(w.want(200, "synchronizationJob[]", "GET", "/v1.0/servicePrincipals/"+text(sp["id"])+"/synchronization/jobs", nil))
	if len(jobs) != 1 {
		t.Fatalf("jobs %v", jobs)
	}
	w.want(200, "synchronizationJob", "GET", "/v1.0/servicePrincipals/"+text(sp["id"])+"/synchronization/jobs/"+text(jobs[0]["id"]), nil)
	secrets := list(w.want(200, "pair[]", "GET", "/v1.0/servicePrincipals/hr/synchronization/secrets", nil))
	if s := fmt.Sprint(secrets); !strings.Contains(s, "BaseAddress") || strings.Contains(s, targetToken) {
		t.Errorf("secrets %v", secrets)
	}
	if names := list(w.want(200, "servicePrincipal[]", "GET", "/v1.0/servicePrincipals?$filter="+url.QueryEscape("servicePrincipalNames/any(c:c eq '"+text(sp["appId"])+"')"), nil)); len(names) != 1 {
		t.Errorf("by name: %v", names)
	}
	w.want(204, "", "PATCH", "/v1.0/servicePrincipals/hr", map[string]any{"notes": "the HR system", "tags": []string{"a"}, "somethingOfGraph": 1})
	if got := w.want(200, "servicePrincipal", "GET", "/v1.0/servicePrincipals/hr", nil); got["notes"] != "the HR system" {
		t.Errorf("after PATCH: %v", got)
	}
}

func TestW33AppRoleAssignments(t *testing.T) {
	w := newWorld(t)
	ann, bob, g := w.user("ann@x.example"), w.user("bob@x.example"), w.group("Staff")
	w.user("stranger@x.example")
	w.want(204, "", "POST", "/v1.0/groups/"+g+"/members/$ref", ref(bob))
	sync, job := w.instantiate("Payroll")
	sp := strings.TrimSuffix(sync, "/synchronization")
	resource := sp[strings.LastIndexByte(sp, '/')+1:]
	w.want(204, "", "PUT", sync+"/secrets", map[string]any{"value": append(w.secrets()["value"].([]map[string]string), map[string]string{"key": "SyncAll", "value": "false"})})
	var made []string
	for _, principal := range []string{ann, g} {
		a := w.want(201, "appRoleAssignment", "POST", sp+"/appRoleAssignedTo", map[string]any{"principalId": principal, "resourceId": resource, "appRoleId": noRole})
		made = append(made, text(a["id"]))
		if got := w.want(200, "appRoleAssignment", "GET", sp+"/appRoleAssignedTo/"+text(a["id"]), nil); got["principalId"] != principal || got["resourceDisplayName"] != "Payroll" {
			t.Errorf("read again: %v", got)
		}
	}
	w.want(400, "", "POST", sp+"/appRoleAssignedTo", map[string]any{"principalId": ann, "resourceId": resource, "appRoleId": noRole})
	w.want(400, "", "POST", sp+"/appRoleAssignedTo", map[string]any{"principalId": "nobody", "resourceId": resource, "appRoleId": noRole})
	w.want(400, "", "POST", sp+"/appRoleAssignedTo", map[string]any{"principalId": ann, "resourceId": resource, "appRoleId": "11111111-1111-1111-1111-111111111111"})
	if all := list(w.want(200, "appRoleAssignment[]", "GET", sp+"/appRoleAssignedTo?$top=1", nil)); len(all) != 1 {
		t.Errorf("a page of one has %d", len(all))
	}
	if all, _ := w.pages("appRoleAssignment[]", sp+"/appRoleAssignedTo?$top=1"); len(all) != 2 {
		t.Errorf("all pages have %d", len(all))
	}
	if mine := list(w.want(200, "appRoleAssignment[]", "GET", "/v1.0/users/"+ann+"/appRoleAssignments", nil)); len(mine) != 1 {
		t.Errorf("ann's: %v", mine)
	}
	w.want(204, "", "POST", job+"/start", nil)
	w.until("those who are assigned", func() bool { return len(w.accounts()) == 2 })
	if w.accounts()["stranger@x.example"] != nil {
		t.Error("who is not assigned was provisioned")
	}
	w.want(204, "", "DELETE", sp+"/appRoleAssignedTo/"+made[0], nil)
	w.want(404, "", "DELETE", sp+"/appRoleAssignedTo/"+made[0], nil)
	w.until("ann to be disabled", func() bool { return w.accounts()["ann@x.example"]["active"] == false })
}

// TestAssignedBeforeItIsSetUp: tools assign people to an application as soon as it is made, before it has a job or a target.
func TestAssignedBeforeItIsSetUp(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann@x.example")
	_, sp := w.principal("Payroll")
	a := w.want(201, "appRoleAssignment", "POST", "/v1.0/servicePrincipals/"+sp+"/appRoleAssignedTo", map[string]any{"principalId": ann, "resourceId": sp, "appRoleId": noRole})
	if got := list(w.want(200, "appRoleAssignment[]", "GET", "/v1.0/servicePrincipals/"+sp+"/appRoleAssignedTo", nil)); len(got) != 1 || got[0]["id"] != a["id"] {
		t.Errorf("assigned: %v", got)
	}
	w.want(204, "", "DELETE", "/v1.0/servicePrincipals/"+sp, nil)
}

func TestW34Templates(t *testing.T) {
	w := newWorld(t)
	ts := list(w.want(200, "applicationTemplate[]", "GET", "/v1.0/applicationTemplates?$filter=displayName+eq+'Custom'", nil))
	if len(ts) != 1 || ts[0]["id"] != "8adf8e6e-67b2-4cf2-a259-e3dc5476c621" {
		t.Fatalf("found %v", ts)
	}
	w.want(200, "applicationTemplate", "GET", "/v1.0/applicationTemplates/"+text(ts[0]["id"]), nil)
	made := w.want(201, "applicationServicePrincipal", "POST", "/beta/applicationTemplates/"+text(ts[0]["id"])+"/microsoft.graph.instantiate", map[string]any{"displayName": "Contoso"})
	sp, _ := made["servicePrincipal"].(map[string]any)
	ap, _ := made["application"].(map[string]any)
	if sp["appId"] != ap["appId"] {
		t.Errorf("two appIds: %v", made)
	}
	w.want(200, "application", "GET", "/v1.0/applications/"+text(ap["id"]), nil)
	if ts := list(w.want(200, "synchronizationTemplate[]", "GET", "/v1.0/applications/"+text(ap["id"])+"/synchronization/templates", nil)); len(ts) == 0 {
		t.Error("no templates")
	}
	second := w.want(201, "applicationServicePrincipal", "POST", "/v1.0/applicationTemplates/"+text(ts[0]["id"])+"/instantiate", map[string]any{"displayName": "Contoso"})
	if fmt.Sprint(second["servicePrincipal"]) == fmt.Sprint(sp) {
		t.Error("two applications of one name are one")
	}
	w.want(400, "", "POST", "/v1.0/applicationTemplates/"+text(ts[0]["id"])+"/instantiate", map[string]any{})
	w.want(404, "", "POST", "/v1.0/applicationTemplates/none/instantiate", map[string]any{"displayName": "x"})
}

// TestAnApplicationThroughAgents is bound to the default group, and follows its published resource.
func TestAnApplicationThroughAgents(t *testing.T) {
	w := newWorld(t)
	w.user("ann@x.example")
	var template string
	for _, x := range list(w.want(200, "applicationTemplate[]", "GET", "/v1.0/applicationTemplates", nil)) {
		if x["displayName"] == "On-premises SCIM app" {
			template = text(x["id"])
		}
	}
	made := w.want(201, "applicationServicePrincipal", "POST", "/v1.0/applicationTemplates/"+template+"/instantiate", map[string]any{"displayName": "Plant"})
	sp, _ := made["servicePrincipal"].(map[string]any)
	sync := "/v1.0/servicePrincipals/" + text(sp["id"]) + "/synchronization"
	ts := list(w.want(200, "synchronizationTemplate[]", "GET", sync+"/templates", nil))
	if !strings.Contains(fmt.Sprint(ts[0]["metadata"]), "IsSynchronizationAgentRequired") {
		t.Errorf("template metadata %v", ts[0]["metadata"])
	}
	job := sync + "/jobs/" + text(w.want(201, "synchronizationJob", "POST", sync+"/jobs", map[string]any{"templateId": ts[0]["id"]})["id"])
	w.want(204, "", "PUT", sync+"/secrets", w.secrets())
	var resource string
	for _, r := range list(w.want(200, "publishedResource[]", "GET", publishing+"/publishedResources", nil)) {
		if r["resourceName"] == "plant" {
			resource = publishing + "/publishedResources/" + text(r["id"])
		}
	}
	g := w.agentGroup("plant 2")
	w.want(204, "", "POST", resource+"/agentGroups/$ref", map[string]any{"@odata.id": "agentGroups/" + g})
	if ap, err := w.db.Apps().Get(w.ctx(), "plant"); err != nil || ap.Target.Group != "plant 2" || ap.Target.URL != "" {
		t.Errorf("the application goes to %+v, %v", ap.Target, err)
	}
	w.want(400, "", "DELETE", resource, nil)
	w.want(204, "", "POST", job+"/start", nil)
	w.until("the account", func() bool { return len(w.accounts()) == 1 })
}

func TestW26ProvisioningLog(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.user(fmt.Sprintf("p%d@x.example", i))
	}
	_, job := w.instantiate("Payroll")
	w.want(204, "", "POST", job+"/start", nil)
	w.settled(job, func(last map[string]any) bool { return last["countExported"] == 5.0 })
	id := job[strings.LastIndexByte(job, '/')+1:]
	at := "/v1.0/auditLogs/provisioning?$top=2&$filter="
	items, _ := w.pages("provisioningObjectSummary[]", at+url.QueryEscape("jobid eq '"+id+"' and activityDateTime gt 2020-01-01T00:00:00Z and provisioningAction eq 'create'"))
	seen := map[string]bool{}
	for _, i := range items {
		seen[text(i["id"])] = true
	}
	if len(items) != 5 || len(seen) != 5 {
		t.Fatalf("%d records on all pages, %d different", len(items), len(seen))
	}
	who, _ := items[0]["sourceIdentity"].(map[string]any)
	for filter, want := range map[string]int{
		"sourceIdentity/id eq '" + text(who["id"]) + "'":      1,
		"contains(sourceIdentity/displayName,'p3')":           1,
		"changeId eq '" + text(items[0]["changeId"]) + "'":    1,
		"cycleId eq '" + text(items[0]["cycleId"]) + "'":      5,
		"provisioningStatusInfo/status eq 'failure'":          0,
		"provisioningStatusInfo/status eq 'success'":          5,
		"provisioningAction eq 'Create'":                      0, // values are compared exactly
		"activityDateTime lt 2020-01-01T00:00:00Z":            0,
		"servicePrincipal/id eq 'x' or jobId eq '" + id + "'": 5,
		"jobId eq 'none'": 0,
		"not(provisioningAction eq 'update') and jobId eq '" + id + "'": 5,
	} {
		if got, _ := w.pages("provisioningObjectSummary[]", at+url.QueryEscape(filter)); len(got) != want {
			t.Errorf("%s: %d records, want %d", filter, len(got), want)
		}
	}
	w.want(200, "provisioningObjectSummary", "GET", "/beta/auditLogs/provisioning/"+text(items[0]["id"]), nil)
	w.want(404, "", "GET", "/v1.0/auditLogs/provisioning/none", nil)
	w.want(400, "", "GET", at+"nonsense+eq+'x'", nil)
	asc, _ := w.pages("provisioningObjectSummary[]", "/v1.0/auditLogs/provisioning?$top=2&$orderby=activityDateTime")
	if text(asc[0]["id"]) > text(asc[len(asc)-1]["id"]) {
		t.Error("ascending order is not")
	}
}
