package connectortest

import (
	"maps"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

func creates(t *trial, h Harness) {
	c := begin(t, h)
	want := h.Sample(1)
	e := c.sample(1, nil)
	if e.ID == "" || e.Type != h.Type {
		t.Fatalf("created object has no anchor or type: %+v", e)
	}
	for name, vs := range want {
		if !entry.EqualValues(e.Attrs[name], vs) {
			t.Errorf("%s came back as %v, want %v", name, e.Attrs[name], vs)
		}
	}
	if e.Attrs.First(c.anchorAttr(h.Type)) == nil {
		t.Error("the anchor attribute is not returned")
	}
	c.is(h.Type, connector.Anchor(e.ID), e.Attrs)
}

// importCount is more than a usual page of 1,000.
const importCount = 1100

func imports(t *trial, h Harness) {
	c := begin(t, h)
	made := map[string]entry.Entry{}
	for n := range importCount {
		e := c.sample(n, nil)
		made[e.ID] = e
	}
	got := c.all(h.Type)
	if len(got) != importCount {
		t.Fatalf("imported %d of %d", len(got), importCount)
	}
	for id, e := range made {
		if diff := entry.Diff(got[id].Attrs, e.Attrs); len(diff) > 0 {
			t.Fatalf("%s differs: %v", id, diff)
		}
	}
}

func leavesEarly(t *trial, h Harness) {
	c := begin(t, h)
	for n := range 600 {
		c.sample(n, nil)
	}
	for range 3 {
		for _, err := range c.Import(t.Context(), h.Type) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		if n := len(c.all(h.Type)); n != 600 {
			t.Fatalf("after an import was left: %d objects", n)
		}
	}
}

func unknownType(t *trial, h Harness) {
	c := begin(t, h)
	n := 0
	for _, err := range c.Import(t.Context(), h.Type+"x") {
		n++
		wants(t, err, fault.Invalid)
	}
	if n != 1 {
		t.Errorf("the sequence had %d elements, want one error", n)
	}
}

func looksUp(t *trial, h Harness) {
	c := begin(t, h)
	e := c.sample(1, nil)
	c.sample(2, nil)
	for _, attr := range []string{h.Required, h.Unique} {
		if attr == "" {
			continue
		}
		found := c.find(h.Type, attr, e.Attrs.First(attr))
		if len(found) != 1 || found[0].ID != e.ID {
			t.Errorf("by %s: found %v", attr, found)
		}
	}
}

func looksUpAbsent(t *trial, h Harness) {
	c := begin(t, h)
	c.sample(1, nil)
	for _, attr := range []string{c.anchorAttr(h.Type), h.Required, h.Unique} {
		for _, v := range []string{"nobody", "", "0", "a,b", "%", "x' OR '1'='1", "\xff", "\x00"} {
			if attr == "" {
				continue
			}
			if found := c.find(h.Type, attr, v); len(found) != 0 {
				t.Errorf("%s %q: found %v", attr, v, found)
			}
		}
	}
}

func updates(t *trial, h Harness) {
	c := begin(t, h)
	if h.Text == "" {
		t.Skipf("the target has no free text")
	}
	e := c.sample(1, nil)
	a := c.edit(e, replace(h.Text, "one"))
	c.is(h.Type, a, entry.Attrs{h.Text: {"one"}})
	c.edit(e, add(h.Text, "two"))
	c.is(h.Type, a, entry.Attrs{h.Text: {"two"}})
	c.edit(e, remove(h.Text, "another"))
	c.is(h.Type, a, entry.Attrs{h.Text: {"two"}})
	c.edit(e, remove(h.Text, "two"))
	c.is(h.Type, a, entry.Attrs{h.Text: nil})
	c.edit(e, remove(h.Text, "two"), add(h.Text, "three"))
	c.is(h.Type, a, entry.Attrs{h.Text: {"three"}})
	c.edit(e, replace(h.Text))
	c.is(h.Type, a, entry.Attrs{h.Text: nil})
}

func updatesOnly(t *trial, h Harness) {
	c := begin(t, h)
	e, other := c.sample(1, nil), c.sample(2, nil)
	c.edit(e, replace(h.Required, "changed"))
	want := e.Attrs.Clone()
	if o := c.object(h.Type); o.DN != "" && inName(o, e, h.Required) { // it names the object, and the rest of its name changes with it
		maps.DeleteFunc(want, func(name string, _ []entry.Value) bool { return inName(o, e, name) })
	}
	want[h.Required] = []entry.Value{"changed"}
	c.is(h.Type, connector.Anchor(e.ID), want)
	c.is(h.Type, connector.Anchor(other.ID), other.Attrs)
}

func updatesNothing(t *trial, h Harness) {
	c := begin(t, h)
	e := c.sample(1, nil)
	if a := c.edit(e); string(a) != e.ID {
		t.Errorf("anchor became %s", a)
	}
	c.is(h.Type, connector.Anchor(e.ID), e.Attrs)
}

func deletes(t *trial, h Harness) {
	c := begin(t, h)
	e, other := c.sample(1, nil), c.sample(2, nil)
	if err := c.Delete(t.Context(), h.Type, connector.Anchor(e.ID)); err != nil {
		t.Fatal(err)
	}
	left := c.all(h.Type)
	if _, there := left[e.ID]; there || len(left) != 1 {
		t.Errorf("left are %v", left)
	}
	c.is(h.Type, connector.Anchor(other.ID), other.Attrs)
	if e2 := c.sample(1, nil); len(c.all(h.Type)) != 2 {
		t.Errorf("the same again was not created: %v", e2)
	}
}

func notFound(t *trial, h Harness) {
	c := begin(t, h)
	e := c.sample(1, nil)
	if err := c.Delete(t.Context(), h.Type, connector.Anchor(e.ID)); err != nil {
		t.Fatal(err)
	}
	for _, a := range []connector.Anchor{connector.Anchor(e.ID), "nobody", "", "a\x1fb", "\xff", "' OR 1=1 --"} {
		wants(t, c.Delete(t.Context(), h.Type, a), fault.NotFound)
		_, err := c.Update(t.Context(), h.Type, a, []entry.Edit{replace(h.Required, "x")})
		wants(t, err, fault.NotFound)
	}
	if h.Many != "" {
		_, err := c.Update(t.Context(), h.Type, connector.Anchor(e.ID), []entry.Edit{add(h.Many, "x")})
		wants(t, err, fault.NotFound)
	}
}

func renames(t *trial, h Harness) {
	c := begin(t, h)
	e := c.sample(1, nil)
	with := entry.Attrs{}
	if h.Many != "" {
		with[h.Many] = []entry.Value{"kept"}
		c.edit(e, add(h.Many, "kept"))
	}
	name := h.newName(1, "Renamed")
	a := c.edit(e, replace(h.Anchor, name))
	if string(a) != name {
		t.Fatalf("anchor is %q after the rename", a)
	}
	with[h.Anchor] = []entry.Value{name}
	c.is(h.Type, a, with)
	if n := len(c.all(h.Type)); n != 1 {
		t.Errorf("%d objects after the rename", n)
	}
	_, err := c.Update(t.Context(), h.Type, connector.Anchor(e.ID), []entry.Edit{replace(h.Required, "x")})
	wants(t, err, fault.NotFound)
	other := c.sample(2, nil)
	_, err = c.Update(t.Context(), h.Type, connector.Anchor(other.ID), []entry.Edit{replace(h.Anchor, name)})
	wants(t, err, fault.Exists)
}

func exists(t *trial, h Harness) {
	c := begin(t, h)
	first := c.sample(1, nil)
	_, err := c.Create(t.Context(), entry.Entry{Type: h.Type, Attrs: c.attrs(2, entry.Attrs{h.Unique: first.Attrs[h.Unique]})})
	wants(t, err, fault.Exists)
	second := c.sample(2, nil)
	_, err = c.Update(t.Context(), h.Type, connector.Anchor(second.ID), []entry.Edit{replace(h.Unique, first.Attrs.First(h.Unique))})
	wants(t, err, fault.Exists)
	if len(c.all(h.Type)) != 2 {
		t.Error("a refused create left something")
	}
	c.is(h.Type, connector.Anchor(second.ID), second.Attrs)
}

func invalid(t *trial, h Harness) {
	c := begin(t, h)
	refused := []entry.Attrs{
		c.attrs(1, entry.Attrs{h.Required: nil}),
		c.attrs(1, entry.Attrs{"no such attribute": {"x"}}),
		c.attrs(1, entry.Attrs{h.Required: {"one", "two"}}),
	}
	for attr, v := range map[string]entry.Value{h.Number: "seven", h.When: "no date", h.Flag: "perhaps"} {
		if attr != "" {
			refused = append(refused, c.attrs(1, entry.Attrs{attr: {v}}))
		}
	}
	for _, a := range refused {
		_, err := c.Create(t.Context(), entry.Entry{Type: h.Type, Attrs: a})
		wants(t, err, fault.Invalid)
	}
	_, err := c.Create(t.Context(), entry.Entry{Type: h.Type + "x", Attrs: h.Sample(1)})
	wants(t, err, fault.Invalid)
	e := c.sample(1, nil)
	for _, edit := range []entry.Edit{replace(h.Required), replace("no such attribute", "x"), {Attr: h.Required}} {
		_, err := c.Update(t.Context(), h.Type, connector.Anchor(e.ID), []entry.Edit{edit})
		wants(t, err, fault.Invalid)
	}
	c.is(h.Type, connector.Anchor(e.ID), e.Attrs)
	if len(c.all(h.Type)) != 1 {
		t.Error("a refused create left something")
	}
}

// moves gives an object another DN: its anchor and values stay, unless the DN is the anchor.
func moves(t *trial, h Harness) {
	c := begin(t, h)
	o := c.object(h.Type)
	e := c.sample(1, nil)
	for n := range 3 {
		want := h.DNSample(n)
		after := c.edit(e, replace(o.DN, want))
		now, ok := c.all(h.Type)[string(after)]
		if !ok {
			t.Fatalf("%s is not imported after the move to %s", after, want)
		}
		if got := now.Attrs.Text(o.DN); !strings.EqualFold(got, want) {
			t.Errorf("the DN is %q, want %q", got, want)
		}
		for name, vs := range e.Attrs {
			a, _ := o.Attribute(name)
			if !a.ReadOnly && !inName(o, e, name) && !entry.EqualValues(now.Attrs[name], vs) {
				t.Errorf("%s became %v after the move", name, now.Attrs[name])
			}
		}
		e = now
	}
	if n := len(c.all(h.Type)); n != 1 {
		t.Errorf("%d objects after the moves", n)
	}
}

// inName reports whether an attribute is the DN, or may be part of it and so change with it.
func inName(o connector.ObjectType, e entry.Entry, name string) bool {
	if name == o.DN {
		return true
	}
	for _, v := range e.Attrs[name] {
		if text, ok := v.(string); ok && strings.Contains(strings.ToLower(e.Attrs.Text(o.DN)), strings.ToLower(text)) {
			return true
		}
	}
	return false
}
