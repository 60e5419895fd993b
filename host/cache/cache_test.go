package cache

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
)

var _ scim.Source = (*View)(nil)

var userConfig = Config{
	Type: entry.User,
	Indexes: []Index{
		{Attr: "userName", Fold: true}, {Attr: "externalId"}, {Attr: "emails.value", Fold: true},
	},
}

// person is a user of 12 attributes with realistic lengths.
func person(i int) Row {
	given := []string{"Alexandra", "Bogdan", "Chiara", "Dmitri", "Émilie", "Farid", "Greta", "Haruki"}[i%8]
	family := []string{"Lindqvist", "O'Connor", "Nakamura", "Schröder", "Kowalska", "Papadopoulos", "Silva"}[i%7]
	name := fmt.Sprintf("%s.%s%d", strings.ToLower(given), strings.ToLower(family), i)
	const ent = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"
	return Row{Anchor: name, DN: autoDN(name, entry.User), Entry: entry.Entry{Attrs: entry.Attrs{
		"userName":    {name + "@contoso.example"},
		"externalId":  {fmt.Sprintf("%08x-1111-4222-8333-%012x", i*2654435761%(1<<32), i)},
		"active":      {i%10 != 0},
		"displayName": {given + " " + family},
		"name":        {entry.Complex{"givenName": given, "familyName": family, "formatted": given + " " + family}},
		"emails":      {entry.Complex{"value": name + "@contoso.example", "type": "work", "primary": true}},
		"phoneNumbers": {entry.Complex{"value": fmt.Sprintf("+46 8 %07d", i), "type": "work"},
			entry.Complex{"value": fmt.Sprintf("+46 70 %07d", i), "type": "mobile"}},
		"title":                {[]string{"Account Manager", "Software Engineer", "Nurse"}[i%3]},
		"preferredLanguage":    {"sv-SE"},
		ent + "employeeNumber": {fmt.Sprintf("E%07d", i)},
		ent + "department":     {[]string{"Sales & Marketing", "Research", "Operations"}[i%3]},
		ent + "manager":        {entry.Complex{"value": fmt.Sprintf("mgr%d", i/10)}},
	}}}
}

func people(n int) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for i := range n {
			if !yield(person(i), nil) {
				return
			}
		}
	}
}

func filled(tb testing.TB, cfg Config, n int) *Cache {
	tb.Helper()
	c := New(cfg)
	st, err := c.Replace(people(n))
	if err != nil || st.Added != n || c.Len() != n {
		tb.Fatalf("%+v %v", st, err)
	}
	return c
}

func TestIDIsReversible(t *testing.T) {
	for _, typ := range []entry.Type{entry.User, entry.Group, "Device", ""} {
		for _, anchor := range []string{"a", "CN=Ä\x1fb", "\xff", strings.Repeat("x", 400)} {
			id := ID(typ, anchor)
			gotT, got, ok := Anchor(id)
			if !ok || got != anchor || gotT != typ || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
				t.Errorf("%q %q → %q → %q %q %v", typ, anchor, id, gotT, got, ok)
			}
		}
	}
}

func TestAnchorRefusesWhatIDNeverReturns(t *testing.T) {
	long := idText.EncodeToString([]byte("T\x04Userx"))
	for _, id := range []string{"", "VQ", "!!", "VWE=", "VWF", "WGFh", long, ID("Device", ""), "a-b c"} {
		if _, anchor, ok := Anchor(id); ok {
			t.Errorf("Anchor(%q) = %q", id, anchor)
		}
	}
}

