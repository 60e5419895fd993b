package connectortest

import (
	"fmt"
	"math"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

func types(t *trial, h Harness) {
	c := begin(t, h)
	noon := time.Date(2026, 2, 28, 23, 59, 58, 123456000, time.FixedZone("", 3600))
	cases := map[string][]entry.Value{
		h.Flag:   {true, false},
		h.Number: orElse(h.Numbers, int64(0), int64(-1), int64(math.MaxInt32), int64(math.MaxInt64), int64(math.MinInt64)),
		h.When: orElse(h.Times, noon, time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC),
			time.Date(2026, 6, 1, 13, 5, 6, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(2, 1, 1, 0, 0, 0, 0, time.UTC)),
		h.Bytes:    orElse(h.Blobs, []byte{}, []byte{0, 255, 0}, []byte("text"), []byte(strings.Repeat("\x00\xff", 40_000))),
		h.Document: {entry.Complex{"value": "é", "primary": true, "n": int64(7), "x": 1.5}, "plain", true, int64(9)},
	}
	n := 0
	for attr, vs := range cases {
		if attr == "" {
			continue
		}
		for _, v := range vs {
			n++
			want := entry.Attrs{attr: {v}}
			made := c.sample(n, want)
			c.is(h.Type, connector.Anchor(made.ID), want)
			other := c.sample(n+1000, nil)
			c.edit(other, replace(attr, v))
			c.is(h.Type, connector.Anchor(other.ID), want)
		}
	}
}

// orElse returns the harness's values, or those that every target should take.
func orElse[T any](own []T, otherwise ...T) []entry.Value {
	if own == nil {
		own = otherwise
	}
	vs := make([]entry.Value, len(own))
	for i, v := range own {
		vs[i] = v
	}
	return vs
}

// hard are texts that have broken connectors.
var hard = []string{
	"", " ", " leading and trailing ", "'", `"`, "''", `\`, `\'`, "%", "_", "+", ",", ";", "a,b+c=d<e>#f", "NULL", "null", "0", "007", "1e5", "true", "$1", "?", ":x", "@x", "--", "/*", "`", "[x]", "{x}",
	"Ærøskøbing", "Łódź", "İstanbul", "ß", "ﬁ", "Ω", "中文名字", "日本語テキスト", "ไทย", "हिन्दी", "עברית", "العربية", "e\u0301", "é", "👩‍👩‍👧‍👦", "\u200b", "\ufeff", "\u202eabc", "\U0010ffff", "line\nbreak\r\n\ttab", "\x01\x1f\x7f", "\u0085\u2028",
	"'; DROP TABLE x; --", `"; DROP TABLE x; --`, "1); DELETE FROM x; --", "' OR '1'='1", "' UNION SELECT 1 --", "x'||(SELECT 1)||'", "\\x41", "${jndi:x}", "{{7*7}}", "<script>",
	"' AND pg_sleep(10) --", "%s%d%n", "CONVERT(int,'a')", "0x27204f522031", "\u02bc OR 1=1", "admin'/*", "';shutdown;--",
}

func unicode(t *trial, h Harness) {
	c := begin(t, h)
	for n, s := range hard {
		roundTrip(t, c, n, s)
	}
	start := len(hard)
	t.forAll(func(r *rapid.T) {
		s := strings.ReplaceAll(rapid.String().Draw(r, "text"), "\x00", "")
		start++
		roundTrip(r, c.reporting(r), start, s)
	})
}

// roundTrip creates with the text, looks it up, updates to it, and compares.
func roundTrip(t judge, c *client, n int, s string) {
	t.Helper()
	want := entry.Attrs{c.h.Text: {s}}
	if !c.h.takes(s) {
		if made, err := c.Create(c.ctx, entry.Entry{Type: c.h.Type, Attrs: c.attrs(n, want)}); err == nil {
			t.Errorf("%q should be refused, and was taken", s)
			_ = c.Delete(c.ctx, c.h.Type, connector.Anchor(made.ID)) // what counts is the error above
		} else {
			wants(t, err, fault.Invalid)
		}
		return
	}
	e := c.sample(n, want)
	if e.Attrs.First(c.h.Text) != s {
		t.Errorf("create: %q became %q", s, e.Attrs.First(c.h.Text))
	}
	if c.can.Lookup {
		found := c.find(c.h.Type, c.h.Text, s)
		if len(found) != 1 || found[0].Attrs.First(c.h.Text) != s {
			t.Errorf("lookup: %q found %v", s, found)
		}
	}
	c.edit(e, replace(c.h.Text, "other"))
	c.edit(e, replace(c.h.Text, s))
	seen := false
	for got, err := range c.Import(c.ctx, c.h.Type) {
		if err != nil {
			t.Fatalf("import: %s", said(err))
		}
		if got.ID == e.ID {
			seen = got.Attrs.First(c.h.Text) == s
		}
	}
	if !seen {
		t.Errorf("import: %q is not what was written", s)
	}
	if err := c.Delete(c.ctx, c.h.Type, connector.Anchor(e.ID)); err != nil {
		t.Fatalf("delete: %s", said(err))
	}
}

func poison(t *trial, h Harness) {
	c := begin(t, h)
	before := c.sample(1, nil)
	for n, s := range []string{"a\xffb", "\xc3\x28", "\xed\xa0\x80", "a\x00b", "\x00"} {
		e, err := c.Create(t.Context(), entry.Entry{Type: h.Type, Attrs: c.attrs(10+n, entry.Attrs{h.Text: {s}})})
		if err == nil {
			if e.Attrs.First(h.Text) != s {
				t.Errorf("%q was accepted and became %q", s, e.Attrs.First(h.Text))
			}
			c.is(h.Type, connector.Anchor(e.ID), entry.Attrs{h.Text: {s}})
			continue
		}
		wants(t, err, fault.Invalid)
		_, err = c.Update(t.Context(), h.Type, connector.Anchor(before.ID), []entry.Edit{replace(h.Text, s)})
		wants(t, err, fault.Invalid)
	}
	size := h.MaxText
	if size == 0 {
		size = 1 << 19
	}
	big := strings.Repeat("é", size)
	e := c.sample(50, entry.Attrs{h.Text: {big}})
	c.is(h.Type, connector.Anchor(e.ID), entry.Attrs{h.Text: {big}})
	c.is(h.Type, connector.Anchor(before.ID), before.Attrs)
	c.sample(51, nil)
}

func many(t *trial, h Harness) {
	c := begin(t, h)
	e := c.sample(1, entry.Attrs{h.Many: {"a", "b"}})
	other := c.sample(2, entry.Attrs{h.Many: {"a", "z"}})
	a := connector.Anchor(e.ID)
	steps := []struct {
		edits []entry.Edit
		want  []entry.Value
	}{
		{nil, []entry.Value{"a", "b"}},
		{[]entry.Edit{add(h.Many, "c")}, []entry.Value{"a", "b", "c"}},
		{[]entry.Edit{add(h.Many, "c", "d")}, []entry.Value{"a", "b", "c", "d"}},
		{[]entry.Edit{remove(h.Many, "a", "absent")}, []entry.Value{"b", "c", "d"}},
		{[]entry.Edit{remove(h.Many, "b"), add(h.Many, "b2")}, []entry.Value{"b2", "c", "d"}},
		{[]entry.Edit{replace(h.Many, "x", "y", "c")}, []entry.Value{"x", "y", "c"}},
		{[]entry.Edit{add(h.Many, numberedValues(40)...)}, append([]entry.Value{"x", "y", "c"}, numberedValues(40)...)},
		{[]entry.Edit{replace(h.Many, "'; --", `"`, "%")}, []entry.Value{"'; --", `"`, "%"}},
		{[]entry.Edit{remove(h.Many)}, nil},
		{[]entry.Edit{add(h.Many, "again")}, []entry.Value{"again"}},
		{[]entry.Edit{replace(h.Many)}, nil},
	}
	for i, s := range steps {
		c.edit(e, s.edits...)
		c.is(h.Type, a, entry.Attrs{h.Many: s.want})
		if t.Failed() {
			t.Fatalf("at step %d", i)
		}
	}
	c.is(h.Type, connector.Anchor(other.ID), other.Attrs)
	if !c.can.Lookup {
		return
	}
	if found := c.find(h.Type, h.Many, "z"); len(found) != 1 || found[0].ID != other.ID {
		t.Errorf("lookup by one of many values found %v", found)
	}
}

func numberedValues(n int) []entry.Value {
	vs := make([]entry.Value, n)
	for i := range vs {
		vs[i] = fmt.Sprintf("value %d", i)
	}
	return vs
}

func lastOfMany(t *trial, h Harness) {
	c := begin(t, h)
	e := c.sample(1, entry.Attrs{h.Many: {"only"}})
	c.edit(e, remove(h.Many, "only"))
	c.is(h.Type, connector.Anchor(e.ID), entry.Attrs{h.Many: nil})
}

func documents(t *trial, h Harness) {
	c := begin(t, h)
	work, home := entry.Complex{"type": "work", "value": "w@x.test"}, entry.Complex{"type": "home", "value": "h@x.test"}
	e := c.sample(1, entry.Attrs{h.Document: {work}})
	a := connector.Anchor(e.ID)
	c.edit(e, add(h.Document, home))
	c.is(h.Type, a, entry.Attrs{h.Document: {work, home}})
	c.edit(e, add(h.Document, home))
	c.is(h.Type, a, entry.Attrs{h.Document: {work, home}})
	c.edit(e, remove(h.Document, work))
	c.is(h.Type, a, entry.Attrs{h.Document: {home}})
	c.edit(e, replace(h.Document, work), add(h.Document, home), remove(h.Document, work))
	c.is(h.Type, a, entry.Attrs{h.Document: {home}})
	c.edit(e, remove(h.Document))
	c.is(h.Type, a, entry.Attrs{h.Document: nil})
}
