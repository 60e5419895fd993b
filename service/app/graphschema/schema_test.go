package graphschema

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
)

// everything is an application that uses each rule there is.
func everything(t testing.TB) app.App {
	t.Helper()
	data, err := os.ReadFile("testdata/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Parse("everything.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func encoded(t testing.TB, s Schema) string {
	t.Helper()
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func decoded(t testing.TB, text string) Schema {
	t.Helper()
	var s Schema
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryRuleComesBack(t *testing.T) {
	a := everything(t)
	for name, s := range map[string]Schema{"Made": ToGraph(a), "OverTheWire": decoded(t, encoded(t, ToGraph(a)))} {
		t.Run(name, func(t *testing.T) {
			bare := a
			bare.Objects = nil
			again, err := FromGraph(s, bare)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(a.Format()), string(again.Format())); diff != "" {
				t.Error(diff)
			}
			if again.GraphSchema != "" {
				t.Error("nothing needed to be kept")
			}
		})
	}
}

// foreign is a schema with things that rules do not hold: metadata, nulls, odd names, a mapping that is switched off, keys nobody knows.
const foreign = `{
  "@odata.type": "#microsoft.graph.synchronizationSchema",
  "id": "schema-7", "version": "Date:2026-11-21", "provisioningTaskIdentifier": null,
  "synchronizationRules": [{
    "id": "rule#V2", "name": "Mine", "priority": 3, "editable": true, "sourceDirectoryName": "Azure Active Directory", "targetDirectoryName": "scim",
    "containerFilter": {"includedContainers": ["a"]}, "groupFilter": null, "metadata": [{"key": "IterativeSources", "value": "True"}],
    "objectMappings": [
      {"name": "People", "enabled": true, "flowTypes": "add, Update", "sourceObjectName": "User", "targetObjectName": "User",
       "metadata": [{"key": "EscrowBehavior", "value": "Default"}],
       "scope": {"groups": [{"name": "Staff", "clauses": [{"sourceOperandName": "userType", "operatorName": "is not null", "targetOperand": {"values": [""]}}]}],
                 "inputFilterGroups": [], "categoryFilterGroups": [{"name": "c", "clauses": []}]},
       "attributeMappings": [
         {"targetAttributeName": "userName", "matchingPriority": 1, "flowType": "always", "flowBehavior": "FlowAlways", "defaultValue": null, "exportMissingReferences": true,
          "source": {"type": "Attribute", "name": "userPrincipalName", "expression": "[userPrincipalName]", "parameters": []}},
         {"targetAttributeName": "title", "matchingPriority": 0, "flowType": "ValueAddOnly", "defaultValue": "", "source": null},
         {"targetAttributeName": "nick", "source": {"type": "Function", "name": "Mid", "expression": "", "parameters": [
            {"key": "source", "value": {"type": "Attribute", "name": "mail", "expression": "[mail]", "parameters": []}},
            {"key": "start", "value": {"type": "Constant", "name": "1", "expression": "\"1\"", "parameters": []}},
            {"key": "length", "value": {"type": "Constant", "name": "8", "expression": "\"8\"", "parameters": []}}]}},
         {"targetAttributeName": "active", "source": {"type": "Constant", "name": "ignored, the text counts", "expression": "Not([IsSoftDeleted])", "parameters": []}}
       ]},
      {"name": "Groups", "enabled": false, "flowTypes": "Add,Update,Delete", "sourceObjectName": "Group", "targetObjectName": "Group", "attributeMappings": [], "metadata": null}
    ]
  }],
  "directories": [{"id": "d1", "name": "Azure Active Directory", "version": "9", "readOnly": false, "discoverabilities": "None", "discoveryDateTime": "2026-01-01T00:00:00Z", "objects": [
    {"name": "User", "supportedApis": null, "metadata": [], "attributes": [
      {"name": "objectId", "type": "String", "anchor": true}, {"name": "userPrincipalName", "type": "String"}, {"name": "mail", "type": "String"}, {"name": "userType", "type": "String"}]}]},
    {"id": "d2", "name": "scim", "version": "1", "readOnly": false, "discoverabilities": "None", "discoveryDateTime": null, "objects": []}]
}`

func TestAForeignSchemaComesBackAsItWas(t *testing.T) {
	a, err := FromGraph(decoded(t, foreign), everything(t))
	if err != nil {
		t.Fatal(err)
	}
	if !sameJSON(spelled([]byte(foreign)), []byte(encoded(t, ToGraph(a)))) {
		t.Errorf("it is now\n%s", encoded(t, ToGraph(a)))
	}
	byFile, err := app.Parse("f", a.Format())
	if err != nil {
		t.Fatal(err)
	}
	if !sameJSON(spelled([]byte(foreign)), []byte(encoded(t, ToGraph(byFile)))) {
		t.Error("the way through an application file lost something")
	}
	want := []app.Mapping{
		{Target: "userName", Source: "userPrincipalName", Flow: app.Always},
		{Target: "title", None: true, Flow: app.AddValueOnly},
		{Target: "nick", Expression: `Mid([mail], "1", "8")`, Flow: app.Always},
		{Target: "active", Expression: "Not([IsSoftDeleted])", Flow: app.Always},
	}
	if diff := cmp.Diff(want, a.Objects[0].Mappings); diff != "" {
		t.Error(diff)
	}
	if len(a.Objects) != 1 || a.Objects[0].Verbs != (app.Verbs{Create: true, Update: true}) {
		t.Errorf("objects %+v", a.Objects)
	}
}

func TestChangedRulesKeepWhatTheyDoNotHold(t *testing.T) {
	a, err := FromGraph(decoded(t, foreign), everything(t))
	if err != nil {
		t.Fatal(err)
	}
	a.Objects[0].Mappings[1].Default = "Staff"
	s := ToGraph(a)
	r := s.Rules[0]
	if r.ID != "rule#V2" || r.ContainerFilter == nil || len(r.Objects) != 2 || r.Objects[1].Enabled || r.Objects[0].Metadata[0].Key != "EscrowBehavior" {
		t.Errorf("the rule lost something: %+v", r)
	}
	first := r.Objects[0].Attributes[0]
	if first.FlowBehavior != "FlowAlways" || !first.ExportMissing || len(r.Objects[0].Scope.Categories) != 1 {
		t.Errorf("the mapping lost something: %+v", first)
	}
	if *r.Objects[0].Attributes[1].Default != "Staff" {
		t.Error("the change is missing")
	}
	if s.Directories[0].ID != "d1" || s.Directories[0].Version != "9" {
		t.Errorf("the directory lost something: %+v", s.Directories[0])
	}
	again, err := FromGraph(s, a)
	if err != nil || !sameRules(again, a) {
		t.Errorf("the rules do not come back: %v\n%s\n%s", err, a.Format(), again.Format())
	}
}

func TestMistakesHaveTheirPlace(t *testing.T) {
	good := encoded(t, ToGraph(everything(t)))
	for _, c := range []struct{ name, old, new, target, message string }{
		{"ErrTwoAnchors", `"anchor": false`, `"anchor": true`, "directories[0].objects[0].attributes", "2 attributes are anchors"},
		{"ErrNoAnchor", `"anchor": true`, `"anchor": false`, "directories[0].objects[0].attributes", "0 attributes are anchors"},
		{"ErrUnknownSource", `"expression": "[userPrincipalName]"`, `"expression": "[userPrincipalNane]"`, "synchronizationRules[0].objectMappings[0].attributeMappings[0].source.expression", "the source has no attribute userPrincipalNane"},
		{"ErrTwoPriorities", `"matchingPriority": 2`, `"matchingPriority": 1`, "synchronizationRules[0].objectMappings[0].attributeMappings[", "two rules have the precedence 1"},
		{"ErrExpression", `"expression": "Not([IsSoftDeleted])"`, `"expression": "Nott([IsSoftDeleted])"`, "attributeMappings[2].source.expression", "there is no function Nott"},
		{"ErrFlowTypes", `"flowTypes": "Add,Update,Delete"`, `"flowTypes": "Add,Change"`, "objectMappings[0].flowTypes", `"Change" is no flow type`},
		{"ErrUsersOff", `"enabled": true`, `"enabled": false`, "objectMappings[0].enabled", "cannot be switched off"},
		{"ErrFlowType", `"flowType": "Always"`, `"flowType": "Sometimes"`, "attributeMappings[0].flowType", `"Sometimes" is no flow type`},
		{"ErrOperator", `"operatorName": "EQUALS"`, `"operatorName": "EQUAL"`, "scope.groups[0].clauses[0]", "did you mean EQUALS?"},
		{"ErrTypeOfAttribute", `"type": "Boolean"`, `"type": "Truth"`, ".type", `"Truth" is no type`},
		{"ErrUnknownObject", `"sourceObjectName": "User"`, `"sourceObjectName": "Device"`, "sourceObjectName", "is not known here"},
		{"ErrNoSourceDirectory", `"sourceDirectoryName": "Azure Active Directory"`, `"sourceDirectoryName": "nope"`, "sourceDirectoryName", `no directory "nope"`},
		{"ErrNoTargetDirectory", `"targetDirectoryName": "customappsso"`, `"targetDirectoryName": "nada"`, "targetDirectoryName", `no directory "nada"`},
		{"ErrUnknownTarget", `"targetAttributeName": "userName"`, `"targetAttributeName": "userNmae"`, "attributeMappings[0].targetAttributeName", "the target has no attribute userNmae"},
		{"ErrDiscoverabilities", `"discoverabilities": "AttributeNames,`, `"discoverabilities": "Names,`, "directories[0].discoverabilities", `"Names" is not known`},
		{"ErrNoRule", `"synchronizationRules"`, `"rules"`, "synchronizationRules", "there are 0 rules"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(good, c.old) {
				t.Fatalf("the schema has no %s", c.old)
			}
			_, err := FromGraph(decoded(t, strings.Replace(good, c.old, c.new, 1)), everything(t))
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v", err)
			}
			problems, _ := errors.AsType[Problems](err)
			for _, p := range problems {
				if strings.Contains(p.Target, c.target) && strings.Contains(p.Message, c.message) {
					return
				}
			}
			t.Errorf("%s: %s is missing in\n%v", c.target, c.message, err)
		})
	}
}

// TestUndescribedSourceIsChecked takes the directories away together with a mapping from what no directory has.
func TestUndescribedSourceIsChecked(t *testing.T) {
	a := everything(t)
	s := ToGraph(a)
	s.Directories = nil
	if _, err := FromGraph(s, a); err != nil {
		t.Errorf("without directories: %v", err)
	}
	_, err := FromGraph(decoded(t, strings.Replace(encoded(t, s), `"expression": "[userPrincipalName]"`, `"expression": "[nonsuch]"`, 1)), a)
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "the source has no attribute nonsuch") {
		t.Errorf("got %v", err)
	}
}

