package expr

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// textOf returns an environment whose [a] is a text of n bytes.
func textOf(n int) Env {
	text := []entry.Value{strings.Repeat("a", n)}
	return Env{Attrs: func(string) []entry.Value { return text }}
}

// nested wraps an expression n times.
func nested(n int, before, inner, after string) string {
	return strings.Repeat(before, n) + inner + strings.Repeat(after, n)
}

func TestEvalRefusesTooMuchWork(t *testing.T) {
	many := "Join(\"\"" + strings.Repeat(`, Left(ToUpper([a]),1)`, 300) + ")"
	e := mustParse(t, many)
	if _, err := e.Eval(textOf(1 << 10)); err != nil {
		t.Fatalf("on small data: %v", err)
	}
	if _, err := e.Eval(textOf(1 << 20)); !errors.Is(err, errTooMuch) {
		t.Fatalf("300 texts of a mebibyte: %v", err)
	}
}

func TestEvalCountsTheValuesOfLists(t *testing.T) {
	members := make([]entry.Value, 1<<20)
	for i := range members {
		members[i] = entry.Ref{ID: "1"}
	}
	env := Env{Attrs: func(string) []entry.Value { return members }}
	if _, err := mustParse(t, `Count([members])`).Eval(env); err != nil {
		t.Fatalf("a group of a million: %v", err)
	}
	if _, err := mustParse(t, `Count([members]) & Count([members]) & Count([members])`).Eval(env); !errors.Is(err, errTooMuch) {
		t.Fatalf("three times a million: %v", err)
	}
}

// A million matches and more take far longer than the limit on any machine; each of them alone is quick.
func TestEvalEndsRegularExpressionsInTime(t *testing.T) {
	e := mustParse(t, nested(16, "Replace(", "[a]", `, , "a", , "a", , )`))
	_, err := e.within(textOf(1<<20), time.Millisecond)
	if !errors.Is(err, errTooSlow) {
		t.Fatalf("got %v", err)
	}
	if failed, ok := errors.AsType[*EvalError](err); !ok || failed.Function != "Replace" || failed.Attribute != "a" {
		t.Fatalf("the failure is not blamed on Replace of [a]: %v", err)
	}
}

func TestEvalWithoutRegularExpressionHasNoAlarm(t *testing.T) {
	if _, err := mustParse(t, `Join(" ", [a], "b")`).within(textOf(10), 0); err != nil {
		t.Fatal(err)
	}
}

func TestRemoveDuplicatesOfManyReferences(t *testing.T) {
	members := make([]entry.Value, 200_000) // a scan for each would be twenty billion comparisons
	for i := range members {
		members[i] = entry.Ref{ID: strings.Repeat("x", 1+i%7) + time.Duration(i/2).String()}
	}
	res, err := mustParse(t, `RemoveDuplicates([members])`).Eval(Env{Attrs: func(string) []entry.Value { return members }})
	if err != nil || len(res.Values) == 0 {
		t.Fatalf("%d values, %v", len(res.Values), err)
	}
}
