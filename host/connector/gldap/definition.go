package gldap

import (
	"strings"

	"github.com/sallyport-id/sallyport/fault"
)

// definition is one line of a directory's schema (RFC 4512 §4.1): ( oid KEYWORD value KEYWORD ( value $ value ) ).
type definition struct {
	oid    string
	fields map[string][]string // keyword → values; a keyword alone has none
}

func (d definition) has(keyword string) bool { _, ok := d.fields[keyword]; return ok }

func (d definition) first(keyword string) string {
	if vs := d.fields[keyword]; len(vs) > 0 {
		return vs[0]
	}
	return ""
}

// names returns all names, the oid when there are none.
func (d definition) names() []string {
	if vs := d.fields["NAME"]; len(vs) > 0 {
		return vs
	}
	return []string{d.oid}
}

// flags are the keywords without a value.
var flags = map[string]bool{"OBSOLETE": true, "SINGLE-VALUE": true, "COLLECTIVE": true, "NO-USER-MODIFICATION": true, "ABSTRACT": true, "STRUCTURAL": true, "AUXILIARY": true}

func parseDefinition(s string) (definition, error) {
	d := definition{fields: map[string][]string{}}
	tokens, err := tokenize(s)
	if err != nil {
		return d, err
	}
	if len(tokens) < 3 || tokens[0] != "(" || tokens[len(tokens)-1] != ")" {
		return d, badDefinition(s)
	}
	d.oid = strings.TrimPrefix(tokens[1], "'")
	for i := 2; i < len(tokens)-1; {
		keyword := tokens[i]
		i++
		if flags[keyword] || i >= len(tokens)-1 {
			d.fields[keyword] = nil
			continue
		}
		var vs []string
		if tokens[i] == "(" {
			for i++; i < len(tokens) && tokens[i] != ")"; i++ {
				vs = append(vs, strings.TrimPrefix(tokens[i], "'"))
			}
			i++
		} else {
			vs = []string{strings.TrimPrefix(tokens[i], "'")}
			i++
		}
		d.fields[keyword] = vs
	}
	return d, nil
}

// tokenize splits a definition; a quoted word keeps its first quote, so that '(' is not a bracket. $ is dropped.
func tokenize(s string) ([]string, error) {
	var out []string
	for i := 0; i < len(s); {
		switch c := s[i]; c {
		case ' ', '\t', '\n', '\r', '$':
			i++
		case '(', ')':
			out = append(out, s[i:i+1])
			i++
		case '\'':
			end := strings.IndexByte(s[i+1:], '\'')
			if end < 0 {
				return nil, badDefinition(s)
			}
			out = append(out, s[i:i+1+end])
			i += end + 2
		default:
			end := strings.IndexAny(s[i:], " \t\n\r$()'")
			if end < 0 {
				end = len(s) - i
			}
			out = append(out, s[i:i+end])
			i += end
		}
	}
	return out, nil
}

func badDefinition(s string) error {
	return fault.New(fault.Invalid, "read the server's schema", "a definition is not as RFC 4512 has it: %.80s", s)
}
