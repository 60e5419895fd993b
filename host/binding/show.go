package binding

import (
	"iter"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
)

// Columns gives a column's values, nil when absent. References carry SCIM ids.
type Columns func(column string) []entry.Value

// Show returns the SCIM form of an object. kept yields the columns that have values, n of them, under their aliases (Alias);
// references carry SCIM ids. Detached attributes are shown only when they are among them.
func (b *Binding) Show(n int, kept iter.Seq2[string, []entry.Value]) entry.Attrs {
	out := make(entry.Attrs, n+3) // the host adds active, groups and the DN
	var pieces pieces
	for alias, values := range kept {
		for _, s := range b.direct[alias] {
			if shown := s.show(values); len(shown) > 0 {
				out[s.name] = shown
			}
		}
		if column, ok := b.pieces[alias]; ok {
			pieces = append(pieces, piece{column, values})
		}
	}
	for _, s := range b.composed {
		if shown := s.values(pieces.column); len(shown) > 0 {
			out[s.name] = shown
		}
	}
	return out
}

// pieces are the columns of one object that make up attributes together; they are few.
type pieces []piece

type piece struct {
	column string
	values []entry.Value
}

func (ps pieces) column(name string) []entry.Value {
	for i := range ps {
		if ps[i].column == name {
			return ps[i].values
		}
	}
	return nil
}

// arrange sorts the slots by how Show finds them.
func (b *Binding) arrange() {
	b.direct, b.pieces = map[string][]*slot{}, map[string]string{}
	for _, s := range b.order {
		switch {
		case s.parts[0].column.WriteOnly:
		case s.shape == direct:
			alias := scim.Alias(s.parts[0].column.Name)
			b.direct[alias] = append(b.direct[alias], s)
		default:
			b.composed = append(b.composed, s)
			for _, p := range s.parts {
				b.pieces[scim.Alias(p.column.Name)] = p.column.Name
			}
		}
	}
}

// Values returns one SCIM attribute (canonical, top-level) of an object.
func (b *Binding) Values(attr string, columns Columns) []entry.Value {
	s := b.slots[attr]
	if s == nil {
		return nil
	}
	return s.values(columns)
}

func (s *slot) values(columns Columns) []entry.Value {
	if s.parts[0].column.WriteOnly {
		return nil
	}
	switch s.shape {
	case assembly:
		return s.assemble(columns)
	case elements:
		return s.elements(columns)
	case listing:
		return s.list(columns)
	}
	return s.show(columns(s.parts[0].column.Name))
}

// show returns what a direct slot shows of its column.
func (s *slot) show(in []entry.Value) []entry.Value {
	p := s.parts[0]
	if s.def.Detached || len(in) == 0 || p.scim == scim.String && !slices.ContainsFunc(in, notText) || p.scim == scim.Complex {
		return in
	}
	out := make([]entry.Value, 0, len(in))
	for _, v := range in {
		if shown := toSCIM(p, v); shown != nil {
			out = append(out, shown)
		}
	}
	return out
}

func notText(v entry.Value) bool { _, ok := v.(string); return !ok }

func (s *slot) assemble(columns Columns) []entry.Value {
	c := entry.Complex{}
	for _, p := range s.parts {
		if vs := columns(p.column.Name); len(vs) > 0 {
			if v := toSCIM(p, vs[0]); v != nil {
				c[p.subOr("value")] = v
			}
		}
	}
	if len(c) == 0 {
		return nil
	}
	return []entry.Value{c}
}

func (s *slot) elements(columns Columns) []entry.Value {
	var out []entry.Value
	for _, kind := range s.kinds() {
		c := entry.Complex{}
		for _, p := range s.parts {
			if vs := columns(p.column.Name); p.kind == kind && len(vs) > 0 {
				if v := toSCIM(p, vs[0]); v != nil {
					c[p.subOr("value")] = v
				}
			}
		}
		if len(c) == 0 {
			continue
		}
		if shown := s.shownKind(kind); shown != "" {
			c["type"] = shown
		}
		out = append(out, c)
	}
	if len(out) > 0 && s.has("primary") {
		out[primary(out)].(entry.Complex)["primary"] = true
	}
	return out
}

// primary returns which element is the preferred one: that for work, else the first.
func primary(elements []entry.Value) int {
	return max(0, slices.IndexFunc(elements, func(v entry.Value) bool { return v.(entry.Complex)["type"] == "work" }))
}

func (s *slot) list(columns Columns) []entry.Value {
	p := s.parts[0]
	in := columns(p.column.Name)
	out := make([]entry.Value, 0, len(in))
	for _, v := range in {
		if shown := toSCIM(p, v); shown != nil {
			out = append(out, entry.Complex{p.subOr("value"): shown})
		}
	}
	return out
}

// kinds returns the types of the elements in the order they were bound.
func (s *slot) kinds() []string {
	var kinds []string
	for _, p := range s.parts {
		if !slices.Contains(kinds, p.kind) {
			kinds = append(kinds, p.kind)
		}
	}
	return kinds
}

// shownKind is the type an element is shown with: a column bound without a type counts as work, where SCIM has that word.
func (s *slot) shownKind(kind string) string {
	if kind != "" {
		return kind
	}
	for _, sub := range s.def.Sub {
		if sub.Name == "type" && slices.Contains(sub.CanonicalValues, "work") {
			return "work"
		}
	}
	return ""
}

func (s *slot) has(sub string) bool {
	return slices.ContainsFunc(s.def.Sub, func(a scim.Attribute) bool { return a.Name == sub })
}
