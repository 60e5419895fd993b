package graphapi_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func (w *world) schema(job string) (map[string]any, string) {
	w.Helper()
	a := w.wants(200, "synchronizationSchema", call{method: "GET", path: job + "/schema"})
	return a.body, a.text
}

func TestW17SchemaRoundTrip(t *testing.T) {
	w := newWorld(t)
	_, job := w.instantiate("Contoso")
	_, first := w.schema(job)
	w.want(204, "", "PUT", job+"/schema", first)
	if _, again := w.schema(job); again != first {
		t.Errorf("GET after PUT of the same bytes differs:\n%s\n%s", first, again)
	}
	changed := strings.Replace(first, `"name":"Sallyport to Contoso"`, `"name":"Contoso's own", "metadata":[{"key":"x","value":"y"}]`, 1)
	changed = strings.Replace(changed, `"metadata":[],"containerFilter"`, `"containerFilter"`, 1)
	w.want(204, "", "PUT", job+"/schema", changed)
	if _, again := w.schema(job); !strings.Contains(again, "Contoso's own") || !strings.Contains(again, `"key":"x"`) {
		t.Errorf("what the rules do not hold is lost: %s", again)
	}
}

func TestW18PatchSerialisedModel(t *testing.T) {
	w := newWorld(t)
	_, job := w.instantiate("Contoso")
	body, _ := w.schema(job)
	model, err := json.Marshal(body) // an SDK writes properties in an order of its own
	if err != nil {
		t.Fatal(err)
	}
	if flows := fmt.Sprint(body["synchronizationRules"]); !strings.Contains(flows, "flowTypes:Add,Update,Delete") {
		t.Errorf("flags must be emitted without blanks: %s", flows)
	}
	spaced := strings.ReplaceAll(string(model), `"Add,Update,Delete"`, `"add, Update, Delete"`)
	w.wants(204, "", call{method: "PATCH", path: job + "/schema", body: spaced, gzip: true})
	again, _ := w.schema(job)
	a, _ := json.Marshal(again["synchronizationRules"])
	b, _ := json.Marshal(body["synchronizationRules"])
	if string(a) != string(b) {
		t.Errorf("the rules changed:\n%s\n%s", a, b)
	}
}

func TestW19DeleteSchema(t *testing.T) {
	w := newWorld(t)
	_, job := w.instantiate("Contoso")
	before, text := w.schema(job)
	w.want(204, "", "PUT", job+"/schema", strings.NewReplacer(`"targetAttributeName":"title"`, `"targetAttributeName":"nickName"`, `"name":"title"`, `"name":"nickName"`).Replace(text))
	if changed, _ := w.schema(job); reflect.DeepEqual(changed["synchronizationRules"], before["synchronizationRules"]) {
		t.Fatal("the change did not arrive")
	}
	w.want(204, "", "DELETE", job+"/schema", nil)
	if after, _ := w.schema(job); !reflect.DeepEqual(after["synchronizationRules"], before["synchronizationRules"]) {
		t.Errorf("the default is not back: %v", after["synchronizationRules"])
	}
}

func TestW20InvalidSchemas(t *testing.T) {
	w := newWorld(t)
	_, job := w.instantiate("Contoso")
	_, good := w.schema(job)
	replace := func(old, new string) string {
		out := strings.Replace(good, old, new, 1)
		if out == good {
			t.Fatalf("the schema has no %s", old)
		}
		return out
	}
	for name, bad := range map[string]string{
		"two anchors":              replace(`"name":"userPrincipalName","type":"String","anchor":false`, `"name":"userPrincipalName","type":"String","anchor":true`),
		"unknown source attribute": replace(`"name":"jobTitle","expression":"[jobTitle]"`, `"name":"jobTitel","expression":"[jobTitel]"`),
		"duplicate priority":       replace(`"matchingPriority":0`, `"matchingPriority":1`),
		"bad expression":           replace(`"expression":"Switch(`, `"expression":"Switch((`),
		"unknown target attribute": replace(`"targetAttributeName":"title"`, `"targetAttributeName":"tilte"`),
		"unknown source directory": replace(`"sourceDirectoryName":"`, `"sourceDirectoryName":"nope`),
		"unknown target directory": replace(`"targetDirectoryName":"`, `"targetDirectoryName":"nada`),
		"no rules":                 `{"id":"x","version":"1","synchronizationRules":[],"directories":[]}`,
		"no JSON":                  `{"id":`,
		"a list":                   `[]`,
	} {
		t.Run(name, func(t *testing.T) {
			a := w.send(call{method: "PUT", path: job + "/schema", body: bad})
			e, _ := a.body["error"].(map[string]any)
			details, _ := e["details"].([]any)
			if a.status != 400 || name != "no JSON" && name != "a list" && len(details) == 0 {
				t.Errorf("%d %s", a.status, a.text[:min(len(a.text), 400)])
			}
			if _, still := w.schema(job); still != good {
				t.Error("the old schema is gone")
			}
		})
	}
}