func TestVersionDependsOnContentAlone(t *testing.T) {
	a, b := New(groupConfig), New(groupConfig)
	first := Row{Anchor: "g", Entry: entry.Entry{Attrs: entry.Attrs{"displayName": {"x"}, "exact": {"1", "2"},
		"members": {entry.Ref{ID: "u1"}, entry.Ref{ID: "u2"}}}}}
	second := first
	second.Attrs = entry.Attrs{"exact": {"2", "1"}, "displayName": {"x"}, "members": {entry.Ref{ID: "u2"}, entry.Ref{Type: entry.User, ID: "u1"}}}
	_, _, _ = b.Put(Row{Anchor: "other", Entry: entry.Entry{Attrs: entry.Attrs{"zzz": {"1"}}}}) // other numbers for names
	ra, _, _ := a.Put(first)
	rb, _, _ := b.Put(second)
	if ra.Version != rb.Version {
		t.Errorf("%s and %s", ra.Version, rb.Version)
	}
	rc, _, _ := b.Edit("g", []entry.Edit{{Op: entry.Add, Attr: "members", Values: []entry.Value{entry.Ref{ID: "u3"}}}})
	if rc.Version == rb.Version {
		t.Error("a new member did not move the version")
	}
	rd, _, _ := b.Edit("g", []entry.Edit{{Op: entry.Remove, Attr: "members", Values: []entry.Value{entry.Ref{ID: "u3"}}}})
	if rd.Version != rb.Version {
		t.Error("the version did not come back with the content")
	}
}

func TestModifiedMovesWithContentOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(userConfig)
		first, _, _ := c.Put(person(1))
		time.Sleep(time.Hour) // the bubble's clock
		same, changed, _ := c.Put(person(1))
		if changed || !same.Modified.Equal(first.Modified) {
			t.Errorf("put of the same: changed %v, modified %v → %v", changed, first.Modified, same.Modified)
		}
		row := person(1)
		row.Attrs["title"] = []entry.Value{"Boss"}
		if st, err := c.Replace(func(yield func(Row, error) bool) { yield(row, nil) }); err != nil || st.Changed != 1 {
			t.Errorf("%+v %v", st, err)
		}
		got, _ := c.Get(row.Anchor, false)
		if !got.Created.Equal(first.Created) || got.Modified.Sub(first.Modified) != time.Hour {
			t.Errorf("created %v, modified %v", got.Created, got.Modified)
		}
	})
}

func TestModifiedMovesWithEachChangeOfOneMillisecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // whose clock stands still
		c := New(groupConfig)
		before, _, _ := c.Put(Row{Anchor: "g", Entry: entry.Entry{Attrs: entry.Attrs{"displayName": {"A"}}}})
		for name, e := range map[string]entry.Edit{
			"of the row": {Op: entry.Replace, Attr: "displayName", Values: []entry.Value{"B"}},
			"of the set": {Op: entry.Add, Attr: "members", Values: []entry.Value{entry.Ref{Type: entry.User, ID: "u"}}},
		} {
			after, _, err := c.Edit("g", []entry.Edit{e})
			if err != nil || !after.Modified.After(before.Modified) || !after.Created.Equal(before.Created) {
				t.Errorf("%s: %v → %v, %v", name, before.Modified, after.Modified, err)
			}
			before = after
		}
	})
}

func TestPutRefusesWhatIsNoRow(t *testing.T) {
	c := New(groupConfig)
	deep := entry.Value("x")
	for range 40 {
		deep = entry.Complex{"value": deep}
	}
	for name, row := range map[string]Row{
		"no anchor":      {},
		"foreign type":   {Anchor: "a", Entry: entry.Entry{Attrs: entry.Attrs{"n": {42}}}},
		"nil":            {Anchor: "a", Entry: entry.Entry{Attrs: entry.Attrs{"n": {nil}}}},
		"too deep":       {Anchor: "a", Entry: entry.Entry{Attrs: entry.Attrs{"n": {deep}}}},
		"member no ref":  {Anchor: "a", Entry: entry.Entry{Attrs: entry.Attrs{"members": {"u"}}}},
		"member nowhere": {Anchor: "a", Entry: entry.Entry{Attrs: entry.Attrs{"members": {entry.Ref{}}}}},
	} {
		if _, _, err := c.Put(row); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" && name != "too deep" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c.Len() != 0 {
		t.Error("something was kept")
	}
}

func TestEditChangesNothingAfterAnError(t *testing.T) {
	c := New(groupConfig)
	before, _, _ := c.Put(Row{Anchor: "g", Entry: entry.Entry{Attrs: entry.Attrs{"displayName": {"x"}}}})
	for _, bad := range []entry.Edit{
		{Op: entry.Add, Attr: "members", Values: []entry.Value{"no ref"}}, {Op: 0, Attr: "displayName"},
		{Op: entry.Replace, Attr: "displayName", Values: []entry.Value{struct{}{}}},
	} {
		_, _, err := c.Edit("g", []entry.Edit{{Op: entry.Replace, Attr: "exact", Values: []entry.Value{"y"}}, bad})
		after, _ := c.Get("g", true)
		if !fault.Is(err, fault.Invalid) || after.Version != before.Version {
			t.Errorf("%+v: %v, %v", bad, err, after.Attrs)
		}
	}
}

