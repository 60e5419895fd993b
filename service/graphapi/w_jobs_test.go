package graphapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

func (w *world) principal(name string) (path, id string) {
	w.Helper()
	made := w.want(201, "applicationServicePrincipal", "POST", "/v1.0/applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621/instantiate", map[string]any{"displayName": name})
	sp, _ := made["servicePrincipal"].(map[string]any)
	return "/v1.0/servicePrincipals/" + text(sp["id"]) + "/synchronization", text(sp["id"])
}

func TestW08CreateJobGzip(t *testing.T) {
	w := newWorld(t)
	sync, id := w.principal("Contoso")
	a := w.wants(201, "synchronizationJob", call{method: "POST", path: sync + "/jobs", body: map[string]any{"templateId": "scim", "@odata.type": "#microsoft.graph.synchronizationJob"}, gzip: true})
	schedule, _ := a.body["schedule"].(map[string]any)
	status, _ := a.body["status"].(map[string]any)
	if a.body["templateId"] != "scim" || schedule["state"] != "Disabled" || status["code"] != "NotConfigured" || schedule["interval"] != "PT40M" {
		t.Errorf("the job is %s", a.text)
	}
	if !strings.HasPrefix(text(a.body["id"]), "scim.") || !strings.HasSuffix(text(a.body["id"]), id) {
		t.Errorf("id %v", a.body["id"])
	}
	if got := w.want(200, "synchronizationJob", "GET", a.header.Get("Location"), nil); got["id"] != a.body["id"] {
		t.Errorf("at Location: %v", got)
	}
	w.want(400, "", "POST", text(sync)+"/jobs", map[string]any{"templateId": "scim"}) // it has one
	w.want(400, "", "POST", sync+"/jobs/"+text(a.body["id"])+"/start", nil)           // nothing to reach yet
	w.want(204, "", "PUT", sync+"/secrets", w.secrets())
	if st := w.status(sync + "/jobs/" + text(a.body["id"])); st["code"] != "Paused" {
		t.Errorf("with secrets it is %v", st["code"])
	}
	w.want(204, "", "PATCH", sync+"/jobs/"+text(a.body["id"]), map[string]any{
		"schedule": map[string]any{"interval": "PT1H"}, "synchronizationJobSettings": []map[string]string{{"name": "QuarantineTooManyDeletesThreshold", "value": "7"}},
	})
	got := w.want(200, "synchronizationJob", "GET", sync+"/jobs/"+text(a.body["id"]), nil)
	if s := fmt.Sprint(got["schedule"], got["synchronizationJobSettings"]); !strings.Contains(s, "PT60M") || !strings.Contains(s, "value:7") {
		t.Errorf("after PATCH: %s", s)
	}
	w.want(204, "", "DELETE", sync+"/jobs/"+text(a.body["id"]), nil)
	w.want(404, "", "GET", sync+"/jobs/"+text(a.body["id"]), nil)
	w.want(201, "synchronizationJob", "POST", sync+"/jobs", map[string]any{"templateId": "scim"})
}

func TestW09UnknownTemplate(t *testing.T) {
	w := newWorld(t)
	sync, _ := w.principal("Contoso")
	for _, body := range []any{map[string]any{"templateId": "nonsense"}, map[string]any{}, nil} {
		w.want(400, "", "POST", sync+"/jobs", body)
	}
	if page := w.want(200, "synchronizationJob[]", "GET", sync+"/jobs", nil); len(list(page)) != 0 {
		t.Errorf("a job was made all the same: %v", page)
	}
}

func state(w *world, job string) string {
	w.Helper()
	s, _ := w.want(200, "synchronizationJob", "GET", job, nil)["schedule"].(map[string]any)
	return text(s["state"])
}

func TestW10Start(t *testing.T) {
	w := newWorld(t)
	_, job := w.instantiate("Contoso")
	for range 2 {
		w.want(204, "", "POST", job+"/start", nil)
		if s := state(w, job); s != "Active" {
			t.Fatalf("right after start the state is %s", s)
		}
	}
}

func TestW11PauseAndResume(t *testing.T) {
	w := newWorld(t)
	w.user("ann@x.example")
	_, job := w.instantiate("Contoso")
	w.want(204, "", "POST", job+"/start", nil)
	w.settled(job, func(last map[string]any) bool { return last["countExported"] == 1.0 })
	w.want(204, "", "POST", job+"/pause", nil)
	if st := w.status(job); st["code"] != "Paused" || state(w, job) != "Paused" {
		t.Errorf("paused: %v, %s", st["code"], state(w, job))
	}
	w.user("bob@x.example")
	w.want(204, "", "POST", job+"/start", nil)
	st := w.settled(job, func(last map[string]any) bool { return len(w.accounts()) == 2 && last["countImportedDeltas"] == 1.0 })
	if last, _ := st["lastExecution"].(map[string]any); last["countImported"] != 1.0 {
		t.Errorf("resuming read everything again: %v", last)
	}
}