func TestW21Discover(t *testing.T) {
	w := newWorld(t)
	_, job := w.instantiate("Contoso")
	var target map[string]any
	for _, d := range list(w.want(200, "directoryDefinition[]", "GET", job+"/schema/directories", nil)) {
		if d["readOnly"] == false {
			target = d
		}
	}
	at := job + "/schema/directories/" + text(target["id"])
	got := w.want(200, "directoryDefinition", "POST", at+"/discover", nil)
	if got["version"] == target["version"] || got["discoveryDateTime"] == nil {
		t.Errorf("version %v", got["version"])
	}
	objects := fmt.Sprint(got["objects"])
	for _, name := range []string{"userName", "name.familyName", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "nickName"} {
		if !strings.Contains(objects, "name:"+name+" ") {
			t.Errorf("%s was not discovered", name)
		}
	}
	for _, o := range got["objects"].([]any) {
		anchors := strings.Count(fmt.Sprint(o), "anchor:true")
		if anchors != 1 {
			t.Errorf("%d anchors", anchors)
		}
	}
	if again := w.want(200, "directoryDefinition", "GET", at, nil); again["version"] != got["version"] {
		t.Error("what was discovered is not kept")
	}
	w.want(404, "", "POST", job+"/schema/directories/nobody/discover", nil)
	w.target.Close()
	if a := w.send(call{method: "POST", path: at + "/discover"}); a.status != 400 {
		t.Errorf("a target that is away: %d %s", a.status, a.text)
	}
}

func TestW22ParseExpression(t *testing.T) {
	w := newWorld(t)
	_, job := w.instantiate("Contoso")
	parse := func(expression string) map[string]any {
		return w.want(200, "parseExpressionResponse", "POST", job+"/schema/parseExpression", map[string]any{
			"expression": expression, "targetAttributeDefinition": nil,
			"testInputObject": map[string]any{"definition": nil, "properties": []map[string]any{{"key": "preferredLanguage", "value": "EN-US"}}},
		})
	}
	got := parse(`Replace([preferredLanguage], "-", , , "_", , )`)
	if got["parsingSucceeded"] != true || got["evaluationSucceeded"] != true || fmt.Sprint(got["evaluationResult"]) != "[EN_US]" {
		t.Errorf("got %v", got)
	}
	tree, _ := got["parsedExpression"].(map[string]any)
	if tree["type"] != "Function" || tree["name"] != "Replace" || !strings.Contains(fmt.Sprint(tree["parameters"]), "preferredLanguage") {
		t.Errorf("tree %v", tree)
	}
	if got := parse(`Replace([preferredLanguage`); got["parsingSucceeded"] != false || got["error"] == nil {
		t.Errorf("a mistake: %v", got)
	}
}

func TestW23FunctionsAndOperators(t *testing.T) {
	w := newWorld(t)
	_, job := w.instantiate("Contoso")
	names := map[string]map[string]any{}
	for _, f := range list(w.want(200, "functionSchema[]", "GET", job+"/schema/functions", nil)) {
		names[text(f["name"])] = f
	}
	for _, name := range []string{"Append", "Coalesce", "FormatDateTime", "IIF", "InStr", "Join", "Left", "Mid", "NormalizeDiacritics", "Not", "Replace", "SelectUniqueValue", "SingleAppRoleAssignment", "Split", "StripSpaces", "Switch", "ToLower", "ToUpper", "Word"} {
		if names[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	if ps, _ := names["Mid"]["parameters"].([]any); len(ps) != 3 {
		t.Errorf("Mid takes %v", ps)
	}
	ops := fmt.Sprint(list(w.want(200, "filterOperatorSchema[]", "GET", job+"/schema/filterOperators", nil)))
	for _, name := range []string{"EQUALS", "NOT EQUALS", "IS NULL", "REGEX MATCH"} {
		if !strings.Contains(ops, "name:"+name+" ") {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestTemplatesOfAJob(t *testing.T) {
	w := newWorld(t)
	sync, _ := w.instantiate("Contoso")
	ts := list(w.want(200, "synchronizationTemplate[]", "GET", sync+"/templates", nil))
	if len(ts) == 0 {
		t.Fatal("no templates")
	}
	w.want(200, "synchronizationTemplate", "GET", sync+"/templates/"+text(ts[0]["id"]), nil)
	w.want(200, "synchronizationSchema", "GET", sync+"/templates/"+text(ts[0]["id"])+"/schema", nil)
	w.want(404, "", "GET", sync+"/templates/none", nil)
}
