package expr

import (
	"encoding/json"
	"os"
	"testing"
)

// seed is the part of a vector that fuzzing needs; package vectors takes whole files.
type seed struct{ Expression string }

func readVectors(t testing.TB) []seed {
	t.Helper()
	data, err := os.ReadFile("testdata/expression-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vs []seed
	if err := json.Unmarshal(data, &vs); err != nil {
		t.Fatal(err)
	}
	return vs
}

func mustParse(t testing.TB, text string) *Expr {
	t.Helper()
	e, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e
}
