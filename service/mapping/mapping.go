package mapping

import (
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
)

// Mapping is the compiled mappings and match rules of one object type. It is immutable and safe for concurrent use.
type Mapping struct{}

// Compile compiles every mapping and every match rule's source. The error joins a fault.Invalid per mistake, each naming the target attribute.
func Compile(o app.Object) (*Mapping, error) { return &Mapping{}, nil }

// Evaluate works out what the target should hold. The error is a fault.Invalid naming the target attribute and the expression.
func (m *Mapping) Evaluate(in Input) (Output, error) { return Output{}, nil }

// MatchValue returns the value the match rule at the index (in app.Object.Match) compares; false when the object has none.
func (m *Mapping) MatchValue(ruleIndex int, in Input) (entry.Value, bool, error) {
	return nil, false, nil
}

// Attributes returns the source attributes that mappings and match rules read, sorted, each once.
func (m *Mapping) Attributes() []string { return nil }

// Lint returns warnings, each beginning with the target attribute.
func (m *Mapping) Lint() []string { return nil }

// HasSoftDelete reports whether a mapping reads [IsSoftDeleted]; without one, leaving scope changes nothing in the target.
func (m *Mapping) HasSoftDelete() bool { return false }
