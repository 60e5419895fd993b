package odata

import (
	"strconv"
	"strings"
	"time"
)

// maxNodes and maxDepth bound what one filter may cost.
const (
	maxNodes = 500
	maxDepth = 32
)

// Filter is a $filter that was understood.
type Filter struct {
	root  node
	paths []string
	hard  bool
}

// node is one of: *logic, *compare, *call, *lambda.
type node any

// logic is and, or and not (which has no left side).
type logic struct {
	op          string
	left, right node
}

// compare is a property against literals; in has several.
type compare struct {
	path string
	op   string // eq ne gt ge lt le in
	fold string // tolower or toupper around the property
	want []any
}

// call is startswith, endswith or contains.
type call struct {
	name, path, fold, text string
}

// lambda is any or all over a collection; body is nil for any().
type lambda struct {
	name, path, variable string
	body                 node
}

// ParseFilter reads a filter: eq ne gt ge lt le in, and or not, parentheses, startswith endswith contains, any and all, $count.
// fault.Invalid says what is wrong and where.
func ParseFilter(text string) (*Filter, error) {
	ts, err := lex("$filter", text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: ts, filter: &Filter{}}
	root, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != end {
		return nil, p.unexpected(t, "the end, and, or or")
	}
	p.filter.root = root
	return p.filter, nil
}

// Paths returns the properties the filter speaks of, variables of any() resolved; each may come several times.
func (f *Filter) Paths() []string { return f.paths }

// Advanced reports whether Graph answers the filter only with ConsistencyLevel: eventual and $count=true: ne, not, endswith, $count.
func (f *Filter) Advanced() bool { return f.hard }

