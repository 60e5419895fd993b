package connectortest

import (
	"slices"
	"strings"
	unicodes "unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// agrees asks the target and this process the same questions about the same objects: no value of a question may be taken for a
// part of the query, and no comparison may be looser or stricter than the schema says.
func agrees(t *trial, h Harness) {
	c := begin(t, h)
	a, _ := c.object(h.Type).Attribute(h.Text)
	texts := slices.DeleteFunc(slices.Clone(hard), func(s string) bool { return !h.takes(s) })
	texts = append(texts, "Alpha", "ALPHA", "alpha", "*", "a*", "(uid=*)", "*)(uid=*", "a)(|(a=*", "\\2a", "x' OR 'x'='x")
	holders := map[string]string{} // anchor → text
	for n, s := range texts {
		if h.takes(s) {
			holders[c.sample(n, entry.Attrs{h.Text: {s}}).ID] = s
		}
	}
	n := 0
	ask := func(c *client, probe string) {
		if n++; !h.takes(probe) {
			return
		}
		want := map[string]bool{}
		for id, s := range holders {
			if h.same(a, s, probe) && (!h.spares.given() || s == probe) {
				want[id] = true
			}
		}
		for _, e := range c.find(h.Type, h.Text, probe) {
			if !want[e.ID] && !(h.spares.given() && akin(e.Attrs.Text(h.Text), probe)) {
				c.t.Errorf("looking for %q found %q", probe, e.Attrs.First(h.Text))
			}
			delete(want, e.ID)
		}
		for id := range want {
			c.t.Errorf("looking for %q did not find %q", probe, holders[id])
		}
	}
	for _, s := range texts {
		ask(c, s)
	}
	t.forAll(func(r *rapid.T) {
		pieces := rapid.SliceOfN(rapid.SampledFrom(texts), 1, 3).Draw(r, "pieces")
		ask(c.reporting(r), strings.Join(pieces, rapid.SampledFrom([]string{"", " ", "'", "*", ")("}).Draw(r, "joint")))
	})
}

// same is the comparison that the schema promises for text.
func (h Harness) same(a connector.Attribute, x, y string) bool {
	switch {
	case h.Same != nil:
		return h.Same(x, y)
	case a.CaseExact:
		return x == y
	}
	return strings.EqualFold(x, y)
}

// akin reports whether some collation takes two texts for the same. It stands in where nobody has said how the target compares.
func akin(x, y string) bool { return bare(x) == bare(y) }

// bare is what is left of a text without case, accents, spaces and what cannot be seen. Many collations take all characters beyond the
// basic plane for one.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r > 0xffff:
			return unicodes.ReplacementChar
		case unicodes.In(r, unicodes.Mn, unicodes.Cf, unicodes.Cc, unicodes.Z):
			return -1
		}
		return r
	}, cases.Fold().String(norm.NFKD.String(s)))
}

// hostile are names of attributes and types that no target has; a connector that puts names into its queries unquoted obeys them.
var hostile = []string{"", " ", "*", "'", `"`, "`", "]", "x y", "x;y", "a=b", "1", "x'; DROP TABLE x; --", `x"; DROP TABLE x; --`, "x) OR (1=1", "(objectClass=*)",
	"*)(uid=*", "x\x00y", "\xff", "x,y", "x+y", "x\ny", "x--", "x/*", "$1", "?", ":x", "@x", "cn;binary", "1.2.3.4", "é", strings.Repeat("x", 5000)}

func hostileNames(t *trial, h Harness) {
	c := begin(t, h)
	e := c.sample(1, nil)
	o := c.object(h.Type)
	for _, name := range hostile {
		if _, real := o.Attribute(name); real {
			continue
		}
		_, err := c.Create(t.ctx, entry.Entry{Type: h.Type, Attrs: c.attrs(2, entry.Attrs{name: {"x"}})})
		refused(t, "create", name, err)
		_, err = c.Update(t.ctx, h.Type, connector.Anchor(e.ID), []entry.Edit{replace(name, "x")})
		refused(t, "update", name, err)
		if l, ok := c.Session.(connector.Lookup); ok && c.can.Lookup {
			_, err = l.Lookup(t.ctx, h.Type, name, "x")
			refused(t, "look up", name, err)
		}
		var last error
		for _, err := range c.Import(t.ctx, entry.Type(name)) {
			last = err
		}
		refused(t, "import the type", name, last)
	}
	if n := len(c.all(h.Type)); n != 1 {
		t.Errorf("%d objects afterwards", n)
	}
	c.is(h.Type, connector.Anchor(e.ID), e.Attrs)
}

func refused(t judge, what, name string, err error) {
	t.Helper()
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("%s with the name %q: got %v, want it refused as %v", what, name, err, fault.Invalid)
	}
}
