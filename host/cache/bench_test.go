package cache

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
)

// cost measures heap plus mapped memory that a cache of n people holds, per person; the collector's head-room on the
// heap part is counted as if GOGC were 100.
func cost(n int) (c *Cache, bytesPerUser float64) {
	var before, after runtime.MemStats
	debug.FreeOSMemory()
	runtime.ReadMemStats(&before)
	c = New(userConfig)
	_, _ = c.Replace(people(n))
	debug.FreeOSMemory()
	runtime.ReadMemStats(&after)
	heap := float64(after.HeapAlloc) - float64(before.HeapAlloc)
	return c, (2*heap + float64(len(c.s.rows.mem.list))*chunkSize) / float64(n)
}

func TestMemoryPerUserIsBounded(t *testing.T) {
	c, got := cost(50_000)
	if got > 500 || c.Size().Bytes > 400*50_000 {
		t.Errorf("%.0f bytes per user of 12 attributes, %+v", got, c.Size())
	}
	runtime.KeepAlive(c)
}

func BenchmarkMemoryPerUser(b *testing.B) {
	for b.Loop() {
		c, got := cost(100_000)
		b.ReportMetric(got, "bytes/user")
		b.ReportMetric(float64(c.Size().Bytes)/1e5, "exact-bytes/user")
	}
}

func BenchmarkGet(b *testing.B) {
	c := filled(b, userConfig, 100_000)
	anchors := make([]string, 1024)
	for i := range anchors {
		anchors[i] = person(i * 97).Anchor
	}
	i := 0
	for b.Loop() {
		if _, ok := c.Get(anchors[i&1023], false); !ok {
			b.Fatal("missing")
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lookups/s")
}

func BenchmarkFind(b *testing.B) {
	c := filled(b, userConfig, 100_000)
	names := make([]string, 1024)
	for i := range names {
		names[i] = person(i * 97).Attrs.Text("userName")
	}
	i := 0
	for b.Loop() {
		if len(c.Find("userName", names[i&1023], 2)) != 1 {
			b.Fatal("missing")
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lookups/s")
}

func BenchmarkFindNothing(b *testing.B) {
	c := filled(b, userConfig, 100_000)
	for b.Loop() {
		if c.Find("userName", "nobody@contoso.example", 2) != nil {
			b.Fatal("found")
		}
	}
}

func BenchmarkPut(b *testing.B) {
	c := New(userConfig)
	rows := make([]Row, 8192)
	for i := range rows {
		rows[i] = person(i)
	}
	i := 0
	for b.Loop() {
		row := rows[i%len(rows)]
		row.Anchor = fmt.Sprint(row.Anchor, "-", i)
		if _, changed, err := c.Put(row); err != nil || !changed {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
}

func BenchmarkEdit(b *testing.B) {
	c := filled(b, userConfig, 100_000)
	i := 0
	for b.Loop() {
		edit := []entry.Edit{{Op: entry.Replace, Attr: "title", Values: []entry.Value{fmt.Sprint(i)}}}
		if _, _, err := c.Edit(person(i%100_000).Anchor, edit); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkPageOf100(b *testing.B) {
	c := filled(b, userConfig, 100_000)
	n := 0
	for b.Loop() {
		k := 0
		for v := range c.From(n * 7919 % 99_900) {
			v.Row(false)
			if k++; k == 100 {
				break
			}
		}
		n++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pages/s")
}

func BenchmarkScan(b *testing.B) {
	c := filled(b, userConfig, 100_000)
	for b.Loop() {
		n := 0
		for v := range c.Rows(0) {
			if vs := v.Values("title"); len(vs) == 1 && vs[0] == "Nurse" {
				n++
			}
		}
		if n != 33_333 {
			b.Fatal(n)
		}
	}
	b.ReportMetric(1e5*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkMemberOf200000(b *testing.B) {
	c := New(groupConfig)
	row := Row{Anchor: "all", Entry: entry.Entry{Attrs: entry.Attrs{}}}
	for i := range 200_000 {
		row.Attrs["members"] = append(row.Attrs["members"], entry.Ref{Type: entry.User, ID: fmt.Sprint("user", i)})
	}
	if _, _, err := c.Put(row); err != nil {
		b.Fatal(err)
	}
	one := []entry.Value{entry.Ref{Type: entry.User, ID: "newcomer"}}
	for b.Loop() {
		for _, op := range []entry.Op{entry.Add, entry.Remove} {
			if _, changed, err := c.Edit("all", []entry.Edit{{Op: op, Attr: "members", Values: one}}); err != nil || !changed {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(c.s.sets[0].bytes())/2e5, "bytes/member")
}

func BenchmarkImportUnchanged(b *testing.B) {
	c := filled(b, userConfig, 20_000)
	for b.Loop() {
		if st, err := c.Replace(people(20_000)); err != nil || st.Same != 20_000 {
			b.Fatal(st, err)
		}
	}
	b.ReportMetric(2e4*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkSnapshotAndLoad(b *testing.B) {
	c := filled(b, userConfig, 100_000)
	for b.Loop() {
		var image bytes.Buffer
		if err := c.Snapshot(&image); err != nil {
			b.Fatal(err)
		}
		if err := New(userConfig).Load(&image); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(1e5*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
