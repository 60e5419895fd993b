package expr

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// SyntaxError says where an expression is wrong and what was expected there.
type SyntaxError struct {
	Offset   int    // characters before the place
	Line     int    // from 1
	Column   int    // from 1, in characters
	Problem  string // what is wrong
	Expected string // what would be right; may be empty
}

// Error writes "line 1, column 7: problem; expected …".
func (e *SyntaxError) Error() string {
	s := fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Problem)
	if e.Expected != "" {
		s += "; expected " + e.Expected
	}
	return s
}

// syntaxAt makes a SyntaxError for a byte position of the source.
func syntaxAt(src string, pos int, problem, expected string) *SyntaxError {
	before := src[:min(pos, len(src))]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return &SyntaxError{
		Offset:   utf8.RuneCountInString(before),
		Line:     1 + strings.Count(before, "\n"),
		Column:   1 + utf8.RuneCountInString(line),
		Problem:  problem,
		Expected: expected,
	}
}

// EvalError says which function could not be evaluated, and on which attribute.
type EvalError struct {
	Function  string // "CDate"; "" when no function is concerned
	Attribute string // first source attribute the function reads; "" when it reads none
	Err       error  // what is wrong with the data
}

// Error writes "CDate of [hireDate]: …".
func (e *EvalError) Error() string {
	switch {
	case e.Function != "" && e.Attribute != "":
		return fmt.Sprintf("%s of [%s]: %v", e.Function, e.Attribute, e.Err)
	case e.Function != "":
		return fmt.Sprintf("%s: %v", e.Function, e.Err)
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *EvalError) Unwrap() error { return e.Err }

// The two ways out of an evaluation that are not failures.
var (
	errIgnoreAttribute = errors.New("attribute ignored")
	errIgnoreObject    = errors.New("object ignored")
)

var errTooLong = fmt.Errorf("the result is longer than %d bytes", maxText)

// blame names the function and the attribute of the innermost call that failed.
func blame(c *call, err error) error {
	if errors.Is(err, errIgnoreAttribute) || errors.Is(err, errIgnoreObject) {
		return err
	}
	if _, ok := errors.AsType[*EvalError](err); ok {
		return err
	}
	return &EvalError{Function: c.fn.Name, Attribute: firstAttribute(c), Err: err}
}

func firstAttribute(c *call) string {
	name := ""
	walk(c, func(n node) {
		if a, ok := n.(*attribute); ok && name == "" {
			name = a.name
		}
	})
	return name
}
