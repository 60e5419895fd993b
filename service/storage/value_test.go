package storage

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

func values() *rapid.Generator[entry.Value] {
	leaf := rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) entry.Value { return s }),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) entry.Value { return string(b) }), // not always UTF-8
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) entry.Value { return append([]byte{}, b...) }),
		rapid.Map(rapid.Bool(), func(b bool) entry.Value { return b }),
		rapid.Map(rapid.Int64(), func(n int64) entry.Value { return n }),
		rapid.Map(rapid.Float64(), func(f float64) entry.Value { return f }),
		rapid.Map(rapid.Int64Range(-1<<36, 1<<36), func(n int64) entry.Value {
			return time.Unix(n, n&0xfffff).In(time.FixedZone("", int(n%50000)))
		}),
		rapid.Map(rapid.StringN(1, 40, -1), func(s string) entry.Value { return entry.Ref{Type: entry.User, ID: s} }),
	)
	complexes := rapid.Map(rapid.MapOf(rapid.String(), leaf), func(m map[string]entry.Value) entry.Value { return entry.Complex(m) })
	return rapid.OneOf(leaf, complexes)
}

func TestAttrsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := entry.Attrs(rapid.MapOf(rapid.String(), rapid.SliceOfN(values(), 1, 4)).Draw(t, "attrs"))
		doc, err := encodeAttrs(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeAttrs(doc)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
		again, err := encodeAttrs(got)
		if err != nil || !bytes.Equal(doc, again) {
			t.Fatalf("equal attributes have different forms (%v)", err)
		}
	})
}

func TestFloatsKeepTheirBits(t *testing.T) {
	for _, f := range []float64{math.NaN(), math.Copysign(0, -1), math.Inf(-1)} {
		doc, err := encodeAttrs(entry.Attrs{"f": {f}})
		if err != nil {
			t.Fatal(err)
		}
		a, err := decodeAttrs(doc)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.First("f").(float64); math.Float64bits(got) != math.Float64bits(f) {
			t.Errorf("%v came back as %v", f, got)
		}
	}
}

func TestEncodeErr(t *testing.T) {
	deep := entry.Value("x")
	for range maxDepth + 1 {
		deep = entry.Complex{"a": deep}
	}
	for name, v := range map[string]entry.Value{"TooDeep": deep, "Nil": nil, "Int": 1} {
		if _, err := encodeAttrs(entry.Attrs{"a": {v}}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestEveryFlippedBitIsFound flips each bit of a row in turn: none may pass for a value.
func TestEveryFlippedBitIsFound(t *testing.T) {
	doc, err := encodeAttrs(entry.Attrs{"userPrincipalName": {"ann@x"}, "n": {int64(7), true}, "when": {time.Unix(1, 0)}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(doc) * 8 {
		bad := bytes.Clone(doc)
		bad[i/8] ^= 1 << (i % 8)
		if a, err := decodeAttrs(bad); !fault.Is(err, fault.Internal) || fault.HintOf(err) == "" {
			t.Fatalf("bit %d: got %v, %v", i, a, err)
		}
	}
	for n := range doc {
		if _, err := decodeAttrs(doc[:n]); err == nil {
			t.Fatalf("cut at %d, and nobody noticed", n)
		}
	}
}

// FuzzDecode reads forms whose checksum fits but whose content is anybody's: no panic, no endless loop, and what is read can be
// written again and comes back the same.
func FuzzDecode(f *testing.F) {
	for _, a := range []entry.Attrs{nil, {"a": {"b", true, int64(-1), 1.5}}, {"c": {entry.Complex{"x": []byte{1}}, time.Unix(1, 0).UTC(), entry.Ref{ID: "1"}}}} {
		doc, err := encodeAttrs(a)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc[:len(doc)-4])
	}
	f.Add([]byte{formVersion, 1, 1, 'a', 1, tagComplex, 255, 255, 255, 255, 15})
	f.Fuzz(func(t *testing.T, plain []byte) {
		a, err := decodeAttrs(seal(bytes.Clone(plain)))
		if err != nil {
			return
		}
		doc, err := encodeAttrs(a)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeAttrs(doc); err != nil {
			t.Fatal(err)
		}
	})
}
