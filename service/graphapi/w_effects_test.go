package graphapi_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/expr"
)

func last(st map[string]any) map[string]any {
	m, _ := st["lastExecution"].(map[string]any)
	return m
}

// restart forgets what scope names and waits for the cycle whose end says so.
func (w *world) restart(job, scope string, holds func(st, last map[string]any) bool) {
	w.Helper()
	before := text(last(w.status(job))["activityIdentifier"])
	w.want(204, "", "POST", job+"/restart", map[string]any{"criteria": map[string]any{"resetScope": scope}})
	w.until("the effect of "+scope, func() bool {
		st := w.status(job)
		end := last(st)
		return text(end["activityIdentifier"]) != before && holds(st, end)
	})
}

func linked(st map[string]any) any {
	for _, c := range st["synchronizedEntryCountByType"].([]any) {
		if m, _ := c.(map[string]any); m["key"] == "User" {
			return m["value"]
		}
	}
	return nil
}

// TestW12Effects sees in the next cycle's counters what each flag forgot (graph-api §3.3).
func TestW12Effects(t *testing.T) {
	w := newWorld(t)
	for i := range 3 {
		w.user(fmt.Sprintf("p%d@x.example", i))
	}
	_, job := w.instantiate("Contoso")
	w.store.Fail = func(op string, _ entry.Type) error {
		if op == "create" {
			return fault.New(fault.Invalid, "", "no room")
		}
		return nil
	}
	w.want(204, "", "POST", job+"/start", nil)
	w.settled(job, func(last map[string]any) bool { return last["countEscrowed"] == 3.0 })
	escrows := func() int {
		return len(list(w.want(200, "", "GET", "/sallyport/v1/apps/contoso/escrows", nil)))
	}
	if n := escrows(); n != 3 {
		t.Fatalf("%d failed entries are remembered, want 3", n)
	}
	w.want(204, "", "POST", job+"/pause", nil)
	w.store.Fail = nil
	w.want(204, "", "POST", job+"/restart", map[string]any{"criteria": map[string]any{"resetScope": "Escrows,QuarantineState"}})
	if n := escrows(); n != 0 {
		t.Errorf("Escrows forgets what failed, but %d are remembered", n)
	}
	everybody := func(written float64) func(st, last map[string]any) bool {
		return func(st, last map[string]any) bool {
			return last["countImported"] == 3.0 && last["countExported"] == written && linked(st) == 3.0 && len(w.accounts()) == 3
		}
	}
	w.restart(job, "Watermark", everybody(3))                                           // reads everybody anew, those too that were forgotten
	w.restart(job, "Watermark", everybody(0))                                           // a second time there is nothing to write
	w.restart(job, "ConnectorDataStore,Watermark", func(st, last map[string]any) bool { // the links are dropped, and found again
		return last["countImported"] == 3.0 && linked(st) == 3.0 && len(w.accounts()) == 3
	})
	w.restart(job, "Full", func(st, _ map[string]any) bool { return linked(st) == 3.0 && len(w.accounts()) == 3 })
	w.want(204, "", "POST", job+"/pause", nil)
	w.want(204, "", "POST", job+"/restart", map[string]any{"criteria": map[string]any{"resetScope": "None"}})
	if s := state(w, job); s != "Active" {
		t.Errorf("None starts a paused job, it is %s", s)
	}
}

