package directory

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// Columns of a people file with a meaning of their own.
const (
	columnType     = "type"     // User (default) or Group
	columnMemberOf = "memberOf" // displayNames of groups, separated by ;
	columnID       = "id"       // ignored: the directory gives ids
)

// person is one row of a people file, read and checked: what it says of a user or group, and the names it refers to.
type person struct {
	line     int
	typ      entry.Type
	name     string      // userPrincipalName, or a group's displayName
	patch    entry.Attrs // without references
	manager  string      // userPrincipalName; "" none
	members  []string    // userPrincipalNames, or displayNames of groups
	memberOf []string    // displayNames of groups
}

// header knows the columns of a people file.
type header struct {
	columns []shape
	notes   []string
}

// parseHeader reads the first row. Names are those of the Graph properties, in any case; one that Graph does not know becomes
// an attribute of that name with text values, and a note.
func parseHeader(fields []string) (h header, err error) {
	seen := map[string]bool{}
	for _, f := range fields {
		s := columnOf(f)
		fold := strings.ToLower(s.name)
		switch {
		case s.name == "":
			err = badHeader("a column has no name")
		case seen[fold]:
			err = badHeader("column %q stands there twice", s.name)
		case s.name == DeletedDateTime:
			err = badHeader("column %q cannot be imported: delete people with the delete command", s.name)
		case s.name == columnID:
			h.notes = append(h.notes, "column id is ignored: the directory gives ids")
		case shapes[fold].name == "" && !special(s.name):
			h.notes = append(h.notes, fmt.Sprintf("column %s is not a Graph property; it is kept as text", s.name))
		}
		if err != nil {
			return h, err
		}
		seen[fold] = true
		h.columns = append(h.columns, s)
	}
	if !seen[strings.ToLower(UserPrincipalName)] && !(seen[columnType] && seen[strings.ToLower(DisplayName)]) {
		return h, badHeader("there is no column userPrincipalName")
	}
	return h, nil
}

func badHeader(format string, args ...any) error {
	return fault.New(fault.Invalid, "read people file", format, args...).About("line 1").
		WithHint("the first line names the columns, separated by commas: userPrincipalName,displayName,department,manager")
}

func columnOf(field string) shape {
	name := strings.TrimSpace(field)
	if s, ok := shapes[strings.ToLower(name)]; ok {
		return s
	}
	for _, own := range []string{columnType, columnMemberOf, columnID} {
		if strings.EqualFold(name, own) {
			return shape{name: own}
		}
	}
	return shape{name: name}
}

func special(name string) bool { return name == columnType || name == columnMemberOf }

// person reads a row. An empty cell clears the attribute; an empty members or memberOf cell says nothing.
func (h header) person(line int, fields []string) (p person, err error) {
	if len(fields) != len(h.columns) {
		return p, &rowError{line, -1, fmt.Sprintf("it has %d fields, the first line names %d columns", len(fields), len(h.columns))}
	}
	p = person{line: line, typ: entry.User, patch: entry.Attrs{}}
	for i, s := range h.columns {
		if why := p.cell(s, fields[i]); why != "" {
			return p, &rowError{line, i, why}
		}
	}
	p.name = p.patch.Text(UserPrincipalName)
	if p.typ == entry.Group {
		if p.name != "" {
			return p, &rowError{line, -1, "a group has no userPrincipalName; leave the cell empty"}
		}
		p.name = p.patch.Text(DisplayName)
	} else if len(p.members) > 0 {
		return p, &rowError{line, -1, "a user has no members; use memberOf, or say Group in the column type"}
	}
	if p.typ == entry.Group {
		delete(p.patch, Manager)
	}
	return p, Validate(entry.Entry{Type: p.typ, Attrs: p.patch})
}

// cell takes one field in and returns what is wrong with it, "" when nothing is.
func (p *person) cell(s shape, field string) string {
	switch s.name {
	case columnID:
	case columnType:
		return p.setType(strings.TrimSpace(field))
	case columnMemberOf:
		p.memberOf = splitList(field)
	case Members:
		p.members = splitList(field)
	case Manager:
		if p.manager = strings.TrimSpace(field); p.manager == "" {
			p.patch[Manager] = nil
		}
	default:
		vs, err := s.parse(field)
		if err != nil {
			return err.Error()
		}
		p.patch[s.name] = vs
	}
	return ""
}

func (p *person) setType(s string) string {
	switch {
	case s == "" || strings.EqualFold(s, string(entry.User)):
	case strings.EqualFold(s, string(entry.Group)):
		p.typ = entry.Group
	default:
		return fmt.Sprintf("type %q is not known; use User or Group", s)
	}
	return ""
}

// parse reads a cell as the attribute's values.
func (s shape) parse(field string) ([]entry.Value, error) {
	if field == "" {
		return nil, nil
	}
	switch {
	case s.kind == flag:
		return parseFlag(strings.TrimSpace(field))
	case s.kind == instant:
		return parseInstant(strings.TrimSpace(field))
	case s.many:
		var vs []entry.Value
		for _, part := range splitList(field) {
			vs = append(vs, part)
		}
		return vs, nil
	}
	return []entry.Value{field}, nil
}

func parseFlag(s string) ([]entry.Value, error) {
	switch strings.ToLower(s) {
	case "true", "yes", "1":
		return []entry.Value{true}, nil
	case "false", "no", "0":
		return []entry.Value{false}, nil
	}
	return nil, fmt.Errorf("%.40q is neither true nor false", s)
}

func parseInstant(s string) ([]entry.Value, error) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return []entry.Value{t.UTC()}, nil
		}
	}
	return nil, fmt.Errorf("%.40q is not a time; write 2026-05-01 or 2026-05-01T08:00:00Z", s)
}

// splitList reads a;b;c, leaving spaces around the parts and empty parts out, and a part that stands there twice.
func splitList(field string) []string {
	var parts []string
	seen := map[string]bool{}
	for part := range strings.SplitSeq(field, ";") {
		if part = strings.TrimSpace(part); part != "" && !seen[part] {
			seen[part] = true
			parts = append(parts, part)
		}
	}
	return slices.Clip(parts)
}
