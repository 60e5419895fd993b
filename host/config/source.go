package config

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/sallyport-id/sallyport/fault"
)

// source remembers where things stand in the file, so that a mistake found late still has its line.
type source struct {
	path string
	root ast.Node
}

func readSource(path string) (source, []byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return source{}, nil, (&fault.Error{Op: "read the host configuration", Kind: fault.NotFound, Object: path, Err: cause(err)}).
			WithHint("give the path of the host's configuration file; it must be readable by the account that runs the host")
	}
	s := source{path: path}
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		return s, nil, s.syntax(err)
	}
	for _, d := range f.Docs {
		if d.Body != nil {
			s.root = d.Body
			break
		}
	}
	return s, data, nil
}

// cause strips the path that os errors repeat.
func cause(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

// syntax turns an error of the YAML reader into ours, keeping its line.
func (s source) syntax(err error) error {
	line, hint := 0, "compare with the example in the documentation of the host configuration"
	message := err.Error()
	if y, ok := errors.AsType[yaml.Error](err); ok {
		message = y.GetMessage()
		line = tokenLine(y.GetToken())
	}
	if _, ok := errors.AsType[*yaml.UnknownFieldError](err); ok {
		name := strings.Trim(strings.TrimPrefix(message, "unknown field "), `"`)
		message = fmt.Sprintf("unknown key %q", name)
		hint = suggest(name, knownKeys, "remove it or correct its spelling; keys are case sensitive")
	}
	if strings.Contains(message, "already defined") || strings.Contains(message, "duplicate key") {
		hint = "keep only one of the two"
	}
	return s.at(line, message).WithHint("%s", hint)
}

func tokenLine(t *token.Token) int {
	if t == nil || t.Position == nil {
		return 0
	}
	return t.Position.Line
}

// at makes a fault that points to a line.
func (s source) at(line int, message string) *fault.Error {
	where := s.path
	if line > 0 {
		where += ":" + strconv.Itoa(line)
	}
	return &fault.Error{Kind: fault.Invalid, Object: where, Err: errors.New(message)}
}

// wrong makes a fault that points to the place that the keys lead to, or as far as they lead.
func (s source) wrong(keys []any, format string, args ...any) *fault.Error {
	return s.at(s.line(keys), fmt.Sprintf(format, args...))
}

// line returns the line of the deepest node that the keys (names and list positions) lead to.
func (s source) line(keys []any) int {
	node, line := s.root, 0
	if node != nil {
		line = tokenLine(node.GetToken())
	}
	for _, k := range keys {
		next, at := step(node, k)
		if next == nil {
			break
		}
		node, line = next, at
	}
	return line
}

func step(node ast.Node, key any) (ast.Node, int) {
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			if v.Key.GetToken().Value == key {
				return v.Value, tokenLine(v.Key.GetToken())
			}
		}
	case *ast.MappingValueNode:
		if n.Key.GetToken().Value == key {
			return n.Value, tokenLine(n.Key.GetToken())
		}
	case *ast.SequenceNode:
		if i, ok := key.(int); ok && i < len(n.Values) {
			return n.Values[i], firstLine(n.Values[i])
		}
	}
	return nil, 0
}

// firstLine returns the line where a node begins; a mapping's own token is its first colon or brace.
func firstLine(n ast.Node) int {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		return tokenLine(m.Values[0].Key.GetToken())
	}
	return tokenLine(n.GetToken())
}
