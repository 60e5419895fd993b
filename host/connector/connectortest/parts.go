package connectortest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

// has reports whether the field of that name is filled; "" always is.
func (h Harness) has(part string) bool {
	return part == "" || !reflect.ValueOf(h).FieldByName(part).IsZero()
}

// lacks says why a part is played by nothing.
func (h Harness) lacks(part string) string {
	switch {
	case !h.spares.given():
		return "the harness names no " + part
	case h.spares.why[part] != "":
		return h.spares.why[part]
	}
	return "not looked for: " + part
}

// several reports whether an attribute takes more than one value.
func (h Harness) several(name string) bool {
	if name == h.Many {
		return true
	}
	return name == h.Manager && slices.ContainsFunc(h.spares.links, func(a connector.Attribute) bool { return a.Name == name && a.MultiValued })
}

// renameAt is where the numbers begin that only new names take.
const renameAt = 980_000

// newName is an anchor for a rename: one that fits the samples where the target is not ours alone.
func (h Harness) newName(n int, otherwise string) string {
	if !h.spares.given() {
		return otherwise
	}
	return h.Sample(renameAt + n).Text(h.Anchor)
}

// parted gives the parts of many values, of references and of names to attributes that can play them.
func (c *client) parted(e entry.Entry, h Harness) Harness {
	other := c.sample(settleAt+1, nil)
	lists := [][]entry.Value{{"a", "b"}, {"'; --", `"`, "%"}, values(unlike()), nil}
	h.Many, h.spares.why["Many"] = pick(h.spares.lists, "optional String of many values", func(a connector.Attribute) attempt { return c.plays(e, a.Name, lists) })
	work, home := entry.Complex{"type": "work", "value": "w@x.test"}, entry.Complex{"type": "home", "value": "h@x.test"}
	papers := [][]entry.Value{{work, home}, {"plain"}, nil}
	h.Document, h.spares.why["Document"] = pick(h.spares.papers, "optional JSON of many values", func(a connector.Attribute) attempt { return c.plays(e, a.Name, papers) })
	slices.SortStableFunc(h.spares.links, func(a, b connector.Attribute) int { return single(a) - single(b) })
	links := [][]entry.Value{{c.ref(other)}, {c.ref(e)}, nil}
	h.Manager, h.spares.why["Manager"] = pick(h.spares.links, "optional reference to "+string(h.Type), func(a connector.Attribute) attempt { return c.plays(e, a.Name, links) })
	if c.can.Rename {
		h = c.renamed(h)
	}
	return h
}

func (c *client) ref(e entry.Entry) entry.Value { return entry.Ref{Type: e.Type, ID: e.ID} }

// single is 0 for an attribute of one value, and 1 for others.
func single(a connector.Attribute) int {
	if a.MultiValued {
		return 1
	}
	return 0
}

// unlike are the story's texts of which no collation takes two for the same.
func unlike() []string {
	var out []string
	for _, s := range storyTexts {
		if !slices.ContainsFunc(out, func(o string) bool { return akin(o, s) }) {
			out = append(out, s)
		}
	}
	return out
}

func values(texts []string) []entry.Value { return orElse(texts) }

// attempt is how an attribute did in a part. One that says yes to everything and then holds something else is given the part when
// no other does better: the checks are there to tell.
type attempt struct {
	takes, keeps bool
	why          string
}

// plays tries lists of values on an attribute that should be empty.
func (c *client) plays(e entry.Entry, attr string, lists [][]entry.Value) attempt {
	if !c.holdsOnly(e, attr) {
		return attempt{why: "not empty in a new object"}
	}
	out := attempt{takes: true, keeps: true}
	for _, vs := range lists {
		if _, err := c.Update(c.ctx, e.Type, connector.Anchor(e.ID), []entry.Edit{replace(attr, vs...)}); err != nil {
			return attempt{why: "refused: " + said(err)}
		}
		out.keeps = out.keeps && c.holdsOnly(e, attr, vs...)
	}
	return out
}

// pick returns the attribute that does best, or why none will do.
func pick(as []connector.Attribute, what string, try func(connector.Attribute) attempt) (name, why string) {
	var whys []string
	for _, a := range as {
		got := try(a)
		if got.keeps {
			return a.Name, ""
		}
		if got.takes && name == "" {
			name = a.Name
		}
		whys = append(whys, a.Name+" ("+got.why+")")
	}
	if name != "" {
		return name, ""
	}
	return "", nothing(whys, what)
}

// nothing says what was tried, or that there was nothing to try.
func nothing(whys []string, what string) string {
	if len(whys) == 0 {
		return "the schema has no " + what + " that can be written"
	}
	more := ""
	if n := len(whys) - maxWhys; n > 0 {
		whys, more = whys[:maxWhys], fmt.Sprintf(" and %d more", n)
	}
	return "tried in vain: " + strings.Join(whys, ", ") + more
}

// maxWhys is how many attempts are told.
const maxWhys = 5

func tried(as []connector.Attribute, what string) string {
	var names []string
	for _, a := range as {
		names = append(names, a.Name)
	}
	return nothing(names, what)
}