func TestW12Restart(t *testing.T) {
	w := newWorld(t)
	w.user("ann@x.example")
	_, job := w.instantiate("Contoso")
	w.want(204, "", "POST", job+"/start", nil)
	w.settled(job, func(last map[string]any) bool { return last["countExported"] == 1.0 })
	for _, scope := range []string{"None", "Escrows", "Watermark", "QuarantineState", "ConnectorDataStore", "Full", "ForceDeletes", "Watermark, Escrows, QuarantineState", "watermark,escrows", ""} {
		w.want(204, "", "POST", job+"/restart", map[string]any{"criteria": map[string]any{"resetScope": scope}})
	}
	w.want(204, "", "POST", job+"/restart", nil)
	w.want(204, "", "POST", job+"/restart", map[string]any{})
	w.want(204, "", "POST", job+"/restart", map[string]any{"criteria": nil})
	w.want(400, "", "POST", job+"/restart", map[string]any{"criteria": map[string]any{"resetScope": "Watermark,Everything"}})
	w.settled(job, func(last map[string]any) bool {
		return last["countImportedDeltas"] == 0.0 && last["countImported"] == 1.0
	})
	if len(w.accounts()) != 1 {
		t.Errorf("restarts made accounts: %v", w.accounts())
	}
}

func TestW13ValidateCredentials(t *testing.T) {
	w := newWorld(t)
	sync, job := w.instantiate("Contoso")
	good := []map[string]string{{"key": "BaseAddress", "value": w.target.URL + "/scim"}, {"key": "SecretToken", "value": targetToken}}
	bad := []map[string]string{{"key": "BaseAddress", "value": w.target.URL + "/scim"}, {"key": "SecretToken", "value": "wrong"}}
	for _, at := range []string{job + "/validateCredentials", sync + "/jobs/validateCredentials"} {
		w.want(204, "", "POST", at, map[string]any{"credentials": good})
		w.want(204, "", "POST", at, map[string]any{"useSavedCredentials": true})
		a := w.wants(400, "", call{method: "POST", path: at, body: map[string]any{"templateId": "scim", "credentials": bad}})
		if !strings.Contains(a.text, "401") && !strings.Contains(a.text, "Authentication") {
			t.Errorf("the reason is not told: %s", a.text)
		}
		if strings.Contains(a.text, targetToken) || strings.Contains(a.text, "wrong\"") {
			t.Errorf("a secret is told: %s", a.text)
		}
		w.want(400, "", "POST", at, map[string]any{})
	}
}

func TestW14Secrets(t *testing.T) {
	w := newWorld(t)
	sync, _ := w.instantiate("Contoso")
	put := func(pairs ...string) {
		t.Helper()
		var ps []map[string]string
		for i := 0; i+1 < len(pairs); i += 2 {
			ps = append(ps, map[string]string{"key": pairs[i], "value": pairs[i+1]})
		}
		w.want(204, "", "PUT", sync+"/secrets", map[string]any{"value": ps})
	}
	get := func() map[string]string {
		t.Helper()
		out := map[string]string{}
		for _, p := range list(w.want(200, "pair[]", "GET", sync+"/secrets", nil)) {
			out[text(p["key"])] = text(p["value"])
		}
		return out
	}
	base := w.target.URL + "/scim"
	put("BaseAddress", base, "SecretToken", targetToken, "UserName", "svc", "Password", "p4ssw0rd", "Custom", "mine")
	got := get()
	if got["BaseAddress"] != base || got["UserName"] != "svc" || got["SecretToken"] != "••••••••" || got["Password"] != "••••••••" || got["Custom"] != "••••••••" {
		t.Errorf("got %v", got)
	}
	put("BaseAddress", base, "SecretToken", "••••••••", "Password", "", "UserName", "svc")
	got = get()
	if _, there := got["Password"]; there || got["Custom"] != "" || len(got) != 3 {
		t.Errorf("emptied and missing keys must go: %v", got)
	}
	if all, _ := w.want(200, "synchronization", "GET", sync, nil)["secrets"].([]any); len(all) != 3 || strings.Contains(fmt.Sprint(all), targetToken) {
		t.Errorf("the whole has the secrets %v", all)
	}
	w.want(204, "", "POST", sync+"/jobs/validateCredentials", map[string]any{"useSavedCredentials": true}) // the mask kept the token
	w.want(405, "", "PATCH", sync+"/secrets", map[string]any{})
	w.want(400, "", "PUT", sync+"/secrets", map[string]any{"value": []map[string]string{{"key": "BaseAddress", "value": "not an address"}}})
	w.want(400, "", "PUT", sync+"/secrets", map[string]any{"value": []map[string]string{{"key": "Fresh", "value": "••••••••"}}})
	if a := w.wants(200, "", call{method: "GET", path: sync + "/secrets"}); strings.Contains(a.text, targetToken) {
		t.Error("a secret is shown")
	}
}

