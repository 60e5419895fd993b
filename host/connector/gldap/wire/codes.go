package wire

import "strconv"

// Result codes that callers tell apart (RFC 4511 §4.1.9, RFC 4528, RFC 4533).
const (
	Success                = 0
	OperationsError        = 1
	TimeLimitExceeded      = 3
	SizeLimitExceeded      = 4
	StrongerAuthRequired   = 8
	Referral               = 10
	AdminLimitExceeded     = 11
	UnavailableCritical    = 12
	ConfidentialityNeeded  = 13
	NoSuchAttribute        = 16
	UndefinedType          = 17
	InappropriateMatching  = 18
	ConstraintViolation    = 19
	AttributeOrValueExists = 20
	InvalidSyntax          = 21
	NoSuchObject           = 32
	InvalidDN              = 34
	InvalidCredentials     = 49
	InsufficientAccess     = 50
	Busy                   = 51
	Unavailable            = 52
	UnwillingToPerform     = 53
	NamingViolation        = 64
	ObjectClassViolation   = 65
	NotAllowedOnNonLeaf    = 66
	NotAllowedOnRDN        = 67
	EntryExists            = 68
	AssertionFailed        = 122
	SyncRefreshRequired    = 4096
)

var codeNames = map[int]string{
	0: "success", 1: "operationsError", 2: "protocolError", 3: "timeLimitExceeded", 4: "sizeLimitExceeded", 5: "compareFalse",
	6: "compareTrue", 7: "authMethodNotSupported", 8: "strongerAuthRequired", 10: "referral", 11: "adminLimitExceeded",
	12: "unavailableCriticalExtension", 13: "confidentialityRequired", 14: "saslBindInProgress", 16: "noSuchAttribute",
	17: "undefinedAttributeType", 18: "inappropriateMatching", 19: "constraintViolation", 20: "attributeOrValueExists",
	21: "invalidAttributeSyntax", 32: "noSuchObject", 33: "aliasProblem", 34: "invalidDNSyntax", 36: "aliasDereferencingProblem",
	48: "inappropriateAuthentication", 49: "invalidCredentials", 50: "insufficientAccessRights", 51: "busy", 52: "unavailable",
	53: "unwillingToPerform", 54: "loopDetect", 64: "namingViolation", 65: "objectClassViolation", 66: "notAllowedOnNonLeaf",
	67: "notAllowedOnRDN", 68: "entryAlreadyExists", 69: "objectClassModsProhibited", 71: "affectsMultipleDSAs", 80: "other",
	118: "canceled", 119: "noSuchOperation", 120: "tooLate", 121: "cannotCancel", 122: "assertionFailed", 4096: "e-syncRefreshRequired",
}

// CodeName returns the name that RFC 4511 gives a result code, its number when it has none.
func CodeName(code int) string {
	if s, ok := codeNames[code]; ok {
		return s
	}
	return strconv.Itoa(code)
}