// renamed finds out whether objects get other names by their anchor, and by their place in a tree.
func (c *client) renamed(h Harness) Harness {
	o := c.object(h.Type)
	a, _ := o.Attribute(o.Anchor[0])
	if len(o.Anchor) > 1 || a.Type != connector.String || a.ReadOnly || a.Immutable {
		h.spares.why["Anchor"] = fmt.Sprintf("looked for an anchor that is one String and can be written: that of %s is %s (%s)", h.Type, strings.Join(o.Anchor, ", "), a.Type)
	} else if err := c.renames(c.sample(settleAt+2, nil), a.Name, h.Sample(renameAt).Text(a.Name)); err != nil {
		h.spares.why["Anchor"] = nothing([]string{a.Name + " (refused: " + said(err) + ")"}, "")
	} else {
		h.Anchor = a.Name
	}
	if o.DN == "" {
		h.spares.why["DNSample"] = fmt.Sprintf("%s has no place in a tree: the schema names no DN", h.Type)
		return h
	}
	return c.moved(h, c.sample(settleAt+3, nil), o.DN)
}

func (c *client) renames(e entry.Entry, attr, to string) error {
	_, err := c.Update(c.ctx, e.Type, connector.Anchor(e.ID), []entry.Edit{replace(attr, to)})
	return err
}

// moved makes further places of that of one object, and sees whether it can move to one.
func (c *client) moved(h Harness, e entry.Entry, dn string) Harness {
	at, mine := e.Attrs.Text(dn), strconv.Itoa(settleAt+3)
	if !strings.Contains(at, mine) {
		h.spares.why["DNSample"] = fmt.Sprintf("not looked for: no other place can be made of %q", at)
		return h
	}
	places := func(n int) string { return strings.ReplaceAll(at, mine, strconv.Itoa(renameAt+10+n)) }
	if err := c.renames(e, dn, places(100)); err != nil {
		h.spares.why["DNSample"] = nothing([]string{dn + " (refused: " + said(err) + ")"}, "")
		return h
	}
	h.DNSample = places
	return h
}

// company is a type whose objects may have those of the harness's type as members.
type company struct {
	maker   maker
	members connector.Attribute
}

// companies lists them.
func (m maker) companies(s connector.Schema) []company {
	var out []company
	for _, o := range s.Types {
		for _, a := range o.Attributes {
			if o.Name != m.object.Name && a.MultiValued && !a.ReadOnly && !a.WriteOnly && !a.Immutable && m.pointsHere(a) {
				out = append(out, company{maker: m.of(o), members: a})
			}
		}
	}
	return out
}

// pointsHere reports whether an attribute may point to an object of the type.
func (m maker) pointsHere(a connector.Attribute) bool {
	return a.Type == connector.Reference && (a.RefType == m.object.Name || a.RefType == "")
}

// of is the maker for another type, whose patterns are those with its name before a dot.
func (m maker) of(o connector.ObjectType) maker {
	mine := map[string]string{}
	for name, text := range m.patterns {
		if attr, ok := strings.CutPrefix(name, string(o.Name)+"."); ok {
			mine[attr] = text
		}
	}
	return maker{object: o, patterns: mine, run: m.run + "g"} // users and groups may share their names
}

// ofAnother reports whether a pattern's name is TYPE.ATTRIBUTE.
func ofAnother(s connector.Schema, name string) bool {
	kind, attr, _ := strings.Cut(name, ".")
	o, ok := s.Type(entry.Type(kind))
	if ok {
		_, ok = o.Attribute(attr)
	}
	return ok
}

// grouped gives the part of the group to the first type whose objects can be made without members and take some.
func (h Harness) grouped(ctx context.Context) Harness {
	var whys []string
	var fallback *company
	for i, x := range h.spares.companies {
		got := h.joined(x).gathers(ctx)
		if got.keeps {
			return h.joined(x)
		}
		if got.takes && fallback == nil {
			fallback = &h.spares.companies[i]
		}
		whys = append(whys, string(x.maker.object.Name)+"."+x.members.Name+" ("+got.why+")")
	}
	if fallback != nil {
		return h.joined(*fallback)
	}
	h.spares.why["Group"] = nothing(whys, "other type with many references to "+string(h.Type))
	return h
}

func (h Harness) joined(x company) Harness {
	h.Group, h.Members, h.GroupSample = x.maker.object.Name, x.members.Name, x.maker.sample
	return h
}

// gathers tries the group on objects of its own.
func (h Harness) gathers(ctx context.Context) attempt {
	out := attempt{}
	t := &trial{ctx: ctx, name: "settle", h: h, open: h.Open}
	t.play(func(t *trial, h Harness) {
		c := begin(t, h)
		if !c.can.Export || c.Exporter == nil {
			return
		}
		one, two := c.ref(c.sample(settleAt, nil)), c.ref(c.sample(settleAt+1, nil))
		with := h.GroupSample(settleAt).Clone()
		with[h.Members] = []entry.Value{one}
		c.make(h.Group, with)
		out = c.plays(c.make(h.Group, h.GroupSample(settleAt+1)), h.Members, [][]entry.Value{{one, two}, {two}})
	})
	if out.why == "" && !out.takes {
		out.why = strings.Join(t.failures[:min(1, len(t.failures))], "")
	}
	return out
}