func TestReplaceReportsDuplicatesAndRefusedRows(t *testing.T) {
	c := New(userConfig)
	_, _, _ = c.Put(person(7))
	old, _ := c.Get(person(7).Anchor, false)
	poison := person(7)
	poison.Attrs["title"] = []entry.Value{uint(1)}
	twice := person(1)
	twice.Attrs["title"] = []entry.Value{"second"}
	st, err := c.Replace(func(yield func(Row, error) bool) {
		for _, r := range []Row{person(1), twice, poison, {}, person(2), person(2)} {
			if !yield(r, nil) {
				return
			}
		}
	})
	if err != nil || st.Rows != 2 || st.Duplicates != 2 || st.Refused != 2 || len(st.Problems) != 4 || st.Removed != 0 {
		t.Errorf("%+v %v", st, err)
	}
	if got, _ := c.Get(person(1).Anchor, false); got.Attrs.Text("title") == "second" {
		t.Error("the second of two rows won")
	}
	if got, ok := c.Get(person(7).Anchor, false); !ok || got.Version != old.Version {
		t.Error("a row that could not be taken vanished")
	}
}

func TestReplaceIsAskedBeforeItChanges(t *testing.T) {
	c := filled(t, userConfig, 100)
	no := errors.New("shrinks too much")
	st, err := c.ReplaceIf(people(40), func(st Stats) error {
		if st.Removed != 60 || st.Same != 40 {
			t.Errorf("preview %+v", st)
		}
		return no
	})
	if !errors.Is(err, no) || c.Len() != 100 {
		t.Errorf("%+v %v, %d rows", st, err, c.Len())
	}
	if st, err = c.Replace(people(40)); err != nil || st.Removed != 60 || c.Len() != 40 {
		t.Errorf("%+v %v, %d rows", st, err, c.Len())
	}
}

func TestSecondReplaceIsRefusedWhileOneRuns(t *testing.T) {
	c := New(userConfig)
	_, err := c.Replace(func(yield func(Row, error) bool) {
		if _, err := c.Replace(people(1)); !fault.Is(err, fault.Conflict) {
			t.Errorf("inner: %v", err)
		}
		yield(person(1), nil)
	})
	if err != nil || c.Len() != 1 {
		t.Errorf("outer: %v", err)
	}
}

func TestLoadEndsARunningReplace(t *testing.T) {
	c := filled(t, userConfig, 10)
	var image bytes.Buffer
	_ = c.Snapshot(&image)
	_, err := c.Replace(func(yield func(Row, error) bool) {
		if err := c.Load(&image); err != nil {
			t.Error(err)
		}
		yield(person(1), nil)
	})
	if !fault.Is(err, fault.Conflict) || c.Len() != 10 {
		t.Errorf("%v, %d rows", err, c.Len())
	}
}

func TestPagesByPositionAndByCursor(t *testing.T) {
	c := filled(t, userConfig, 20_000)
	for i := 0; i < 20_000; i++ {
		if i%4 != 3 {
			c.Remove(person(i).Anchor)
		}
	}
	if dead := len(c.s.seqs) - c.s.live; dead > 5_000+4096 {
		t.Errorf("%d dead row numbers kept", dead)
	}
	for _, n := range []int{0, 1, 255, 256, 2500, 4999} {
		for v := range c.From(n) {
			if want := person(n*4 + 3).Anchor; v.Anchor() != want {
				t.Errorf("row %d is %s, want %s", n, v.Anchor(), want)
			}
			break
		}
	}
	for range c.From(5000) {
		t.Error("there is a row after the last")
	}
	var seq uint64
	seen := 0
	for seen < 5000 {
		n := 0
		for v := range c.Rows(seq) {
			seq = v.Seq()
			seen++
			if n++; n == 77 {
				break
			}
		}
		if n == 0 {
			break
		}
		_, _, _ = c.Put(person(seen*4 + 3)) // writing between pages disturbs nothing
	}
	if seen != 5000 {
		t.Errorf("a cursor walk saw %d rows", seen)
	}
}

