package scope

import (
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
)

// Verdict says whether an object is in scope, and why.
type Verdict struct {
	In      bool
	Why     string         // plain words: department EQUALS "Sales" is false: department is "IT"
	Clauses []ClauseResult // every clause that was looked at, in order
}

// ClauseResult is what one clause said.
type ClauseResult struct {
	Group  string // name of the clause's group
	Clause string // department EQUALS "Sales"
	True   bool
	Why    string // department is "IT"
}

// Filter is a compiled scoping filter, safe for concurrent use.
type Filter struct{}

// Compile checks and compiles a filter. The error is a fault.Invalid naming group, clause and what is wrong. An empty filter lets everything in.
func Compile(f app.Filter) (*Filter, error) { return &Filter{}, nil }

// Evaluate decides on the full attributes of a source object.
func (f *Filter) Evaluate(attrs entry.Attrs) Verdict { return Verdict{} }

// EvaluateEntry is Evaluate with the virtual attributes objectId and id.
func (f *Filter) EvaluateEntry(e entry.Entry) Verdict { return Verdict{} }
