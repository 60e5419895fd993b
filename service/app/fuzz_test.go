package app

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse wants no panic, mistakes with a place, and for what is accepted the way back through YAML and JSON.
func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/contoso.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(minimal))
	f.Add([]byte("id: a\nname: \"\\u0007\\U0001F600 \\\"x: {y}, [z] # no comment\"\ntarget: {group: g, resource: 'r', secretFile: \"yes\"}\nobjects: [{source: User, match: [{target: a, source: b}], mappings: [{target: a, constant: ' x '}]}]"))
	f.Add([]byte("a: &x [*x, <<: *x]\n--- \n!!binary b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Parse("f", data)
		if err != nil {
			return
		}
		again, err := Parse("again", a.Format())
		if err != nil {
			t.Fatalf("%v\n%s", err, a.Format())
		}
		if diff := cmp.Diff(a, again); diff != "" {
			t.Fatalf("%s\n%s", diff, a.Format())
		}
		viaJSON(t, a)
	})
}

func viaJSON(t *testing.T, a App) {
	t.Helper()
	data, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var again App
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, again); diff != "" {
		t.Fatal(diff)
	}
}
