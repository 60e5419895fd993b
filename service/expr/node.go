package expr

import (
	"strings"
	"time"

	"github.com/dlclark/regexp2"

	"github.com/sallyport-id/sallyport/entry"
)

// node is a part of a parsed expression. An omitted argument is a nil node.
type node interface {
	eval(r *run) (value, error)
	write(b *strings.Builder)
}

// literal is a string, a number or a keyword.
type literal struct {
	val    value
	source string // as it is written: 1, &HF, True; "" for a string
	ignore error  // set for the two Ignore keywords
}

// attribute reads the source: [name].
type attribute struct{ name string }

// call applies a function.
type call struct {
	fn   *builtin
	args []node
	re   *regexp2.Regexp // compiled constant pattern, for Replace
}

// concat joins two or more parts as text: a & b & c.
type concat struct{ parts []node }

// compare is a = b and its kin.
type compare struct {
	op          string
	left, right node
}

// run is one evaluation.
type run struct {
	env      *Env
	redacted bool
	work     int           // spent of maxWork
	limit    time.Duration // of all regular expressions together
	alarm    *alarm        // set when regular expressions make many matches
	matches  int
}

func (l *literal) eval(*run) (value, error) { return l.val, l.ignore }

func (a *attribute) eval(r *run) (value, error) {
	if r.env.Attrs == nil {
		return nil, nil
	}
	v := fromEntry(r.env.Attrs(a.name))
	if err := r.charge(v); err != nil {
		return nil, &EvalError{Attribute: a.name, Err: err}
	}
	return v, nil
}

func (c *call) eval(r *run) (value, error) {
	v, err := c.fn.eval(r, c)
	if err == nil {
		err = r.charge(v)
	}
	if err != nil {
		return nil, blame(c, err)
	}
	return v, nil
}

func (c *concat) eval(r *run) (value, error) {
	var b strings.Builder
	for _, p := range c.parts {
		v, err := p.eval(r)
		if err != nil {
			return nil, err
		}
		b.WriteString(text(v))
		if b.Len() > maxText {
			return nil, &EvalError{Function: "&", Err: errTooLong}
		}
	}
	return b.String(), nil
}

// walk visits a node and everything below it, depth first, parents before children.
func walk(n node, visit func(node)) {
	if n == nil {
		return
	}
	visit(n)
	for _, c := range children(n) {
		walk(c, visit)
	}
}

func children(n node) []node {
	switch n := n.(type) {
	case *call:
		return n.args
	case *concat:
		return n.parts
	case *compare:
		return []node{n.left, n.right}
	}
	return nil
}

// fromEntry turns the values of a source attribute into a value of the language.
func fromEntry(vs []entry.Value) value {
	switch len(vs) {
	case 0:
		return nil
	case 1:
		return vs[0]
	}
	l := make(list, len(vs))
	for i, v := range vs {
		l[i] = v
	}
	return l
}