type parser struct {
	tokens    []token
	at, nodes int
	filter    *Filter
	variable  string // of the lambda that is being read
	under     string // its collection
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

func (p *parser) unexpected(t token, want string) error {
	if t.kind == end {
		return bad("$filter", "it ends where %s is expected", want)
	}
	return bad("$filter", "%q at character %d stands where %s is expected", t.text, t.at+1, want)
}

// is reports whether the next token is the word, in any case, and takes it then.
func (p *parser) is(w string) bool {
	if t := p.peek(); t.kind == word && strings.EqualFold(t.text, w) {
		p.at++
		return true
	}
	return false
}

func (p *parser) symbol(s string) bool {
	if t := p.peek(); t.kind == symbol && t.text == s {
		p.at++
		return true
	}
	return false
}

func (p *parser) expect(s string) error {
	if !p.symbol(s) {
		return p.unexpected(p.peek(), "'"+s+"'")
	}
	return nil
}

func (p *parser) or(depth int) (node, error)  { return p.chain(depth, "or", p.and) }
func (p *parser) and(depth int) (node, error) { return p.chain(depth, "and", p.unary) }

func (p *parser) chain(depth int, op string, operand func(int) (node, error)) (node, error) {
	left, err := operand(depth)
	for err == nil && p.is(op) {
		var right node
		right, err = operand(depth)
		left = &logic{op, left, right}
	}
	return left, err
}

func (p *parser) unary(depth int) (node, error) {
	if depth++; depth > maxDepth {
		return nil, bad("$filter", "it nests deeper than %d levels", maxDepth)
	}
	if p.nodes++; p.nodes > maxNodes {
		return nil, bad("$filter", "it has more than %d conditions", maxNodes)
	}
	if p.is("not") {
		p.filter.hard = true
		inner, err := p.unary(depth)
		return &logic{op: "not", right: inner}, err
	}
	if p.symbol("(") {
		inner, err := p.or(depth)
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	}
	return p.condition(depth)
}

func (p *parser) condition(depth int) (node, error) {
	t := p.next()
	if t.kind != word {
		return nil, p.unexpected(t, "a property or function")
	}
	name := strings.ToLower(t.text)
	if p.peek().kind == symbol && p.peek().text == "(" {
		switch name {
		case "startswith", "endswith", "contains":
			return p.call(name)
		case "tolower", "toupper":
			p.at--
		default:
			return nil, bad("$filter", "the function %q is not known", t.text).WithHint("there are startswith, endswith, contains, tolower, toupper, any and all")
		}
	} else {
		p.at--
	}
	path, fold, err := p.operand()
	if err != nil {
		return nil, err
	}
	if i := strings.LastIndexByte(path, '/'); i > 0 && fold == "" {
		if last := strings.ToLower(path[i+1:]); (last == "any" || last == "all") && p.symbol("(") {
			return p.lambda(last, path[:i], depth)
		}
	}
	return p.compare(path, fold)
}

// operand reads a property path, or tolower(path).
func (p *parser) operand() (path, fold string, err error) {
	t := p.next()
	if t.kind != word {
		return "", "", p.unexpected(t, "a property")
	}
	if f := strings.ToLower(t.text); (f == "tolower" || f == "toupper") && p.symbol("(") {
		if path, _, err = p.operand(); err != nil {
			return "", "", err
		}
		return path, f, p.expect(")")
	}
	parts := []string{t.text}
	for p.symbol("/") {
		t = p.next()
		if t.kind != word {
			return "", "", p.unexpected(t, "a property after '/'")
		}
		parts = append(parts, t.text)
	}
	return strings.Join(parts, "/"), "", nil
}

// resolve turns the variable of a lambda into what it stands for, and remembers the property.
func (p *parser) resolve(path string) string {
	full := path
	if p.variable != "" {
		if head, rest, sub := strings.Cut(path, "/"); head == p.variable {
			full = p.under
			if sub {
				full += "/" + rest
			}
		}
	}
	p.filter.paths = append(p.filter.paths, strings.TrimSuffix(full, "/$count"))
	return path
}

func (p *parser) call(name string) (node, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	path, fold, err := p.operand()
	if err != nil {
		return nil, err
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	t := p.next()
	if t.kind != quoted {
		return nil, p.unexpected(t, "a text in single quotes")
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if p.is("eq") && !p.is("true") { // some clients write startswith(x,'y') eq true
		return nil, p.unexpected(p.peek(), "true")
	}
	p.filter.hard = p.filter.hard || name == "endswith"
	return &call{name, p.resolve(path), fold, t.text}, nil
}

func (p *parser) lambda(name, path string, depth int) (node, error) {
	p.resolve(path)
	l := &lambda{name: name, path: path}
	if name == "any" && p.symbol(")") {
		return l, nil
	}
	if p.variable != "" {
		return nil, bad("$filter", "%s stands inside another any or all", name)
	}
	t := p.next()
	if t.kind != word {
		return nil, p.unexpected(t, "a variable like c")
	}
	if err := p.expect(":"); err != nil {
		return nil, err
	}
	l.variable, p.variable, p.under = t.text, t.text, path
	var err error
	if l.body, err = p.or(depth); err != nil {
		return nil, err
	}
	p.variable, p.under = "", ""
	return l, p.expect(")")
}

func (p *parser) compare(path, fold string) (node, error) {
	t := p.next()
	op := strings.ToLower(t.text)
	if t.kind != word || !strings.Contains(" eq ne gt ge lt le in ", " "+op+" ") {
		return nil, p.unexpected(t, "eq, ne, gt, ge, lt, le or in")
	}
	p.filter.hard = p.filter.hard || op == "ne" || strings.HasSuffix(path, "/$count")
	c := &compare{path: p.resolve(path), op: op, fold: fold}
	if op != "in" {
		v, err := p.literal()
		c.want = []any{v}
		return c, err
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	for {
		v, err := p.literal()
		if err != nil {
			return nil, err
		}
		if c.want = append(c.want, v); len(c.want) > maxNodes {
			return nil, bad("$filter", "in has more than %d values", maxNodes)
		}
		if !p.symbol(",") {
			return c, p.expect(")")
		}
	}
}

// literal reads a text, true, false, null, a number, a time, or a bare word such as a GUID.
func (p *parser) literal() (any, error) {
	t := p.next()
	switch {
	case t.kind == quoted:
		return t.text, nil
	case t.kind != word:
		return nil, p.unexpected(t, "a value")
	case strings.EqualFold(t.text, "true"):
		return true, nil
	case strings.EqualFold(t.text, "false"):
		return false, nil
	case strings.EqualFold(t.text, "null"):
		return nil, nil //nolint:nilnil // null is a value
	}
	if n, err := strconv.ParseInt(t.text, 10, 64); err == nil {
		return n, nil
	}
	if at, err := ParseTime(t.text); err == nil {
		return at, nil
	}
	if isGUID(t.text) {
		return t.text, nil
	}
	return nil, bad("$filter", "%q at character %d is not a value", t.text, t.at+1).WithHint("put text in single quotes")
}

// ParseTime reads a time as clients write it: with or without seconds, fractions and zone; without a zone it is UTC.
func ParseTime(s string) (time.Time, error) {
	var err error
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02"} {
		var t time.Time
		if t, err = time.Parse(form, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, err
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
			return false
		}
	}
	return true
}
