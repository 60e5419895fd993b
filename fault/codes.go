package fault

import "strings"

// Words of the provisioning log for failures, beside those of the kinds.
const (
	CodeConflict            = "Conflict"
	CodeEntryConflict       = "EntryConflict"
	CodeThrottled           = "TooManyRequests"
	CodeTargetError         = "InternalServerError"
	CodeUnreachable         = "WebExceptionProtocolError"
	CodeTimeout             = "Timeout"
	CodeInternal            = "InternalError"
	CodeDenied              = "InsufficientRights"
	CodeMethodNotAllowed    = "MethodNotAllowed"
	CodeNotPermitted        = "NotPermitted"
	CodeUnauthorized        = "Unauthorized"
	CodeUnprocessable       = "UnprocessableEntity"
	CodeNotImplemented      = "NotImplemented"
	CodeInvalidAnchor       = "InvalidAnchor"
	CodeMandatoryMissing    = "MandatoryFieldsMissing"
	CodeMissingValues       = "MissingValues"
	CodeAttributeNotFound   = "SchemaAttributeNotFound"
	CodeOneValueOnly        = "SchemaPropertyCanOnlyAcceptValue"
	CodeLicenseLimit        = "LicenseLimitExceeded"
	CodeDuplicateTarget     = "DuplicateTargetEntries"
	CodeDuplicateSource     = "DuplicateSourceEntries"
	CodeSeveralInAnswer     = "SystemForCrossDomainIdentityManagementMultipleEntriesInResponse"
	CodeIncompatible        = "SystemForCrossDomainIdentityManagementServiceIncompatible"
	CodeUnresolvedReference = "UnableToResolveReferenceAttributeValue"
)

// advice says for each code what to try next, where the failure itself brings no better hint.
var advice = map[string]string{
	CodeConflict:            "the object changed in the target meanwhile; it is tried again, and provisioning it on demand tries at once",
	CodeEntryConflict:       "another object in the target holds a value that must be unique: match by that attribute, or change it on one side",
	CodeThrottled:           "the target asks for fewer requests: lower target.rate or schedule.workers",
	CodeTargetError:         "the target failed by itself: look into its log; the object is tried again in the next cycles",
	CodeUnreachable:         "check that the target runs and can be reached from here; the object is tried again in the next cycles",
	CodeTimeout:             "check how the target does, and raise its timeout if it is usually slow; the object is looked for again before anything is repeated",
	CodeInternal:            "this is a mistake in the program: report it with the service's log; the object is tried again",
	CodeDenied:              "give the account the service signs in with the right to do this in the target",
	CodeMethodNotAllowed:    "the target does not offer this operation: switch it off for this object type, or let PATCH be replaced by PUT",
	CodeNotPermitted:        "the target does not let this attribute be written: remove its mapping, or let it flow at creation only",
	CodeUnauthorized:        "enter a new credential for the target and start the job",
	CodeUnprocessable:       "correct the value that the target refuses, in the directory or in the mapping; its own words stand in the additional details",
	CodeNotImplemented:      "the target cannot do this at all: switch the operation off, or remove the mapping",
	CodeInvalidAnchor:       "the object is gone from the target: provision the person on demand, or restart the job, so that they are matched again",
	CodeMandatoryMissing:    "give the source a value for the attribute that the target requires, or the mapping a default",
	CodeMissingValues:       "the mapping yields no value: correct the source value or the expression; sallyport expr eval shows what it makes of the person",
	CodeAttributeNotFound:   "the target does not know the attribute: refresh its schema, and correct the mapping's target",
	CodeOneValueOnly:        "the target's attribute takes one value of its own type: take one with Item, join them with Join, or convert the value",
	CodeLicenseLimit:        "free or buy licences of the target; the object is tried again",
	CodeDuplicateTarget:     "make the matching attribute unique in the target, or match by another attribute",
	CodeDuplicateSource:     "two people in the directory match one account: correct the matching attribute of one of them",
	CodeSeveralInAnswer:     "the target answers with several objects, or with members, where that was not asked for; report it to its maker",
	CodeIncompatible:        "check the base URL, and that the target speaks SCIM 2.0",
	CodeUnresolvedReference: "the object referred to is not in the target yet: bring it into scope; the reference follows by itself",
}

// Advice returns what to try next about a failure with the code of the provisioning log; "" for a code that is no failure.
func Advice(code string) string { return advice[code] }

// AdviceOf returns what to try next about an error: its own hint, else what its code suggests.
func AdviceOf(err error) string {
	if hint := HintOf(err); hint != "" || err == nil {
		return hint
	}
	return Advice(CodeOf(err))
}

// CodeOfStatus returns the provisioning log's code for an answer of a failing status, with its RFC 7644 scimType or "". "" leaves the code to
// the kind of the failure.
func CodeOfStatus(status int, scimType string) string {
	switch {
	case strings.EqualFold(scimType, "uniqueness"):
		return CodeEntryConflict
	case status == 400 && (strings.EqualFold(scimType, "invalidPath") || strings.EqualFold(scimType, "noTarget")):
		return CodeAttributeNotFound
	case status == 400 && strings.EqualFold(scimType, "mutability"):
		return CodeNotPermitted
	case status == 402:
		return CodeLicenseLimit
	case status == 405:
		return CodeMethodNotAllowed
	case status == 500:
		return CodeTargetError
	}
	return ""
}
