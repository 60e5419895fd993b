package expr

import (
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
)

// Limits of an expression; both are save-time errors.
const (
	MaxLength = 10_000 // characters of an expression's text
	MaxDepth  = 64     // levels of calls and parentheses
)

// maxText is the longest text an evaluation may produce, in bytes; nested Replace calls could otherwise grow without bound.
const maxText = 1 << 20

// Expr is a parsed and checked expression. It is immutable and safe for concurrent use.
type Expr struct {
	root     node
	text     string   // canonical
	attrs    []string // sorted
	calls    []string // sorted
	lint     []string
	redacted bool
}

// Parse reads and checks an expression. The error is a fault.Invalid that wraps a *SyntaxError with the position and what was expected.
func Parse(text string) (*Expr, error) {
	p := parser{src: text}
	root, err := p.whole()
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "parse the expression", err)
	}
	e := &Expr{root: root, text: show(root), lint: p.lint}
	e.collect()
	return e, nil
}

// collect gathers what the listing methods answer.
func (e *Expr) collect() {
	attrs, calls := map[string]bool{}, map[string]bool{}
	walk(e.root, func(n node) {
		switch n := n.(type) {
		case *attribute:
			attrs[n.name] = true
		case *call:
			calls[n.fn.Name] = true
			e.lint = append(e.lint, lintCall(n)...)
		}
	})
	e.attrs = slices.Sorted(maps.Keys(attrs))
	e.calls = slices.Sorted(maps.Keys(calls))
	e.redacted = calls["Redact"]
}

// String returns the expression in canonical form; parsing it again yields the same expression.
func (e *Expr) String() string { return e.text }

// Attributes returns the names of the source attributes it reads, sorted, each once.
func (e *Expr) Attributes() []string { return slices.Clone(e.attrs) }

// Functions returns the names of the functions it calls, sorted, each once.
func (e *Expr) Functions() []string { return slices.Clone(e.calls) }

// Calls reports whether the expression calls the function (canonical name).
func (e *Expr) Calls(function string) bool {
	_, found := slices.BinarySearch(e.calls, function)
	return found
}

// Lint returns what is legal but probably not meant, in plain words.
func (e *Expr) Lint() []string { return slices.Clone(e.lint) }

// Redacted reports whether the expression holds Redact(…): neither its values nor its inputs may be logged.
func (e *Expr) Redacted() bool { return e.redacted }

// Attribute returns the name when the whole expression is one bare attribute, which needs no evaluator.
func (e *Expr) Attribute() (string, bool) {
	a, ok := e.root.(*attribute)
	if !ok {
		return "", false
	}
	return a.name, true
}

// Constant returns the text when the whole expression is one quoted text.
func (e *Expr) Constant() (string, bool) {
	l, ok := e.root.(*literal)
	if !ok || l.source != "" || l.ignore != nil {
		return "", false
	}
	s, ok := l.val.(string)
	return s, ok
}

// SwitchedAttributes returns the attributes that stand directly inside a Switch, sorted; references must not.
func (e *Expr) SwitchedAttributes() []string {
	found := map[string]bool{}
	walk(e.root, func(n node) {
		c, ok := n.(*call)
		if !ok || c.fn.Name != "Switch" {
			return
		}
		for _, a := range c.args {
			if at, ok := a.(*attribute); ok {
				found[at.name] = true
			}
		}
	})
	return slices.Sorted(maps.Keys(found))
}

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Quote writes a text as a string literal of the language.
func Quote(s string) string { return `"` + escapes.Replace(s) + `"` }
