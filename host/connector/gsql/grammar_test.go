package gsql

import (
	"strings"
	"testing"
)

// FuzzQuotedNames: whatever a name holds, it stays one identifier: the parameter behind it is found, and nothing in it is.
func FuzzQuotedNames(f *testing.F) {
	for _, s := range []string{"name", `a"b`, "a`b", "a]b", "]]", `odd name]"` + "`", "$1", "'; DROP TABLE x; --", "[", "''", "\x00", "ö$2"} {
		f.Add(s)
	}
	grammars := []grammar{postgres{}, sqlite{}, mysql{}, sqlserver{}, oracle{}}
	f.Fuzz(func(t *testing.T, name string) {
		for _, g := range grammars {
			dialect := g.facts().name
			quoted := g.quote(name)
			marked, _ := g.native("$1", unbounded)
			got, args := g.native("SELECT "+quoted+" WHERE x = $1", []any{"v"})
			if got != "SELECT "+quoted+" WHERE x = "+marked || len(args) != 1 {
				t.Errorf("%s: %q became %q with %d values", dialect, name, got, len(args))
			}
			if end := quotedEnd(quoted, 0); end != len(quoted) {
				t.Errorf("%s: %s ends at %d", dialect, quoted, end)
			}
			if n := len(flavorOf(dialect).split("SELECT " + quoted + "; SELECT 2")); n != 2 && !strings.ContainsAny(name, "\x00") {
				t.Errorf("%s: %s makes %d statements", dialect, quoted, n)
			}
		}
	})
}
