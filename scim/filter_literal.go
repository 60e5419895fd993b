package scim

import (
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// comparison parses operator and literal for a field and checks that they fit its type.
func (p *filterParser) comparison(f *field) (*expr, error) {
	gap := p.space()
	at := p.pos
	op, ok := p.operator()
	if !ok || !gap {
		return nil, p.fail(at, "an operator (eq ne co sw ew pr gt ge lt le) is expected after %q", f.name)
	}
	e := expr{op: op, field: f}
	if op == opPr {
		return p.out.newExpr(e), nil
	}
	if f.isComplex() {
		if f.value == nil {
			return nil, p.fail(at, "attribute %q is complex: compare one of its sub-attributes", f.name)
		}
		e.field = f.value
	}
	if gap = p.space(); p.pos >= len(p.s) || !gap {
		return nil, p.fail(p.pos, "a value is missing")
	}
	if err := p.literal(&e); err != nil {
		return nil, err
	}
	return p.out.newExpr(e), nil
}

// literal parses the value and stores it in e as the field's type.
func (p *filterParser) literal(e *expr) error {
	at := p.pos
	switch c := p.s[p.pos]; {
	case c == '"':
		text, n, why := unquote(p.s[p.pos:])
		if why != "" {
			return p.fail(p.pos+n, "%s", why)
		}
		p.pos += n
		return p.typedText(at, e, text)
	case c == '-' || '0' <= c && c <= '9':
		return p.number(e)
	case p.word("true"):
		return p.typedBool(at, e, true)
	case p.word("false"):
		return p.typedBool(at, e, false)
	case p.word("null"):
		return p.null(at, e)
	}
	return p.fail(at, "a value must be a string in quotes, a number, true, false or null, not %q", p.rest())
}

// null turns eq null and ne null into absence and presence.
func (p *filterParser) null(at int, e *expr) error {
	switch e.op {
	case opNe:
		*e = expr{op: opPr, field: e.field}
	case opEq:
		*e = expr{kind: exprNot, field: e.field, left: &expr{op: opPr, field: e.field}}
	default:
		return p.fail(at, "null can only be compared with eq and ne")
	}
	return nil
}

func (p *filterParser) number(e *expr) error {
	at := p.pos
	r := reader{s: p.s, pos: p.pos}
	n, err := r.number()
	if err != nil {
		return p.fail(r.pos, "malformed number")
	}
	p.pos = r.pos
	if p.pos < len(p.s) && nameByte(p.s[p.pos]) {
		return p.fail(at, "a string must stand in quotes")
	}
	if t := e.field.attr.Type; t != Integer && t != Decimal {
		return p.fail(at, "attribute %q is compared with %s, not a number", e.field.name, e.field.literal())
	}
	if e.value = parseNumber(n.text); e.value == nil {
		return p.fail(at, "the number is too large")
	}
	return p.orderOnly(at, e)
}

func (p *filterParser) typedBool(at int, e *expr, b bool) error {
	if e.field.attr.Type != Boolean {
		return p.fail(at, "attribute %q is compared with %s, not a boolean", e.field.name, e.field.literal())
	}
	if e.op != opEq && e.op != opNe {
		return p.fail(at, "the boolean attribute %q can only be compared with eq and ne", e.field.name)
	}
	e.value = b
	return nil
}

// literal names what the field is compared with, for messages.
func (f *field) literal() string {
	switch f.attr.Type {
	case Boolean:
		return "true or false"
	case Integer, Decimal:
		return "a number"
	}
	return "a string in quotes"
}

func (p *filterParser) typedText(at int, e *expr, text string) error {
	switch e.field.attr.Type {
	case Boolean:
		if b, ok := parseBool(text); ok && p.mode == Entra {
			return p.typedBool(at, e, b)
		}
		return p.fail(at, "the boolean attribute %q is compared with true or false", e.field.name)
	case Integer, Decimal:
		return p.fail(at, "attribute %q is compared with a number", e.field.name)
	case DateTime:
		t, ok := parseTime(text)
		if !ok {
			return p.fail(at, "attribute %q is compared with a date and time such as \"2008-01-23T04:56:22Z\"", e.field.name)
		}
		e.value = t
		return p.orderOnly(at, e)
	case Binary:
		b, ok := parseBinary(text)
		if !ok || e.op != opEq && e.op != opNe {
			return p.fail(at, "the binary attribute %q is compared with eq or ne and base64", e.field.name)
		}
		e.value = b
		return nil
	}
	e.text = text
	return nil
}

// orderOnly refuses the text operators for numbers and times.
func (p *filterParser) orderOnly(at int, e *expr) error {
	if e.op == opCo || e.op == opSw || e.op == opEw {
		return p.fail(at, "attribute %q is not text: co, sw and ew do not apply", e.field.name)
	}
	return nil
}

// literalValue returns the literal boxed, as a probe or a new value needs it.
func (e *expr) literalValue() entry.Value {
	if e.value != nil {
		return e.value
	}
	return e.text
}

// compareLiteral orders a value against the literal; ok is false when they cannot be compared.
func (e *expr) compareLiteral(v entry.Value) (int, bool) {
	switch lit := e.value.(type) {
	case time.Time:
		t, ok := v.(time.Time)
		if s, text := v.(string); text {
			t, ok = parseTime(s)
		}
		return t.Compare(lit), ok
	case int64, float64:
		return compareNumbers(v, lit)
	}
	return 0, false
}
