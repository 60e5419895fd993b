package expr

import (
	"strings"
	"testing"
)

// TestDeepestExpressionsSurviveTheirTree nests every kind of node as deep as it may go.
func TestDeepestExpressionsSurviveTheirTree(t *testing.T) {
	for name, level := range map[string][2]string{
		"Calls": {"ToLower(", ")"}, "Parentheses": {"(", ")"}, "Concatenations": {`ToLower("a" & `, ")"}, "Comparisons": {`Not("a" = `, ")"},
		"Both": {`IIF("a" & "b" = `, `, "x", "y")`}, "ParenthesesInConcatenations": {`"a" & ("b" = `, ")"},
	} {
		t.Run(name, func(t *testing.T) {
			deepest := strings.Repeat(level[0], MaxDepth) + `"a"` + strings.Repeat(level[1], MaxDepth)
			e := mustParse(t, deepest)
			mustParse(t, e.String())
			text, err := e.Tree().Text()
			if err != nil {
				t.Fatal(err)
			}
			if again := mustParse(t, text); again.String() != e.String() {
				t.Errorf("%s became %s", e, again)
			}
			if _, err := Parse(level[0] + deepest + level[1]); err == nil || !strings.Contains(err.Error(), "nested deeper than 64") {
				t.Errorf("one level more: %v", err)
			}
		})
	}
}
