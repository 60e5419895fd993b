package mapping

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
)

func TestValuesTakeTheTargetsType(t *testing.T) {
	day := time.Date(2020, 3, 16, 7, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		kind app.Kind
		in   entry.Value
		want entry.Value // nil: no value
		err  string
	}{
		{"TrueFromText", app.Boolean, "True", true, ""},
		{"FalseFromText", app.Boolean, " false ", false, ""},
		{"TrueFromOne", app.Boolean, "1", true, ""},
		{"FalseFromNumber", app.Boolean, int64(0), false, ""},
		{"BooleanStays", app.Boolean, true, true, ""},
		{"EmptyIsNoBoolean", app.Boolean, "", nil, ""},
		{"ErrMaybe", app.Boolean, "maybe", nil, "neither true nor false"},
		{"ErrTwo", app.Boolean, int64(2), nil, "neither true nor false"},
		{"IntegerFromText", app.Integer, "007", int64(7), ""},
		{"IntegerFromDecimal", app.Integer, 5.0, int64(5), ""},
		{"ErrFraction", app.Integer, 5.5, nil, "not a whole number"},
		{"ErrWord", app.Integer, "seven", nil, "not a whole number"},
		{"ErrBooleanIsNoInteger", app.Integer, true, nil, "not a whole number"},
		{"DecimalFromText", app.Decimal, "1.50", 1.5, ""},
		{"DecimalFromInteger", app.Decimal, int64(2), 2.0, ""},
		{"ErrInfinity", app.Decimal, "Inf", nil, "not a number"},
		{"DateFromText", app.DateTime, "2020-03-16-07:00", day.Add(0), ""},
		{"DateStays", app.DateTime, day, day, ""},
		{"ErrDate", app.DateTime, "soon", nil, "not a date"},
		{"TextFromBoolean", app.String, true, "True", ""},
		{"TextFromNumber", app.String, int64(7), "7", ""},
		{"TextFromDate", app.String, day, "3/16/2020 7:00:00 AM", ""},
		{"EmptyTextStays", app.String, "", "", ""},
		{"BinaryFromBase64", app.Binary, "AQI=", []byte{1, 2}, ""},
		{"BinaryStays", app.Binary, []byte{1}, []byte{1}, ""},
		{"ErrBase64", app.Binary, "?", nil, "not base64"},
		{"SubObjectsPass", app.String, entry.Complex{"value": "a"}, entry.Complex{"value": "a"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Compile(app.Object{
				Source: entry.User, Mappings: []app.Mapping{{Target: "X", Source: "x"}, {Target: "k", Source: "x"}},
				Attributes: []app.Attribute{{Name: "x", Type: c.kind}, {Name: "k"}}, Match: []app.Rule{{Precedence: 1, Target: "X"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			in := Input{Source: entry.Entry{Type: entry.User, Attrs: entry.Attrs{"x": {c.in}}}}
			out, err := m.Evaluate(in)
			if c.err != "" {
				if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.err) || fault.HintOf(err) == "" {
					t.Errorf("got %v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var want []entry.Value
			if c.want != nil {
				want = []entry.Value{c.want}
			}
			if diff := cmp.Diff(want, out.Want["X"]); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.in, in.Source.Attrs["x"][0]); diff != "" {
				t.Errorf("the source was changed: %s", diff)
			}
			got, ok, err := m.MatchValue(0, in)
			if err != nil || ok != (c.want != nil && c.want != "") || ok && !entry.Equal(got, c.want) {
				t.Errorf("matched by %v %t %v", got, ok, err)
			}
		})
	}
}

func described(t *testing.T, m app.Mapping, a app.Attribute) *Mapping {
	t.Helper()
	a.Name = m.Target
	out, err := Compile(app.Object{Source: entry.User, Mappings: []app.Mapping{m}, Attributes: []app.Attribute{a}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDescribedAttributes(t *testing.T) {
	src := ann()
	t.Run("ErrSeveralIntoOne", func(t *testing.T) {
		_, err := described(t, app.Mapping{Target: "x", Source: "proxyAddresses"}, app.Attribute{}).Evaluate(Input{Source: src})
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "SchemaPropertyCanOnlyAcceptValue") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("SeveralIntoSeveral", func(t *testing.T) {
		out, err := described(t, app.Mapping{Target: "x", Source: "proxyAddresses"}, app.Attribute{MultiValued: true}).Evaluate(Input{Source: src})
		if err != nil || len(out.Want["x"]) != 2 {
			t.Errorf("got %v %v", out, err)
		}
	})
	t.Run("ErrRequiredIsMissing", func(t *testing.T) {
		m := described(t, app.Mapping{Target: "x", Source: "nothing"}, app.Attribute{Required: true})
		if _, err := m.Evaluate(Input{Source: src, Creating: true}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "MandatoryFieldsMissing") {
			t.Errorf("got %v", err)
		}
		if _, err := m.Evaluate(Input{Source: src}); err != nil {
			t.Errorf("an update needs no value: %v", err)
		}
	})
	t.Run("DefaultFillsRequired", func(t *testing.T) {
		out, err := described(t, app.Mapping{Target: "x", Source: "nothing", Default: "7"}, app.Attribute{Required: true, Type: app.Integer}).Evaluate(Input{Source: src, Creating: true})
		if err != nil || out.Want.First("x") != int64(7) {
			t.Errorf("got %v %v", out, err)
		}
	})
	t.Run("ImmutableIsWrittenAtCreateOnly", func(t *testing.T) {
		m := described(t, app.Mapping{Target: "x", Source: "givenName"}, app.Attribute{Mutability: app.Immutable})
		if out, err := m.Evaluate(Input{Source: src}); err != nil || len(out.Want) != 0 {
			t.Errorf("got %v %v", out, err)
		}
		if out, err := m.Evaluate(Input{Source: src, Creating: true}); err != nil || out.Want.Text("x") != "Ann" {
			t.Errorf("got %v %v", out, err)
		}
	})
	t.Run("EmptyForANumberIsCleared", func(t *testing.T) {
		out, err := described(t, app.Mapping{Target: "x", Source: "empty", ClearNull: true}, app.Attribute{Type: app.Integer}).Evaluate(Input{Source: src})
		if v, there := out.Want["x"]; err != nil || !there || len(v) != 0 {
			t.Errorf("got %v %v", out, err)
		}
	})
	t.Run("RedactedIsNotQuoted", func(t *testing.T) {
		_, err := described(t, app.Mapping{Target: "x", Expression: "Redact([givenName])"}, app.Attribute{Type: app.Integer}).Evaluate(Input{Source: src})
		if err == nil || strings.Contains(err.Error(), "Ann") {
			t.Errorf("got %v", err)
		}
	})
}

func TestNone(t *testing.T) {
	m := compile(t, []app.Mapping{{Target: "x", None: true, Default: "Staff"}, {Target: "y", None: true}})
	for _, creating := range []bool{true, false} {
		out, err := m.Evaluate(Input{Source: ann(), Creating: creating})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Output{Want: entry.Attrs{"x": {"Staff"}}, FillOnly: map[string]bool{"x": true}, Notes: []string{"y: the source has no value"}}, out); diff != "" {
			t.Error(diff)
		}
	}
	if _, err := Compile(app.Object{Mappings: []app.Mapping{{Target: "x", None: true}}, Match: []app.Rule{{Precedence: 1, Target: "x"}}}); !fault.Is(err, fault.Invalid) {
		t.Errorf("nothing can be matched by: %v", err)
	}
}

func TestOrigin(t *testing.T) {
	m := compile(t, []app.Mapping{
		{Target: "name", Expression: `Join(" ",[givenName], [surname])`}, {Target: "direct", Source: "[mail]", Default: "none"}, {Target: "fixed", Constant: ptr("a")},
		{Target: "hidden", Expression: "Redact([givenName])"}, {Target: "many", Source: "many"}, {Target: "nothing", None: true},
	})
	src := ann()
	for range 12 {
		src.Attrs["many"] = append(src.Attrs["many"], "v")
	}
	for target, want := range map[string]Origin{
		"name":    {Mapping: `Join(" ", [givenName], [surname])`, Sources: map[string][]string{"givenName": {"Ann"}, "surname": {"Ødegård"}}},
		"direct":  {Mapping: "[mail]", Sources: map[string][]string{"mail": {}}, Default: true},
		"fixed":   {Mapping: `"a"`},
		"hidden":  {Mapping: "[Redact]", Sources: map[string][]string{"givenName": {"[Redact]"}}},
		"many":    {Mapping: "[many]", Sources: map[string][]string{"many": {"v", "v", "v", "v", "v", "v", "v", "v", "v", "v", "… 2 more"}}},
		"nothing": {Mapping: "none"},
	} {
		got, ok := m.Origin(target, Input{Source: src, Creating: true})
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Errorf("%s: %s", target, diff)
		}
	}
	if _, ok := m.Origin("unmapped", Input{}); ok {
		t.Error("an origin of what nobody writes")
	}
}

// TestAgain: what is worked out again after a creation is what an evaluation of the existing object yields.
func TestAgain(t *testing.T) {
	m, err := Compile(app.Object{Source: entry.User, Mappings: append(slices.Clone(twelve),
		app.Mapping{Target: "a", Source: "nothing", Default: "x"}, app.Mapping{Target: "b", Source: "givenName", Flow: app.OnCreate}, app.Mapping{Target: "c", Expression: "Guid()"},
		app.Mapping{Target: "d", Source: "nothing", ClearNull: true}, app.Mapping{Target: "e", Expression: "Coalesce([manager], [x])"}, app.Mapping{Target: "f", None: true, Default: "y"},
		app.Mapping{Target: "g", Source: "members"}, app.Mapping{Target: "h", Constant: ptr("k")}, app.Mapping{Target: "i", Source: "surname"},
	), Attributes: []app.Attribute{{Name: "i", Mutability: app.Immutable}, {Name: "h", Required: true}}})
	if err != nil {
		t.Fatal(err)
	}
	in := Input{Source: ann(), Creating: true, Rand: bytes.NewReader(make([]byte, 64))}
	created, err := m.Evaluate(in)
	if err != nil {
		t.Fatal(err)
	}
	again, err := m.Again(in, created)
	if err != nil {
		t.Fatal(err)
	}
	in.Creating = false
	want, err := m.Evaluate(in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Output{Want: want.Want, Refs: want.Refs}, Output{Want: again.Want, Refs: again.Refs}); diff != "" {
		t.Error(diff)
	}
}
