package expr

import (
	"encoding/json"
	"testing"
)

// TestTreeMeansTheSame: what comes back from a tree that was written as JSON and rebuilt from its nodes yields what the text yields.
func TestTreeMeansTheSame(t *testing.T) {
	for text, want := range map[string]string{
		`1.0`: "1", `-2.50`: "-2.5", `CStr(1.0)`: "1", `CStr(1.50)`: "1.5", `"1.0"`: "1.0", `CStr("1.50")`: "1.50",
		`Switch(1.0, "d", "1", "one")`: "one", `1.0 & "x"`: "1x", `Mid("abcd", 1, 2)`: "ab",
		`IsString(1)`: "False", `IsString(1.0)`: "False", `IsString("1")`: "True", `IsString(IIF(1 = 1.0, 2, "x"))`: "False", `CStr(&HF)`: "15",
	} {
		e, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		j, err := json.Marshal(e.Tree())
		if err != nil {
			t.Fatal(err)
		}
		var tree Tree
		if err := json.Unmarshal(j, &tree); err != nil {
			t.Fatal(err)
		}
		again, err := tree.Text()
		if err != nil {
			t.Fatal(err)
		}
		rebuilt, err := Parse(again)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []*Expr{e, rebuilt} {
			res, err := x.Eval(Env{})
			if err != nil || len(res.Values) != 1 || Text(res.Values[0]) != want {
				t.Errorf("%s as %s: %v (%v), want %s", text, x, res.Values, err, want)
			}
		}
	}
}
