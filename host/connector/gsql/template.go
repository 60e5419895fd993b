package gsql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
)

// template is one statement of the configuration with its parameters taken out: parts[0] params[0] parts[1] …
type template struct {
	parts  []string
	params []string
}

// parameters of a statement that are no attributes.
const (
	startIndex  = "StartIndex"
	endIndex    = "EndIndex"
	pageLength  = "PageSize"
	anchorWord  = "Anchor"
	anchorPart  = "Anchor_" // and the column: its value before the change
	passwordNew = "Password"
	passwordOld = "OldPassword"
	valueWord   = "Value"
	sinceWord   = "Watermark"
)

// template finds the parameters of a statement: @name and :name where known says what name they stand for, and ? in the order of
// positional. A name with @ that is not known stays: it is a variable of the statement's own.
func (f flavor) template(statement string, positional []string, known func(string) (string, bool)) (template, error) {
	var t template
	last, marks := 0, 0
	take := func(from, to int, name string) {
		t.parts = append(t.parts, statement[last:from])
		t.params = append(t.params, name)
		last = to
	}
	for i := 0; i < len(statement); {
		kind, end := f.token(statement, i)
		if kind == symbol && statement[i] == '?' && len(positional) > 0 {
			if marks >= len(positional) {
				return t, fmt.Errorf("there are more ? than the %d names in the section's head", len(positional))
			}
			take(i, end, positional[marks])
			marks++
		}
		if kind == symbol && (statement[i] == '@' || statement[i] == ':') && !doubled(statement, i) {
			n := wordLength(statement[end:])
			typed := statement[end : end+n]
			name, ok := known(typed)
			switch {
			case ok:
				take(i, end+n, name)
			case n > 0 && !isDigit(typed[0]) && !f.ownVariables(statement[i]):
				return t, fmt.Errorf("the parameter %s%s is no attribute", statement[i:end], typed)
			}
			end += n
		}
		i = end
	}
	if marks < len(positional) {
		return t, fmt.Errorf("the section's head names %d parameters, and the statement has %d ?", len(positional), marks)
	}
	t.parts = append(t.parts, statement[last:])
	return t, nil
}

// doubled reports whether the mark is part of ::, @@, :=, @> and the like.
func doubled(s string, i int) bool {
	if i > 0 && (s[i-1] == s[i] || wordLength(s[i-1:i]) > 0 && s[i] == '@') {
		return true
	}
	return i+1 >= len(s) || wordLength(s[i+1:]) == 0
}

// ownVariables: T-SQL and MySQL have variables that begin with @.
func (f flavor) ownVariables(mark byte) bool {
	return mark == '@' && (f.dialect == SQLServer || f.dialect == MariaDB) || mark == ':' && f.dialect != Oracle
}

// uses reports whether the statement has the parameter.
func (t template) uses(name string) bool {
	return slices.ContainsFunc(t.params, func(p string) bool { return strings.EqualFold(p, name) })
}

// query puts the client library's marks in the place of the parameters, and asks value for each.
func (t template) query(g grammar, value func(name string) (any, error)) (query, error) {
	q := query{ready: true}
	var b strings.Builder
	for i, part := range t.parts {
		b.WriteString(part)
		if i == len(t.params) {
			break
		}
		v, err := value(t.params[i])
		if err != nil {
			return q, err
		}
		q.args = append(q.args, v)
		mark, _ := g.native(fmt.Sprintf("$%d", len(q.args)), unbounded)
		b.WriteString(mark)
	}
	q.text = b.String()
	return q, nil
}

// methodHead is the head of a section of the setting statements: [Type operation attribute (a, b) procedure name].
type methodHead struct{ kind, operation, attribute string }

// method is how one operation of a type is done: statements, or a procedure.
type method struct {
	head       methodHead
	positional []string
	body       string
	call       *procedure
	statements []template
}

// operations that a section may be of, and whether they are of an attribute.
var operations = map[string]bool{
	"import": false, "create": false, "update": false, "delete": false, "lookup": false, "delta": false, "watermark": false,
	"password": false, "changepassword": false, "values": true, "add": true, "remove": true,
}

// sections cuts the setting statements at its [heads].
func sections(text string) ([]*method, error) {
	var out []*method
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if isHead(trimmed) {
			m, err := parseHead(trimmed[1 : len(trimmed)-1])
			if err != nil {
				return nil, wrong("statements", trimmed, err)
			}
			out = append(out, m)
			continue
		}
		if len(out) == 0 {
			if trimmed != "" && !strings.HasPrefix(trimmed, "#") {
				return nil, wrong("statements", trimmed, fmt.Errorf("a section such as [User import] comes first"))
			}
			continue
		}
		out[len(out)-1].body += line
	}
	return out, nil
}

// isHead: a line [User import]; T-SQL names in brackets stand alone on a line only with something behind them.
func isHead(line string) bool {
	return strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") && strings.ContainsRune(line, ' ')
}

func parseHead(text string) (*method, error) {
	s := &scanner{rest: text}
	m := &method{}
	var err error
	if m.head.kind, err = s.name(); err != nil {
		return nil, err
	}
	if m.head.operation, err = s.name(); err != nil {
		return nil, err
	}
	m.head.operation = strings.ToLower(m.head.operation)
	needs, known := operations[m.head.operation]
	if !known {
		return nil, fmt.Errorf("%q is no operation: import, delta, watermark, lookup, values, create, update, delete, add, remove, password and changePassword are", m.head.operation)
	}
	if s.take("procedure ") {
		return m, m.procedureHead(s)
	}
	s.space()
	if s.rest != "" && s.rest[0] != '(' {
		if m.head.attribute, err = s.name(); err != nil {
			return nil, err
		}
	}
	if needs && m.head.attribute == "" {
		return nil, fmt.Errorf("%s is of an attribute: name it, such as [User %s phones]", m.head.operation, m.head.operation)
	}
	if s.take("procedure ") {
		return m, m.procedureHead(s)
	}
	if s.take("(") {
		if m.positional, err = s.names(); err != nil {
			return nil, err
		}
		if err := s.want(")"); err != nil {
			return nil, err
		}
	}
	return m, s.end()
}

func (m *method) procedureHead(s *scanner) error {
	path, err := s.path()
	if err != nil {
		return err
	}
	m.call = &procedure{path: path}
	return s.end()
}

// noSection is the fault of an operation that the configuration does not provide for.
func noSection(o *object, operation string) error {
	return fault.New(fault.Unsupported, operation, "nothing says how to %s a %s", operation, o.name).
		About(string(o.name)).WithHint("add a section [%s %s] to the setting statements, or name the table in the setting types", o.name, operation)
}
