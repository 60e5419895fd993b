package app

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestFormatKeepsEveryText writes arbitrary texts and wants them back byte for byte.
func TestFormatKeepsEveryText(t *testing.T) {
	texts := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]*`), rapid.StringMatching(`(true|no|~|null|1e3|0x1F|007|- a|a: b|a #b|\{\}|\[a\]|'|"|\\|%|@|&a|\*a|!a|\||>|\r|\n|\t| )+`))
	rapid.Check(t, func(rt *rapid.T) {
		a := contoso(t)
		constant := texts.Draw(rt, "constant")
		a.Name = texts.Filter(func(s string) bool { return s != "" }).Draw(rt, "name")
		a.Objects[0].Mappings[3].Constant = &constant
		a.Objects[0].Mappings[2].Default = texts.Draw(rt, "default")
		a.Objects[0].Scope.Groups[0].Clauses[0].Values = []string{texts.Draw(rt, "value")}
		a.Objects[0].Scope.Groups[0].Name = texts.Draw(rt, "group")
		again, err := Parse("again", a.Format())
		if err != nil {
			rt.Fatalf("%v\n%s", err, a.Format())
		}
		if diff := cmp.Diff(a, again); diff != "" {
			rt.Fatalf("%s\n%s", diff, a.Format())
		}
	})
}

func TestFormatIsPleasantToRead(t *testing.T) {
	a, err := Parse("f", []byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.TrimPrefix(`
id: a
target: {url: "https://scim.example/v2", secretFile: s}
objects:
  - source: User
    match:
      - {precedence: 1, target: userName}
    mappings:
      - {target: userName, source: userPrincipalName}
`, "\n")
	if diff := cmp.Diff(want, string(a.Format())); diff != "" {
		t.Error(diff)
	}
}

func TestDurationText(t *testing.T) {
	for text, want := range map[string]string{"40m": "40m", "60m": "1h", "90s": "1m30s", "1h30m0s": "1h30m", "0": "0s", "500ms": "500ms"} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || d.String() != want {
			t.Errorf("%s became %s (%v), want %s", text, d, err, want)
		}
	}
}
