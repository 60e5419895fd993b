package expr

import (
	"fmt"
)

// call reads the arguments of a function whose name has been read; start is the name's place, for errors.
func (p *parser) call(name string, start int) (node, *SyntaxError) {
	fn, ok := lookup(name)
	if !ok {
		p.pos = start
		return nil, p.fail(fmt.Sprintf("there is no function %s", name), nearestFunction(name))
	}
	p.noteCase("function", name, fn.Name)
	p.pos++ // "("
	args, err := p.arguments()
	if err != nil {
		return nil, err
	}
	c := &call{fn: fn, args: args}
	if problem, expected := c.check(); problem != "" {
		p.pos = start
		return nil, p.fail(problem, expected)
	}
	return c, nil
}

// arguments reads up to the closing parenthesis. An empty place is a nil node; "()" is no argument at all.
func (p *parser) arguments() ([]node, *SyntaxError) {
	if p.accept(")") {
		return nil, nil
	}
	var args []node
	for {
		a, err := p.argument()
		if err != nil {
			return nil, err
		}
		args = append(args, a)
		if p.accept(")") {
			return args, nil
		}
		if !p.accept(",") {
			return nil, p.fail(p.unexpected(), `",", ")" or an operator`)
		}
	}
}

func (p *parser) argument() (node, *SyntaxError) {
	if c := p.peek(); c == ',' || c == ')' {
		return nil, nil
	}
	return p.expression()
}

// checkRoot refuses what is allowed in one place only: SelectUniqueValue at the root, appRoleAssignments inside the role functions.
func (p *parser) checkRoot(root node) *SyntaxError {
	p.pos = 0
	allowed := map[node]bool{}
	var found *SyntaxError
	walk(root, func(n node) {
		switch n := n.(type) {
		case *call:
			if n.fn.Name == "SelectUniqueValue" && n != root {
				found = p.fail("SelectUniqueValue inside another function", "SelectUniqueValue as the outermost function")
			}
			if n.fn.roles && n.given(0) {
				allowed[n.args[0]] = true
			}
		case *attribute:
			if n.name == roleAttribute && !allowed[n] {
				found = p.fail("[appRoleAssignments] cannot be used directly", "SingleAppRoleAssignment, AppRoleAssignmentsComplex or AssertiveAppRoleAssignmentsComplex around it")
			}
		}
	})
	return found
}

// check applies the arity and the function's own save-time rule.
func (c *call) check() (problem, expected string) {
	if n := len(c.args); n > c.fn.max { // empty places count: there is no parameter they could stand for
		return fmt.Sprintf("%s has %d arguments", c.fn.Name, n), c.fn.usage()
	}
	c.normalise()
	if c.fn.check != nil {
		if problem, expected = c.fn.check(c); problem != "" {
			return problem, expected
		}
	}
	if n := len(c.args); n < c.fn.min || n > c.fn.max {
		return fmt.Sprintf("%s has %d arguments", c.fn.Name, n), c.fn.usage()
	}
	return "", ""
}

// normalise drops empty places at the end that the function does not need.
func (c *call) normalise() {
	if c.fn.repeats() {
		return
	}
	for len(c.args) > c.fn.min && c.args[len(c.args)-1] == nil {
		c.args = c.args[:len(c.args)-1]
	}
}
