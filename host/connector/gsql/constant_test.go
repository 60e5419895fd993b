package gsql

import (
	"runtime"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
)

// TestImportNeedsConstantMemory: ten times as many rows take no more memory, with and without tables of values: nothing is kept.
func TestImportNeedsConstantMemory(t *testing.T) {
	const small, large = 4_000, 40_000
	each(t, func(t *testing.T, d database) {
		layout := simple(map[string]string{"types": "User=users", "multiValued": "User.phones=phones(owner -> phone)"},
			`CREATE TABLE users (id bigint PRIMARY KEY NOT NULL, v {long})`, `CREATE TABLE phones (owner bigint NOT NULL, phone {short} NOT NULL)`)(d)
		s := open(t, layout, d.url(t))
		fillTable(t, s, d, "users", "id, v", "i, 'some text that is as long as what people have in their entries, and a little more than that, number ' || i", small)
		fillTable(t, s, d, "phones", "owner, phone", "i, '+46 ' || i", small)
		few := held(t, s, small)
		fillTable(t, s, d, "users", "id, v", "i + 4000, 'some text that is as long as what people have in their entries, and a little more than that, number ' || i", large-small)
		fillTable(t, s, d, "phones", "owner, phone", "i + 4000, '+46 ' || i", large-small)
		many := held(t, s, large)
		if limit := few + 6<<20; many > limit { // 36,000 objects kept would be 30 MB at least
			t.Errorf("%d rows hold %d KB, %d rows %d KB", small, few>>10, large, many>>10)
		}
	})
}

// held returns the most memory that is alive at any of some points of an import, above what was alive before.
func held(t *testing.T, s *session, rows int) uint64 {
	t.Helper()
	before, most, n := alive(), uint64(0), 0
	for _, err := range s.Import(t.Context(), entry.User) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%(rows/4) == rows/8 {
			if now := alive(); now > before {
				most = max(most, now-before)
			}
		}
	}
	if n != rows {
		t.Fatalf("%d rows, want %d", n, rows)
	}
	return most
}

func alive() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
