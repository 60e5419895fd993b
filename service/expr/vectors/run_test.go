package vectors_test

import (
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/expr/vectors"
)

var world = vectors.World{Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Rand: rand.Reader}

func read(t testing.TB, file string) []vectors.Vector {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	vs, err := vectors.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return vs
}

func TestFiles(t *testing.T) {
	for file, least := range map[string]int{"../testdata/expression-vectors.json": 195, "../testdata/rules.json": 150} {
		vs := read(t, file)
		if len(vs) < least {
			t.Errorf("%s has %d cases, want %d", file, len(vs), least)
		}
		for _, v := range vs {
			t.Run(v.ID, func(t *testing.T) {
				if m := v.Run(world); m != nil {
					t.Errorf("%s\n%s, %s: want %s, got %s", m.Expression, v.Note, m.Way, m.Want, m.Got)
				}
			})
		}
	}
}

// TestMisses: a wrong expectation of every kind is noticed.
func TestMisses(t *testing.T) {
	for name, c := range map[string]struct{ vector, want, got string }{
		"Text":            {`{"expression":"ToUpper(\"a\")","expectedKind":"value","expected":"a"}`, `"a"`, `"A"`},
		"Boolean":         {`{"expression":"IsPresent([x])","expectedKind":"value","expected":"False"}`, `"False"`, `false`},
		"BooleanNotOne":   {`{"expression":"IsNull([x])","expectedKind":"value","expected":1}`, `1`, `true`},
		"Number":          {`{"expression":"Count([x])","attributes":{"x":["a","b"]},"expectedKind":"value","expected":3}`, `3`, `2`},
		"Large":           {`{"expression":"NumFromDate(\"2020-01-01\")","expectedKind":"value","expected":"1","expectedType":"int64"}`, `1`, `132223104000000000`},
		"List":            {`{"expression":"Split(\"a,b\",\",\")","expectedKind":"value","expected":["b","a"]}`, `["b", "a"]`, `["a", "b"]`},
		"ListIsShort":     {`{"expression":"Split(\"a,b\",\",\")","expectedKind":"value","expected":"a"}`, `"a"`, `["a", "b"]`},
		"Objects":         {`{"expression":"AppRoleAssignmentsComplex([appRoleAssignments])","attributes":{"appRoleAssignments":[{"value":"A"}]},"expectedKind":"value","expected":[{"value":"A"}]}`, "map", "map"},
		"Date":            {`{"expression":"Now()","now":"2026-02-03T04:05:06Z","expectedKind":"value","expected":"2/3/2026 4:05:07 AM"}`, `4:05:07`, `2/3/2026 4:05:06 AM`},
		"Null":            {`{"expression":"\"\"","expectedKind":"null"}`, "null", `""`},
		"NotNull":         {`{"expression":"[x]","expectedKind":"value","expected":""}`, `""`, "null"},
		"Regex":           {`{"expression":"Guid()","expectedKind":"regex","expected":"^x$"}`, "^x$", `"`},
		"RegexIsWrong":    {`{"expression":"Guid()","expectedKind":"regex","expected":"("}`, "(", `"`},
		"IgnoreAttribute": {`{"expression":"\"ignoreAttribute\"","expectedKind":"ignoreAttribute"}`, "ignoreAttribute", `"ignoreAttribute"`},
		"IgnoreObject":    {`{"expression":"IgnoreAttributeFlow","expectedKind":"ignoreObject"}`, "ignoreObject", "ignoreAttribute"},
		"NoError":         {`{"expression":"\"a\"","expectedKind":"error"}`, "error", `"a"`},
		"Error":           {`{"expression":"CDate(\"x\")","expectedKind":"value","expected":"x"}`, `"x"`, "is not a date"},
		"Syntax":          {`{"expression":"CDate(","expectedKind":"null"}`, "null", "ends too early"},
		"Taken":           {`{"expression":"SelectUniqueValue(\"a\",\"b\")","taken":["a"],"expectedKind":"value","expected":"a"}`, `"a"`, `"b"`},
		"UnknownKind":     {`{"expression":"\"a\"","expectedKind":"thing"}`, "", "is not known"},
		"NothingExpected": {`{"expression":"\"a\"","expectedKind":"value"}`, "", "needs expected"},
		"BadInstant":      {`{"expression":"\"a\"","now":"soon","expectedKind":"value","expected":"a"}`, "", "not an instant"},
	} {
		t.Run(name, func(t *testing.T) {
			vs, err := vectors.Read([]byte("[" + c.vector + "]"))
			if err != nil {
				t.Fatal(err)
			}
			r := vectors.Run(vs, world)
			if r.Failed != 1 || r.Passed != 0 || len(r.Misses) != 1 {
				t.Fatalf("%+v", r)
			}
			if m := r.Misses[0]; !strings.Contains(m.Want, c.want) || !strings.Contains(m.Got, c.got) {
				t.Errorf("want %s, got %s", m.Want, m.Got)
			}
		})
	}
}

func TestRead(t *testing.T) {
	for name, text := range map[string]string{"NoArray": `{}`, "Empty": `[]`, "Tail": `[{}] x`, "NoJSON": `id: x`, "Nothing": ``} {
		if _, err := vectors.Read([]byte(text)); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if vs, err := vectors.Read([]byte("\xef\xbb\xbf[{\"expression\":\"1\",\"unknown\":2,\"attributes\":null}]")); err != nil || len(vs) != 1 {
		t.Errorf("a mark at the beginning and unknown keys do no harm: %v", err)
	}
}

// FuzzRead wants no panic from any file.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`[{"id":"a","expression":"Join(\"-\",[x],[y])","attributes":{"x":["a",1.5,true,null,{"value":"v"}]},"expectedKind":"value","expected":["a"]}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		vs, err := vectors.Read(data)
		if err != nil {
			return
		}
		for i := range vs {
			if len(vs[i].Expression) > 200 {
				return // a slow pattern is bounded, but slows the fuzzer down
			}
		}
		if r := vectors.Run(vs, world); r.Passed+r.Failed != len(vs) {
			t.Fatal(r)
		}
	})
}
