package cache

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestTableBehavesLikeAMapOfSets uses few hashes in one segment, so that runs, wrapping and lists all occur.
func TestTableBehavesLikeAMapOfSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab, want := newTable(), map[uint64][]uint32{}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			h := uint64(rapid.SampledFrom([]uint32{1, 2, 1 << 30, 1<<32 - 1, 1<<32 - 2, 3 << 30, 5}).Draw(t, "hash"))
			n := rapid.Uint32Range(0, 40).Draw(t, "number")
			at, has := slices.BinarySearch(want[h], n)
			switch {
			case has && rapid.Bool().Draw(t, "remove"):
				tab.remove(h, n)
				want[h] = slices.Delete(want[h], at, at+1)
			case !has:
				tab.add(h, n)
				want[h] = slices.Insert(want[h], at, n)
			}
			for h, ns := range want {
				var got []uint32
				tab.each(h, func(n uint32) bool { got = append(got, n); return true })
				if !slices.Equal(got, ns) {
					t.Fatalf("%x: %v, want %v", h, got, ns)
				}
			}
		}
	})
}

func TestListKeepsOrderThroughSplits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l list
		var want []uint32
		step := rapid.SampledFrom([]uint32{1, 7919, 4001}).Draw(t, "step")
		for i := range uint32(3000) {
			n := i * step % 10007
			l.insert(n)
			want = append(want, n)
		}
		slices.Sort(want)
		for range 1000 {
			i := rapid.IntRange(0, len(want)-1).Draw(t, "gone")
			l.remove(want[i])
			want = slices.Delete(want, i, i+1)
		}
		from := rapid.Uint32Range(0, 10007).Draw(t, "from")
		var got []uint32
		l.each(from, func(n uint32) bool { got = append(got, n); return true })
		at, _ := slices.BinarySearch(want, from)
		if !slices.Equal(got, want[at:]) || l.n != len(want) {
			t.Fatalf("%d numbers from %d on, want %d", len(got), from, len(want)-at)
		}
	})
}
