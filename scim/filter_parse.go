package scim

import (
	"strings"
)

// filterParser is a recursive-descent parser over the bytes of a filter or of the part of a path between brackets.
type filterParser struct {
	rt    *ResourceType
	s     string
	pos   int
	depth int
	mode  Mode
	scope *field  // inside brackets: the attribute before them
	loose bool    // unknown sub-attributes are taken as strings
	out   *Filter // nil within a path
}

func (p *filterParser) fail(pos int, format string, args ...any) error {
	return refuse(InvalidFilter, "filter, character %d: "+format, append([]any{pos + 1}, args...)...)
}

// rest returns the beginning of what is left, for messages.
func (p *filterParser) rest() string {
	r := p.s[p.pos:]
	if i := strings.IndexByte(r, ' '); i > 0 {
		r = r[:i]
	}
	if len(r) > 40 {
		r = r[:40] + "…"
	}
	return r
}

func (p *filterParser) space() bool {
	start := p.pos
	for p.pos < len(p.s) && (p.s[p.pos] == ' ' || p.s[p.pos] == '\t') {
		p.pos++
	}
	return p.pos > start
}

// word consumes w in any case when it stands here as a whole word.
func (p *filterParser) word(w string) bool {
	end := p.pos + len(w)
	if end > len(p.s) || !equalFoldASCII(p.s[p.pos:end], w) {
		return false
	}
	if end < len(p.s) && nameByte(p.s[end]) {
		return false
	}
	p.pos = end
	return true
}

func (p *filterParser) or() (*expr, error) {
	left, err := p.and()
	for err == nil {
		p.space()
		if !p.word("or") {
			return left, nil
		}
		var right *expr
		if right, err = p.and(); err == nil {
			left = &expr{kind: exprOr, left: left, right: right}
		}
	}
	return nil, err
}

func (p *filterParser) and() (*expr, error) {
	left, err := p.term()
	for err == nil {
		p.space()
		if !p.word("and") {
			return left, nil
		}
		var right *expr
		if right, err = p.term(); err == nil {
			left = &expr{kind: exprAnd, left: left, right: right}
		}
	}
	return nil, err
}

// term parses ( … ), not ( … ) or a comparison.
func (p *filterParser) term() (*expr, error) {
	p.space()
	start := p.pos
	if p.word("not") {
		p.space()
		if !p.at('(') {
			return nil, p.fail(p.pos, "\"not\" needs a parenthesis")
		}
		inner, err := p.group()
		return &expr{kind: exprNot, left: inner}, err
	}
	if p.at('(') {
		return p.group()
	}
	if p.pos >= len(p.s) {
		return nil, p.fail(start, "a comparison is missing")
	}
	return p.compare()
}

func (p *filterParser) at(c byte) bool { return p.pos < len(p.s) && p.s[p.pos] == c }

func (p *filterParser) group() (*expr, error) {
	open := p.pos
	if err := p.enter(); err != nil {
		return nil, err
	}
	inner, err := p.or()
	if err != nil {
		return nil, err
	}
	return inner, p.leave(open, ')')
}

func (p *filterParser) enter() error {
	if p.depth++; p.depth > maxDepth {
		return p.fail(p.pos, "nested deeper than %d", maxDepth)
	}
	p.pos++
	return nil
}

func (p *filterParser) leave(open int, closing byte) error {
	p.depth--
	p.space()
	if p.pos >= len(p.s) {
		return p.fail(open, "what opens here is not closed by %q", string(closing))
	}
	if !p.at(closing) {
		return p.fail(p.pos, "%q is not understood here; expected \"and\", \"or\" or %q", p.rest(), string(closing))
	}
	p.pos++
	return nil
}

