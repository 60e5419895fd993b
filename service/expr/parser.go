package expr

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// parser is a recursive descent over the text. It needs no separate scanner, since "&" means concatenation or a hexadecimal number by place.
type parser struct {
	src   string
	pos   int // in bytes
	depth int
	lint  []string
}

const wantPrimary = `a function, an [attribute], a "text", a number or "("`

// whole parses the entire text.
func (p *parser) whole() (node, *SyntaxError) {
	if err := p.sane(); err != nil {
		return nil, err
	}
	n, err := p.expression()
	if err != nil {
		return nil, err
	}
	p.blank()
	if p.pos < len(p.src) {
		return nil, p.fail(p.unexpected(), `an operator or the end`)
	}
	return n, p.checkRoot(n)
}

// sane refuses what no expression may be: empty, too long, or not text.
func (p *parser) sane() *SyntaxError {
	if strings.TrimSpace(p.src) == "" {
		return p.fail("the expression is empty", wantPrimary)
	}
	if len(p.src) > MaxLength && utf8.RuneCountInString(p.src) > MaxLength {
		return p.fail(fmt.Sprintf("the expression is longer than %d characters", MaxLength), "a shorter one")
	}
	for i, r := range p.src {
		if r != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(p.src[i:]); size == 1 {
			p.pos = i
			return p.fail("the text is not valid UTF-8", "")
		}
	}
	return nil
}

func (p *parser) fail(problem, expected string) *SyntaxError {
	return syntaxAt(p.src, p.pos, problem, expected)
}

// unexpected describes what stands at the position.
func (p *parser) unexpected() string {
	if p.pos >= len(p.src) {
		return "the expression ends too early"
	}
	r, _ := utf8.DecodeRuneInString(p.src[p.pos:])
	return fmt.Sprintf("unexpected %q", r)
}

func (p *parser) blank() {
	for p.pos < len(p.src) {
		r, size := utf8.DecodeRuneInString(p.src[p.pos:])
		if !unicode.IsSpace(r) {
			return
		}
		p.pos += size
	}
}

// accept skips blanks and consumes the token if it comes next.
func (p *parser) accept(token string) bool {
	p.blank()
	if !strings.HasPrefix(p.src[p.pos:], token) {
		return false
	}
	p.pos += len(token)
	return true
}

