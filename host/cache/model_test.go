package cache

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"pgregory.net/rapid"
)

var groupConfig = Config{
	Type:     entry.Group,
	Indexes:  []Index{{Attr: "displayName", Fold: true}, {Attr: "emails.value", Fold: true}, {Attr: "exact"}, {Attr: "number"}},
	Detached: []string{"members"},
}

// model is what a cache should hold: rows in the order of creation.
type model struct {
	rows []*modelRow
}

type modelRow struct {
	anchor, dn string
	attrs      entry.Attrs // without members
	members    []string
}

func (m *model) find(anchor string) *modelRow {
	for _, r := range m.rows {
		if r.anchor == anchor {
			return r
		}
	}
	return nil
}

func (m *model) put(row Row, whole bool) {
	r := m.find(row.Anchor)
	if r == nil {
		r = &modelRow{anchor: row.Anchor}
		m.rows = append(m.rows, r)
	}
	attrs := row.Attrs.Clone()
	members, given := attrs["members"]
	delete(attrs, "members")
	r.attrs = plainAttrs(attrs)
	r.dn = row.DN
	if given || whole {
		r.setMembers(members)
	}
}

// plainAttrs drops keys without values.
func plainAttrs(a entry.Attrs) entry.Attrs {
	maps.DeleteFunc(a, func(_ string, vs []entry.Value) bool { return len(vs) == 0 })
	return a
}

func (r *modelRow) setMembers(vs []entry.Value) {
	var want []string
	for _, v := range vs {
		if id := v.(entry.Ref).ID; !slices.Contains(want, id) {
			want = append(want, id)
		}
	}
	r.members = want
}

func (r *modelRow) edit(edits []entry.Edit) {
	for _, e := range edits {
		if e.Attr != "members" {
			r.attrs = plainAttrs(entry.Apply(r.attrs, []entry.Edit{e}))
			continue
		}
		r.editMembers(e)
	}
}

func (r *modelRow) editMembers(e entry.Edit) {
	switch {
	case e.Op == entry.Replace:
		r.setMembers(e.Values)
	case e.Op == entry.Remove && len(e.Values) == 0:
		r.members = nil
	case e.Op == entry.Remove:
		for _, v := range e.Values {
			r.members = slices.DeleteFunc(r.members, func(id string) bool { return id == v.(entry.Ref).ID })
		}
	default:
		for _, v := range e.Values {
			if id := v.(entry.Ref).ID; !slices.Contains(r.members, id) {
				r.members = append(r.members, id)
			}
		}
	}
}

// Generators: few distinct values, so that keys collide and edits hit.

func genAnchor() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"a", "b", "c", "d", "ä,ö", "0b1f2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "CN=x,DC=y", "7", "e", "f", strings.Repeat("long", 60)})
}

