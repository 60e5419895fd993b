package mem

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/entry"
)

func TestStoredIsWhatWasStored(t *testing.T) {
	long := make([]entry.Value, 2*fewValues)
	for i := range long {
		long[i] = entry.Ref{Type: entry.User, ID: personID(i)}
	}
	noon := time.Date(2026, 2, 3, 12, 0, 0, 5, time.UTC)
	for name, attrs := range map[string]entry.Attrs{
		"nothing":  {},
		"a person": person(7).Attrs,
		"every kind of value": {
			"s": {"", "x", "Ægir\x00"}, "b": {true, false}, "i": {int64(0), int64(-1), int64(math.MaxInt64), int64(math.MinInt64)},
			"f": {0.0, -1.5, math.MaxFloat64}, "x": {[]byte{}, []byte{0, 255}}, "t": {noon, noon.In(time.FixedZone("", -5400)), time.Unix(-5, 0).UTC()},
			"r": {entry.Ref{Type: entry.Group, ID: "g"}, entry.Ref{ID: "untyped"}},
			"c": {entry.Complex{"value": "v", "primary": true, "deep": entry.Complex{"n": int64(1)}}, entry.Complex{}},
		},
		"a long list": {"members": long},
	} {
		t.Run(name, func(t *testing.T) {
			e := entry.Entry{Type: entry.User, ID: "id-1", Attrs: attrs}
			same := cmp.Comparer(func(a, b time.Time) bool { return a.Format(time.RFC3339Nano) == b.Format(time.RFC3339Nano) })
			if diff := cmp.Diff(e, keep(e).entry(entry.User), same); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// BenchmarkStored reports what a person takes at rest.
func BenchmarkStored(b *testing.B) {
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n = len(keep(person(12345)).text)
	}
	b.ReportMetric(float64(n), "bytes/person")
}
