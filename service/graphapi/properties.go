package graphapi

import (
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

// sort is what a property's values are.
type sort uint8

const (
	text sort = iota
	texts
	flag
	instant
	nested // an object whose properties are attributes of their own
)

// property is one line of the table of what users and groups have (graph-api §5.1).
type property struct {
	name     string
	sort     sort
	standard bool     // shown without $select
	computed bool     // may not be written
	inner    []string // of nested: the attributes
	absent   any      // what is shown when there is no value; nil is null
}

// shape is what a type of the directory looks like on the wire.
type shape struct {
	typ        entry.Type
	path       string // collection
	name       string // attribute under which it is unique
	kind       string // @odata.type
	properties []property
	index      map[string]*property // by lower-case name
	searched   []string             // properties that $search looks into by default
}

func newShape(s shape) *shape {
	s.index = make(map[string]*property, len(s.properties))
	for i := range s.properties {
		s.index[strings.ToLower(s.properties[i].name)] = &s.properties[i]
	}
	return &s
}

var extensionAttributes = func() (names []string) {
	for _, n := range strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15") {
		names = append(names, "extensionAttribute"+n)
	}
	return names
}()

var users = newShape(shape{
	typ: entry.User, path: "users", name: directory.UserPrincipalName, kind: "#microsoft.graph.user",
	searched: []string{"displayName", "givenName", "surname", "userPrincipalName", "mail"},
	properties: append(append(of(text, true, "displayName givenName surname userPrincipalName mail mobilePhone jobTitle officeLocation preferredLanguage"),
		property{name: "businessPhones", sort: texts, standard: true},
		property{name: "accountEnabled", sort: flag, absent: true},
		property{name: "employeeOrgData", sort: nested, inner: []string{"division", "costCenter"}},
		property{name: "onPremisesExtensionAttributes", sort: nested, inner: extensionAttributes},
		property{name: directory.CreatedDateTime, sort: instant, computed: true},
		property{name: directory.DeletedDateTime, sort: instant, computed: true},
	), append(append(of(texts, false, "otherMails proxyAddresses imAddresses"), of(flag, false, "onPremisesSyncEnabled showInAddressList")...),
		append(of(instant, false, "employeeHireDate employeeLeaveDateTime onPremisesLastSyncDateTime"),
			of(text, false, `mailNickname faxNumber department companyName streetAddress city state postalCode country usageLocation employeeId employeeType
			userType ageGroup consentProvidedForMinor passwordPolicies onPremisesDistinguishedName onPremisesDomainName onPremisesImmutableId
			onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesUserPrincipalName externalId preferredDataLocation`)...)...)...),
})

var groups = newShape(shape{
	typ: entry.Group, path: "groups", name: directory.DisplayName, kind: "#microsoft.graph.group",
	searched: []string{"displayName", "description", "mail", "mailNickname"},
	properties: append(of(text, true, `displayName description mail mailNickname membershipRule membershipRuleProcessingState visibility classification
		onPremisesDomainName onPremisesSamAccountName onPremisesSecurityIdentifier`),
		property{name: "groupTypes", sort: texts, standard: true},
		property{name: "proxyAddresses", sort: texts, standard: true},
		property{name: "mailEnabled", sort: flag, standard: true, absent: false},
		property{name: "securityEnabled", sort: flag, standard: true, absent: true},
		property{name: "isAssignableToRole", sort: flag, standard: true},
		property{name: "onPremisesSyncEnabled", sort: flag, standard: true},
		property{name: "onPremisesLastSyncDateTime", sort: instant, standard: true},
		property{name: "renewedDateTime", sort: instant, standard: true},
		property{name: "expirationDateTime", sort: instant, standard: true},
		property{name: directory.CreatedDateTime, sort: instant, standard: true, computed: true},
		property{name: directory.DeletedDateTime, sort: instant, standard: true, computed: true},
		property{name: "externalId", sort: text},
	),
})

func of(s sort, standard bool, names string) (out []property) {
	for _, n := range strings.Fields(names) {
		out = append(out, property{name: n, sort: s, standard: standard})
	}
	return out
}

func shapeOf(t entry.Type) *shape {
	if t == entry.Group {
		return groups
	}
	return users
}

// canonical returns a property's name as the table spells it; names that are not in it stay as they are.
func (s *shape) canonical(name string) string {
	if p := s.index[strings.ToLower(name)]; p != nil {
		return p.name
	}
	return name
}

// attribute returns the attribute that a path of a filter stands for: nested properties are attributes of their own. false when the
// type has no such property; extensions are taken as they come.
func (s *shape) attribute(path string) (string, bool) {
	if head, rest, sub := strings.Cut(path, "/"); sub {
		if p := s.index[strings.ToLower(head)]; p != nil && p.sort == nested {
			for _, name := range p.inner {
				if strings.EqualFold(name, rest) {
					return name, true
				}
			}
		}
		return "", false
	}
	if strings.EqualFold(path, "id") {
		return "id", true
	}
	if p := s.index[strings.ToLower(path)]; p != nil && p.sort != nested {
		return p.name, true
	}
	return path, strings.HasPrefix(path, "extension_") || strings.HasPrefix(path, "extensionAttribute")
}
