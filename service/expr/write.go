package expr

import "strings"

// show returns a node as text.
func show(n node) string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (l *literal) write(b *strings.Builder) {
	if l.source != "" {
		b.WriteString(l.source)
		return
	}
	b.WriteString(Quote(text(l.val)))
}

func (a *attribute) write(b *strings.Builder) {
	b.WriteString("[" + a.name + "]")
}

func (c *call) write(b *strings.Builder) {
	b.WriteString(c.fn.Name)
	b.WriteByte('(')
	if len(c.args) == 1 && c.args[0] == nil {
		b.WriteByte(',') // "()" is no argument at all, "(,)" one that is left out
	}
	for i, a := range c.args {
		if i > 0 {
			b.WriteString(", ")
		}
		if a != nil {
			a.write(b)
		}
	}
	b.WriteByte(')')
}

func (c *concat) write(b *strings.Builder) {
	for i, p := range c.parts {
		if i > 0 {
			b.WriteString(" & ")
		}
		writeOperand(b, p)
	}
}

func (c *compare) write(b *strings.Builder) {
	writeOperand(b, c.left)
	b.WriteString(" " + c.op + " ")
	writeOperand(b, c.right)
}

// writeOperand puts a comparison into parentheses: it binds weaker than everything around it.
func writeOperand(b *strings.Builder, n node) {
	if _, ok := n.(*compare); !ok {
		n.write(b)
		return
	}
	b.WriteByte('(')
	n.write(b)
	b.WriteByte(')')
}
