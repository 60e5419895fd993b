package fault

// Reaction is what the engine does about a failure of one object.
type Reaction uint8

// The reactions.
const (
	Escrow     Reaction = iota + 1 // put the object aside, retry later with back-off
	Wait                           // hold the job's requests for RetryAfter, then go on with the same object
	Rematch                        // the effect or the link is uncertain: look for the counterpart again before anything else
	Quarantine                     // the job as a whole cannot work: slow it down and say so
)

// Door is one row of the table: how a kind of failure looks at each door.
type Door struct {
	Name     string   // stable name; travels
	Status   int      // HTTP status at the SCIM and Graph doors
	ScimType string   // RFC 7644 table 9; "" where none is defined
	Graph    string   // error.code of the Graph-shaped API
	ECMA     string   // the word ECMA2 and MIM use for it
	Log      string   // error code in the provisioning log
	Reaction Reaction // what the engine does when one object's export fails so
}

var doors = [...]Door{
	Invalid:         {"invalid", 400, "invalidValue", "Request_BadRequest", "ExportErrorInvalidAttributeValue", "UnprocessableEntity", Escrow},
	Unauthenticated: {"unauthenticated", 401, "", "InvalidAuthenticationToken", "ServerDownOrBadCredentials", "Unauthorized", Quarantine},
	Denied:          {"denied", 403, "", "Authorization_RequestDenied", "ExportErrorPermissionIssue", "InsufficientRights", Escrow},
	NotFound:        {"notFound", 404, "", "Request_ResourceNotFound", "ExportErrorConnectedDirectoryMissingObject", "InvalidAnchor", Rematch},
	Exists:          {"exists", 409, "uniqueness", "Request_MultipleObjectsWithSameKeyValue", "ExportErrorDuplicateAnchor", "EntryConflict", Escrow},
	Ambiguous:       {"ambiguous", 409, "uniqueness", "Request_MultipleObjects", "ExportErrorUnexpectedData", "DuplicateTargetEntries", Escrow},
	Conflict:        {"conflict", 409, "", "Request_Conflict", "ExportErrorCustomContinueRun", "Conflict", Escrow},
	Unsupported:     {"unsupported", 501, "", "Request_Unsupported", "ExportErrorSyntaxViolation", "NotImplemented", Escrow},
	Partial:         {"partial", 500, "", "Request_Partial", "ExportErrorCustomContinueRun", "UnprocessableEntity", Rematch},
	Throttled:       {"throttled", 429, "", "TooManyRequests", "ServerDown", "TooManyRequests", Wait},
	Unavailable:     {"unavailable", 503, "", "serviceNotAvailable", "ServerDown", "WebExceptionProtocolError", Wait},
	Timeout:         {"timeout", 504, "", "timeout", "ServerDown", "Timeout", Rematch},
	Internal:        {"internal", 500, "", "generalException", "ExportErrorCustomContinueRun", "InternalError", Escrow},
}

// Kinds returns every kind in order.
func Kinds() []Kind {
	ks := make([]Kind, 0, len(doors)-1)
	for k := 1; k < len(doors); k++ {
		ks = append(ks, Kind(k))
	}
	return ks
}

// Door returns the row for the kind; an unknown kind (from a newer version) counts as Internal.
func (k Kind) Door() Door {
	if k == 0 || int(k) >= len(doors) {
		k = Internal
	}
	return doors[k]
}

// String returns the kind's stable name.
func (k Kind) String() string { return k.Door().Name }

// ParseKind is the inverse of String; an unknown name counts as Internal.
func ParseKind(name string) Kind {
	for _, k := range Kinds() {
		if doors[k].Name == name {
			return k
		}
	}
	return Internal
}

// OfStatus returns the kind that an HTTP answer of this status stands for, 0 for a success.
func OfStatus(status int) Kind {
	switch {
	case status < 400:
		return 0
	case status == 401:
		return Unauthenticated
	case status == 403:
		return Denied
	case status == 404:
		return NotFound
	case status == 409:
		return Exists
	case status == 412:
		return Conflict
	case status == 429:
		return Throttled
	case status == 501 || status == 405:
		return Unsupported
	case status == 502 || status == 503:
		return Unavailable
	case status == 504:
		return Timeout
	case status < 500:
		return Invalid
	}
	return Internal
}