func genValue(depth int) *rapid.Generator[entry.Value] {
	return rapid.Custom(func(t *rapid.T) entry.Value {
		kinds := 8
		if depth == 0 {
			kinds = 7
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return rapid.SampledFrom([]string{"", "Anna", "ANNA", "straße", "STRASSE", "K", "\u212a", "\xff\xfe", "0b1f2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "0B1F2C3D-4E5F-6071-8293-A4B5C6D7E8F9", strings.Repeat("x", 300)}).Draw(t, "s")
		case 1:
			return rapid.Bool().Draw(t, "b")
		case 2:
			return rapid.SampledFrom([]int64{0, 1, -1, 255, 256, 1 << 40, -1 << 63, 1<<63 - 1}).Draw(t, "i")
		case 3:
			return rapid.SampledFrom([]float64{0, 1.5, -2.25e300}).Draw(t, "f")
		case 4:
			return rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes")
		case 5:
			sec := rapid.SampledFrom([]int64{0, -62135596800, 1700000000, 253402300799}).Draw(t, "sec")
			zone := rapid.SampledFrom([]int{0, 3600, -34200}).Draw(t, "zone")
			return time.Unix(sec, rapid.Int64Range(0, 999999999).Draw(t, "nsec")).In(time.FixedZone("", zone))
		case 6:
			return entry.Ref{Type: rapid.SampledFrom([]entry.Type{"", entry.User, "Device"}).Draw(t, "type"), ID: genAnchor().Draw(t, "ref")}
		}
		return entry.Complex(rapid.MapOfN(rapid.SampledFrom([]string{"value", "type", "primary", "other"}), genValue(depth-1), 0, 3).Draw(t, "complex"))
	})
}

func genAttrs() *rapid.Generator[entry.Attrs] {
	return rapid.Custom(func(t *rapid.T) entry.Attrs {
		a := entry.Attrs{}
		for _, name := range []string{"displayName", "emails", "exact", "number", "urn:x:2.0:User:odd.name", strings.Repeat("n", 250)} {
			if rapid.Bool().Draw(t, "has") {
				a[name] = rapid.SliceOfN(genValue(2), 0, 4).Draw(t, name)
			}
		}
		if rapid.Bool().Draw(t, "grouped") {
			a["members"] = genMembers(t)
		}
		return a
	})
}

func genMembers(t *rapid.T) []entry.Value {
	ids := rapid.SliceOfN(genAnchor(), 0, 5).Draw(t, "members")
	vs := make([]entry.Value, len(ids))
	for i, id := range ids {
		vs[i] = entry.Ref{Type: entry.User, ID: id}
	}
	return vs
}

func genRow(t *rapid.T) Row {
	anchor := genAnchor().Draw(t, "anchor")
	dn := rapid.SampledFrom([]string{"", "CN=" + anchor + ",OBJECT=GROUP", "CN=other,DC=z"}).Draw(t, "dn")
	return Row{Anchor: anchor, DN: dn, Entry: entry.Entry{Type: entry.Group, Attrs: genAttrs().Draw(t, "attrs")}}
}

func genEdit(t *rapid.T) entry.Edit {
	op := rapid.SampledFrom([]entry.Op{entry.Add, entry.Replace, entry.Remove}).Draw(t, "op")
	attr := rapid.SampledFrom([]string{"displayName", "emails", "exact", "number", "members"}).Draw(t, "attr")
	if attr == "members" {
		return entry.Edit{Op: op, Attr: attr, Values: genMembers(t)}
	}
	return entry.Edit{Op: op, Attr: attr, Values: rapid.SliceOfN(genValue(1), 0, 3).Draw(t, "values")}
}

// TestCacheBehavesLikeAMap runs random histories against the model.
func TestCacheBehavesLikeAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{c: New(groupConfig), m: &model{}}
		t.Repeat(rapid.StateMachineActions(m))
	})
}

type machine struct {
	c *Cache
	m *model
}

func (x *machine) Put(t *rapid.T) {
	row := genRow(t)
	if _, _, err := x.c.Put(row); err != nil {
		t.Fatal(err)
	}
	x.m.put(row, false)
}

