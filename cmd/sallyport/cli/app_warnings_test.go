package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is legal and perhaps not meant so is said where an application is checked, and does not make it wrong.
func TestValidateWarns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hr.yaml")
	text := strings.Replace("id: hr\ntarget: {url: \"https://h.invalid/scim\", secretFile: s}\n"+appTail, "mappings: [", `mappings: [{target: key, expression: "Guid()"}, {target: nick, expression: "tolower([mail])"}, `, 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, problems bytes.Buffer
	e := &env{out: &out, err: &problems}
	e.warn(file)
	for _, want := range []string{"User mapping key: Guid yields a value only when the object is created", "User mapping nick: the function tolower is usually written ToLower"} {
		if !strings.Contains(problems.String(), want) {
			t.Errorf("%q does not say %q", problems.String(), want)
		}
	}
	if v := verdict(file, nil); v["valid"] != true || len(v["warnings"].([]string)) != 2 {
		t.Errorf("%v", v)
	}
}

// The answer of provision on demand is shown in the words of the journal.
func TestOnDemandStepsAreNamed(t *testing.T) {
	var out bytes.Buffer
	e := &env{out: &out, err: &out}
	value := `{"action":"Update","statusInfo":{"reason":"r"},"provisioningSteps":[{"name":"EntryImport","type":"Import","status":"Success","description":"read","details":{"Attributes":"mail"}},
		{"name":"x","type":"ReferenceResolution","status":"Warning","description":"waits"}]}`
	if err := e.onDemand("ann", `{"result":"Success","details":{}}`, value); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"import              success read", "Attributes = mail", "referenceResolution warning waits"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q does not show %q", out.String(), want)
		}
	}
}
