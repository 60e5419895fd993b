package binding

import (
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// Store returns the columns of a new object: what SCIM's attributes come to in the target. Attributes that no column backs are left
// out (the caller handles active, password and export_password). fault.Invalid names an attribute whose value does not fit,
// or two names of one column with different values.
func (b *Binding) Store(attrs entry.Attrs) (entry.Attrs, error) {
	out := entry.Attrs{}
	by := map[string]string{}
	for _, s := range b.order {
		values, given := attrs[s.name]
		if !given || len(values) == 0 {
			continue
		}
		columns, err := s.store(values)
		if err != nil {
			return nil, err
		}
		for column, vs := range columns {
			if other, twice := by[column]; twice && len(vs) > 0 && !entry.EqualValues(out[column], vs) {
				return nil, contradiction(other, s.name, column)
			}
			if len(vs) > 0 {
				out[column], by[column] = vs, s.name
			}
		}
	}
	return out, nil
}

func contradiction(a, b, column string) error {
	return fault.New(fault.Invalid, "", "%s and %s are both the target's attribute %s but were given different values", a, b, column).
		About(column).WithHint("map the attribute once, under one of the two names")
}

// store returns the columns that hold the slot's values; a column without a value is present and empty.
func (s *slot) store(values []entry.Value) (entry.Attrs, error) {
	out := entry.Attrs{}
	if s.shape == direct {
		vs, err := s.parts[0].each(values)
		out[s.parts[0].column.Name] = vs
		return out, err
	}
	if s.shape == listing {
		vs, err := s.parts[0].eachSub(values)
		out[s.parts[0].column.Name] = vs
		return out, err
	}
	for _, p := range s.parts {
		element := s.element(values, p.kind)
		v := element[p.subOr("value")]
		if v == nil {
			out[p.column.Name] = nil
			continue
		}
		x, err := toColumn(p, v)
		if err != nil {
			return nil, err
		}
		out[p.column.Name] = []entry.Value{x}
	}
	return out, nil
}

func (p part) each(values []entry.Value) ([]entry.Value, error) {
	out := make([]entry.Value, 0, len(values))
	for _, v := range values {
		x, err := toColumn(p, v)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func (p part) eachSub(values []entry.Value) ([]entry.Value, error) {
	var plain []entry.Value
	for _, v := range values {
		if c, ok := v.(entry.Complex); ok {
			v = c[p.subOr("value")]
		}
		if v != nil {
			plain = append(plain, v)
		}
	}
	return p.each(plain)
}

// element picks the complex value that a column of this kind takes: the one of that type, or without a type the primary one,
// the one for work, or the first.
func (s *slot) element(values []entry.Value, kind string) entry.Complex {
	var best entry.Complex
	rank := 0
	for _, v := range values {
		c, ok := v.(entry.Complex)
		if !ok {
			continue
		}
		if r := s.rank(c, kind); r > rank {
			best, rank = c, r
		}
	}
	return best
}

func (s *slot) rank(c entry.Complex, kind string) int {
	t, _ := c["type"].(string)
	if kind != "" {
		if strings.EqualFold(t, kind) {
			return 1
		}
		return 0
	}
	if slices.ContainsFunc(s.parts, func(p part) bool { return p.kind != "" && strings.EqualFold(p.kind, t) }) {
		return 0 // another column takes it
	}
	if primary, _ := c["primary"].(bool); primary {
		return 3
	}
	if strings.EqualFold(t, "work") {
		return 2
	}
	return 1
}

// long reports whether a column is kept as edits instead of being read: a list of references may be very long.
func long(c connector.Attribute) bool { return c.MultiValued && c.Type == connector.Reference }
