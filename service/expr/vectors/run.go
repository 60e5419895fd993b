package vectors

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/dlclark/regexp2"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/expr"
)

// World is what every case may know besides its own.
type World struct {
	Now  time.Time // for cases without an instant of their own
	Rand io.Reader // feeds Guid and RandomString
}

// Miss says what is wrong with a case.
type Miss struct {
	ID         string `json:"id"`
	Expression string `json:"expression"`
	Way        string `json:"way"` // how it was taken: parsed, printed, by its tree
	Want       string `json:"want"`
	Got        string `json:"got"`
}

// Report is what came of a file.
type Report struct {
	Passed int    `json:"passed"`
	Failed int    `json:"failed"`
	Misses []Miss `json:"misses"` // one per failed case, in the order of the file
}

// Run takes every case.
func Run(vs []Vector, w World) Report {
	r := Report{Misses: []Miss{}}
	for _, v := range vs {
		if m := v.Run(w); m != nil {
			r.Failed++
			r.Misses = append(r.Misses, *m)
		} else {
			r.Passed++
		}
	}
	return r
}

// Run takes one case in three ways, which must agree: as it is written, printed and parsed again, and rebuilt from its tree. nil when all three yield
// what is expected.
func (v Vector) Run(w World) *Miss {
	miss := func(way, got string) *Miss { return &Miss{v.ID, v.Expression, way, v.want(), got} }
	if err := v.sane(); err != nil {
		return miss("read", err.Error())
	}
	env, err := v.env(w)
	if err != nil {
		return miss("read", err.Error())
	}
	first, err := expr.Parse(v.Expression)
	if err != nil {
		if v.Kind == KindError {
			return nil
		}
		return miss("parsed", err.Error())
	}
	if got := v.check(first, env); got != "" {
		return miss("parsed", got)
	}
	printed, err := expr.Parse(first.String())
	if err != nil || printed.String() != first.String() {
		return miss("printed", fmt.Sprintf("%s, which is not stable: %v", first, err))
	}
	if got := v.check(printed, env); got != "" {
		return miss("printed", got)
	}
	text, err := first.Tree().Text()
	if err != nil {
		return miss("by its tree", err.Error())
	}
	rebuilt, err := expr.Parse(text)
	if err != nil {
		return miss("by its tree", err.Error())
	}
	if got := v.check(rebuilt, env); got != "" {
		return miss("by its tree", got)
	}
	return nil
}

// sane refuses a case that says nothing.
func (v Vector) sane() error {
	switch v.Kind {
	case KindValue, KindNull, KindRegex, KindIgnoreAttribute, KindIgnoreObject, KindError:
	default:
		return fmt.Errorf("expectedKind %q is not known; use value, null, regex, ignoreAttribute, ignoreObject or error", v.Kind)
	}
	if v.Type != "" && v.Type != "int64" {
		return fmt.Errorf("expectedType %q is not known; use int64", v.Type)
	}
	if _, ok := v.Expected.(string); !ok && (v.Kind == KindRegex || v.Type != "") {
		return fmt.Errorf("expected must be a text for expectedKind regex and for expectedType int64")
	}
	if v.Kind == KindValue && v.Expected == nil {
		return fmt.Errorf("expectedKind value needs expected")
	}
	return nil
}

// want says what is expected, for people.
func (v Vector) want() string {
	switch v.Kind {
	case KindValue:
		return show(v.wanted())
	case KindRegex:
		return fmt.Sprintf("a text like %v", v.Expected)
	}
	return v.Kind
}

// wanted is the expected list of values.
func (v Vector) wanted() []entry.Value {
	if s, ok := v.Expected.(string); ok && v.Type == "int64" {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return []entry.Value{n}
		}
	}
	return Values(v.Expected)
}

// check returns "" when the expression yields what is expected, else what it yields.
func (v Vector) check(e *expr.Expr, env expr.Env) string {
	res, err := e.Eval(env)
	if err != nil {
		if v.Kind == KindError {
			return ""
		}
		return err.Error()
	}
	got := res.Kind.String()
	if res.Kind == expr.Value {
		got = show(res.Values)
	}
	var ok bool
	switch v.Kind {
	case KindValue:
		ok = res.Kind == expr.Value && same(v.wanted(), res.Values)
	case KindRegex:
		ok = res.Kind == expr.Value && matches(v.Expected.(string), expr.Text(res.Values[0]))
	default:
		ok = got == v.Kind && res.Kind != expr.Value
	}
	if ok {
		return ""
	}
	return got
}

func matches(pattern, s string) bool {
	re, err := regexp2.Compile(pattern, regexp2.None)
	if err != nil {
		return false
	}
	re.MatchTimeout = time.Second
	ok, err := re.MatchString(s)
	return ok && err == nil
}

func same(want, got []entry.Value) bool {
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if !sameValue(want[i], got[i]) {
			return false
		}
	}
	return true
}

// sameValue compares dates by their text, and numbers with each other and with their text: 1 and "1" are the same constant of the language. Anything else
// must be of one type.
func sameValue(want, got entry.Value) bool {
	switch g := got.(type) {
	case time.Time, entry.Ref, []byte:
		return want == entry.Value(expr.Text(g))
	case entry.Complex:
		w, ok := want.(entry.Complex)
		return ok && sameComplex(w, g)
	}
	if isNumber(want) || isNumber(got) {
		return !isBool(want) && !isBool(got) && expr.Text(want) == expr.Text(got)
	}
	return reflect.DeepEqual(want, got)
}

func sameComplex(want, got entry.Complex) bool {
	if len(want) != len(got) {
		return false
	}
	for k, w := range want {
		g, ok := got[k]
		if !ok || !sameValue(w, g) {
			return false
		}
	}
	return true
}

func isNumber(v entry.Value) bool {
	switch v.(type) {
	case int64, float64:
		return true
	}
	return false
}

func isBool(v entry.Value) bool { _, ok := v.(bool); return ok }

// show writes values for people: texts quoted, several in brackets.
func show(vs []entry.Value) string {
	parts := make([]string, len(vs))
	for i, v := range vs {
		switch v := v.(type) {
		case string:
			parts[i] = strconv.Quote(v)
		case bool:
			parts[i] = strconv.FormatBool(v)
		case entry.Complex:
			parts[i] = fmt.Sprint(map[string]entry.Value(v))
		default:
			parts[i] = expr.Text(v)
		}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
