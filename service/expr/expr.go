package expr

import "github.com/sallyport-id/sallyport/fault"

// Expr is a parsed and checked expression. It is immutable and safe for concurrent use.
type Expr struct{ text string }

// Parse reads and checks an expression. The error is a fault.Invalid that wraps a *SyntaxError.
func Parse(text string) (*Expr, error) {
	return nil, fault.New(fault.Unsupported, "parse", "not yet")
}

// String returns the expression in canonical form; parsing it again yields the same expression.
func (e *Expr) String() string { return e.text }

// Attributes returns the names of the source attributes it reads, sorted, each once.
func (e *Expr) Attributes() []string { return nil }

// Functions returns the names of the functions it calls, sorted, each once.
func (e *Expr) Functions() []string { return nil }

// Lint returns what is legal but probably not meant, in plain words.
func (e *Expr) Lint() []string { return nil }

// Redacted reports whether the expression holds Redact(…).
func (e *Expr) Redacted() bool { return false }

// Eval evaluates the expression. The error is a fault.Invalid that wraps an *EvalError naming function and attribute.
func (e *Expr) Eval(env Env) (Result, error) { return Result{}, nil }