func TestFindOnKeysThatManyRowsShare(t *testing.T) {
	c := filled(t, Config{Type: entry.User, Indexes: []Index{{Attr: "title"}}}, 3000)
	if got := c.Find("title", "Nurse", 0); len(got) != 1000 || got[0].Anchor != person(2).Anchor {
		t.Errorf("%d rows", len(got))
	}
	if got := c.Find("title", "Nurse", 3); len(got) != 3 || got[2].Anchor != person(8).Anchor {
		t.Errorf("%d rows", len(got))
	}
	n := 0
	for v := range c.Seek("title", "Nurse") {
		if got := v.Values("title"); len(got) != 1 || got[0] != "Nurse" {
			t.Fatalf("%v", got)
		}
		n++
	}
	if n != 1000 {
		t.Errorf("%d views", n)
	}
	if got := c.Find("active", false, 0); c.Indexed("active") || len(got) != 300 {
		t.Errorf("without an index: %d rows", len(got))
	}
}

func TestViewSpeaksSCIM(t *testing.T) {
	c := New(groupConfig)
	_, _, _ = c.Put(Row{Anchor: "g", Entry: entry.Entry{Attrs: entry.Attrs{
		"displayName": {"Staff"}, "owner": {entry.Ref{Type: entry.User, ID: "o"}}, "members": {entry.Ref{Type: entry.User, ID: "u"}}}}})
	id, owner := ID(entry.User, "u"), ID(entry.User, "o")
	for v := range c.Rows(0) {
		if !v.Holds("members", id) || v.Holds("members", owner) || !v.Holds("owner", owner) || v.Holds("owner", "%%%") {
			t.Error("Holds is wrong")
		}
		if got := v.Values("members"); len(got) != 1 || got[0].(entry.Ref).ID != id {
			t.Errorf("members %v", got)
		}
		if got := v.Values("owner"); len(got) != 1 || got[0].(entry.Ref).ID != owner {
			t.Errorf("owner %v", got)
		}
		if got := v.Values("id"); len(got) != 1 || got[0] != ID(entry.Group, "g") {
			t.Errorf("id %v", got)
		}
		if v.Values("nothing") != nil || len(v.Values("meta.created")) != 1 || len(v.Values("meta.lastModified")) != 1 {
			t.Error("meta or an absent attribute is wrong")
		}
	}
	if got := c.Find("members", "u", 0); len(got) != 1 || got[0].Attrs["members"] != nil {
		t.Errorf("find by member: %v", got)
	}
	if got := c.Find("id", ID(entry.Group, "g"), 0); len(got) != 1 {
		t.Errorf("find by id: %v", got)
	}
}