// TestEnumerationsAreSpelledAsGraphDoes sends every enumeration in the wrong case, and flags with blanks; nothing else may change.
func TestEnumerationsAreSpelledAsGraphDoes(t *testing.T) {
	a := everything(t)
	good := encoded(t, ToGraph(a))
	wrong := regexp.MustCompile(`"(flowTypes|flowType|flowBehavior|type|mutability|discoverabilities|multivaluedComparisonType)": "[^"]*"`).
		ReplaceAllStringFunc(good, func(s string) string {
			name, value, _ := strings.Cut(s, ": ")
			return name + ": " + strings.ReplaceAll(strings.ToUpper(value), ",", " , ")
		})
	if wrong == good {
		t.Fatal("there was nothing to misspell")
	}
	if got := encoded(t, decoded(t, wrong)); got != good {
		t.Errorf("it is now\n%s\nwant\n%s", got, good)
	}
	kept, err := FromGraph(decoded(t, wrong), a)
	if err != nil {
		t.Fatal(err)
	}
	if got := encoded(t, ToGraph(kept)); got != good {
		t.Errorf("it comes back as\n%s", got)
	}
	for _, as := range []string{
		`{"x":"ADD","type":"no such","metadata":[{"key":"type","value":"string"}],"flowTypes":null,"a":{"b":["string",{"flowType":7}]}}`,
		`{"synchronizationRules":[{"name":"type","metadata":[{"key":"flowTypes","value":"add, delete"}]}]}`,
	} {
		if got := string(spelled([]byte(as))); got != as {
			t.Errorf("%s became %s", as, got)
		}
	}
	if got := string(spelled([]byte(`{"flowTypes":"none", "FlowTypes" : " add,Change"}`))); got != `{"flowTypes":"None", "FlowTypes" : "Add,Change"}` {
		t.Errorf("got %s", got)
	}
}

