package expr

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// zeros is a source of randomness that always yields 0.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

var fuzzAttrs = map[string][]entry.Value{
	"a": {"Ann Ødegård"}, "b": {""}, "n": {int64(7)}, "t": {true}, "d": {time.Unix(1_700_000_000, 0)}, "f": {1.5},
	"l": {"x", "y", "x"}, "r": {entry.Ref{ID: "1"}}, "raw": {[]byte{1, 2}}, "iso": {"2020-03-16-07:00"},
	"appRoleAssignments": {entry.Complex{"value": "Admin", "displayName": "Admin"}},
}

func fuzzEnv() Env {
	return Env{
		Attrs: func(name string) []entry.Value { return fuzzAttrs[name] }, Now: time.Unix(1_700_000_000, 0), Rand: zeros{}, Writing: true,
		DefaultDomain: "contoso.com", Taken: func(v string) (bool, error) { return strings.HasSuffix(v, "1"), nil },
	}
}

// FuzzExpression wants no panic, the same expression after text → tree → text, and results of known types.
func FuzzExpression(f *testing.F) {
	for i, v := range readVectors(f) {
		if i%5 == 0 {
			f.Add(v.Expression)
		}
	}
	for _, s := range []string{
		`(([a] = "x") & 1) <> NULL`, `Replace([a], , "(?<x>.)", , "${x}$$$1$&$_", , )`, `Mid([a],-1.5,&HFF)`, `PadLeft([a],99999,"é")`,
		`DateAdd("yyyy",-9999999999,[d])`, `FormatDateTime([iso], , , "dddd, dd MMMM yyyy hh:mm:ss.fff tt zzz K 'x'")`, `"\+\"\\"`, `[x[y]:z.$]`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Parse(text)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		again, err := Parse(e.String())
		if err != nil || again.String() != e.String() {
			t.Fatalf("%q is not canonical: %v", e, err)
		}
		fromTree(t, e)
		if strings.Contains(e.String(), "Replace(") && len(text) > 300 {
			return // a slow pattern is bounded, but slows the fuzzer down
		}
		evaluates(t, e)
	})
}

func fromTree(t *testing.T, e *Expr) {
	t.Helper()
	text, err := e.Tree().Text()
	if err != nil {
		t.Fatal(err)
	}
	rebuilt, err := Parse(text)
	if err != nil {
		if strings.Contains(err.Error(), "nested deeper") || strings.Contains(err.Error(), "longer than") {
			return // quotes and parentheses of the rebuilt text may pass a limit that the original just met
		}
		t.Fatalf("%s: %v", text, err)
	}
	if diff := cmp.Diff(e.Tree(), rebuilt.Tree(), ignoreOmitted); diff != "" {
		t.Fatal(diff)
	}
}

// ignoreOmitted compares trees by their nodes: the text of a part shows decimals bare in one and quoted in the other.
var ignoreOmitted = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Expression" }, cmp.Ignore())

func evaluates(t *testing.T, e *Expr) {
	t.Helper()
	res, err := e.Eval(fuzzEnv())
	if err != nil {
		if !fault.Is(err, fault.Invalid) || e.Redacted() && strings.Contains(err.Error(), "degård") {
			t.Fatal(err)
		}
		return
	}
	if (res.Kind == Value) != (len(res.Values) > 0) {
		t.Fatalf("%v with %d values", res.Kind, len(res.Values))
	}
	for _, v := range res.Values {
		switch v := v.(type) {
		case string:
			if len(v) > maxText {
				t.Fatalf("%d bytes", len(v))
			}
		case bool, int64, float64, time.Time, []byte, entry.Ref, entry.Complex:
		default:
			t.Fatalf("a value of type %T", v)
		}
	}
}

// FuzzValues gives hostile values to functions that read them.
func FuzzValues(f *testing.F) {
	var calls []*Expr
	for _, text := range []string{
		`CDate([a])`, `FormatDateTime([a], , [b], "yyyy-MM-dd HH:mm:ss.fffffff")`, `FormatDateTime([a], , , [b])`, `NormalizeDiacritics([a])`, `PCase([a],[b])`,
		`Mid([a],[b],[b])`, `[a] < [b]`, `Replace([a], , "(?<x>[a-z]+)", , [b], , )`, `Replace([a],[b], , ,[a], , )`, `DNComponent([a],1)`, `StringFromSid([a])`,
		`ConvertFromBase64([a],[b])`, `DateAdd([b],[a],Now())`, `DateFromNum([a])`, `Word([a],2,[b])`, `InStr([a],[b],1,1)`, `InStrRev([a],[b],3,1)`, `Join([b],[a],[a])`,
		`Split([a],[b])`, `PadLeft([a],9,[b])`, `ToUpper([a],[b])`, `RandomString([a],1,1,1,1,[b])`,
	} {
		calls = append(calls, mustParse(f, text))
	}
	f.Add("2020-03-16T01:45:30.1234567-07:00", "yyyy-MM-ddTHH:mm:ss.fffffffzzz")
	f.Add("12/31/2025 12:00:00 AM", "M/d/yyyy hh:mm:ss tt")
	f.Add("Œ̄ ł İ й שָׁ CN=a\\,b,DC=x", "’ $1${x}$'")
	f.Add("9223372036854775807", "-0.5")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a)+len(b) > 2000 {
			return
		}
		env := fuzzEnv()
		env.Attrs = func(name string) []entry.Value { return []entry.Value{map[string]string{"a": a, "b": b}[name]} }
		for _, e := range calls {
			if _, err := e.Eval(env); err != nil && !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
		}
	})
}
