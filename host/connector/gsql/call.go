package gsql

import (
	"fmt"
	"strings"
)

// procedure is a stored procedure with its parameters.
type procedure struct {
	path     []string
	params   []argument
	function bool // PostgreSQL: a function, which is selected from
}

// argument is one parameter of a procedure.
type argument struct {
	name   string // without @ or :; "" when it goes by its place
	out    bool   // OUTPUT or INOUT: a value comes back
	in     bool   // INPUT or INOUT
	source string // the attribute or word that gives or takes the value
}

// parseArguments reads lines of name:direction:value, such as @EmployeeName:INPUT:EmployeeName.
func parseArguments(body string) ([]argument, error) {
	var out []argument
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "--") {
			continue
		}
		parts := strings.SplitN(line, ":", 3)
		if strings.HasPrefix(line, ":") { // :name:IN:value
			parts = strings.SplitN(line[1:], ":", 3)
		}
		if len(parts) != 3 {
			return nil, fmt.Errorf("%q is not name:direction:value, such as @EmployeeName:INPUT:EmployeeName", line)
		}
		a := argument{name: strings.TrimLeft(strings.TrimSpace(parts[0]), "@?"), source: strings.TrimLeft(strings.TrimSpace(parts[2]), "@")}
		switch strings.ToUpper(strings.TrimSpace(parts[1])) {
		case "IN", "INPUT":
			a.in = true
		case "OUT", "OUTPUT":
			a.out = true
		case "INOUT", "INPUTOUTPUT":
			a.in, a.out = true, true
		default:
			return nil, fmt.Errorf("%q: the direction is none of INPUT, OUTPUT, INOUT", line)
		}
		out = append(out, a)
	}
	return out, nil
}

// calling is the text of a call. OUT values come back as rows of select, or into places of the arguments.
type calling struct {
	before   []template // sets variables
	call     template
	outs     []string // sources of the OUT values, in the order of their places
	collects string   // a SELECT of the variables, whose columns are named by source
	binds    bool     // OUT values are bound places of the call itself
}

// outPlace marks a parameter of a template as the place of an OUT value.
const outPlace = "\x00out:"

// calling writes the call as a dialect wants it.
func (p procedure) calling(g grammar) calling {
	name := make([]string, len(p.path))
	for i, part := range p.path {
		name[i] = g.quote(part)
	}
	path := strings.Join(name, ".")
	switch g.facts().name {
	case MariaDB:
		return p.mysqlCall(g, path)
	case SQLServer:
		return p.boundCall("EXEC "+path, func(a argument) (string, string) {
			label := ""
			if a.name != "" {
				label = "@" + a.name + " = "
			}
			return label, map[bool]string{true: " OUTPUT"}[a.out]
		}, " ", "")
	case Oracle:
		return p.boundCall("BEGIN "+path, func(a argument) (string, string) {
			if a.name == "" {
				return "", ""
			}
			return g.quote(strings.ToUpper(a.name)) + " => ", ""
		}, "(", "); END;")
	}
	return p.postgresCall(g, path)
}

// boundCall binds IN and OUT values alike.
func (p procedure) boundCall(head string, dress func(argument) (before, after string), open, closing string) calling {
	c := calling{binds: true}
	text := head + open
	for i, a := range p.params {
		if i > 0 {
			text += ", "
		}
		before, after := dress(a)
		c.call.parts = append(c.call.parts, text+before)
		c.call.params = append(c.call.params, place(a))
		text = after
		if a.out {
			c.outs = append(c.outs, a.source)
		}
	}
	c.call.parts = append(c.call.parts, text+closing)
	return c
}

func place(a argument) string {
	if a.out {
		return outPlace + a.source
	}
	return a.source
}

// mysqlCall passes OUT values through variables of the session.
func (p procedure) mysqlCall(g grammar, path string) calling {
	var c calling
	var selects []string
	text := "CALL " + path + "("
	for i, a := range p.params {
		if i > 0 {
			text += ", "
		}
		if !a.out {
			c.call.parts, c.call.params = append(c.call.parts, text), append(c.call.params, a.source)
			text = ""
			continue
		}
		variable := fmt.Sprintf("@sallyport_%d", i+1)
		text += variable
		c.outs = append(c.outs, a.source)
		selects = append(selects, variable+" AS "+g.quote(a.source))
		if a.in {
			c.before = append(c.before, template{parts: []string{"SET " + variable + " = ", ""}, params: []string{a.source}})
		} else {
			c.before = append(c.before, template{parts: []string{"SET " + variable + " = NULL"}})
		}
	}
	c.call.parts = append(c.call.parts, text+")")
	if len(selects) > 0 {
		c.collects = "SELECT " + strings.Join(selects, ", ")
	}
	return c
}

// postgresCall selects from a function, whose OUT values are its columns, or calls a procedure, whose OUT values are a row.
func (p procedure) postgresCall(g grammar, path string) calling {
	var c calling
	text := map[bool]string{true: "SELECT * FROM ", false: "CALL "}[p.function] + path + "("
	n := 0
	for _, a := range p.params {
		if p.function && !a.in {
			continue
		}
		if n > 0 {
			text += ", "
		}
		n++
		if a.name != "" {
			text += g.quote(a.name) + " => "
		}
		if !a.in {
			text += "NULL"
			continue
		}
		c.call.parts, c.call.params = append(c.call.parts, text), append(c.call.params, a.source)
		text = ""
	}
	c.call.parts = append(c.call.parts, text+")")
	for _, a := range p.params {
		if a.out {
			c.outs = append(c.outs, a.source)
		}
	}
	return c
}
