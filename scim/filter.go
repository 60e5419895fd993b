package scim

import (
	"github.com/sallyport-id/sallyport/entry"
)

// maxFilter bounds the length of a filter, a path and a list of attribute names, in bytes.
const maxFilter = 8 << 10

// Filter is a compiled filter (RFC 7644 §3.4.2.2): a predicate over a Source, and probes for an index. It is immutable and safe
// for concurrent use; it implements scimserver.Matcher.
type Filter struct {
	rt    *ResourceType
	root  *expr // nil for a connection test
	first expr  // the first comparison, kept here to save an allocation
	used  bool
}

type exprKind uint8

const (
	exprCompare exprKind = iota
	exprAnd
	exprOr
	exprNot
	exprWithin // a[…] or a[…].b op v: left holds for one element, and right too when there is one
)

type operator uint8

const (
	opEq operator = iota + 1
	opNe
	opCo
	opSw
	opEw
	opGt
	opGe
	opLt
	opLe
	opPr
)

// expr is a node of the compiled filter.
type expr struct {
	kind  exprKind
	op    operator
	field *field      // what is compared, or the attribute before the bracket
	text  string      // literal for strings and references
	value entry.Value // literal of any other type; nil for null
	left  *expr
	right *expr
}

// ParseFilter parses a filter in entra mode. It fails with fault.Invalid and scimType invalidFilter; the detail has the position.
// A filter that is longer than 8 KiB, or nested deeper than 32, is refused.
func (rt *ResourceType) ParseFilter(text string) (*Filter, error) {
	return rt.ParseFilterIn(text, Entra)
}

// ParseFilterIn parses a filter in a mode: strict refuses strings for booleans.
func (rt *ResourceType) ParseFilterIn(text string, m Mode) (*Filter, error) {
	f := &Filter{rt: rt}
	p := filterParser{rt: rt, s: text, mode: m, out: f}
	if len(text) > maxFilter {
		return nil, p.fail(maxFilter, "the filter is longer than %d bytes", maxFilter)
	}
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.space(); p.pos < len(p.s) {
		return nil, p.fail(p.pos, "%q is not understood here; expected \"and\", \"or\" or the end", p.rest())
	}
	f.root = root
	return f, nil
}

// IsUnknownProbe reports whether the filter is a connection test as Entra sends it: one eq with an unknown bare name and a GUID.
// It matches nothing, and should be answered with an empty list without asking the store.
func (f *Filter) IsUnknownProbe() bool { return f.root == nil }

// Match reports whether a resource satisfies the filter.
func (f *Filter) Match(s Source) bool { return f.root != nil && f.rt.match(f.root, s) }

// newExpr returns a place for a node: the first one inside the filter itself.
func (f *Filter) newExpr(e expr) *expr {
	if f != nil && !f.used {
		f.used, f.first = true, e
		return &f.first
	}
	return &e
}
