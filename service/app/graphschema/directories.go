package graphschema

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/expr"
)

// userTexts and groupTexts are the text attributes every directory of people has.
var (
	userTexts = strings.Fields(`userPrincipalName originalUserPrincipalName displayName givenName surname mail mailNickname jobTitle department companyName
		employeeId employeeType userType city country state postalCode streetAddress physicalDeliveryOfficeName telephoneNumber mobile
		facsimileTelephoneNumber mobilePhone officeLocation preferredLanguage usageLocation costCenter division externalId onPremisesSamAccountName
		onPremisesUserPrincipalName onPremisesDistinguishedName onPremisesImmutableId ageGroup consentProvidedForMinor legalAgeGroupClassification
		extensionAttribute1 extensionAttribute2 extensionAttribute3 extensionAttribute4 extensionAttribute5 extensionAttribute6 extensionAttribute7
		extensionAttribute8 extensionAttribute9 extensionAttribute10 extensionAttribute11 extensionAttribute12 extensionAttribute13
		extensionAttribute14 extensionAttribute15`)
	groupTexts = strings.Fields("displayName mail mailNickname description externalId onPremisesSamAccountName onPremisesDomainName")
)

// sourceOf describes the directory of people: its own attributes, and those that the rules read besides.
func sourceOf(a app.App) Directory {
	d := Directory{ID: SourceDirectory, Name: SourceDirectory, Version: "1", ReadOnly: true, Discoverabilities: Flags{"AttributeNames", "AttributeDataTypes"}}
	for _, o := range a.Objects {
		attrs := sourceAttributes(o.Source)
		for _, name := range slices.Sorted(maps.Keys(reads(o))) {
			if !slices.ContainsFunc(attrs, func(x Attribute) bool { return x.Name == name }) {
				attrs = append(attrs, definition(name, app.String))
			}
		}
		clears(attrs, o.Mappings)
		d.Objects = append(d.Objects, Object{Name: string(o.Source), Attributes: attrs, Metadata: []Pair{}, APIs: []string{}})
	}
	return d
}

// clears sets the source's switch for every attribute whose null clears the target: both switches must be on.
func clears(attrs []Attribute, ms []app.Mapping) {
	for _, m := range ms {
		if !m.ClearNull {
			continue
		}
		for name := range readsOf(m) {
			if i := slices.IndexFunc(attrs, func(x Attribute) bool { return x.Name == name }); i >= 0 {
				attrs[i].FlowNullValues = true
			}
		}
	}
}

func sourceAttributes(t entry.Type) []Attribute {
	id := definition("objectId", app.String)
	id.Anchor, id.Required, id.Mutability = true, true, app.ReadOnly
	out := []Attribute{id}
	texts := userTexts
	if t == entry.Group {
		texts = groupTexts
	}
	for _, name := range texts {
		out = append(out, definition(name, app.String))
	}
	if t == entry.Group {
		return append(out, definition("securityEnabled", app.Boolean), definition("mailEnabled", app.Boolean), reference("members", true, entry.User, entry.Group), reference("owners", true, entry.User))
	}
	many := definition("proxyAddresses", app.String)
	many.MultiValued = true
	others := definition("otherMails", app.String)
	others.MultiValued = true
	roles := definition("appRoleAssignments", app.String)
	roles.MultiValued = true
	soft := definition("IsSoftDeleted", app.Boolean)
	soft.Mutability = app.ReadOnly
	return append(out, definition("accountEnabled", app.Boolean), soft, roles, many, others, definition("employeeHireDate", app.DateTime),
		definition("employeeLeaveDateTime", app.DateTime), definition("createdDateTime", app.DateTime), reference("manager", false, entry.User))
}

func definition(name string, k app.Kind) Attribute {
	return Attribute{
		Name: name, Type: string(k), CaseExact: true, Mutability: app.ReadWrite,
		References: []ReferenceTarget{}, APIExpressions: []Pair{}, Metadata: []Pair{},
	}
}

func reference(name string, many bool, to ...entry.Type) Attribute {
	a := definition(name, app.Reference)
	a.MultiValued = many
	for _, t := range to {
		a.References = append(a.References, ReferenceTarget{string(t), "objectId"})
	}
	return a
}

// reads returns the source attributes an object's rules read.
func reads(o app.Object) map[string]bool {
	names := map[string]bool{}
	for _, m := range o.Mappings {
		maps.Copy(names, readsOf(m))
	}
	for _, g := range slices.Concat(o.Scope.Groups, o.Input.Groups) {
		for _, c := range g.Clauses {
			names[c.Attribute] = true
		}
	}
	return names
}

func readsOf(m app.Mapping) map[string]bool {
	names := map[string]bool{}
	if m.Source != "" {
		names[bare(m.Source)] = true
	}
	if e, err := expr.Parse(m.Expression); err == nil {
		for _, name := range e.Attributes() {
			names[name] = true
		}
	}
	return names
}

// bare takes the brackets off an attribute that somebody wrote as in an expression.
func bare(source string) string {
	s := strings.TrimSpace(source)
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return s[1 : len(s)-1]
	}
	return s
}

// targetOf describes the target: what is known of its attributes, and those that the rules write besides.
func targetOf(a app.App) Directory {
	d := Directory{
		ID: TargetDirectory, Name: TargetDirectory, Version: "1",
		Discoverabilities: Flags{"AttributeNames", "AttributeDataTypes", "AttributeReadOnly", "ReferenceAttributes"},
	}
	for _, o := range a.Objects {
		id := definition("id", app.String)
		id.Anchor, id.Mutability = true, app.ReadOnly
		attrs := []Attribute{id}
		for _, k := range o.Attributes {
			x := described(k)
			attrs = append(attrs, x)
		}
		for _, m := range o.Mappings {
			if !slices.ContainsFunc(attrs, func(x Attribute) bool { return strings.EqualFold(x.Name, m.Target) }) {
				attrs = append(attrs, guessed(m.Target))
			}
		}
		d.Objects = append(d.Objects, Object{Name: string(o.Target), Attributes: attrs, Metadata: []Pair{}, APIs: []string{}})
	}
	return d
}

// exactType is the metadata key of a type that Graph's list of types does not have.
const exactType = "SallyportType"

func described(k app.Attribute) Attribute {
	x := definition(k.Name, cmp.Or(k.Type, app.String))
	x.MultiValued, x.Required, x.CaseExact, x.Mutability = k.MultiValued, k.Required, k.CaseExact, cmp.Or(k.Mutability, app.ReadWrite)
	if k.Type == app.Decimal {
		x.Type, x.Metadata = string(app.String), []Pair{{exactType, string(app.Decimal)}}
	}
	return x
}

// guess is the metadata key of an attribute that the rules name and the target never described: it is not taken for knowledge on the way back.
const guess = "SallyportNotDiscovered"

func guessed(name string) Attribute {
	x := definition(name, app.String)
	x.CaseExact = false
	x.Metadata = []Pair{{guess, "True"}}
	return x
}
