package gsql

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// shards are pieces that hostile values and names are put together from.
var shards = []string{"'", "''", `"`, `""`, "`", "``", "[", "]", "]]", "\\", "\\'", "--", "-- ", "/*", "*/", ";", "; DROP TABLE victim; --", "' OR '1'='1", "$1", "$2", "?", "@p1", ":1", "@Value", "%", "_", "(", ")", ",", "=",
	"NULL", "null", "0", "' || 'x", "$$", "$a$", "E'\\x'", "0x41", "é", "漢字", "😀", "İ", "ß", " ", "a", "B", "\t", "#", "{{", "}}", "&", "|", "\u202e", "x' UNION SELECT 1 --", "';SHUTDOWN;--"}

func hostile(r *rand.Rand, most int) string {
	var b strings.Builder
	for range 1 + r.IntN(most) {
		b.WriteString(shards[r.IntN(len(shards))])
	}
	return b.String()
}

// hostileName is a name that every database takes: not too long, no blank at its ends, no control characters.
func hostileName(r *rand.Rand, taken map[string]bool) string {
	for {
		name := strings.TrimSpace(strings.ReplaceAll(hostile(r, 3), "\t", ""))
		name = strings.ReplaceAll(name, "😀", "") // MariaDB's names hold no characters beyond the first plane
		if name == "" || len(name) > 40 || taken[strings.ToLower(name)] || strings.HasPrefix(name, "sqlite_") {
			continue
		}
		taken[strings.ToLower(name)] = true
		return name
	}
}

// battlefield is a table with hostile names and what memory says is in it.
type battlefield struct {
	s                  *session
	key, text, numbers string // columns
	many               string // attribute in another table
	memory             map[string]entry.Attrs
}

func newBattlefield(t *testing.T, d database, r *rand.Rand) *battlefield {
	t.Helper()
	taken := map[string]bool{"victim": true}
	f := &battlefield{memory: map[string]entry.Attrs{}}
	table, side, owner, value := hostileName(r, taken), hostileName(r, taken), hostileName(r, taken), hostileName(r, taken)
	f.key, f.text, f.numbers, f.many = hostileName(r, taken), hostileName(r, taken), hostileName(r, taken), hostileName(r, taken)
	g := dialectOf(d)
	exact := map[string]string{MariaDB: "varchar(300) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin", PostgreSQL: "varchar(300)", SQLite: "varchar(300)"}[d.name]
	setting := func(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
	layout := Demo{DDL: []string{
		"CREATE TABLE victim (id bigint)",
		fmt.Sprintf("CREATE TABLE %s (%s %s PRIMARY KEY NOT NULL, %s %s, %s bigint)", g.quote(table), g.quote(f.key), exact, g.quote(f.text), exact, g.quote(f.numbers)),
		fmt.Sprintf("CREATE TABLE %s (%s %s NOT NULL, %s %s NOT NULL)", g.quote(side), g.quote(owner), exact, g.quote(value), exact),
	}, Settings: map[string]string{"types": "User=" + setting(table), "multiValued": fmt.Sprintf("User.%s=%s(%s -> %s)", setting(f.many), setting(side), setting(owner), setting(value))}}
	f.s = open(t, layout, d.url(t))
	return f
}

func dialectOf(d database) grammar {
	return map[string]grammar{SQLite: sqlite{}, PostgreSQL: postgres{}, MariaDB: mysql{returns: true}}[d.name]
}

// TestInjection plays hostile values, attribute names and table names against the databases, and compares with memory after each step:
// whatever is in them stays a value or a name.
func TestInjection(t *testing.T) {
	fields, steps := 2, 60
	if full() {
		fields, steps = 12, 400
	}
	each(t, func(t *testing.T, d database) {
		for seed := range uint64(fields) {
			r := rand.New(rand.NewPCG(seed, 4711))
			f := newBattlefield(t, d, r)
			for range steps {
				f.step(t, r)
			}
			f.compare(t)
			if _, err := f.s.conn.exec(t.Context(), query{text: "INSERT INTO victim (id) VALUES (1)"}); err != nil {
				t.Errorf("the victim: %v", err)
			}
		}
	})
}

func (f *battlefield) step(t *testing.T, r *rand.Rand) {
	t.Helper()
	id, v := hostile(r, 4), hostile(r, 6)
	if len(f.memory) > 0 && r.IntN(2) == 0 {
		keys := make([]string, 0, len(f.memory))
		for k := range f.memory {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		id = keys[r.IntN(len(keys))]
	}
	_, exists := f.memory[id]
	switch r.IntN(6) {
	case 0, 1:
		a := entry.Attrs{f.key: {id}, f.text: {v}, f.many: {v, id}}
		if v == id {
			a[f.many] = []entry.Value{v}
		}
		_, err := f.s.Create(t.Context(), entry.Entry{Type: entry.User, Attrs: a})
		f.wants(t, "create", id, err, exists, fault.Exists)
		if err == nil {
			f.memory[id] = a
		}
	case 2, 3:
		_, err := f.s.Update(t.Context(), entry.User, connector.Anchor(id), []entry.Edit{{Op: entry.Replace, Attr: f.text, Values: []entry.Value{v}}, {Op: entry.Add, Attr: f.many, Values: []entry.Value{v}}})
		f.wants(t, "update", id, err, !exists, fault.NotFound)
		if err == nil {
			f.memory[id] = entry.Apply(f.memory[id], []entry.Edit{{Op: entry.Replace, Attr: f.text, Values: []entry.Value{v}}, {Op: entry.Add, Attr: f.many, Values: []entry.Value{v}}})
		}
	case 4:
		f.wants(t, "delete", id, f.s.Delete(t.Context(), entry.User, connector.Anchor(id)), !exists, fault.NotFound)
		delete(f.memory, id)
	}
	for _, attr := range []string{f.key, f.text, f.many, f.numbers} {
		f.look(t, attr, v)
		f.look(t, attr, id)
	}
	if _, err := f.s.Lookup(t.Context(), entry.User, hostile(r, 3), v); err != nil && !fault.Is(err, fault.Invalid) {
		t.Errorf("an attribute that is none: %v", err)
	}
}

func (f *battlefield) wants(t *testing.T, what, id string, err error, refused bool, kind fault.Kind) {
	t.Helper()
	if refused != (err != nil) || refused && !fault.Is(err, kind) {
		t.Errorf("%s %q: %v, refused is right: %v", what, id, err, refused)
	}
}

// look compares a look-up with memory.
func (f *battlefield) look(t *testing.T, attr, v string) {
	t.Helper()
	found, err := f.s.Lookup(t.Context(), entry.User, attr, v)
	if err != nil {
		t.Fatalf("look up %q by %q: %v", v, attr, err)
	}
	want := 0
	for _, a := range f.memory {
		if slices.Contains(a[attr], entry.Value(v)) {
			want++
		}
	}
	if len(found) != want {
		t.Errorf("look up %q by %q: %d found, memory has %d", v, attr, len(found), want)
	}
}

// compare holds everything against memory.
func (f *battlefield) compare(t *testing.T) {
	t.Helper()
	got := importAll(t, f.s, entry.User)
	if len(got) != len(f.memory) {
		t.Errorf("%d objects, memory has %d", len(got), len(f.memory))
	}
	for _, e := range got {
		if diff := entry.Diff(e.Attrs, f.memory[e.ID]); len(diff) > 0 {
			t.Errorf("%q differs: %v", e.ID, diff)
		}
	}
}