func (x *machine) Edit(t *rapid.T) {
	anchor := genAnchor().Draw(t, "anchor")
	edits := []entry.Edit{genEdit(t), genEdit(t)}
	before, _ := x.c.Get(anchor, true)
	got, changed, err := x.c.Edit(anchor, edits)
	r := x.m.find(anchor)
	if r == nil {
		if !fault.Is(err, fault.NotFound) {
			t.Fatalf("edit of nothing: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	r.edit(edits)
	if (before.Version != got.Version) != changed {
		t.Fatalf("changed is %v, version went %s → %s", changed, before.Version, got.Version)
	}
}

func (x *machine) Remove(t *rapid.T) {
	anchor := genAnchor().Draw(t, "anchor")
	_, ok := x.c.Remove(anchor)
	if ok != (x.m.find(anchor) != nil) {
		t.Fatalf("removed %v", ok)
	}
	x.m.rows = slices.DeleteFunc(x.m.rows, func(r *modelRow) bool { return r.anchor == anchor })
}

func (x *machine) Rename(t *rapid.T) {
	from, to := genAnchor().Draw(t, "from"), genAnchor().Draw(t, "to")
	_, err := x.c.Rename(from, to, "")
	r := x.m.find(from)
	switch {
	case r == nil:
		if !fault.Is(err, fault.NotFound) {
			t.Fatalf("renamed nothing: %v", err)
		}
	case from != to && x.m.find(to) != nil:
		if !fault.Is(err, fault.Exists) {
			t.Fatalf("renamed onto another: %v", err)
		}
	case err != nil:
		t.Fatal(err)
	default:
		if isAutoDN(r.dn, from, entry.Group) {
			r.dn = autoDN(to, entry.Group)
		}
		r.anchor = to
	}
}

func (x *machine) Repoint(t *rapid.T) {
	from, to := genAnchor().Draw(t, "from"), genAnchor().Draw(t, "to")
	x.c.Repoint("members", from, to)
	for _, r := range x.m.rows {
		if from != to && slices.Contains(r.members, from) {
			r.editMembers(entry.Edit{Op: entry.Remove, Values: []entry.Value{entry.Ref{ID: from}}})
			r.editMembers(entry.Edit{Op: entry.Add, Values: []entry.Value{entry.Ref{ID: to}}})
		}
	}
}

// Replace imports some rows while one row is put meanwhile; one import in four fails.
func (x *machine) Replace(t *rapid.T) {
	rows := rapid.SliceOfNDistinct(rapid.Custom(genRow), 0, 6, func(r Row) string { return r.Anchor }).Draw(t, "rows")
	meanwhile := genRow(t)
	fails := rapid.IntRange(0, 3).Draw(t, "fails") == 0
	_, err := x.c.Replace(importing(rows, fails, func() { _, _, _ = x.c.Put(meanwhile) }))
	x.m.put(meanwhile, false)
	if fails != (err != nil) {
		t.Fatalf("err %v", err)
	}
	if fails {
		return
	}
	x.m.rows = slices.DeleteFunc(x.m.rows, func(r *modelRow) bool {
		in := slices.ContainsFunc(rows, func(row Row) bool { return row.Anchor == r.anchor })
		return !in && r.anchor != meanwhile.Anchor
	})
	for _, row := range rows {
		if row.Anchor != meanwhile.Anchor {
			x.m.put(row, true)
		}
	}
}

var errImport = errors.New("import broke")

func importing(rows []Row, fails bool, half func()) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for i, r := range rows {
			if i == len(rows)/2 {
				half()
			}
			if !yield(r, nil) {
				return
			}
		}
		if len(rows) == 0 {
			half()
		}
		if fails {
			yield(Row{}, errImport)
		}
	}
}

func (x *machine) SnapshotAndLoad(t *rapid.T) {
	var image bytes.Buffer
	if err := x.c.Snapshot(&image); err != nil {
		t.Fatal(err)
	}
	fresh := New(groupConfig)
	if err := fresh.Load(&image); err != nil {
		t.Fatal(err)
	}
	for row := range x.c.All(true) {
		got, ok := fresh.Get(row.Anchor, true)
		if !ok || got.Version != row.Version || !got.Created.Equal(row.Created) || !got.Modified.Equal(row.Modified) {
			t.Fatalf("loaded %+v, saved %+v", got, row)
		}
	}
	x.c = fresh
}

// Check compares everything that can be seen.
func (x *machine) Check(t *rapid.T) {
	if x.c.Len() != len(x.m.rows) {
		t.Fatalf("%d rows, want %d", x.c.Len(), len(x.m.rows))
	}
	i := 0
	for v := range x.c.Rows(0) {
		want := x.m.rows[i]
		if err := x.compare(v.Row(true), want); err != nil {
			t.Fatal(err)
		}
		if got, ok := x.c.Get(want.anchor, true); !ok || x.compare(got, want) != nil || got.Version != v.Version() {
			t.Fatalf("Get(%q) = %v %v", want.anchor, got, ok)
		}
		i++
	}
	for n, want := range x.m.rows {
		for v := range x.c.From(n) {
			if v.Anchor() != want.anchor {
				t.Fatalf("row %d is %q, want %q", n, v.Anchor(), want.anchor)
			}
			break
		}
		x.findEach(t, want)
	}
	x.checkReverse(t)
}

func (x *machine) compare(got Row, want *modelRow) error {
	if got.Anchor != want.anchor || got.DN != want.dn || got.ID != ID(entry.Group, want.anchor) {
		return fmt.Errorf("row %q %q, want %q %q", got.Anchor, got.DN, want.anchor, want.dn)
	}
	var members []string
	for _, v := range got.Attrs["members"] {
		members = append(members, v.(entry.Ref).ID)
	}
	if a, b := slices.Sorted(slices.Values(members)), slices.Sorted(slices.Values(want.members)); !slices.Equal(a, b) {
		return fmt.Errorf("members %q, want %q", a, b)
	}
	delete(got.Attrs, "members")
	if len(got.Attrs) != len(want.attrs) {
		return fmt.Errorf("attributes %v, want %v", got.Attrs, want.attrs)
	}
	for name, vs := range want.attrs {
		if !entry.EqualValues(vs, got.Attrs[name]) {
			return fmt.Errorf("%s is %v, want %v", name, got.Attrs[name], vs)
		}
	}
	return nil
}

// findEach looks up every value of the row in every index and compares with a plain search of the model.
func (x *machine) findEach(t *rapid.T, r *modelRow) {
	for _, index := range groupConfig.Indexes {
		for _, v := range modelValues(r, index.Attr) {
			var want, got []string
			for _, other := range x.m.rows {
				if slices.ContainsFunc(modelValues(other, index.Attr), func(w entry.Value) bool { return equalUnder(v, w, index.Fold) }) {
					want = append(want, other.anchor)
				}
			}
			for _, row := range x.c.Find(index.Attr, v, 0) {
				got = append(got, row.Anchor)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("Find(%s, %#v) = %q, want %q", index.Attr, v, got, want)
			}
		}
	}
}

func modelValues(r *modelRow, path string) []entry.Value {
	top, sub := splitPath(path)
	var out []entry.Value
	for _, v := range r.attrs[top] {
		if sub == "" {
			out = append(out, v)
		} else if c, ok := v.(entry.Complex); ok && c[sub] != nil {
			out = append(out, c[sub])
		}
	}
	return out
}

func equalUnder(a, b entry.Value, fold bool) bool {
	s, ok := a.(string)
	u, ok2 := b.(string)
	if ok && ok2 && fold {
		return strings.EqualFold(s, u)
	}
	return entry.Equal(a, b)
}

func (x *machine) checkReverse(t *rapid.T) {
	holders := map[string][]string{}
	for _, r := range x.m.rows {
		for _, id := range r.members {
			holders[id] = append(holders[id], r.anchor)
			if !x.c.Holds(r.anchor, "members", id) {
				t.Fatalf("%q does not hold %q", r.anchor, id)
			}
		}
	}
	for _, id := range []string{"a", "b", "c", "d", "7"} {
		got := x.c.Referrers("members", id)
		if slices.Compare(got, holders[id]) != 0 {
			t.Fatalf("referrers of %q: %q, want %q", id, got, holders[id])
		}
		for _, r := range x.m.rows {
			if x.c.Holds(r.anchor, "members", id) != slices.Contains(r.members, id) {
				t.Fatalf("%q holds %q?", r.anchor, id)
			}
		}
	}
}
