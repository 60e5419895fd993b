package expr

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/dlclark/regexp2"
	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/entry"
)

// vector is one case of testdata/expression-vectors.json, the published examples with the results that follow from the rules.
type vector struct {
	ID           string
	Expression   string
	Attributes   map[string]any
	ExpectedKind string
	Expected     any
	ExpectedType string
	Now          time.Time
	Taken        []string
}

func readVectors(t testing.TB) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/expression-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var vs []vector
	if err := d.Decode(&vs); err != nil {
		t.Fatal(err)
	}
	return vs
}

func (v vector) env() Env {
	attrs := map[string][]entry.Value{}
	for name, x := range v.Attributes {
		attrs[name] = valuesOf(x)
	}
	domain := ""
	if d := attrs["$defaultDomain"]; len(d) > 0 {
		domain = Text(d[0])
	}
	return Env{
		Attrs: func(name string) []entry.Value { return attrs[name] }, Now: v.Now, Rand: rand.Reader, DefaultDomain: domain, Writing: true,
		Taken: func(s string) (bool, error) { return slices.Contains(v.Taken, s), nil },
	}
}

// valuesOf turns a decoded JSON value into attribute values.
func valuesOf(x any) []entry.Value {
	switch x := x.(type) {
	case nil:
		return nil
	case []any:
		var out []entry.Value
		for _, item := range x {
			out = append(out, valuesOf(item)...)
		}
		return out
	case json.Number:
		return []entry.Value{parseNumber(x.String())}
	case map[string]any:
		c := entry.Complex{}
		for k, sub := range x {
			c[k] = sub
		}
		return []entry.Value{c}
	}
	return []entry.Value{x}
}

func TestVectors(t *testing.T) {
	vs := readVectors(t)
	if len(vs) < 190 {
		t.Fatalf("only %d vectors", len(vs))
	}
	for _, v := range vs {
		t.Run(v.ID, func(t *testing.T) {
			e, err := Parse(v.Expression)
			if err != nil {
				if v.ExpectedKind != "error" {
					t.Fatalf("parse: %v", err)
				}
				return
			}
			v.check(t, e)
			again, err := Parse(e.String())
			if err != nil || again.String() != e.String() {
				t.Fatalf("canonical text %s: %v", e, err)
			}
			text, err := e.Tree().Text()
			if err != nil {
				t.Fatal(err)
			}
			rebuilt, err := Parse(text)
			if err != nil {
				t.Fatalf("text of the tree %s: %v", text, err)
			}
			if diff := cmp.Diff(rebuilt.Tree(), mustParse(t, rebuilt.String()).Tree()); diff != "" {
				t.Error(diff)
			}
			v.check(t, rebuilt)
		})
	}
}

func mustParse(t testing.TB, text string) *Expr {
	t.Helper()
	e, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e
}

func (v vector) check(t *testing.T, e *Expr) {
	t.Helper()
	got, err := e.Eval(v.env())
	if v.ExpectedKind == "error" {
		if err == nil {
			t.Fatalf("got %v, want an error", got)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	switch v.ExpectedKind {
	case "regex":
		if ok, err := regexp2.MustCompile(v.Expected.(string), 0).MatchString(Text(got.Values[0])); !ok || err != nil {
			t.Fatalf("got %v, want a match of %v", got.Values, v.Expected)
		}
	case "value":
		v.compare(t, got)
	default:
		if got.Kind.String() != v.ExpectedKind {
			t.Fatalf("got %v %v, want %s", got.Kind, got.Values, v.ExpectedKind)
		}
	}
}

// compare compares with the expected value: dates by their text, numbers as numbers.
func (v vector) compare(t *testing.T, got Result) {
	t.Helper()
	if got.Kind != Value {
		t.Fatalf("got %v, want %v", got.Kind, v.Expected)
	}
	have := make([]any, len(got.Values))
	for i, x := range got.Values {
		have[i] = plainValue(x)
	}
	want := []any{v.Expected}
	if l, ok := v.Expected.([]any); ok {
		want = l
	}
	if v.ExpectedType == "int64" {
		n, err := strconv.ParseInt(v.Expected.(string), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if n > math.MaxInt32 {
			want = []any{json.Number(v.Expected.(string))}
		}
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Fatal(diff)
	}
}

// plainValue is how JSON would show a value.
func plainValue(v entry.Value) any {
	switch v := v.(type) {
	case int64:
		return json.Number(strconv.FormatInt(v, 10))
	case time.Time:
		return Text(v)
	case entry.Complex:
		m := map[string]any{}
		for k, sub := range v {
			m[k] = plainValue(sub)
		}
		return m
	}
	return v
}
