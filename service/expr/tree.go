package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
)

// Tree is a parse tree as data, in the shape of the attributeMappingSource type of Microsoft Graph. Operators are functions named by their sign.
type Tree struct {
	Expression string     `json:"expression"` // text of this part
	Name       string     `json:"name"`       // function, attribute, or the constant's value
	Type       string     `json:"type"`       // Attribute, Constant, Function
	Parameters []TreeItem `json:"parameters"` // of a Function; omitted ones are absent
}

// TreeItem is one parameter.
type TreeItem struct {
	Key   string `json:"key"`
	Value Tree   `json:"value"`
}

// The node types of a Tree.
const (
	AttributeNode = "Attribute"
	ConstantNode  = "Constant"
	FunctionNode  = "Function"
)

// Tree returns the expression as data.
func (e *Expr) Tree() Tree { return treeOf(e.root, false) }

// treeOf makes a part's tree. bare leaves numbers without quotes, where it matters that they are no texts.
func treeOf(n node, bare bool) Tree {
	t := Tree{Expression: show(n), Parameters: []TreeItem{}}
	switch n := n.(type) {
	case *attribute:
		t.Type, t.Name = AttributeNode, n.name
	case *literal:
		t.Type, t.Name, t.Expression = ConstantNode, n.name(), n.treeText(bare)
	case *concat:
		t.Type, t.Name = FunctionNode, "&"
		for _, p := range n.parts {
			t.Parameters = append(t.Parameters, TreeItem{"source", treeOf(p, bare)})
		}
	case *compare:
		t.Type, t.Name = FunctionNode, n.op
		t.Parameters = []TreeItem{{"left", treeOf(n.left, bare)}, {"right", treeOf(n.right, bare)}}
	case *call:
		t.Type, t.Name = FunctionNode, n.fn.Name
		bare = bare || n.fn.Name == "IsString"
		for i, a := range n.args {
			t.Parameters = n.addParameter(t.Parameters, i, a, bare)
		}
	}
	return t
}

// addParameter leaves out an omitted argument, but for a repeated parameter, where places count: there it is NULL, which means the same.
func (c *call) addParameter(to []TreeItem, i int, a node, bare bool) []TreeItem {
	p := c.fn.param(i)
	if a == nil && !p.Repeats {
		return to
	}
	if a == nil {
		a, _, _ = keyword("NULL")
	}
	return append(to, TreeItem{p.Name, treeOf(a, bare)})
}

// param returns the parameter that argument i belongs to.
func (f *builtin) param(i int) Param { return f.Params[min(i, len(f.Params)-1)] }

// name is the bare value: the text itself, a decimal number as it is written everywhere else (1.50 is 1.5), or a keyword.
func (l *literal) name() string {
	if isDecimal(l.source) {
		return text(l.val)
	}
	if s, ok := l.val.(string); ok && l.source == "" {
		return s
	}
	return l.source
}

// treeText quotes decimal numbers, which are the same bare and quoted but for IsString; keywords and hexadecimal numbers stay bare.
func (l *literal) treeText(bare bool) string {
	switch {
	case !isDecimal(l.source):
		return show(l)
	case bare:
		return l.name()
	}
	return Quote(l.name())
}

// FromTree builds the expression of a tree. When the root carries a text, the text wins. The error is a fault.Invalid.
func FromTree(t Tree) (*Expr, error) {
	s := t.Expression
	if s == "" {
		var err error
		if s, err = t.Text(); err != nil {
			return nil, err
		}
	}
	return Parse(s)
}

// Text rebuilds the text from the nodes alone, ignoring the root's own text. The error is a fault.Invalid.
func (t Tree) Text() (string, error) {
	var b strings.Builder
	if err := t.write(&b, 0); err != nil {
		return "", fault.Wrap(fault.Invalid, "read the expression tree", err)
	}
	return b.String(), nil
}

// maxTreeDepth bounds the walk: each level of the text may be a comparison of concatenations of calls. Parse then applies the true limit.
const maxTreeDepth = 3 * (MaxDepth + 1)

func (t Tree) write(b *strings.Builder, depth int) error {
	if depth > maxTreeDepth {
		return fmt.Errorf("the tree is deeper than %d levels", maxTreeDepth)
	}
	if b.Len() > 4*MaxLength {
		return fmt.Errorf("the expression is longer than %d characters", MaxLength)
	}
	switch t.Type {
	case AttributeNode:
		b.WriteString("[" + t.Name + "]")
		return nil
	case ConstantNode:
		b.WriteString(t.constant())
		return nil
	case FunctionNode:
		return t.writeFunction(b, depth)
	}
	return fmt.Errorf("unknown node type %q; use Attribute, Constant or Function", t.Type)
}

// constant returns the node's literal, or its name as a quoted text.
func (t Tree) constant() string {
	if e, err := Parse(t.Expression); err == nil {
		if _, ok := e.root.(*literal); ok {
			return e.text
		}
	}
	return Quote(t.Name)
}

func (t Tree) writeFunction(b *strings.Builder, depth int) error {
	if t.Name == "&" || slices.Contains(comparisons, t.Name) {
		return t.writeOperator(b, depth)
	}
	fn, ok := lookup(t.Name)
	if !ok {
		return fmt.Errorf("there is no function %s", t.Name)
	}
	b.WriteString(fn.Name + "(")
	args := fn.place(t.Parameters)
	if len(args) == 1 && args[0] == nil {
		b.WriteByte(',')
	}
	for i, p := range args {
		if i > 0 {
			b.WriteString(", ")
		}
		if p == nil {
			continue
		}
		if err := p.write(b, depth+1); err != nil {
			return err
		}
	}
	b.WriteString(")")
	return nil
}

func (t Tree) writeOperator(b *strings.Builder, depth int) error {
	if len(t.Parameters) < 2 || t.Name != "&" && len(t.Parameters) > 2 {
		return fmt.Errorf("the operator %s has %d operands", t.Name, len(t.Parameters))
	}
	for i, p := range t.Parameters {
		if i > 0 {
			b.WriteString(" " + t.Name + " ")
		}
		if err := p.Value.writeOperand(b, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// writeOperand puts a comparison into parentheses, and nothing else: each pair counts as a level of nesting.
func (t Tree) writeOperand(b *strings.Builder, depth int) error {
	if t.Type != FunctionNode || !slices.Contains(comparisons, t.Name) {
		return t.write(b, depth)
	}
	b.WriteString("(")
	err := t.write(b, depth)
	b.WriteString(")")
	return err
}

var comparisons = []string{"=", "<>", "<", "<=", ">", ">="}

// place puts parameters into the order of the signature, by key; unknown keys take the places that are free, in order. nil is an omitted one.
func (f *builtin) place(items []TreeItem) []*Tree {
	fixed := len(f.Params)
	if f.repeats() {
		fixed--
	}
	args := make([]*Tree, fixed)
	var rest, repeated []*Tree
	for i := range items {
		v := &items[i].Value
		at := slices.IndexFunc(f.Params, func(p Param) bool { return strings.EqualFold(p.Name, items[i].Key) })
		switch {
		case at >= 0 && at < fixed && args[at] == nil:
			args[at] = v
		case at == fixed:
			repeated = append(repeated, v)
		default:
			rest = append(rest, v)
		}
	}
	for i := range args {
		if args[i] == nil && len(rest) > 0 {
			args[i], rest = rest[0], rest[1:]
		}
	}
	args = append(args, append(repeated, rest...)...)
	for len(args) > f.min && args[len(args)-1] == nil {
		args = args[:len(args)-1]
	}
	return args
}