// demand provisions one object and returns both texts of the answer, parsed.
func (w *world) demand(job, id, kind string) (key, value map[string]any) {
	w.Helper()
	pair := w.want(200, "pair", "POST", job+"/provisionOnDemand", map[string]any{"parameters": []any{map[string]any{
		"subjects": []any{map[string]any{"objectId": id, "objectTypeName": kind}},
	}}})
	for k, into := range map[string]*map[string]any{"key": &key, "value": &value} {
		if err := json.Unmarshal([]byte(text(pair[k])), into); err != nil {
			w.Fatalf("%s is no JSON: %v", k, pair[k])
		}
	}
	return key, value
}

func TestW15ProvisionOnDemand(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann@x.example", "jobTitle", "Clerk")
	_, job := w.instantiate("Contoso")
	key, value := w.demand(job, ann, "User")
	if key["result"] != "Success" || value["action"] != "Create" {
		t.Fatalf("first: %v %v", key, value)
	}
	var types []string
	steps, _ := value["provisioningSteps"].([]any)
	for _, s := range steps {
		m, _ := s.(map[string]any)
		types = append(types, text(m["type"]))
	}
	if len(types) < 3 || types[0] != "Import" || types[len(types)-1] != "Export" {
		t.Errorf("steps %v", types)
	}
	log := list(w.want(200, "provisioningObjectSummary[]", "GET", "/v1.0/auditLogs/provisioning?$filter=changeId%20eq%20'"+text(value["changeId"])+"'", nil))
	if len(log) != 1 || log[0]["id"] != value["changeId"] {
		t.Errorf("the log does not know the change %v: %v", value["changeId"], log)
	}
	if key, _ := w.demand(job, "ann@x.example", "User"); key["result"] != "Skipped" || !strings.Contains(fmt.Sprint(key["details"]), "RedundantExport") {
		t.Errorf("again: %v", key)
	}
	w.store.Fail = func(op string, _ entry.Type) error {
		if op == "create" {
			return fault.New(fault.Exists, "", "the account is taken")
		}
		return nil
	}
	bob := w.user("bob@x.example")
	if key, value := w.demand(job, bob, "User"); key["result"] != "Failure" || !strings.Contains(fmt.Sprint(value["statusInfo"]), "taken") {
		t.Errorf("a refusal: %v %v", key, value)
	}
	w.want(400, "", "POST", job+"/provisionOnDemand", map[string]any{"parameters": []any{}})
}

// TestOnDemandKnowsWhomAndBy names a rule and people that are not there; five questions at most are answered at once.
func TestOnDemandKnowsWhomAndBy(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann@x.example")
	_, job := w.instantiate("Contoso")
	schema, _ := w.schema(job)
	rules, _ := schema["synchronizationRules"].([]any)
	first, _ := rules[0].(map[string]any)
	for rule, status := range map[string]int{"nope": 400, text(first["id"]): 200} {
		w.want(status, "", "POST", job+"/provisionOnDemand", map[string]any{"parameters": []any{map[string]any{
			"ruleId": rule, "subjects": []any{map[string]any{"objectId": ann, "objectTypeName": "User"}},
		}}})
	}
	nobody := map[string]any{"objectId": "00000000-0000-4000-8000-000000000000", "objectTypeName": "User"}
	before := len(list(w.want(200, "", "GET", "/v1.0/auditLogs/provisioning", nil)))
	w.want(404, "", "POST", job+"/provisionOnDemand", map[string]any{"parameters": []any{map[string]any{"subjects": []any{nobody}}}})
	g := w.group("Staff")
	w.want(400, "", "POST", job+"/provisionOnDemand", map[string]any{"parameters": []any{map[string]any{"subjects": []any{
		map[string]any{"objectId": g, "objectTypeName": "Group", "links": map[string]any{"members": []any{nobody}}},
	}}}})
	if after := len(list(w.want(200, "", "GET", "/v1.0/auditLogs/provisioning", nil))); after != before {
		t.Errorf("%d records, %d before nobody was provisioned", after, before)
	}
	w.want(204, "", "DELETE", "/v1.0/users/"+ann, nil)
	if key, value := w.demand(job, ann, "User"); key["result"] != "Success" {
		t.Errorf("somebody who was deleted: %v %v", key, value)
	}
}

