package entry_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/entry"
)

func TestDiff(t *testing.T) {
	mail := func(kind, v string) entry.Complex { return entry.Complex{"type": kind, "value": v} }
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		name       string
		have, want entry.Attrs
		edits      []entry.Edit
	}{
		{"SameIsNothing", entry.Attrs{"a": {"x", "y"}}, entry.Attrs{"a": {"y", "x"}}, nil},
		{"OnlyWhatWantNames", entry.Attrs{"a": {"x"}, "b": {"y"}}, entry.Attrs{"a": {"x"}}, nil},
		{"SetSingle", nil, entry.Attrs{"a": {"x"}}, []entry.Edit{{Op: entry.Replace, Attr: "a", Values: []entry.Value{"x"}}}},
		{"ChangeSingle", entry.Attrs{"a": {int64(1)}}, entry.Attrs{"a": {int64(2)}}, []entry.Edit{{Op: entry.Replace, Attr: "a", Values: []entry.Value{int64(2)}}}},
		{"Clear", entry.Attrs{"a": {"x", "y"}}, entry.Attrs{"a": {}}, []entry.Edit{{Op: entry.Replace, Attr: "a", Values: []entry.Value{}}}},
		{"ClearAbsentIsNothing", nil, entry.Attrs{"a": {}}, nil},
		{
			"SmallestOfMany", entry.Attrs{"m": {mail("work", "a"), mail("home", "b")}}, entry.Attrs{"m": {mail("home", "b"), mail("work", "c")}},
			[]entry.Edit{{Op: entry.Remove, Attr: "m", Values: []entry.Value{mail("work", "a")}}, {Op: entry.Add, Attr: "m", Values: []entry.Value{mail("work", "c")}}},
		},
		{
			"MembersAreAddedEvenToAnEmptyGroup", nil, entry.Attrs{"members": {entry.Ref{ID: "1"}}},
			[]entry.Edit{{Op: entry.Add, Attr: "members", Values: []entry.Value{entry.Ref{ID: "1"}}}},
		},
		{"RefTypeDoesNotMatter", entry.Attrs{"m": {entry.Ref{Type: entry.User, ID: "1"}}}, entry.Attrs{"m": {entry.Ref{ID: "1"}}}, nil},
		{"InstantsNotText", entry.Attrs{"t": {at}}, entry.Attrs{"t": {at.In(time.FixedZone("", 3600))}}, nil},
		{"BytesByContent", entry.Attrs{"b": {[]byte{1}}}, entry.Attrs{"b": {[]byte{1}}}, nil},
		{"TypesDiffer", entry.Attrs{"a": {"1"}}, entry.Attrs{"a": {int64(1)}}, []entry.Edit{{Op: entry.Replace, Attr: "a", Values: []entry.Value{int64(1)}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.edits, entry.Diff(tt.have, tt.want)); d != "" {
				t.Error(d)
			}
		})
	}
}

// values draws a set of values of every comparable sort, long enough at times to take the hashed way.
func values() *rapid.Generator[[]entry.Value] {
	one := rapid.Custom(func(t *rapid.T) entry.Value {
		n := rapid.IntRange(0, 60).Draw(t, "n")
		switch rapid.IntRange(0, 4).Draw(t, "sort") {
		case 0:
			return fmt.Sprint("v", n)
		case 1:
			return int64(n)
		case 2:
			return n%2 == 0
		case 3:
			return entry.Complex{"value": fmt.Sprint(n)}
		}
		return entry.Ref{ID: fmt.Sprint(n)}
	})
	return rapid.Custom(func(t *rapid.T) []entry.Value {
		var out []entry.Value
		for _, v := range rapid.SliceOfN(one, 0, 40).Draw(t, "values") {
			fresh := true
			for _, o := range out {
				fresh = fresh && !entry.Equal(o, v)
			}
			if fresh {
				out = append(out, v)
			}
		}
		return out
	})
}

func TestApplyOfDiffHoldsWant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attrs := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c"}), values())
		have, want := entry.Attrs(attrs.Draw(t, "have")), entry.Attrs(attrs.Draw(t, "want"))
		before := have.Clone()
		got := entry.Apply(have, entry.Diff(have, want))
		for name, vs := range want {
			if !entry.EqualValues(got[name], vs) {
				t.Fatalf("%s is %v, want %v", name, got[name], vs)
			}
		}
		for name, vs := range have {
			if _, named := want[name]; !named && !entry.EqualValues(got[name], vs) {
				t.Fatalf("%s changed, though want does not name it", name)
			}
			if !entry.EqualValues(before[name], vs) {
				t.Fatal("Apply changed what it was given")
			}
		}
		if again := entry.Diff(got, want); len(again) != 0 {
			t.Fatalf("a second difference: %v", again)
		}
	})
}

func TestApply(t *testing.T) {
	have := entry.Attrs{"a": {"x", "y"}}
	tests := []struct {
		name string
		edit entry.Edit
		want []entry.Value
	}{
		{"AddIsASet", entry.Edit{Op: entry.Add, Attr: "a", Values: []entry.Value{"y", "z"}}, []entry.Value{"x", "y", "z"}},
		{"RemoveSome", entry.Edit{Op: entry.Remove, Attr: "a", Values: []entry.Value{"x", "no"}}, []entry.Value{"y"}},
		{"RemoveAll", entry.Edit{Op: entry.Remove, Attr: "a"}, nil},
		{"ReplaceByNothingClears", entry.Edit{Op: entry.Replace, Attr: "a"}, nil},
		{"Replace", entry.Edit{Op: entry.Replace, Attr: "a", Values: []entry.Value{"q"}}, []entry.Value{"q"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := entry.Apply(have, []entry.Edit{tt.edit})
			if d := cmp.Diff(tt.want, got["a"]); d != "" {
				t.Error(d)
			}
			if _, there := got["a"]; there != (len(tt.want) > 0) {
				t.Error("an attribute without values keeps its key")
			}
		})
	}
}

func TestCloneIsDeep(t *testing.T) {
	e := entry.Entry{Attrs: entry.Attrs{"c": {entry.Complex{"k": "v"}}, "b": {[]byte{1}}}}
	c := e.Clone()
	c.Attrs["c"][0].(entry.Complex)["k"] = "other"
	c.Attrs["b"][0].([]byte)[0] = 2
	if e.Attrs["c"][0].(entry.Complex)["k"] != "v" || e.Attrs["b"][0].([]byte)[0] != 1 {
		t.Error("the copy shares memory with the original")
	}
}