func (p *parser) peek() byte {
	p.blank()
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

// enter counts a level of nesting; leave gives it back. The whole expression is a level of its own, below which MaxDepth calls and parentheses fit.
func (p *parser) enter() *SyntaxError {
	if p.depth++; p.depth > MaxDepth+1 {
		return p.fail(fmt.Sprintf("nested deeper than %d levels", MaxDepth), "a flatter expression")
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

// expression = cat [ comparison cat ]
func (p *parser) expression() (node, *SyntaxError) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	left, err := p.concatenation()
	if err != nil {
		return nil, err
	}
	for _, op := range []string{"<>", "<=", ">=", "=", "<", ">"} {
		if p.accept(op) {
			right, err := p.concatenation()
			if err != nil {
				return nil, err
			}
			return &compare{op: op, left: left, right: right}, nil
		}
	}
	return left, nil
}

// concatenation = prim { "&" prim }
func (p *parser) concatenation() (node, *SyntaxError) {
	var parts []node
	for {
		n, err := p.primary()
		if err != nil {
			return nil, err
		}
		if c, ok := n.(*concat); ok {
			parts = append(parts, c.parts...)
		} else {
			parts = append(parts, n)
		}
		if !p.accept("&") {
			break
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return &concat{parts: parts}, nil
}

func (p *parser) primary() (node, *SyntaxError) {
	c := p.peek()
	switch {
	case c == '"':
		return p.stringLiteral()
	case c == '[':
		return p.attributeName()
	case c == '(':
		return p.parenthesis()
	case c == '&':
		return p.hexNumber()
	case c == '-' || c >= '0' && c <= '9':
		return p.decimalNumber()
	case isNameByte(c) && c > '9':
		return p.name()
	}
	return nil, p.fail(p.unexpected(), wantPrimary)
}

func (p *parser) parenthesis() (node, *SyntaxError) {
	p.pos++
	n, err := p.expression()
	if err != nil {
		return nil, err
	}
	if !p.accept(")") {
		return nil, p.fail(p.unexpected(), `")" or an operator`)
	}
	return n, nil
}

// stringLiteral reads "…" with the escapes \" and \\; any other backslash stays.
func (p *parser) stringLiteral() (node, *SyntaxError) {
	start := p.pos
	var b strings.Builder
	for i := p.pos + 1; i < len(p.src); i++ {
		c := p.src[i]
		if c == '"' {
			p.pos = i + 1
			return &literal{val: b.String()}, nil
		}
		if c == '\\' && i+1 < len(p.src) && (p.src[i+1] == '"' || p.src[i+1] == '\\') {
			i++
			c = p.src[i]
		}
		b.WriteByte(c)
	}
	p.pos = start
	return nil, p.fail("a text that begins here has no end", `a closing "`)
}

// attributeName reads [name]; brackets inside the name must balance.
func (p *parser) attributeName() (node, *SyntaxError) {
	open := 0
	for i := p.pos; i < len(p.src); i++ {
		switch p.src[i] {
		case '[':
			open++
		case ']':
			open--
		}
		if open > 0 {
			continue
		}
		name := p.src[p.pos+1 : i]
		if strings.TrimSpace(name) == "" {
			return nil, p.fail("an attribute without a name", "[name]")
		}
		p.pos = i + 1
		return &attribute{name: name}, nil
	}
	return nil, p.fail("an attribute that begins here has no end", `a closing "]"`)
}

func (p *parser) decimalNumber() (node, *SyntaxError) {
	end := p.pos
	if p.src[end] == '-' {
		end++
	}
	end += countDigits(p.src[end:])
	if end < len(p.src) && p.src[end] == '.' {
		end += 1 + countDigits(p.src[end+1:])
	}
	s := p.src[p.pos:end]
	if !isDecimal(s) {
		return nil, p.fail("not a number: "+s, "digits, as in -12.5")
	}
	v := parseNumber(s)
	if _, whole := v.(int64); !whole && !strings.Contains(s, ".") {
		return nil, p.fail("the number is too large", "at most 9223372036854775807, or a quoted text")
	}
	p.pos = end
	return &literal{val: v, source: s}, nil
}

func countDigits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

func (p *parser) hexNumber() (node, *SyntaxError) {
	end := p.pos + 1
	if end >= len(p.src) || p.src[end] != 'H' && p.src[end] != 'h' {
		return nil, p.fail(p.unexpected(), wantPrimary)
	}
	end++
	start := end
	for end < len(p.src) && strings.IndexByte("0123456789abcdefABCDEF", p.src[end]) >= 0 {
		end++
	}
	n, err := strconv.ParseUint(p.src[start:end], 16, 64)
	if err != nil {
		return nil, p.fail("not a hexadecimal number", "&H and 1 to 16 hexadecimal digits")
	}
	source := "&H" + strings.ToUpper(p.src[start:end])
	p.pos = end
	return &literal{val: int64(n), source: source}, nil
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// name reads a call or a keyword.
func (p *parser) name() (node, *SyntaxError) {
	start := p.pos
	for p.pos < len(p.src) && isNameByte(p.src[p.pos]) {
		p.pos++
	}
	name := p.src[start:p.pos]
	if p.peek() == '(' {
		return p.call(name, start)
	}
	if l, canonical, ok := keyword(name); ok {
		p.noteCase("keyword", name, canonical)
		return l, nil
	}
	p.pos = start
	if f, ok := lookup(name); ok {
		return nil, p.fail(f.Name+" is a function", f.Name+"(…)")
	}
	return nil, p.fail(fmt.Sprintf("%q is not a keyword", name), fmt.Sprintf("[%s] for an attribute or %q for a text", name, name))
}

func (p *parser) noteCase(what, written, canonical string) {
	if written != canonical {
		p.lint = append(p.lint, fmt.Sprintf("the %s %s is usually written %s", what, written, canonical))
	}
}

// keyword returns the literal a bare word stands for, with its canonical spelling.
func keyword(name string) (*literal, string, bool) {
	for _, k := range keywords {
		if strings.EqualFold(k.source, name) {
			return k, k.source, true
		}
	}
	return nil, "", false
}

var keywords = []*literal{
	{source: "True", val: true},
	{source: "False", val: false},
	{source: "NULL"},
	{source: "vbBinaryCompare", val: int64(0)},
	{source: "vbTextCompare", val: int64(1)},
	{source: "UTF8", val: "UTF8"},
	{source: "ASCII", val: "ASCII"},
	{source: "Unicode", val: "Unicode"},
	{source: "IgnoreAttributeFlow", ignore: errIgnoreAttribute},
	{source: "IgnoreObjectFlow", ignore: errIgnoreObject},
}
