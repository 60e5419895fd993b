package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
)

// edits returns the smallest change from what the target holds to what it should.
func (m *maker) edits() []entry.Edit {
	have, want := m.p.Have.Attrs, maps.Clone(m.p.Want.Attrs)
	var edits []entry.Edit
	for name, values := range want {
		attribute, _ := m.o.mapping.Attribute(name)
		switch {
		case m.out.FillOnly[name] && holds(have[name]), m.writeOnlyStays(attribute):
			delete(want, name)
		case m.out.Whole[name]:
			delete(want, name)
			if !entry.EqualValues(have[name], values) {
				edits = append(edits, entry.Edit{Op: entry.Replace, Attr: name, Values: values})
			}
		default:
			want[name] = m.alike(attribute, have[name], values)
		}
	}
	edits = append(edits, addOnly(entry.Diff(have, want), m.out.AddOnly)...)
	for _, r := range m.p.Refs {
		edits = append(edits, r.edits(have)...)
	}
	slices.SortStableFunc(edits, func(a, b entry.Edit) int { return strings.Compare(a.Attr, b.Attr) })
	return edits
}

// holds reports whether an attribute has a value; an empty text is none.
func holds(values []entry.Value) bool {
	return slices.ContainsFunc(values, func(v entry.Value) bool { return v != "" })
}

// writeOnlyStays reports whether an attribute that never comes back is to be left alone: nothing it depends on changed since it was written.
func (m *maker) writeOnlyStays(a app.Attribute) bool {
	return a.Mutability == app.WriteOnly && slices.Equal(hiddenPart(m.p.Digest), hiddenPart(m.in.Link.Digest)) && hiddenPart(m.in.Link.Digest) != nil
}

// alike returns the values wanted, those that mean the same as one the target holds in its spelling. Where the target takes no notice of case,
// another case is no difference.
func (m *maker) alike(a app.Attribute, have, want []entry.Value) []entry.Value {
	want = alike(have, want)
	if a.Name == "" || a.CaseExact || a.Type != app.String && a.Type != "" {
		return want
	}
	return folded(have, want)
}

// addOnly makes additions of edits to attributes that only ever gain values.
func addOnly(edits []entry.Edit, attrs map[string]bool) []entry.Edit {
	edits = slices.DeleteFunc(edits, func(e entry.Edit) bool {
		return attrs[e.Attr] && (e.Op == entry.Remove || e.Op == entry.Replace && len(e.Values) == 0)
	})
	for i, e := range edits {
		if attrs[e.Attr] && e.Op == entry.Replace {
			edits[i].Op = entry.Add
		}
	}
	return edits
}

// origins notes where the attributes that are written come from.
func (m *maker) origins(attrs []string, creating bool) {
	for _, r := range m.p.Refs {
		if !slices.Contains(attrs, r.Attr) && creating {
			attrs = append(attrs, r.Attr)
		}
	}
	origin := m.o.mapping.Origins(m.input(m.in.Change.Entry, m.p.Off, creating))
	m.p.Origins = make(map[string]Origin, len(attrs))
	for _, name := range attrs {
		if o, ok := origin(name); ok {
			m.p.Origins[name] = Origin(o)
		}
	}
}