func TestW36TooManyOnDemand(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann@x.example")
	_, job := w.instantiate("Contoso")
	body := map[string]any{"parameters": []any{map[string]any{"subjects": []any{map[string]any{"objectId": ann, "objectTypeName": "User"}}}}}
	for n := range 50 {
		a := w.send(call{method: "POST", path: job + "/provisionOnDemand", body: body})
		if a.status == 429 {
			if n < 5 || a.header.Get("Retry-After") == "" || !strings.Contains(a.text, "TooManyRequests") {
				t.Errorf("refused after %d with %v: %s", n, a.header, a.text)
			}
			return
		}
	}
	t.Error("fifty requests at once were all answered")
}

func TestW16GroupOnDemand(t *testing.T) {
	w := newWorld(t)
	ann, bob, g := w.user("ann@x.example"), w.user("bob@x.example"), w.group("Staff")
	for _, m := range []string{ann, bob} {
		w.want(204, "", "POST", "/v1.0/groups/"+g+"/members/$ref", ref(m))
	}
	_, job := w.instantiate("Contoso")
	w.want(200, "pair", "POST", job+"/provisionOnDemand", map[string]any{"parameters": []any{map[string]any{"subjects": []any{map[string]any{
		"objectId": g, "objectTypeName": "Group", "links": map[string]any{"members": []any{map[string]any{"objectId": ann, "objectTypeName": "User"}}},
	}}}}})
	if got := w.accounts(); len(got) != 1 || got["ann@x.example"] == nil {
		t.Errorf("only the member named may be touched, there are %v", got)
	}
	var six []any
	for range 6 {
		six = append(six, map[string]any{"objectId": ann, "objectTypeName": "User"})
	}
	w.want(400, "", "POST", job+"/provisionOnDemand", map[string]any{"parameters": []any{map[string]any{"subjects": []any{map[string]any{
		"objectId": g, "objectTypeName": "Group", "links": map[string]any{"members": six},
	}}}}})
}

func TestW24StatusAndW25ForceDeletes(t *testing.T) {
	w := newWorld(t)
	var people []string
	for i := range 6 {
		people = append(people, w.user(fmt.Sprintf("p%d@x.example", i)))
	}
	_, job := w.instantiate("Contoso")
	w.want(204, "", "PATCH", job, map[string]any{"synchronizationJobSettings": []map[string]string{{"name": "QuarantineTooManyDeletesThreshold", "value": "3"}}})
	w.want(204, "", "POST", job+"/start", nil)
	st := w.settled(job, func(last map[string]any) bool { return last["countExported"] == 6.0 })
	if last, _ := st["lastExecution"].(map[string]any); st["code"] != "Active" || last["state"] != "Succeeded" || last["countImported"] != 6.0 || last["countEscrowed"] != 0.0 {
		t.Errorf("after the initial cycle: %v", st)
	}
	for _, id := range people[:5] {
		w.want(204, "", "DELETE", "/v1.0/users/"+id, nil)
	}
	w.until("quarantine", func() bool { return w.status(job)["code"] == "Quarantine" })
	q, _ := w.status(job)["quarantine"].(map[string]any)
	if q["reason"] != "TooManyDeletes" || q["seriesCount"].(float64) < 1 {
		t.Errorf("quarantine %v", q)
	}
	w.want(204, "", "POST", job+"/restart", map[string]any{"criteria": map[string]any{"resetScope": "ForceDeletes"}})
	w.until("the release", func() bool {
		disabled := 0
		for _, u := range w.accounts() {
			if u["active"] == false {
				disabled++
			}
		}
		return disabled == 5 && w.status(job)["quarantine"] == nil
	})
}

func TestW24BadCredentialsAndEntryErrors(t *testing.T) {
	w := newWorld(t)
	w.user("ann@x.example")
	w.user("bob@x.example")
	sync, job := w.instantiate("Contoso")
	w.store.Fail = func(op string, _ entry.Type) error {
		if op == "create" {
			return fault.New(fault.Invalid, "", "no room")
		}
		return nil
	}
	w.want(204, "", "POST", job+"/start", nil)
	st := w.settled(job, func(last map[string]any) bool { return last["countEscrowed"] == 2.0 })
	if last, _ := st["lastExecution"].(map[string]any); last["state"] != "EntryLevelErrors" {
		t.Errorf("entry errors: %v", last)
	}
	w.store.Fail = nil
	w.want(204, "", "PUT", sync+"/secrets", map[string]any{"value": []map[string]string{{"key": "BaseAddress", "value": w.target.URL + "/scim"}, {"key": "SecretToken", "value": "wrong"}}})
	w.want(204, "", "POST", job+"/restart", map[string]any{"criteria": map[string]any{"resetScope": "Full"}})
	w.until("quarantine", func() bool { return w.status(job)["code"] == "Quarantine" })
	q, _ := w.status(job)["quarantine"].(map[string]any)
	if q["reason"] != "EncounteredQuarantineException" || q["nextAttempt"] == "0001-01-01T00:00:00Z" {
		t.Errorf("quarantine %v", q)
	}
}