func TestW15OutOfScopeAndOrder(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann@x.example", "department", "Sales"), w.user("bob@x.example", "department", "Plant")
	_, job := w.instantiate("Contoso")
	body, _ := w.schema(job)
	rule := body["synchronizationRules"].([]any)[0].(map[string]any)
	for _, m := range rule["objectMappings"].([]any) {
		if m, _ := m.(map[string]any); m["sourceObjectName"] == "User" {
			m["scope"] = map[string]any{"groups": []any{map[string]any{"name": "sales", "clauses": []any{map[string]any{
				"sourceOperandName": "department", "operatorName": "EQUALS", "targetOperand": map[string]any{"values": []string{"Sales"}},
			}}}}, "inputFilterGroups": []any{}, "categoryFilterGroups": []any{}}
		}
	}
	delete(body, "@odata.context")
	w.want(204, "", "PUT", job+"/schema", body)
	key, value := w.demand(job, bob, "User")
	if key["result"] != "Skipped" || len(w.accounts()) != 0 || !strings.Contains(fmt.Sprint(value["provisioningSteps"]), "coping") {
		t.Errorf("out of scope: %v %v", key, value)
	}
	key, value = w.demand(job, ann, "User")
	rank := map[string]int{"Import": 0, "Scoping": 1, "Matching": 1, "Processing": 2, "ReferenceResolution": 2, "Export": 3}
	at := -1
	for _, s := range value["provisioningSteps"].([]any) {
		m, _ := s.(map[string]any)
		n, known := rank[text(m["type"])]
		if !known || n < at || m["name"] == "" || m["status"] == "" || m["timestamp"] == nil {
			t.Errorf("step %v after rank %d", m, at)
		}
		at = n
	}
	if key["result"] != "Success" || at != 3 {
		t.Errorf("in scope: %v %v", key, value)
	}
	for _, prop := range strings.Fields("action changeId startTime endTime reportableIdentifier statusInfo sourceIdentity targetIdentity sourceSystem targetSystem modifiedProperties provisioningSteps") {
		if _, there := value[prop]; !there {
			t.Errorf("the log object lacks %s", prop)
		}
	}
}

func TestW22Tree(t *testing.T) {
	w := newWorld(t)
	_, job := w.instantiate("Contoso")
	got := w.want(200, "parseExpressionResponse", "POST", job+"/schema/parseExpression", map[string]any{
		"expression": `Replace(Mid([userPrincipalName], 1, 8), "-", , , "_", , )`, "targetAttributeDefinition": nil, "testInputObject": map[string]any{
			"definition": nil, "properties": []map[string]any{{"key": "userPrincipalName", "value": "a-bc@x.example"}},
		},
	})
	tree, _ := got["parsedExpression"].(map[string]any)
	ps, _ := tree["parameters"].([]any)
	if tree["type"] != "Function" || tree["name"] != "Replace" || len(ps) != 3 {
		t.Fatalf("skipped arguments are not in the tree: %v", tree)
	}
	mid, _ := ps[0].(map[string]any)["value"].(map[string]any)
	inner, _ := mid["parameters"].([]any)
	if mid["type"] != "Function" || mid["name"] != "Mid" || len(inner) != 3 {
		t.Fatalf("Mid is %v", mid)
	}
	for i, want := range []struct{ kind, text string }{{"Attribute", "userPrincipalName"}, {"Constant", "1"}, {"Constant", "8"}} {
		v, _ := inner[i].(map[string]any)["value"].(map[string]any)
		if v["type"] != want.kind || v["name"] != want.text && !strings.Contains(text(v["expression"]), want.text) {
			t.Errorf("argument %d is %v", i, v)
		}
	}
	if fmt.Sprint(got["evaluationResult"]) != "[a_bc@x.e]" {
		t.Errorf("result %v", got["evaluationResult"])
	}
}

// TestW23ArityOfTheEngine: what the API lists is what the engine calls.
func TestW23ArityOfTheEngine(t *testing.T) {
	w := newWorld(t)
	_, job := w.instantiate("Contoso")
	told := map[string][]any{}
	for _, f := range list(w.want(200, "functionSchema[]", "GET", job+"/schema/functions", nil)) {
		told[text(f["name"])], _ = f["parameters"].([]any)
	}
	fs := expr.Functions()
	if len(told) != len(fs) {
		t.Errorf("%d functions are listed, the engine has %d", len(told), len(fs))
	}
	for _, f := range fs {
		ps := told[f.Name]
		if len(ps) != len(f.Params) {
			t.Errorf("%s: %d parameters, the engine takes %d", f.Name, len(ps), len(f.Params))
			continue
		}
		for i, p := range f.Params {
			m, _ := ps[i].(map[string]any)
			if m["name"] != p.Name || m["required"] != p.Required || m["allowMultipleOccurrences"] != p.Repeats {
				t.Errorf("%s, parameter %d: %v, the engine has %+v", f.Name, i, m, p)
			}
		}
	}
}

