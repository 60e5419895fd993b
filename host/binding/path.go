package binding

import (
	"regexp"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/scim"
)

// typed is emails[type eq "work"].value.
var typed = regexp.MustCompile(`^([^\[\]]+)\[\s*type\s+eq\s+"([^"]+)"\s*\](?:\.([A-Za-z$]+))?$`)

// parse reads a SCIM path of the core section: userName, name.givenName, emails, emails[type eq "work"].value, manager,
// urn:…:enterprise:2.0:User:department.
func (b *Binding) parse(full *scim.ResourceType, path string) (part, error) {
	top, kind, sub := path, "", ""
	if m := typed.FindStringSubmatch(path); m != nil {
		top, kind, sub = m[1], m[2], m[3]
	} else if t, s, ok := cutSub(path); ok {
		top, sub = t, s
	}
	a, ok := full.Attribute(top)
	canonical, _ := full.Canonical(top)
	if !ok || strings.Contains(canonicalTail(canonical), ".") {
		return part{}, badPath(path, "is not an attribute of SCIM's "+string(b.spec.Type))
	}
	if canonical == "id" || canonical == "meta" || canonical == "schemas" || canonical == "groups" {
		return part{}, badPath(path, "is made by the host")
	}
	p := part{attr: canonical, kind: kind, scim: a.Type}
	if a.Type != scim.Complex {
		if sub != "" || kind != "" {
			return p, badPath(path, "has no sub-attributes")
		}
		return p, nil
	}
	return b.parseSub(path, a, p, sub)
}

func (b *Binding) parseSub(path string, a *scim.Attribute, p part, sub string) (part, error) {
	if sub == "" && (p.kind != "" || a.Name == "manager") {
		sub = "value"
	}
	if p.kind != "" && !a.MultiValued {
		return p, badPath(path, "has a single value, so no type can be chosen")
	}
	if sub == "" || a.Detached {
		return p, nil
	}
	for i := range a.Sub {
		if strings.EqualFold(a.Sub[i].Name, sub) {
			p.sub, p.scim = a.Sub[i].Name, a.Sub[i].Type
			return p, nil
		}
	}
	return p, badPath(path, "has no sub-attribute "+sub)
}

func badPath(path, why string) error {
	return fault.New(fault.Invalid, "bind", "%s %s", path, why).About(path).
		WithHint(`write userName, name.givenName, emails[type eq "work"].value, department, manager …`)
}

// cutSub splits a dotted name at the last dot behind its URN.
func cutSub(name string) (top, sub string, ok bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 || i < strings.LastIndexByte(name, ':') {
		return name, "", false
	}
	return name[:i], name[i+1:], true
}

func canonicalTail(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }

// add binds a part, after checking that its column can hold the values.
func (b *Binding) add(full *scim.ResourceType, path string, p part) error {
	a, _ := full.Attribute(p.attr)
	s := &slot{name: p.attr, def: *a, shape: shapeOf(a, p)}
	if have := b.slots[p.attr]; have != nil && (have.shape != s.shape || s.shape == direct || s.shape == listing) {
		return badPath(path, "is bound twice or in two ways")
	}
	if why := misfit(a, p, s.shape); why != "" {
		return fault.New(fault.Invalid, "bind", "%s cannot be bound to %s: %s", path, p.column.Name, why).About(path).
			WithHint("choose a column of a fitting type")
	}
	b.place(s, p)
	return nil
}

func shapeOf(a *scim.Attribute, p part) shape {
	switch {
	case a.Type != scim.Complex, p.column.Type == connector.JSON && p.sub == "" && p.kind == "", a.Detached:
		return direct
	case !a.MultiValued:
		return assembly
	case p.column.MultiValued:
		return listing
	}
	return elements
}

// misfit says why a column cannot hold the values, "" when it can.
func misfit(a *scim.Attribute, p part, s shape) string {
	c := p.column
	switch {
	case a.Detached && (c.Type != connector.Reference || !c.MultiValued):
		return "members need a multi-valued reference"
	case s == direct && a.MultiValued != c.MultiValued && c.Type != connector.JSON:
		return "one has several values, the other a single one"
	case s == assembly && c.MultiValued:
		return "the column has several values"
	case s == assembly && p.sub == "":
		return "name a sub-attribute"
	case s == listing && p.kind != "":
		return "a multi-valued column cannot be split by type"
	case c.Type == connector.JSON && a.Type != scim.Complex && s != direct:
		return "the column holds structures"
	case c.Type == connector.Reference && !a.Detached && a.Name != "manager" && a.Type != scim.String && a.Type != scim.Reference:
		return "the column holds references"
	}
	return ""
}
