package inbound

import (
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/service/directory"
)

// Where the attributes lie that the directory has words for: the inverse of the mapping that applications get by default.
var (
	userLenses = map[string]lens{
		"userName":                    twin(directory.UserPrincipalName),
		"displayName":                 twin(directory.DisplayName),
		"active":                      enabled{},
		"title":                       twin("jobTitle"),
		"preferredLanguage":           twin("preferredLanguage"),
		"userType":                    twin("userType"),
		"externalId":                  external{},
		"name":                        parts{kept{"name", true}, [][2]string{{"givenName", "givenName"}, {"familyName", "surname"}}},
		enterprise + "employeeNumber": twin("employeeId"),
		enterprise + "department":     twin("department"),
		enterprise + "organization":   twin("companyName"),
		enterprise + "manager":        pointer{kept{enterprise + "manager", true}, directory.Manager, entry.User},
		"emails": plural{kept{"emails", true}, []slot{
			{label: "work", twins: [][2]string{{"value", "mail"}}, catch: true},
			{label: "other", twins: [][2]string{{"value", "proxyAddresses"}}},
		}},
		"phoneNumbers": plural{kept{"phoneNumbers", true}, []slot{
			{label: "work", twins: [][2]string{{"value", "businessPhones"}}},
			{label: "mobile", twins: [][2]string{{"value", "mobilePhone"}}},
			{label: "fax", twins: [][2]string{{"value", "faxNumber"}}},
		}},
		"addresses": plural{kept{"addresses", true}, []slot{
			{label: "work", twins: [][2]string{
				{"streetAddress", "streetAddress"}, {"locality", "city"}, {"region", "state"}, {"postalCode", "postalCode"}, {"country", "country"},
			}},
			{label: "other", twins: [][2]string{{"formatted", "officeLocation"}}},
		}},
	}
	groupLenses = map[string]lens{"displayName": twin(directory.DisplayName)}
)

// shape is a resource type with the place of each attribute.
type shape struct {
	*scim.ResourceType
	lenses map[string]lens   // by canonical name
	index  map[string]string // canonical name of what a filter asks to directory attribute with an index
}

func newShape(rt *scim.ResourceType) *shape {
	known, index := userLenses, map[string]string{
		"userName": directory.UserPrincipalName, "externalId": directory.ExternalID,
		enterprise + "manager": directory.Manager, enterprise + "manager.value": directory.Manager,
	}
	if rt.Name == entry.Group {
		known, index = groupLenses, map[string]string{
			"displayName": directory.DisplayName, "externalId": directory.ExternalID,
			directory.Members: directory.Members, "members.value": directory.Members,
		}
	}
	s := &shape{ResourceType: rt, lenses: map[string]lens{}, index: index}
	s.add(known, "externalId", scim.Attribute{})
	for _, a := range rt.Core.Attributes {
		s.add(known, a.Name, a)
	}
	for _, x := range rt.Extensions {
		for _, a := range x.Attributes {
			s.add(known, x.ID+":"+a.Name, a)
		}
	}
	return s
}

// add gives an attribute its place: the known one, or under its own name. What is computed, never returned (passwords: they are
// not kept) or long (members) has none.
func (s *shape) add(known map[string]lens, name string, a scim.Attribute) {
	switch l, ok := known[name]; {
	case ok:
		s.lenses[name] = l
	case a.Mutability != scim.ReadOnly && a.Returned != scim.ReturnedNever && !a.Detached:
		s.lenses[name] = kept{name, a.Type == scim.Complex}
	}
}

// attributes returns everything that an entry holds under SCIM names, but for members.
func (s *shape) attributes(a entry.Attrs) entry.Attrs {
	out := make(entry.Attrs, len(a)+2)
	for name, l := range s.lenses {
		if vs := l.get(a); len(vs) > 0 {
			out[name] = vs
		}
	}
	return out
}

// apply carries edits into an entry: each attribute is put once, after all its edits.
func (s *shape) apply(a entry.Attrs, edits []entry.Edit) {
	byAttr := map[string][]entry.Edit{}
	for _, e := range edits {
		byAttr[e.Attr] = append(byAttr[e.Attr], e)
	}
	for name, es := range byAttr {
		if l := s.lenses[name]; l != nil {
			l.put(a, entry.Apply(entry.Attrs{name: l.get(a)}, es)[name])
		}
	}
}

// entry makes the directory entry of a new resource.
func (s *shape) entry(attrs entry.Attrs, now time.Time) entry.Entry {
	e := entry.Entry{Type: s.Name, Attrs: entry.Attrs{directory.CreatedDateTime: {now}}}
	for name, l := range s.lenses {
		if vs := attrs[name]; len(vs) > 0 || name == "active" {
			l.put(e.Attrs, entry.CloneValues(vs))
		}
	}
	return e
}
