package vectors

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/expr"
)

// Vector is one case: an expression, what it may read, and what it shall yield.
type Vector struct {
	ID         string         `json:"id"`         // stable name, <function>-<number>
	Function   string         `json:"function"`   // under test; "syntax" for the language itself
	Expression string         `json:"expression"` // as an administrator would type it
	Attributes map[string]any `json:"attributes"` // of the source: text, number, true or false, null, list, sub-object; $defaultDomain feeds DefaultDomain()
	Kind       string         `json:"expectedKind"`
	Expected   any            `json:"expected"`     // text, true or false, number, list, list of objects; dates in their text form
	Type       string         `json:"expectedType"` // "int64": Expected is a whole number written as text
	Now        string         `json:"now"`          // what Now() returns, ISO 8601
	Taken      []any          `json:"taken"`        // what the target holds already, for SelectUniqueValue
	Note       string         `json:"note"`
	Derived    bool           `json:"derived"`     // follows from a rule in words, not from a printed result
	Conflict   bool           `json:"docConflict"` // Documented is what a page prints; its own expression cannot give it
	Documented any            `json:"documented"`
	Dialect    string         `json:"dialect"` // cloud-sync or connect-sync, when outside the list of app provisioning
}

// The expected kinds.
const (
	KindValue           = "value"
	KindNull            = "null"
	KindRegex           = "regex" // Expected is a .NET pattern that the result's text matches
	KindIgnoreAttribute = "ignoreAttribute"
	KindIgnoreObject    = "ignoreObject"
	KindError           = "error" // at parsing or at evaluation
)

// Read reads a file of vectors: a JSON array with one object per case. The error is a fault.Invalid.
func Read(data []byte) ([]Vector, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	d.UseNumber()
	var vs []Vector
	if err := d.Decode(&vs); err != nil {
		return nil, fault.WrapHint(fault.Invalid, "read the vectors", err, "the file is a JSON array with one object per case")
	}
	if d.More() {
		return nil, fault.New(fault.Invalid, "read the vectors", "something follows the array").WithHint("put all cases into one array")
	}
	if len(vs) == 0 {
		return nil, fault.New(fault.Invalid, "read the vectors", "the file holds no case").WithHint("the file is a JSON array with one object per case")
	}
	return vs, nil
}

// instant reads Now, or takes the one given.
func (v Vector) instant(otherwise time.Time) (time.Time, error) {
	if v.Now == "" {
		return otherwise, nil
	}
	t, ok := expr.Date(v.Now)
	if !ok {
		return t, fault.New(fault.Invalid, "read now", "%q is not an instant", v.Now).WithHint("write it as 2026-01-31T12:00:00Z")
	}
	return t, nil
}

func (v Vector) env(w World) (expr.Env, error) {
	now, err := v.instant(w.Now)
	attrs := make(map[string][]entry.Value, len(v.Attributes))
	for name, x := range v.Attributes {
		attrs[name] = Values(x)
	}
	domain := ""
	if d := attrs["$defaultDomain"]; len(d) > 0 {
		domain = expr.Text(d[0])
	}
	delete(attrs, "$defaultDomain")
	taken := make([]string, 0, len(v.Taken))
	for _, x := range v.Taken {
		for _, value := range Values(x) {
			taken = append(taken, expr.Text(value))
		}
	}
	return expr.Env{
		Attrs: func(name string) []entry.Value { return attrs[name] }, Now: now, Rand: w.Rand, DefaultDomain: domain, Writing: true,
		Taken: func(s string) (bool, error) { return slices.Contains(taken, s), nil },
	}, err
}

// Values turns a decoded JSON value (numbers as json.Number) into the values of an attribute: null and an empty list are none.
func Values(x any) []entry.Value {
	switch x := x.(type) {
	case nil:
		return nil
	case []any:
		var out []entry.Value
		for _, item := range x {
			out = append(out, Values(item)...)
		}
		return out
	case map[string]any:
		c := entry.Complex{}
		for k, sub := range x {
			if vs := Values(sub); len(vs) > 0 {
				c[k] = vs[0]
			}
		}
		return []entry.Value{c}
	case json.Number:
		return []entry.Value{number(x)}
	}
	return []entry.Value{x}
}

func number(n json.Number) entry.Value {
	if i, err := n.Int64(); err == nil {
		return i
	}
	if f, err := n.Float64(); err == nil {
		return f
	}
	return n.String()
}