// compare parses one comparison, with or without a value path.
func (p *filterParser) compare() (*expr, error) {
	start := p.pos
	name := p.name()
	if name == "" {
		return nil, p.fail(start, "an attribute name is expected, not %q", p.rest())
	}
	f := p.resolve(name)
	if f == nil {
		if p.connectionTest(start, name) {
			return nil, nil
		}
		return nil, p.fail(start, "attribute %q is not known", name)
	}
	if f.never() || f.top.never() {
		return nil, p.fail(start, "attribute %q cannot be searched", f.name)
	}
	if p.at('[') {
		return p.within(f)
	}
	return p.comparison(f)
}

func (p *filterParser) name() string {
	start := p.pos
	for p.pos < len(p.s) && nameByte(p.s[p.pos]) {
		p.pos++
	}
	return p.s[start:p.pos]
}

func (p *filterParser) resolve(name string) *field {
	if p.scope == nil {
		return p.rt.lookup(name)
	}
	if !p.scope.isComplex() && equalFoldASCII(name, "value") {
		return p.scope // a simple multi-valued attribute: the element itself
	}
	if s := p.scope.sub(name); s != nil || !p.loose || strings.ContainsAny(name, ".:") {
		return s
	}
	return p.scope.addSub(name)
}

// within parses what follows the name of an attribute with a bracket.
func (p *filterParser) within(f *field) (*expr, error) {
	open := p.pos
	switch {
	case p.scope != nil:
		return nil, p.fail(open, "brackets inside brackets are not allowed")
	case f.isSub() || !f.multi() && !f.isComplex() || f.common != commNone:
		return nil, p.fail(open, "attribute %q has no values to select from", f.name)
	}
	inner, err := p.bracket(f)
	if err != nil {
		return nil, err
	}
	if !p.at('.') {
		if inner.plainID(f) {
			return inner, nil
		}
		return &expr{kind: exprWithin, field: f, left: inner}, nil
	}
	p.pos++
	at := p.pos
	p.scope = f
	s := p.resolve(p.name())
	p.scope = nil
	if s == nil {
		return nil, p.fail(at, "attribute %q has no such sub-attribute", f.name)
	}
	right, err := p.comparison(s)
	if err != nil {
		return nil, err
	}
	return &expr{kind: exprWithin, op: right.op, field: f, left: inner, right: right}, nil
}

// bracket parses [ … ] with the field as scope.
func (p *filterParser) bracket(f *field) (*expr, error) {
	open := p.pos
	if err := p.enter(); err != nil {
		return nil, err
	}
	p.scope = f
	inner, err := p.or()
	p.scope = nil
	if err != nil {
		return nil, err
	}
	return inner, p.leave(open, ']')
}

// plainID reports whether the node is value eq "id" within a reference attribute, which is the same without the brackets.
func (e *expr) plainID(f *field) bool {
	return e.kind == exprCompare && e.op == opEq && f.refs && e.field == f.value
}

// connectionTest recognises PLACEHOLDER eq "<GUID>" as the whole filter.
func (p *filterParser) connectionTest(start int, name string) bool {
	if p.out == nil || start != 0 || strings.ContainsAny(name, ".:") {
		return false
	}
	save := p.pos
	p.space()
	if op, _ := p.operator(); op == opEq {
		p.space()
		if p.at('"') {
			text, n, why := unquote(p.s[p.pos:])
			if why == "" && isGUID(text) && strings.TrimSpace(p.s[p.pos+n:]) == "" {
				p.pos = len(p.s)
				return true
			}
		}
	}
	p.pos = save
	return false
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (s[i] == '-') || !dash && strings.IndexByte(hexDigits, lowerTable[s[i]]) < 0 {
			return false
		}
	}
	return true
}

var operators = [...]struct {
	word string
	op   operator
}{{"eq", opEq}, {"ne", opNe}, {"co", opCo}, {"sw", opSw}, {"ew", opEw}, {"pr", opPr}, {"gt", opGt}, {"ge", opGe}, {"lt", opLt}, {"le", opLe}}

// operator consumes an operator; ok is false and nothing is consumed when there is none.
func (p *filterParser) operator() (operator, bool) {
	for _, o := range &operators {
		if p.word(o.word) {
			return o.op, true
		}
	}
	return 0, false
}