func TestFlags(t *testing.T) {
	for in, want := range map[string]string{
		`"Add, Update, Delete"`: `"Add,Update,Delete"`, `"None"`: `"None"`, `null`: `"None"`, `""`: `"None"`, `" Add,,Update "`: `"Add,Update"`,
	} {
		var f Flags
		if err := json.Unmarshal([]byte(in), &f); err != nil {
			t.Fatal(err)
		}
		if out, _ := json.Marshal(f); string(out) != want {
			t.Errorf("%s became %s, want %s", in, out, want)
		}
	}
	var f Flags
	if json.Unmarshal([]byte(`7`), &f) == nil {
		t.Error("a number is no list of flags")
	}
}

// FuzzFromGraph wants no panic, and for what is accepted the same JSON back.
func FuzzFromGraph(f *testing.F) {
	f.Add([]byte(foreign))
	f.Add([]byte(encoded(f, ToGraph(everything(f)))))
	a := everything(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Schema
		if json.Unmarshal(data, &s) != nil {
			return
		}
		got, err := FromGraph(s, a)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if back := encoded(t, ToGraph(got)); got.GraphSchema != "" && !sameJSON(spelled(data), []byte(back)) {
			t.Fatalf("%s\nbecame\n%s", data, back)
		}
	})
}
