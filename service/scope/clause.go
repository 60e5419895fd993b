package scope

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dlclark/regexp2"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
)

// regexTimeout bounds one match of one pattern.
const regexTimeout = 250 * time.Millisecond

// maxPattern is the longest pattern of a clause, in bytes.
const maxPattern = 2000

// clause is a compiled clause.
type clause struct {
	attribute string
	operator  string // canonical
	operands  []string
	numbers   []int64 // operands as numbers, where the operator wants them
	patterns  []*regexp2.Regexp
	all       bool   // of several values all must pass
	shown     string // for people
}

func compileClause(c app.Clause) (clause, error) {
	out := clause{attribute: c.Attribute, operands: c.Values, all: c.All, shown: show(c)}
	op, known := app.FindOperator(c.Operator)
	if !known {
		return out, out.fault("there is no operator %q", c.Operator)
	}
	out.operator = op.Name
	if strings.TrimSpace(c.Attribute) == "" {
		return out, out.fault("the clause names no attribute")
	}
	if op.Unary != (len(c.Values) == 0) {
		return out, out.fault("the operator %s %s", op.Name, map[bool]string{true: "takes no values", false: "needs a value"}[op.Unary])
	}
	return out, out.compileOperands()
}

func (c *clause) fault(format string, args ...any) error {
	return fault.New(fault.Invalid, "clause", format, args...).About(c.shown)
}

func show(c app.Clause) string {
	s := c.Attribute + " " + c.Operator
	if c.All {
		s = "all of " + s
	}
	for i, v := range c.Values {
		if i > 0 {
			s += ","
		}
		s += " " + quote(v)
	}
	return s
}

func (c *clause) compileOperands() error {
	for _, v := range c.operands {
		switch c.operator {
		case app.RegexMatch, app.NotRegexMatch:
			re, err := compileRegex(v)
			if err != nil {
				return c.fault("%w", err)
			}
			c.patterns = append(c.patterns, re)
		case app.GreaterThan, app.GreaterOrEqual:
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return c.fault("%s is not a whole number", quote(v))
			}
			c.numbers = append(c.numbers, n)
		}
	}
	return nil
}

func compileRegex(pattern string) (*regexp2.Regexp, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("a regular expression has at most %d bytes", maxPattern)
	}
	re, err := regexp2.Compile(pattern, regexp2.None)
	if err != nil {
		return nil, fmt.Errorf("the regular expression is wrong: %w", err)
	}
	re.MatchTimeout = regexTimeout
	return re, nil
}

// holds tells whether the clause holds, and what the attribute is.
func (c *clause) holds(e entry.Entry) (bool, string, error) {
	vs := present(valuesOf(e, c.attribute))
	why := describe(c.attribute, vs)
	switch {
	case c.operator == app.IsNull:
		return len(vs) == 0, why, nil
	case c.operator == app.IsNotNull:
		return len(vs) > 0, why, nil
	case len(vs) == 0:
		return false, why, nil // every other operator is false on nothing, the negative ones too
	}
	holds, err := c.several(vs)
	if err != nil {
		return false, "the regular expression takes too long on this value", err
	}
	return holds, why, nil
}

// several decides about all values. Without all, one that passes suffices; a negative operator then wants that none passes its contrary. With all,
// every value must pass by itself, which for a negative operator is the same.
func (c *clause) several(vs []entry.Value) (bool, error) {
	if !c.all || c.negative() {
		holds, err := c.any(vs)
		return holds != c.negative(), err
	}
	for _, v := range vs {
		if ok, err := c.test(v); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// negative reports whether the operator is the contrary of what test asks: it holds when no value passes.
func (c *clause) negative() bool {
	return c.operator == app.NotEquals || c.operator == app.NotRegexMatch || c.operator == app.LacksBits
}

// any reports whether one of the values passes.
func (c *clause) any(vs []entry.Value) (bool, error) {
	for _, v := range vs {
		if ok, err := c.test(v); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// test asks the positive form of the operator about one value.
func (c *clause) test(v entry.Value) (bool, error) {
	switch c.operator {
	case app.IsTrue:
		return isTruth(v, true), nil
	case app.IsFalse:
		return isTruth(v, false), nil
	case app.Equals, app.NotEquals:
		return slices.ContainsFunc(c.operands, func(o string) bool { return equal(v, o) }), nil
	case app.RegexMatch, app.NotRegexMatch:
		return c.matches(text(v))
	case app.GreaterThan, app.GreaterOrEqual:
		return c.greater(v), nil
	case app.Includes:
		return slices.ContainsFunc(c.operands, func(o string) bool { return strings.Contains(text(v), o) }), nil
	case app.EndsWith:
		return slices.ContainsFunc(c.operands, func(o string) bool { return strings.HasSuffix(text(v), o) }), nil
	}
	return c.shares(v), nil
}

func (c *clause) matches(s string) (bool, error) {
	for _, re := range c.patterns {
		ok, err := re.MatchString(s)
		if err != nil { // the time is the clock's, which also runs while the machine is busy with something else: what is slow twice is slow
			ok, err = re.MatchString(s)
		}
		if err != nil {
			return false, fault.Wrap(fault.Invalid, "match "+c.shown, err)
		}
		if ok {
			return true, nil
		}
	}
	return false, nil
}

// greater compares with every operand; one that is passed suffices.
func (c *clause) greater(v entry.Value) bool {
	n, ok := whole(v)
	if !ok {
		return false
	}
	return slices.ContainsFunc(c.numbers, func(o int64) bool { return n > o || n == o && c.operator == app.GreaterOrEqual })
}

// shares asks about bits for an integer and about membership for anything else.
func (c *clause) shares(v entry.Value) bool {
	n, isNumber := v.(int64)
	return slices.ContainsFunc(c.operands, func(o string) bool {
		if !isNumber {
			return text(v) == o
		}
		bits, err := strconv.ParseInt(o, 0, 64)
		return err == nil && n&bits != 0
	})
}
