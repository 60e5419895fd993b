package scim

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/sallyport-id/sallyport/fault"
)

// The scimType words of RFC 7644 table 9 and RFC 9865 §2.
const (
	InvalidFilter = "invalidFilter"
	TooMany       = "tooMany"
	Uniqueness    = "uniqueness"
	Mutability    = "mutability"
	InvalidSyntax = "invalidSyntax"
	InvalidPath   = "invalidPath"
	NoTarget      = "noTarget"
	InvalidValue  = "invalidValue"
	InvalidVers   = "invalidVers"
	Sensitive     = "sensitive"
	InvalidCursor = "invalidCursor"
	ExpiredCursor = "expiredCursor"
	InvalidCount  = "invalidCount"
)

// Refusal is the cause inside a fault that says how the failure looks in SCIM when the kind alone does not.
type Refusal struct {
	Status   int    // HTTP status; 0 = that of the fault's kind
	ScimType string // "" = none
	Detail   string // plain words naming attribute and cause
}

// Error returns the detail.
func (r *Refusal) Error() string { return r.Detail }

// Refuse makes a fault that ErrorOf answers with exactly this status and scimType ("" for none). The kind follows the status.
func Refuse(status int, scimType, format string, args ...any) error {
	k := fault.OfStatus(status)
	if k == 0 {
		k = fault.Internal
	}
	return &fault.Error{Kind: k, Code: fault.CodeOfStatus(status, scimType), Err: &Refusal{Status: status, ScimType: scimType, Detail: fmt.Sprintf(format, args...)}}
}

func refuse(scimType, format string, args ...any) error {
	return Refuse(400, scimType, format, args...)
}

// Error is an error answer as it goes over the wire (RFC 7644 §3.12).
type Error struct {
	Status   int
	ScimType string // "" is left out
	Detail   string
}

// ErrorOf says how a failure is answered: status and scimType from a Refusal in its chain, else from the door table of its kind.
// The text of an internal failure stays inside: only its being internal is told. It returns the zero Error for nil.
func ErrorOf(err error) Error {
	if err == nil {
		return Error{}
	}
	door := fault.KindOf(err).Door()
	e := Error{Status: door.Status, ScimType: door.ScimType, Detail: err.Error()}
	if r, ok := errors.AsType[*Refusal](err); ok {
		e.ScimType = r.ScimType
		if r.Status != 0 {
			e.Status = r.Status
		}
	} else if fault.KindOf(err) == fault.Internal {
		e.Detail = "the server failed to carry out the request"
	}
	return e
}

// AppendJSON appends the error message.
func (e Error) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"schemas":["`+ErrorURN+`"],"status":"`...)
	dst = strconv.AppendInt(dst, int64(e.Status), 10)
	dst = append(dst, '"')
	if e.ScimType != "" {
		dst = append(dst, `,"scimType":`...)
		dst = AppendString(dst, e.ScimType)
	}
	dst = append(dst, `,"detail":`...)
	dst = AppendString(dst, e.Detail)
	return append(dst, '}')
}
