package gldap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// layout is the configuration, read and checked as far as that goes without a server.
type layout struct {
	access access
	bases  []dn
	types  []typeSpec

	operational, move, createContainers, deleteSubtrees, timestampDeletes bool

	single    map[string]bool               // by lower-case name
	dataTypes map[string]connector.DataType // by lower-case name
	refs      map[string]refSpec            // by type.attribute, lower-case

	emptyMember                         string
	passwordAttribute, passwordForm     string
	enabledBy, delta, changeLog, paging string
	pageSize, writers                   int
	connectTimeout, commandTimeout      time.Duration
}

// typeSpec is one object type as configured.
type typeSpec struct {
	name        entry.Type
	class       string
	filter      string
	anchor      string
	auxiliaries []string
	attributes  []string
	template    *template
}

// refSpec says what a reference points to: types (none = any) and by which of their attributes ("" = the DN).
type refSpec struct {
	types []entry.Type
	by    string
}

func parseLayout(c connector.Config) (*layout, error) {
	r := reader{config: c}
	l := &layout{
		operational: r.check("operational"), move: r.check("move"), createContainers: r.check("createContainers"),
		deleteSubtrees: r.check("deleteSubtrees"), timestampDeletes: r.check("timestampDeletes"), single: map[string]bool{},
		emptyMember: r.text("emptyMember"), passwordAttribute: r.text("passwordAttribute"), passwordForm: r.choice("passwordForm"),
		enabledBy: r.choice("enabledBy"), delta: r.choice("delta"), changeLog: r.text("changeLog"), paging: r.choice("paging"), pageSize: r.number("pageSize"), writers: r.number("writers"),
		connectTimeout: r.duration("connectTimeout"), commandTimeout: r.duration("commandTimeout"),
		dataTypes: map[string]connector.DataType{}, refs: map[string]refSpec{},
	}
	l.access = r.access()
	l.readBases(&r)
	l.readTypes(&r)
	for _, name := range words(strings.Join(r.lines("singleValued"), ",")) {
		l.single[strings.ToLower(name)] = true
	}
	l.readRefs(&r)
	for name, t := range r.pairs("dataTypes") {
		l.dataTypes[strings.ToLower(name)] = connector.DataType(t)
		known := []connector.DataType{connector.String, connector.Integer, connector.Boolean, connector.DateTime, connector.Binary, connector.Reference}
		if !slices.Contains(known, connector.DataType(t)) {
			r.fail("dataTypes", "%q is no data type", t)
		}
	}
	if l.pageSize < 1 {
		r.fail("pageSize", "a page has at least one object")
	}
	return l, r.err
}

func (l *layout) readBases(r *reader) {
	for _, text := range r.lines("bases") {
		d, err := parseDN(text)
		if err != nil || len(d) == 0 {
			r.fail("bases", "%q is no DN", text)
			continue
		}
		l.bases = append(l.bases, d)
	}
	// a base below another one would be read twice
	l.bases = slices.DeleteFunc(slices.Clone(l.bases), func(d dn) bool {
		return slices.ContainsFunc(l.bases, func(b dn) bool { return d.below(b) })
	})
	if len(l.bases) == 0 {
		r.fail("bases", "there is no base DN")
	}
	if l.emptyMember == "" && len(l.bases) > 0 {
		l.emptyMember = "cn=nobody," + l.bases[0].text()
	}
}

func (l *layout) readTypes(r *reader) {
	for _, line := range r.lines("types") {
		name, rest, ok := strings.Cut(line, "=")
		class, filter, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if !ok || strings.TrimSpace(name) == "" || class == "" {
			r.fail("types", "%q is not Type=class (filter)", line)
			continue
		}
		l.types = append(l.types, typeSpec{name: entry.Type(strings.TrimSpace(name)), class: class, filter: strings.TrimSpace(filter)})
	}
	for name, v := range r.pairs("anchors") {
		l.each(r, "anchors", name, func(t *typeSpec) { t.anchor = v })
	}
	for name, v := range r.pairs("auxiliaries") {
		l.each(r, "auxiliaries", name, func(t *typeSpec) { t.auxiliaries = words(v) })
	}
	for name, v := range r.pairs("attributes") {
		l.each(r, "attributes", name, func(t *typeSpec) { t.attributes = words(v) })
	}
	for name, v := range r.pairs("dn") {
		l.each(r, "dn", name, func(t *typeSpec) {
			var err error
			if t.template, err = parseTemplate(v, l.bases); err != nil {
				r.err = fault.Wrap(fault.Invalid, "read the settings", err)
			}
		})
	}
}

// each changes the type with the name, which must be one of types.
func (l *layout) each(r *reader, setting, name string, f func(*typeSpec)) {
	i := slices.IndexFunc(l.types, func(t typeSpec) bool { return string(t.name) == name })
	if i < 0 {
		r.fail(setting, "%q is not one of the object types", name)
		return
	}
	f(&l.types[i])
}

func (l *layout) readRefs(r *reader) {
	for name, v := range r.pairs("references") {
		types, by, _ := strings.Cut(v, " by ")
		s := refSpec{by: strings.TrimSpace(by)}
		for _, t := range words(types) {
			if t == "*" {
				continue
			}
			l.each(r, "references", t, func(t *typeSpec) { s.types = append(s.types, t.name) })
		}
		l.refs[strings.ToLower(name)] = s
	}
}

// reader takes settings out of a configuration and keeps the first mistake.
type reader struct {
	config connector.Config
	err    error
}

func (r *reader) fail(setting, format string, args ...any) {
	if r.err == nil {
		r.err = (&fault.Error{Op: "read the settings", Kind: fault.Invalid, Err: fmt.Errorf(format, args...)}).About(setting).
			WithHint("correct the setting %s", setting)
	}
}

// text returns a setting, its default when it is not given.
func (r *reader) text(name string) string {
	if v := strings.TrimSpace(r.config.Values[name]); v != "" {
		return v
	}
	for _, s := range (*Driver)(nil).Settings() {
		if s.Name == name {
			return s.Default
		}
	}
	return ""
}

func (r *reader) lines(name string) []string {
	var out []string
	for line := range strings.Lines(r.text(name)) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func (r *reader) pairs(name string) map[string]string {
	out := map[string]string{}
	for _, line := range r.lines(name) {
		k, v, ok := strings.Cut(line, "=")
		if !ok {
			r.fail(name, "%q has no =", line)
		}
		out[strings.TrimSpace(k)] = strings.TrimSpace(v)
	}
	return out
}

func (r *reader) check(name string) bool {
	v, err := strconv.ParseBool(r.text(name))
	if err != nil {
		r.fail(name, "%q is neither true nor false", r.text(name))
	}
	return v
}

func (r *reader) number(name string) int {
	n, err := strconv.Atoi(r.text(name))
	if err != nil || n < 0 {
		r.fail(name, "%q is no whole number", r.text(name))
	}
	return n
}

func (r *reader) duration(name string) time.Duration {
	d, err := time.ParseDuration(r.text(name))
	if err != nil || d <= 0 {
		r.fail(name, "%q is no duration such as 30s", r.text(name))
	}
	return d
}

func (r *reader) choice(name string) string {
	v := r.text(name)
	for _, s := range (*Driver)(nil).Settings() {
		if s.Name == name && !slices.Contains(s.Choices, v) {
			r.fail(name, "%q is none of %s", v, strings.Join(s.Choices, ", "))
		}
	}
	return v
}

// words splits a list at commas.
func words(s string) []string {
	var out []string
	for w := range strings.SplitSeq(s, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}
