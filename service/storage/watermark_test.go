package storage

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/entry"
)

func TestWatermarkComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := position{seq: rapid.Int64Min(0).Draw(t, "seq"), typ: rapid.SampledFrom([]entry.Type{"", entry.User, entry.Group}).Draw(t, "type")}
		if want.typ != "" {
			want.last = rapid.String().Draw(t, "id")
		}
		if got, err := parsePosition(want.watermark()); err != nil || got != want {
			t.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
	})
}

func TestRecordIDsSortAsNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64Min(0).Draw(t, "a"), rapid.Int64Min(0).Draw(t, "b")
		if (idOf(a) < idOf(b)) != (a < b) {
			t.Fatalf("%d is %s, %d is %s", a, idOf(a), b, idOf(b))
		}
		if n, err := parseID(idOf(a)); err != nil || n != a {
			t.Fatalf("%d came back as %d, %v", a, n, err)
		}
	})
}
