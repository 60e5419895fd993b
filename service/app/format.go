package app

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/sallyport-id/sallyport/entry"
)

// Format writes the application in its YAML form, leaving out what has its default value. Parse reads it back to the same application, filled
// with its defaults, but for Version.
func (a App) Format() []byte {
	a = a.WithDefaults()
	var w writer
	w.line(0, "id: "+scalar(string(a.ID)))
	if a.Name != string(a.ID) {
		w.line(0, "name: "+scalar(a.Name))
	}
	w.section("target", a.Target.row())
	w.section("schedule", a.Schedule.row())
	w.section("assignments", a.Assignments.row())
	w.section("deprovision", a.Deprovision.row())
	w.section("quarantine", a.Quarantine.row())
	if a.Drift != ReportDrift {
		w.line(0, "drift: "+scalar(string(a.Drift)))
	}
	if a.Nested != NestedAsMember {
		w.line(0, "nestedGroups: "+scalar(string(a.Nested)))
	}
	w.section("notify", a.Notify.row())
	w.line(0, "objects:")
	for _, o := range a.Objects {
		w.object(o)
	}
	if len(a.Tests) > 0 {
		w.line(0, "tests:")
	}
	for _, t := range a.Tests {
		w.test(t)
	}
	if a.GraphSchema != "" {
		w.line(0, "graphSchema: "+scalar(a.GraphSchema))
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
	w.filter("scope", o.Scope)
	w.filter("input", o.Input)
	w.line(2, "mappings:")
	for _, m := range o.Mappings {
		w.line(3, "- "+m.row().String())
	}
	if len(o.Attributes) > 0 {
		w.line(2, "attributes:")
	}
	for _, a := range o.Attributes {
		w.line(3, "- "+a.row().String())
	}
}

func (w *writer) filter(key string, f Filter) {
	if len(f.Groups) > 0 {
		w.line(2, key+":")
	}
	for _, g := range f.Groups {
		w.line(3, "- name: "+scalar(g.Name))
		w.line(4, "clauses:")
		for _, c := range g.Clauses {
			w.line(5, "- "+c.row().String())
		}
	}
}

func (w *writer) test(t Test) {
	w.line(1, "- name: "+scalar(t.Name))
	for _, r := range t.row() {
		w.line(2, r)
	}
	w.line(2, "expect: "+t.Expect.row().String())
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

func (r *row) list(key string, texts []string) {
	if len(texts) == 0 {
		return
	}
	quoted := make([]string, len(texts))
	for i, s := range texts {
		quoted[i] = scalar(s)
	}
	*r = append(*r, key+": ["+strings.Join(quoted, ", ")+"]")
}

func (r *row) facts(key string, f Facts) {
	if f != nil {
		*r = append(*r, key+": "+factText(map[string]any(f)))
	}
}

func (t Target) row() (r row) {
	r.text("url", t.URL, "")
	r.text("group", t.Group, "")
	r.text("resource", t.Resource, "")
	r = append(r, "secretFile: "+scalar(t.SecretFile)) // "" says that the service keeps the secret
	r.text("caFile", t.CAFile, "")
	r.text("dialect", t.Dialect, RFC)
	r.duration("timeout", t.Timeout, DefaultTimeout)
	r.number("rate", t.Rate, 0)
	r.number("concurrency", t.Concurrency, 0)
	return r
}

func (a Assignments) row() (r row) {
	r.flag("only", a.Only)
	r.flag("nested", a.Nested)
	return r
}

func (q Quarantine) row() (r row) {
	r.number("failures", q.Failures, DefaultQuarantine.Failures)
	r.number("percent", q.Percent, DefaultQuarantine.Percent)
	r.number("base", q.Base, DefaultQuarantine.Base)
	r.number("references", q.References, DefaultQuarantine.References)
	return r
}

func (n Notify) row() (r row) {
	r.list("emails", n.Emails)
	r.list("webhookFiles", n.WebhookFiles)
	return r
}

func (a Attribute) row() (r row) {
	r.text("name", a.Name, "")
	r.text("type", string(a.Type), string(String))
	r.flag("multiValued", a.MultiValued)
	r.flag("required", a.Required)
	r.flag("caseExact", a.CaseExact)
	r.text("mutability", a.Mutability, ReadWrite)
	return r
}

func (t Test) row() (r row) {
	r.text("type", string(t.Type), string(entry.User))
	r.facts("source", t.Source)
	r.facts("target", t.Target)
	r.flag("linked", t.Linked)
	r.flag("deleted", t.Deleted)
	r.flag("unassigned", t.Unassigned)
	r.list("taken", t.Taken)
	r.text("now", t.Now, "")
	r.text("defaultDomain", t.DefaultDomain, "")
	r.facts("links", t.Links)
	return r
}

func (e Expectation) row() (r row) {
	r.text("verb", e.Verb, "")
	r.text("scope", e.Scope, "")
	r.facts("target", e.Target)
	r.facts("changes", e.Changes)
	r.text("error", e.Error, "")
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
	r.flag("deleteLeavers", d.DeleteLeavers)
	r.flag("deleteLeft", d.DeleteLeft)
	r.number("deleteLimit", d.DeleteLimit, DefaultDeleteLimit)
	r.number("deletePercent", d.DeletePercent, 0)
	r.number("deletePerDay", d.DeletePerDay, 0)
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
	r.list("values", c.Values)
	r.flag("all", c.All)
	return r
}

func (m Mapping) row() (r row) {
	r.text("target", m.Target, "")
	r.text("source", m.Source, "")
	if m.Constant != nil {
		r = append(r, "constant: "+scalar(*m.Constant))
	}
	r.text("expression", m.Expression, "")
	r.flag("none", m.None)
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
