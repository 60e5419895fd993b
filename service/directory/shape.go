package directory

import (
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// kind is how an attribute's values are written as text in a people file.
type kind uint8

const (
	text kind = iota
	flag
	instant
	number
	reference
)

// shape is what the directory knows of one attribute.
type shape struct {
	name string // Graph spelling
	kind kind
	many bool
}

// shapes lists the attributes of the Graph resources user and group that have a name here. Others are kept as given; a people
// file reads them as text. Source: Microsoft Graph v1.0, resource types user and group.
var shapes = byFoldedName([]shape{
	{UserPrincipalName, text, false}, {DisplayName, text, false}, {AccountEnabled, flag, false}, {Manager, reference, false},
	{Members, reference, true}, {DeletedDateTime, instant, false}, {CreatedDateTime, instant, false}, {SecurityEnabled, flag, false},
	{MailNickname, text, false}, {"givenName", text, false}, {"surname", text, false}, {"mail", text, false},
	{"jobTitle", text, false}, {"department", text, false}, {"companyName", text, false}, {"officeLocation", text, false},
	{"mobilePhone", text, false}, {"businessPhones", text, true}, {"faxNumber", text, false}, {"otherMails", text, true},
	{"proxyAddresses", text, true}, {"imAddresses", text, true}, {"employeeId", text, false}, {"employeeType", text, false},
	{"employeeHireDate", instant, false}, {"employeeLeaveDateTime", instant, false}, {"streetAddress", text, false},
	{"city", text, false}, {"state", text, false}, {"postalCode", text, false}, {"country", text, false},
	{"usageLocation", text, false}, {"preferredLanguage", text, false}, {"userType", text, false}, {"ageGroup", text, false},
	{"consentProvidedForMinor", text, false}, {"preferredDataLocation", text, false}, {"passwordPolicies", text, false},
	{"showInAddressList", flag, false}, {"onPremisesSyncEnabled", flag, false}, {"onPremisesSamAccountName", text, false},
	{"onPremisesUserPrincipalName", text, false}, {"onPremisesDistinguishedName", text, false},
	{"onPremisesDomainName", text, false}, {"onPremisesImmutableId", text, false}, {"onPremisesSecurityIdentifier", text, false},
	{"onPremisesLastSyncDateTime", instant, false}, {"description", text, false}, {"mailEnabled", flag, false},
	{"groupTypes", text, true}, {"visibility", text, false}, {"classification", text, false}, {"isAssignableToRole", flag, false},
	{"membershipRule", text, false}, {"membershipRuleProcessingState", text, false}, {"renewedDateTime", instant, false},
	{"expirationDateTime", instant, false},
})

func byFoldedName(list []shape) map[string]shape {
	m := make(map[string]shape, len(list))
	for _, s := range list {
		m[strings.ToLower(s.name)] = s
	}
	return m
}

// strict are the attributes whose values the rest of the house relies on; Validate refuses another type or a second value there.
var strict = map[string]func(entry.Value) bool{
	UserPrincipalName: is[string], DisplayName: is[string], MailNickname: is[string],
	AccountEnabled: is[bool], SecurityEnabled: is[bool],
	DeletedDateTime: is[time.Time], CreatedDateTime: is[time.Time],
	Manager: is[entry.Ref], Members: is[entry.Ref],
}

func is[T any](v entry.Value) bool { _, ok := v.(T); return ok }

// knownShape returns the check of an attribute's values (nil: anything goes) and whether it takes one value only.
func knownShape(attr string) (check func(entry.Value) bool, single bool) {
	check = strict[attr]
	return check, check != nil && attr != Members
}