func TestW24SeriesOfAttempts(t *testing.T) {
	w := newWorld(t)
	w.user("ann@x.example")
	sync, job := w.instantiate("Contoso")
	w.want(204, "", "PUT", sync+"/secrets", map[string]any{"value": []map[string]string{{"key": "BaseAddress", "value": w.target.URL + "/scim"}, {"key": "SecretToken", "value": "wrong"}}})
	series, next := 0.0, time.Time{}
	for range 3 {
		w.want(204, "", "POST", job+"/start", nil) // tries at once
		var q map[string]any
		w.until("the next attempt to fail", func() bool {
			q, _ = w.status(job)["quarantine"].(map[string]any)
			return q != nil && q["seriesCount"].(float64) > series && q["nextAttempt"] != "0001-01-01T00:00:00Z"
		})
		at, err := time.Parse(time.RFC3339Nano, text(q["nextAttempt"]))
		if err != nil || !at.After(next) {
			t.Errorf("attempt %v: the next is at %v, before it was %v", q["seriesCount"], at, next)
		}
		if e, _ := q["error"].(map[string]any); e == nil || e["message"] == "" || strings.Contains(fmt.Sprint(q), "wrong\"") {
			t.Errorf("quarantine %v", q)
		}
		series, next = q["seriesCount"].(float64), at
	}
	w.want(204, "", "PUT", sync+"/secrets", w.secrets())
	w.want(204, "", "POST", job+"/start", nil)
	w.until("the account", func() bool { return len(w.accounts()) == 1 && w.status(job)["quarantine"] == nil })
}

// TestW25ForceDeletes releases what the limit holds, once.
func TestW25ForceDeletes(t *testing.T) {
	w := newWorld(t)
	people := []string{w.user("a@x.example"), w.user("b@x.example"), w.user("c@x.example"), w.user("d@x.example")}
	_, job := w.instantiate("Contoso")
	w.want(204, "", "PATCH", job, map[string]any{"synchronizationJobSettings": []map[string]string{{"name": "QuarantineTooManyDeletesThreshold", "value": "2"}}})
	w.want(204, "", "POST", job+"/start", nil)
	w.settled(job, func(last map[string]any) bool { return last["countExported"] == 4.0 })
	w.want(204, "", "POST", job+"/pause", nil) // so that all three come in one cycle
	for _, id := range people[:3] {
		w.want(204, "", "DELETE", "/v1.0/users/"+id, nil)
	}
	w.want(204, "", "POST", job+"/start", nil)
	w.until("quarantine", func() bool {
		q, _ := w.status(job)["quarantine"].(map[string]any)
		return q["reason"] == "TooManyDeletes"
	})
	w.want(204, "", "POST", job+"/restart", map[string]any{"criteria": map[string]any{"resetScope": "ForceDeletes"}})
	w.until("the release", func() bool {
		off := 0
		for _, u := range w.accounts() {
			if u["active"] == false {
				off++
			}
		}
		st := w.status(job)
		return off == 3 && st["quarantine"] == nil && st["code"] == "Active"
	})
}

// TestW31ExpiredToken: a token that is older than seven days is told from a forged one.
func TestW31ExpiredToken(t *testing.T) {
	w := newWorld(t)
	w.user("ann@x.example")
	u, err := url.Parse(text(w.want(200, "user[]", "GET", "/v1.0/users/delta?$deltatoken=latest", nil)["@odata.deltaLink"]))
	if err != nil {
		t.Fatal(err)
	}
	key, err := w.kept.Get(w.ctx(), "0graphapi", "tokens")
	if err != nil {
		t.Fatal(err)
	}
	data, err := base64.RawURLEncoding.DecodeString(u.Query().Get("$deltatoken"))
	if err != nil {
		t.Fatal(err)
	}
	aged := func(days int) string {
		var token map[string]any
		if err := json.Unmarshal(data[16:], &token); err != nil {
			t.Fatal(err)
		}
		token["d"] = time.Now().Add(-time.Duration(days) * 24 * time.Hour).Unix()
		body, err := json.Marshal(token)
		if err != nil {
			t.Fatal(err)
		}
		h := hmac.New(sha256.New, key)
		h.Write(body)
		return base64.RawURLEncoding.EncodeToString(append(h.Sum(nil)[:16], body...))
	}
	w.want(200, "user[]", "GET", "/v1.0/users/delta?$deltatoken="+aged(6), nil)
	a := w.wants(410, "", call{method: "GET", path: "/v1.0/users/delta?$deltatoken=" + aged(8)})
	if !strings.Contains(a.text, "resyncRequired") || !strings.HasSuffix(a.header.Get("Location"), "/users/delta?$deltatoken=") {
		t.Errorf("%s %s", a.header.Get("Location"), a.text)
	}
}
