package inbound

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

func TestPlacesComeBack(t *testing.T) {
	for _, p := range []place{
		{nil, "1"}, {"", "1"}, {"a\x00b\xff名", "id"}, {true, "x"}, {int64(math.MinInt64), "x"}, {0.1, "x"},
		{time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), "x"}, {[]byte{0, 255}, "x"},
	} {
		got, err := parsePlace(p.text())
		if err != nil || !cmp.Equal(got, p, cmp.AllowUnexported(place{})) {
			t.Errorf("%v became %v, %v", p, got, err)
		}
	}
}

func FuzzParsePlace(f *testing.F) {
	for _, p := range []place{{nil, "1"}, {"a", "1"}, {true, "1"}, {int64(1), "1"}, {time.Unix(1, 0), "1"}} {
		f.Add(p.text())
	}
	f.Add("")
	f.Add("c3g")
	f.Fuzz(func(t *testing.T, token string) {
		p, err := parsePlace(token)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v", err)
			}
			return
		}
		again, err := parsePlace(p.text())
		if err != nil || again.id != p.id || scimText(again.key) != scimText(p.key) {
			t.Fatalf("%v became %v, %v", p, again, err)
		}
	})
}

// scimText tells values apart, NaN from itself not.
func scimText(v entry.Value) string { return fmt.Sprintf("%T %v", v, v) }

// TestListsComeBack: whatever a source puts comes back, and nothing is put by looking.
func TestListsComeBack(t *testing.T) {
	labels := rapid.SampledFrom([]string{"", "work", "WORK", "home", "other", "mobile", "fax", "x"})
	values := rapid.SampledFrom([]string{"", "a", "b", "c"})
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"emails", "phoneNumbers", "addresses"}).Draw(t, "attribute")
		l := userLenses[name]
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) entry.Value {
			c := entry.Complex{"display": "d"}
			for _, sub := range []string{"value", "streetAddress", "locality", "formatted"} {
				if rapid.Bool().Draw(t, sub) {
					c[sub] = values.Draw(t, "value")
				}
			}
			if label := labels.Draw(t, "label"); label != "" {
				c["type"] = label
			}
			if rapid.IntRange(0, 3).Draw(t, "primary") == 0 {
				c["primary"] = true
			}
			return c
		}), 0, 5)
		a := entry.Attrs{"mail": {"before@x"}, "businessPhones": {"1", "2"}, "city": {"before"}, "proxyAddresses": {"p", "q"}}
		for range 2 { // over what an administrator set, then over what a source did
			want := list.Draw(t, "list")
			l.put(a, entry.CloneValues(want))
			before := a.Clone()
			if got := l.get(a); len(want)+len(got) > 0 && !cmp.Equal(got, want) {
				t.Fatalf("put %v, got %v", want, got)
			}
			if !cmp.Equal(before, a) {
				t.Fatalf("looking changed %v to %v", before, a)
			}
		}
	})
}

// TestSortInSeveralReadings makes one reading go three places ahead only.
func TestSortInSeveralReadings(t *testing.T) {
	ctx := tenant.With(t.Context(), "default")
	db, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	var es []entry.Entry
	var want []string
	for i := range 20 {
		id := fmt.Sprintf("u%02d", i)
		es = append(es, entry.Entry{Type: entry.User, ID: id, Attrs: entry.Attrs{"userPrincipalName": {id + "@x"}, "jobTitle": {fmt.Sprint(9 - i/2)}}})
		want = append(want, id)
	}
	slices.SortStableFunc(want, func(a, b string) int { return num(b)/2 - num(a)/2 })
	if err := db.Directory().PutMany(ctx, es); err != nil {
		t.Fatal(err)
	}
	s := NewStore(db.Directory(), Types()...)
	s.reach = 3
	for start := 1; start <= 22; start++ {
		p, err := s.Find(ctx, scimserver.Query{Type: entry.User, SortBy: "title", Start: start, Count: 2})
		if err != nil || p.Total != 20 {
			t.Fatalf("total %d, %v", p.Total, err)
		}
		var got []string
		for _, r := range p.Resources {
			got = append(got, r.ID)
		}
		if w := want[min(start-1, 20):min(start+1, 20)]; !slices.Equal(got, w) {
			t.Errorf("from %d got %v, want %v", start, got, w)
		}
	}
	for _, token := range []string{"", "!", "x"} {
		if _, err := s.Find(context.WithoutCancel(ctx), scimserver.Query{Type: entry.User, SortBy: "title", After: token + "#", Count: 2}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v", token, err)
		}
	}
}

func num(id string) (n int) {
	_, _ = fmt.Sscanf(id, "u%d", &n) // the ids above are numbers
	return n
}
