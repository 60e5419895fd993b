package gldap

import (
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// template makes a DN of attributes: uid={uid},ou=people,dc=contoso,dc=lab. Only values have holes, and what fills one stays one value.
type template struct {
	text string
	dn   dn
}

// parseTemplate checks that the fixed end of the template stands in one of the bases.
func parseTemplate(s string, bases []dn) (*template, error) {
	d, err := parseDN(s)
	if err != nil {
		return nil, err
	}
	t := &template{text: s, dn: d}
	if len(d) == 0 || len(t.names()) == 0 {
		return nil, fault.New(fault.Invalid, "read the DN line", "%q has no attribute in braces", s).WithHint("write uid={uid},ou=people,dc=contoso,dc=lab")
	}
	for _, r := range d {
		for _, a := range r {
			if strings.ContainsAny(a.attr, "{}") || len(holes(a.value)) != strings.Count(a.value, "{") {
				return nil, fault.New(fault.Invalid, "read the DN line", "%q: braces belong around the name of an attribute, within a value", s)
			}
		}
	}
	fixed := len(d)
	for fixed > 0 && len(d[fixed-1:fixed].holes()) == 0 {
		fixed--
	}
	if !slices.ContainsFunc(bases, func(b dn) bool { return d[fixed:].at(b) }) {
		return nil, fault.New(fault.Invalid, "read the DN line", "%q does not end in one of the base DNs", s)
	}
	return t, nil
}

// holes returns the attributes in braces.
func holes(s string) []string {
	var out []string
	for {
		_, rest, ok := strings.Cut(s, "{")
		if !ok {
			return out
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return out
		}
		if name != "" && !strings.ContainsAny(name, "{ ") {
			out = append(out, name)
		}
		s = after
	}
}

func (d dn) holes() []string {
	var out []string
	for _, r := range d {
		for _, a := range r {
			out = append(out, holes(a.value)...)
		}
	}
	return out
}

// names returns the attributes that the DN is made of.
func (t *template) names() []string { return t.dn.holes() }

// unique returns the attribute that alone names an object of the type, so that no two have the same value; "" when there is none.
func (t *template) unique() string {
	names := t.names()
	first := t.dn[0]
	if len(names) == 1 && len(first) == 1 && first[0].value == "{"+names[0]+"}" && strings.EqualFold(first[0].attr, names[0]) {
		return names[0]
	}
	return ""
}

// make fills the holes. fault.Invalid when an attribute has no value.
func (t *template) make(attrs func(name string) entry.Value) (dn, error) {
	out := make(dn, len(t.dn))
	for i, r := range t.dn {
		out[i] = make(rdn, len(r))
		for j, a := range r {
			v, err := fill(a.value, attrs)
			if err != nil {
				return nil, err
			}
			out[i][j] = ava{a.attr, v}
		}
	}
	return out, nil
}

func fill(s string, attrs func(name string) entry.Value) (string, error) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "{")
		b.WriteString(before)
		if !ok {
			return b.String(), nil
		}
		name, after, _ := strings.Cut(rest, "}")
		v := plainText(attrs(name))
		if v == "" {
			return "", invalid(name, "the DN is made of %s, which has no value", name)
		}
		b.WriteString(v)
		s = after
	}
}
