package odata

import (
	"cmp"
	"strings"
	"time"
)

// Object gives the values of a property by its path, as the filter spells it. Values are string, bool, int64, float64, time.Time,
// or Object for the members of a collection of objects; no values is null.
type Object func(path string) []any

// Match reports whether the object passes. With fold, texts are compared without regard to case, as Graph's directory does.
func (f *Filter) Match(o Object, fold bool) bool {
	return f == nil || matcher{o, fold}.node(f.root)
}

type matcher struct {
	get  Object
	fold bool
}

func (m matcher) node(n node) bool {
	switch n := n.(type) {
	case *logic:
		return m.logic(n)
	case *compare:
		return m.compare(n)
	case *call:
		return m.call(n)
	case *lambda:
		return m.lambda(n)
	}
	return false
}

func (m matcher) logic(n *logic) bool {
	switch n.op {
	case "and":
		return m.node(n.left) && m.node(n.right)
	case "or":
		return m.node(n.left) || m.node(n.right)
	}
	return !m.node(n.right)
}

func (m matcher) values(path string) []any {
	if base, ok := strings.CutSuffix(path, "/$count"); ok {
		return []any{int64(len(m.get(base)))}
	}
	return m.get(path)
}

func (m matcher) compare(c *compare) bool {
	have := m.values(c.path)
	if c.op == "ne" {
		return !m.any(have, c.want[0], "eq", c.fold)
	}
	if c.op != "in" {
		return m.any(have, c.want[0], c.op, c.fold)
	}
	for _, w := range c.want {
		if m.any(have, w, "eq", c.fold) {
			return true
		}
	}
	return false
}

// any reports whether one of the values compares; against null the absence of values does.
func (m matcher) any(have []any, want any, op, fold string) bool {
	if want == nil {
		return op == "eq" && len(have) == 0
	}
	for _, h := range have {
		if n, ok := m.order(folded(h, fold), want); ok && holds(n, op) {
			return true
		}
	}
	return false
}

func folded(v any, fold string) any {
	s, ok := v.(string)
	switch {
	case ok && fold == "tolower":
		return strings.ToLower(s)
	case ok && fold == "toupper":
		return strings.ToUpper(s)
	}
	return v
}

func holds(n int, op string) bool {
	switch op {
	case "eq":
		return n == 0
	case "gt":
		return n > 0
	case "ge":
		return n >= 0
	case "lt":
		return n < 0
	case "le":
		return n <= 0
	}
	return false
}

// order compares two values; false when they are not of one sort.
func (m matcher) order(have, want any) (int, bool) {
	switch h := have.(type) {
	case string:
		return m.text(h, want)
	case bool:
		w, ok := want.(bool)
		if s, text := want.(string); text {
			w, ok = strings.EqualFold(s, "true"), strings.EqualFold(s, "true") || strings.EqualFold(s, "false")
		}
		return boolOrder(h, w), ok
	case int64:
		w, ok := want.(int64)
		return cmp.Compare(h, w), ok
	case float64:
		w, ok := want.(int64)
		return cmp.Compare(h, float64(w)), ok
	case time.Time:
		w, ok := want.(time.Time)
		if s, text := want.(string); text {
			t, err := ParseTime(s)
			w, ok = t, err == nil
		}
		return h.Compare(w), ok
	}
	return 0, false
}

func (m matcher) text(h string, want any) (int, bool) {
	switch w := want.(type) {
	case string:
		if m.fold {
			if strings.EqualFold(h, w) {
				return 0, true
			}
			return cmp.Compare(strings.ToLower(h), strings.ToLower(w)), true
		}
		return cmp.Compare(h, w), true
	case bool:
		return 1, strings.EqualFold(h, "true") || strings.EqualFold(h, "false")
	}
	return 0, false
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func (m matcher) call(c *call) bool {
	text := c.text
	if m.fold {
		text = strings.ToLower(text)
	}
	for _, v := range m.values(c.path) {
		s, ok := folded(v, c.fold).(string)
		if !ok {
			continue
		}
		if m.fold {
			s = strings.ToLower(s)
		}
		switch {
		case c.name == "startswith" && strings.HasPrefix(s, text), c.name == "endswith" && strings.HasSuffix(s, text),
			c.name == "contains" && strings.Contains(s, text):
			return true
		}
	}
	return false
}

func (m matcher) lambda(l *lambda) bool {
	items := m.get(l.path)
	if l.body == nil {
		return len(items) > 0
	}
	for _, item := range items {
		ok := matcher{m.inside(l.variable, item), m.fold}.node(l.body)
		if ok != (l.name == "all") {
			return ok
		}
	}
	return l.name == "all"
}

// inside is the object with the variable of a lambda in it.
func (m matcher) inside(variable string, item any) Object {
	return func(path string) []any {
		head, rest, sub := strings.Cut(path, "/")
		if head != variable {
			return m.get(path)
		}
		if o, ok := item.(Object); ok && sub {
			return o(rest)
		}
		if sub {
			return nil
		}
		return []any{item}
	}
}
