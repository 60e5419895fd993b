package app

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Format writes the application in its YAML form, leaving out what has its default value. Parse reads it back to the same application, filled
// with its defaults, but for Version; an application whose secret does not lie in a file needs a secretFile added first.
func (a App) Format() []byte {
	a = a.WithDefaults()
	var w writer
	w.line(0, "id: "+scalar(string(a.ID)))
	if a.Name != string(a.ID) {
		w.line(0, "name: "+scalar(a.Name))
	}
	w.section("target", a.Target.row())
	w.section("schedule", a.Schedule.row())
	w.section("deprovision", a.Deprovision.row())
	w.line(0, "objects:")
	for _, o := range a.Objects {
		w.object(o)
	}
	return []byte(w.String())
}

// MarshalYAML gives the YAML form to encoders; see Format.
func (a App) MarshalYAML() ([]byte, error) { return a.Format(), nil }

// writer builds the text, two blanks per level.
type writer struct{ strings.Builder }

func (w *writer) line(level int, s string) {
	w.WriteString(strings.Repeat("  ", level) + s + "\n")
}

func (w *writer) section(key string, r row) {
	if len(r) > 0 {
		w.line(0, key+": "+r.String())
	}
}

func (w *writer) object(o Object) {
	w.line(1, "- source: "+scalar(string(o.Source)))
	if o.Target != o.Source {
		w.line(2, "target: "+scalar(string(o.Target)))
	}
	if o.Verbs != (Verbs{true, true, true}) {
		w.line(2, "verbs: "+o.Verbs.row().String())
	}
	w.line(2, "match:")
	for _, r := range o.Match {
		w.line(3, "- "+r.row().String())
	}
	if len(o.Scope.Groups) > 0 {
		w.line(2, "scope:")
	}
	for _, g := range o.Scope.Groups {
		w.line(3, "- name: "+scalar(g.Name))
		w.line(4, "clauses:")
		for _, c := range g.Clauses {
			w.line(5, "- "+c.row().String())
		}
	}
	w.line(2, "mappings:")
	for _, m := range o.Mappings {
		w.line(3, "- "+m.row().String())
	}
}

// row is a mapping on one line: {key: value, key: value}.
type row []string

func (r row) String() string { return "{" + strings.Join(r, ", ") + "}" }

// text adds a key unless its value is the default.
func (r *row) text(key, v, otherwise string) {
	if v != otherwise {
		*r = append(*r, key+": "+scalar(v))
	}
}

func (r *row) number(key string, n, otherwise int) {
	if n != otherwise {
		*r = append(*r, fmt.Sprintf("%s: %d", key, n))
	}
}

func (r *row) flag(key string, on bool) {
	if on {
		*r = append(*r, key+": true")
	}
}

func (r *row) duration(key string, d, otherwise Duration) {
	if d != otherwise {
		*r = append(*r, key+": "+d.String())
	}
}

func (t Target) row() (r row) {
	r.text("url", t.URL, "")
	r.text("group", t.Group, "")
	r.text("resource", t.Resource, "")
	r.text("secretFile", t.SecretFile, "")
	r.text("caFile", t.CAFile, "")
	r.text("dialect", t.Dialect, RFC)
	r.duration("timeout", t.Timeout, DefaultTimeout)
	return r
}

func (s Schedule) row() (r row) {
	r.duration("interval", s.Interval, DefaultInterval)
	r.number("workers", s.Workers, DefaultWorkers)
	return r
}

func (d Deprovision) row() (r row) {
	r.flag("skipOutOfScope", d.SkipOutOfScope)
	r.flag("noDelete", d.NoDelete)
	r.number("deleteLimit", d.DeleteLimit, DefaultDeleteLimit)
	return r
}

func (v Verbs) row() (r row) {
	r.flag("create", v.Create)
	r.flag("update", v.Update)
	r.flag("delete", v.Delete)
	return r
}

func (m Rule) row() (r row) {
	r.number("precedence", m.Precedence, 0)
	r.text("target", m.Target, "")
	r.text("source", m.Source, "")
	return r
}

func (c Clause) row() (r row) {
	r.text("attribute", c.Attribute, "")
	r.text("operator", c.Operator, "")
	if len(c.Values) > 0 {
		values := make([]string, len(c.Values))
		for i, v := range c.Values {
			values[i] = scalar(v)
		}
		r = append(r, "values: ["+strings.Join(values, ", ")+"]")
	}
	return r
}

func (m Mapping) row() (r row) {
	r.text("target", m.Target, "")
	r.text("source", m.Source, "")
	if m.Constant != nil {
		r = append(r, "constant: "+scalar(*m.Constant))
	}
	r.text("expression", m.Expression, "")
	r.text("default", m.Default, "")
	r.text("flow", string(m.Flow), string(Always))
	r.flag("clearNull", m.ClearNull)
	return r
}

// plain are texts that need no quotes anywhere in YAML.
var plain = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*$`)

// scalar writes a text so that it is read back as the same text.
func scalar(s string) string {
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return `"` + s + `"`
	}
	if plain.MatchString(s) {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, ch := range s {
		switch {
		case ch == '"' || ch == '\\':
			b.WriteString(`\` + string(ch))
		case ch == '\n':
			b.WriteString(`\n`)
		case ch == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(ch):
			b.WriteRune(ch)
		case ch < 0x10000:
			fmt.Fprintf(&b, `\u%04X`, ch)
		default:
			b.WriteString(`\U` + strings.ToUpper(fmt.Sprintf("%08s", strconv.FormatInt(int64(ch), 16))))
		}
	}
	return b.String() + `"`
}
