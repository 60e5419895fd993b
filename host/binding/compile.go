package binding

import (
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/scim"
)

var extensionTypes = map[connector.DataType]scim.AttrType{
	connector.String: scim.String, connector.Integer: scim.Integer, connector.Decimal: scim.Decimal, connector.Boolean: scim.Boolean,
	connector.DateTime: scim.DateTime, connector.Binary: scim.Binary, connector.Reference: scim.String, connector.JSON: scim.String,
}

func extensionType(c connector.Attribute) scim.AttrType {
	if t, ok := extensionTypes[c.Type]; ok {
		return t
	}
	return scim.String
}

// extensionAttribute describes a column as /Schemas shows it. It is never required: the target itself refuses what it lacks, in
// its own words, and the value may come under its core name.
func extensionAttribute(alias string, c connector.Attribute, anchor bool) scim.Attribute {
	a := scim.Attribute{Name: alias, Type: extensionType(c), MultiValued: c.MultiValued, CaseExact: c.CaseExact || c.Type == connector.Reference}
	a.Detached = long(c)
	a.Description = "The attribute " + c.Name + " of the target."
	if anchor {
		a.Description = "The attribute " + c.Name + " of the target; it identifies the object for good."
	}
	if c.Unique || anchor {
		a.Uniqueness = scim.UniqueServer
	}
	switch {
	case c.WriteOnly:
		a.Mutability, a.Returned = scim.WriteOnly, scim.ReturnedNever
	case c.ReadOnly:
		a.Mutability = scim.ReadOnly
	case c.Immutable:
		a.Mutability = scim.Immutable
	}
	return a
}

// compile makes the resource type of what is bound.
func (b *Binding) compile(full *scim.ResourceType) error {
	core := scim.Schema{ID: full.Core.ID, Name: full.Core.Name, Description: full.Core.Description, Attributes: b.narrow(full.Core.Attributes, "")}
	var extensions []scim.Schema
	for _, x := range full.Extensions {
		if list := b.narrow(x.Attributes, x.ID+":"); len(list) > 0 {
			extensions = append(extensions, scim.Schema{ID: x.ID, Name: x.Name, Description: x.Description, Attributes: list})
		}
	}
	own := scim.Schema{ID: b.extension(), Name: "ECMA2Host" + string(b.spec.Type), Description: "The selected attributes of the target."}
	for _, s := range b.order {
		if strings.HasPrefix(s.name, own.ID+":") {
			own.Attributes = append(own.Attributes, s.def)
		}
	}
	own.Attributes = append(own.Attributes, b.pseudo()...)
	if len(own.Attributes) > 0 {
		extensions = append(extensions, own)
	}
	rt, err := scim.NewResourceType(b.spec.Type, full.Endpoint, core, extensions...)
	if err != nil {
		return fault.Wrap(fault.Invalid, "bind", err)
	}
	b.rt = rt
	return nil
}

// pseudo returns the attributes that no column holds: the DN and the initial password.
func (b *Binding) pseudo() []scim.Attribute {
	var out []scim.Attribute
	if b.slots[b.extension()+":"+DN] == nil && b.spec.DN != "" {
		out = append(out, scim.Attribute{Name: DN, CaseExact: true, Mutability: scim.ReadOnly, Description: "The object's distinguished name."})
	}
	if b.spec.Password && b.slots[b.extension()+":"+ExportPassword] == nil {
		out = append(out, scim.Attribute{Name: ExportPassword, CaseExact: true, Mutability: scim.WriteOnly, Returned: scim.ReturnedNever,
			Description: "The initial password; it is handed to the target and kept nowhere."})
	}
	return out
}

// narrow keeps of a schema what is bound, with the sub-attributes that are.
func (b *Binding) narrow(list []scim.Attribute, prefix string) []scim.Attribute {
	var out []scim.Attribute
	for _, a := range list {
		s := b.slots[prefix+a.Name]
		switch {
		case s != nil:
			out = append(out, s.narrow(a))
		case prefix == "" && b.kept(a.Name):
			out = append(out, a)
		}
	}
	return out
}

// kept reports whether a core attribute is served without a column: active by the Disable flow, password as a step of its own,
// a user's groups from the groups.
func (b *Binding) kept(name string) bool {
	if b.spec.Type != entry.User {
		return false
	}
	return name == "active" || name == "password" && b.spec.Password || name == "groups" && b.spec.Groups
}

func (s *slot) narrow(a scim.Attribute) scim.Attribute {
	c := s.parts[0].column
	if s.shape == direct && a.Mutability == scim.ReadWrite {
		switch {
		case c.ReadOnly:
			a.Mutability, a.Required = scim.ReadOnly, false
		case c.Immutable:
			a.Mutability = scim.Immutable
		}
	}
	if s.shape == direct {
		return a
	}
	subs := []string{}
	if a.MultiValued {
		subs = append(subs, "type", "primary")
	}
	if a.Name == "manager" {
		subs = append(subs, "$ref")
	}
	var kinds []string
	for _, p := range s.parts {
		subs = append(subs, p.subOr("value"))
		if p.kind != "" && !slices.Contains(kinds, p.kind) {
			kinds = append(kinds, p.kind)
		}
	}
	a.Sub = slices.DeleteFunc(slices.Clone(a.Sub), func(x scim.Attribute) bool { return !slices.Contains(subs, x.Name) })
	for i := range a.Sub {
		if a.Sub[i].Name == "type" && len(kinds) > 0 {
			a.Sub[i].CanonicalValues = kinds
		}
	}
	return a
}

func (p part) subOr(otherwise string) string {
	if p.sub == "" {
		return otherwise
	}
	return p.sub
}
