package app

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dlclark/regexp2"
)

func (c *checker) scope(path string, f Filter) {
	for i, g := range f.Groups {
		at := fmt.Sprintf("%s[%d]", path, i)
		if len(g.Clauses) == 0 {
			c.add(at+".clauses", "the group has no clauses and would let everything in", "add a clause, or remove the group")
		}
		for j, clause := range g.Clauses {
			c.clause(fmt.Sprintf("%s.clauses[%d]", at, j), clause)
		}
	}
}

func (c *checker) clause(path string, cl Clause) {
	if strings.TrimSpace(cl.Attribute) == "" {
		c.add(path+".attribute", "the clause names no attribute", "name a source attribute, as in attribute: department")
	}
	op, known := FindOperator(cl.Operator)
	switch {
	case cl.Operator == "":
		c.add(path+".operator", "the operator is missing", "use EQUALS, IS NOT NULL, REGEX MATCH, …")
		return
	case !known:
		c.add(path+".operator", fmt.Sprintf("there is no operator %q", cl.Operator), suggest(cl.Operator, operatorNames()))
		return
	case op.Unary && len(cl.Values) > 0:
		c.add(path+".values", op.Name+" takes no values", "remove them")
	case !op.Unary && len(cl.Values) == 0:
		c.add(path+".values", op.Name+" needs a value", "add it, as in values: [Sales]")
	}
	for i, v := range cl.Values {
		c.operand(fmt.Sprintf("%s.values[%d]", path, i), op.Name, v)
	}
}

func operatorNames() []string {
	var names []string
	for _, o := range Operators() {
		names = append(names, o.Name)
	}
	return names
}

func (c *checker) operand(path, operator, v string) {
	switch operator {
	case RegexMatch, NotRegexMatch:
		if _, err := regexp2.Compile(v, regexp2.None); err != nil {
			c.add(path, "the regular expression is wrong: "+err.Error(), "use .NET syntax; in YAML, put it into single quotes")
		}
	case GreaterThan, GreaterOrEqual:
		if _, err := strconv.ParseInt(v, 10, 64); err != nil {
			c.add(path, fmt.Sprintf("%q is not a whole number", v), operator+" compares whole numbers")
		}
	}
}
