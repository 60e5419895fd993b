package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind classifies a failure by what the caller can do about it. Kinds travel between versions by number and by name:
// they are appended, never reordered.
type Kind uint8

// The kinds. The zero Kind means "no fault".
const (
	Invalid         Kind = iota + 1 // the request or the data is wrong; the same again fails the same way
	Unauthenticated                 // no credential, or a wrong or expired one
	Denied                          // known, but not allowed
	NotFound                        // the object does not exist (any more)
	Exists                          // something unique is taken already
	Ambiguous                       // several objects where one was expected
	Conflict                        // the state moved on: stale version, wrong state for the action
	Unsupported                     // the other side cannot do this at all
	Partial                         // some of it was done
	Throttled                       // too fast; wait RetryAfter
	Unavailable                     // the other side is not there; nothing was sent or nothing took effect
	Timeout                         // no answer: the effect is unknown, match again before repeating
	Internal                        // a bug of ours or of the other side
)

// Error is the one error type that crosses rooms and walls.
type Error struct {
	Op         string        // what was tried, in words: "create user", "read the configuration"
	Kind       Kind          // what sort of failure it is
	Object     string        // the thing concerned, for people: a userName, an attribute, a file with line
	Hint       string        // what to try next, one sentence for a person; may be empty
	RetryAfter time.Duration // how long to wait before trying again; 0 when unknown
	Code       string        // the provisioning log's word, where it says more than the kind: MandatoryFieldsMissing; may be empty
	Answer     *Answer       // what the other side answered; nil when nothing came
	Err        error         // the cause; may be nil
}

// Answer is what came back from the other side of a failed request.
type Answer struct {
	Status int    // HTTP status
	Body   string // shortened, on one line
}

// Error writes "op object: cause (hint)", leaving out what is empty. It never contains a secret as long as its parts do not.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(strings.TrimSpace(e.Op + " " + e.Object))
	if e.Err != nil {
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(e.Err.Error())
	}
	if b.Len() == 0 {
		b.WriteString(e.Kind.String())
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, " (%s)", e.Hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes a fault of a kind from a format; %w wraps.
func New(k Kind, op, format string, args ...any) *Error {
	return &Error{Op: op, Kind: k, Err: fmt.Errorf(format, args...)}
}

// Wrap gives err an operation and a kind. If err is or wraps a fault already, its kind, hint and RetryAfter are kept and k is ignored.
// It returns nil for nil.
func Wrap(k Kind, op string, err error) error { return WrapHint(k, op, err, "") }

// WrapHint is Wrap with a sentence that tells a person what to try next, in the place of any hint below.
func WrapHint(k Kind, op string, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	w := &Error{Op: op, Kind: k, Err: err, Hint: fmt.Sprintf(format, args...)}
	if f, ok := errors.AsType[*Error](err); ok {
		w.Kind, w.RetryAfter = f.Kind, f.RetryAfter
	}
	return w
}

// WithHint returns a copy of the fault that tells a person what to try next.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// About returns a copy of the fault that names the object concerned.
func (e *Error) About(object string) *Error {
	c := *e
	c.Object = object
	return &c
}

// KindOf returns the kind of the outermost fault in err's chain; Internal for an error without one, 0 for nil.
func KindOf(err error) Kind {
	if err == nil {
		return 0
	}
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Kind
	}
	return Internal
}

// KindOr is KindOf, but k for an error without a fault in its chain.
func KindOr(err error, k Kind) Kind {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Kind
	}
	return k
}

// Is reports whether err is a fault of the kind.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// HintOf returns the outermost non-empty hint in err's chain.
func HintOf(err error) string {
	for err != nil {
		f, ok := errors.AsType[*Error](err)
		if !ok {
			return ""
		}
		if f.Hint != "" {
			return f.Hint
		}
		err = f.Err
	}
	return ""
}

// WithCode returns a copy of the fault with a word of its own in the provisioning log.
func (e *Error) WithCode(code string) *Error {
	c := *e
	c.Code = code
	return &c
}

// CodeOf returns the outermost code in err's chain; without one that of its kind, "" for nil.
func CodeOf(err error) string {
	if err == nil {
		return ""
	}
	for e := err; e != nil; {
		f, ok := errors.AsType[*Error](e)
		if !ok {
			break
		}
		if f.Code != "" {
			return f.Code
		}
		e = f.Err
	}
	return KindOf(err).Door().Log
}

// AnswerOf returns the outermost answer in err's chain, nil when there is none.
func AnswerOf(err error) *Answer {
	for err != nil {
		f, ok := errors.AsType[*Error](err)
		if !ok {
			return nil
		}
		if f.Answer != nil {
			return f.Answer
		}
		err = f.Err
	}
	return nil
}

// RetryAfterOf returns how long the outermost fault asks to wait, 0 when it does not say.
func RetryAfterOf(err error) time.Duration {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.RetryAfter
	}
	return 0
}
