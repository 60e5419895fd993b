package tunnel

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

const maxText = 4 << 10

// Failure is a fault on its way back, and whether the request had been started when it arose. Not started means: it never will be.
type Failure struct {
	Started bool
	Fault   *fault.Error
}

// AppendFailure writes a failure frame. Kinds travel by name; the cause travels as text.
func AppendFailure(b []byte, at Attempt, f Failure) []byte {
	b = appendPrefix(b, TypeFailure, at)
	b = appendBool(b, f.Started)
	e := f.Fault
	b = appendString(b, e.Kind.String())
	b = appendString(b, cut(e.Op))
	b = appendString(b, cut(e.Object))
	cause := ""
	if e.Err != nil {
		cause = e.Err.Error()
	}
	b = appendString(b, cut(cause))
	b = appendString(b, cut(fault.HintOf(e)))
	return binary.AppendUvarint(b, uint64(max(0, e.RetryAfter.Milliseconds())))
}

// ParseFailure reads a failure frame.
func ParseFailure(f Frame) (Failure, error) {
	r := reader{rest: f.Payload}
	out := Failure{Started: r.bool()}
	kind := fault.ParseKind(r.string(64))
	op, object, cause, hint := r.string(maxText), r.string(maxText), r.string(maxText), r.string(maxText)
	retry := time.Duration(min(r.uint(), uint64(24*time.Hour/time.Millisecond))) * time.Millisecond
	if r.bad || len(r.rest) > 0 {
		return Failure{}, malformed("a failure that cannot be read")
	}
	out.Fault = &fault.Error{Kind: kind, Op: op, Object: object, Hint: hint, RetryAfter: retry}
	if cause != "" {
		out.Fault.Err = errors.New(cause)
	}
	return out, nil
}

// asFault gives any error of a handler the words to travel with. An outer fault without a hint keeps the inner one's.
func asFault(err error) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	return fault.New(fault.Internal, "relay request", "%w", err)
}

func cut(s string) string {
	if len(s) > maxText {
		return s[:maxText]
	}
	return s
}
