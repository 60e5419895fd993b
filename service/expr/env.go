package expr

import (
	"io"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// Env is what an evaluation may know of the world. The zero Env has no attributes, the zero instant and no randomness.
type Env struct {
	// Attrs returns the values of a source attribute, nil when it is absent. nil: every attribute is absent.
	Attrs func(name string) []entry.Value
	// Now is the one instant that every Now() of the evaluation returns.
	Now time.Time
	// Rand feeds Guid and RandomString; crypto/rand.Reader in production.
	Rand io.Reader
	// DefaultDomain is what DefaultDomain() returns.
	DefaultDomain string
	// Taken answers for SelectUniqueValue whether the target holds the value already. nil: nothing is taken.
	Taken func(v string) (bool, error)
	// Writing says that the attribute is about to be written (the object is being created). When false, an expression
	// that reaches Guid, RandomString or SelectUniqueValue yields IgnoreAttribute, so that comparing never sees a difference.
	Writing bool
}

// Kind is the kind of a result.
type Kind uint8

// The kinds of a result.
const (
	Value           Kind = iota + 1 // one value, or several when the expression yields a list
	Null                            // nothing: skipped, or cleared, or replaced by the default, as the mapping says
	IgnoreAttribute                 // leave this attribute out, without a default
	IgnoreObject                    // do not export the object this time
)

// String returns "value", "null", "ignoreAttribute" or "ignoreObject".
func (k Kind) String() string {
	switch k {
	case Value:
		return "value"
	case Null:
		return "null"
	case IgnoreAttribute:
		return "ignoreAttribute"
	case IgnoreObject:
		return "ignoreObject"
	}
	return "invalid"
}

// Result is what an expression yields.
type Result struct {
	Kind     Kind
	Values   []entry.Value // for Kind Value: one or more of string, bool, int64, float64, time.Time (UTC), []byte, entry.Ref, entry.Complex
	Redacted bool          // the expression holds Redact(…): never log these values
}