func TestMemoryOfRewrittenRowsIsReclaimed(t *testing.T) {
	c := filled(t, userConfig, 20_000)
	before := c.Size()
	for round := range 5 {
		for i := range 20_000 {
			_, _, err := c.Edit(person(i).Anchor, []entry.Edit{{Op: entry.Replace, Attr: "title", Values: []entry.Value{fmt.Sprint("Title ", round)}}})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if after := c.Size(); after.Bytes > before.Bytes*3/2+4<<20 {
		t.Errorf("%d bytes became %d, %d of them garbage", before.Bytes, after.Bytes, after.Garbage)
	}
	for i := range 20_000 {
		if got := c.Find("userName", strings.ToUpper(person(i).Attrs.Text("userName")), 0); len(got) != 1 || got[0].Attrs.Text("title") != "Title 4" {
			t.Fatalf("row %d: %v", i, got)
		}
	}
	for i := range 20_000 {
		c.Remove(person(i).Anchor)
	}
	if s := c.Size(); c.Len() != 0 || s.Garbage > 3<<20 {
		t.Errorf("%+v after everything was removed", s)
	}
}

func TestLargeValuesHaveRoom(t *testing.T) {
	c := New(userConfig)
	photo := bytes.Repeat([]byte{1, 2, 3}, 1<<20)
	for i := range 4 {
		row := person(i)
		row.Attrs["photo"] = []entry.Value{photo[i:]}
		if _, _, err := c.Put(row); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 4 {
		if got, _ := c.Get(person(i).Anchor, false); !bytes.Equal(got.Attrs.First("photo").([]byte), photo[i:]) {
			t.Error("the photo came back different")
		}
	}
}

func TestReadersAndWritersRunTogether(t *testing.T) {
	c := filled(t, userConfig, 2000)
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for i := range 300 {
				_, _, _ = c.Edit(person((i*7+w)%2000).Anchor, []entry.Edit{{Op: entry.Replace, Attr: "title", Values: []entry.Value{fmt.Sprint(i)}}})
				_, _, _ = c.Put(person(3000 + i))
				c.Remove(person(3000 + i).Anchor)
			}
		})
		wg.Go(func() {
			for i := range 300 {
				if _, ok := c.Get(person(i).Anchor, true); !ok {
					t.Error("a row is missing")
				}
				c.Find("userName", person(i).Attrs.Text("userName"), 1)
			}
			for v := range c.Rows(0) {
				v.Values("title")
			}
		})
	}
	wg.Go(func() {
		if _, err := c.Replace(people(2000)); err != nil {
			t.Error(err)
		}
		if err := c.Snapshot(&bytes.Buffer{}); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	if c.Len() != 2000 {
		t.Errorf("%d rows", c.Len())
	}
}

func TestNamesFromDocumentsAreBounded(t *testing.T) {
	c := New(userConfig)
	for i := range 700 {
		doc := entry.Complex{}
		for j := range 100 {
			doc[fmt.Sprintf("key-%d-%d", i, j)] = int64(j)
		}
		if _, _, err := c.Put(Row{Anchor: fmt.Sprint("u", i), Entry: entry.Entry{Attrs: entry.Attrs{"doc": {doc}, fmt.Sprint("attr", i): {"v"}}}}); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := c.Get("u699", false)
	if doc := got.Attrs.First("doc").(entry.Complex); len(c.s.names.list) > maxNames || len(doc) != 100 || doc["key-699-42"] != int64(42) || got.Attrs.Text("attr699") != "v" {
		t.Errorf("%d names, document %v", len(c.s.names.list), doc)
	}
	var image bytes.Buffer
	again := New(userConfig)
	if err := errors.Join(c.Snapshot(&image), again.Load(&image)); err != nil {
		t.Fatal(err)
	}
	if copied, _ := again.Get("u699", false); copied.Version != got.Version {
		t.Error("the image differs")
	}
}

func TestFoldAgreesWithEqualFold(t *testing.T) {
	samples := []string{"K", "k", "\u212a", "s", "ſ", "S", "ß", "ẞ", "Σ", "σ", "ς", "İ", "i", "I", "ı", "É", "é", "\xff", "\xfe", "\uFFFD", "ab", "AB", "日本"}
	for _, a := range samples {
		for _, b := range samples {
			same := bytes.Equal(appendFolded(nil, a), appendFolded(nil, b))
			if same != strings.EqualFold(a, b) {
				t.Errorf("%q %q: folded alike %v", a, b, same)
			}
		}
	}
}

func TestSplitPath(t *testing.T) {
	for path, want := range map[string][2]string{
		"userName":       {"userName", ""},
		"emails.value":   {"emails", "value"},
		"urn:x:2.0:User": {"urn:x:2.0:User", ""},
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value": {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "value"},
	} {
		if top, sub := splitPath(path); (slices.Compare([]string{top, sub}, want[:])) != 0 {
			t.Errorf("%s: %s %s", path, top, sub)
		}
	}
}

func TestRecordsMayBeRewrittenFromThemselves(t *testing.T) {
	s := newStore()
	defer s.close()
	n := s.next()
	s.set(n, []byte("kept"))
	for range 5 { // the record is alone in its chunk each time the active chunk moves on
		s.set(s.next(), make([]byte, chunkSize-64))
		s.set(n, []byte(s.get(n)))
	}
	if got := s.get(n); got != "kept" {
		t.Errorf("%q", got)
	}
}
