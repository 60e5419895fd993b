package mapping

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
)

// Mapping is the compiled mappings and match rules of one object type. It is immutable and safe for concurrent use.
type Mapping struct {
	rules []*rule
	match []*rule // by index of app.Object.Match

	byTarget   map[string]*rule
	targets    []string // sorted
	attributes []app.Attribute
	described  map[string]*app.Attribute // by the target as mappings spell it

	redacted    map[string]bool // targets whose values no log may show
	ingredients []string        // source attributes that only redacted mappings read
}

// Compile compiles every mapping and every match rule's source. The error joins a fault.Invalid per mistake, each naming the target attribute.
func Compile(o app.Object) (*Mapping, error) {
	m := &Mapping{attributes: slices.Clone(o.Attributes), described: map[string]*app.Attribute{}, byTarget: map[string]*rule{}}
	var errs []error
	for _, am := range o.Mappings {
		r, err := compileRule(am)
		if r.describe(m.attributes); r.attribute != nil {
			m.described[r.target] = r.attribute
		}
		m.rules, m.byTarget[r.target] = append(m.rules, r), r
		errs = append(errs, about(am.Target, err))
	}
	m.targets = slices.Sorted(maps.Keys(m.byTarget))
	for _, ar := range o.Match {
		r, err := compileMatch(ar, m.rules)
		if r != nil {
			r.describe(m.attributes)
		}
		m.match = append(m.match, r)
		errs = append(errs, about(ar.Target+fmt.Sprintf(" (match rule of precedence %d)", ar.Precedence), err))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fault.Wrap(fault.Invalid, "compile the mappings", err)
	}
	m.hide(o.Match)
	return m, nil
}

// hide notes what no log may show. What an attribute is matched by is as secret as what is written there.
func (m *Mapping) hide(rules []app.Rule) {
	secret, open := map[string]bool{}, map[string]bool{}
	for i, r := range slices.Concat(m.rules, m.match) {
		target := r.target
		if i >= len(m.rules) {
			target = rules[i-len(m.rules)].Target
		}
		into := open
		if r.expression != nil && r.expression.Redacted() {
			mark(&m.redacted, target)
			into = secret
		}
		for _, name := range r.attributes() {
			into[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(secret)) {
		if !open[name] {
			m.ingredients = append(m.ingredients, name)
		}
	}
}

// Redacted returns the target attributes whose values no log may show. The set belongs to the mapping: it must not be changed.
func (m *Mapping) Redacted() map[string]bool { return m.redacted }

// Ingredients returns the source attributes that redacted mappings read and no other does: what they hold is secret, too. The list belongs to
// the mapping.
func (m *Mapping) Ingredients() []string { return m.ingredients }

// Evaluate works out what the target should hold. An expression that fails fails the object: nothing of it may be written. The error is a
// fault naming the target attribute and the expression; its kind is Invalid, or that of the failure Input.Taken reported.
func (m *Mapping) Evaluate(in Input) (Output, error) {
	ev := evaluation{in: &in, out: Output{Want: make(entry.Attrs, len(m.rules))}}
	for _, r := range m.rules {
		if err := ev.apply(r); err != nil {
			return Output{}, err
		}
		if ev.out.IgnoreObject {
			return ev.out, nil
		}
	}
	if in.Creating {
		if err := m.required(ev.out); err != nil {
			return Output{}, err
		}
	} else if err := m.kept(ev.out); err != nil {
		return Output{}, err
	}
	return ev.out, nil
}

// kept refuses to clear what the target demands a value for.
func (m *Mapping) kept(out Output) error {
	for _, a := range m.attributes {
		if values, wanted := out.Want[a.Name]; a.Required && wanted && len(values) == 0 && a.Mutability != app.ReadOnly {
			return fault.New(fault.Invalid, "map", "the target requires a value for %s, and the source has none any more", a.Name).
				WithCode(fault.CodeMissingValues).WithHint("give the source a value, or switch clearNull off for this mapping")
		}
	}
	return nil
}

// Again works out what the target should hold once the object exists, from what was worked out for its creation: only mappings that tell the two
// apart are evaluated again. in.Creating is taken as false; notes and marks are left out.
func (m *Mapping) Again(in Input, created Output) (Output, error) {
	in.Creating = false
	ev := evaluation{in: &in, out: Output{Want: make(entry.Attrs, len(m.rules))}}
	for _, r := range m.rules {
		if r.byCreating {
			if err := ev.apply(r); err != nil {
				return Output{}, err
			}
			continue
		}
		if values, ok := created.Want[r.target]; ok {
			ev.out.Want[r.target] = values
		} else if i := slices.IndexFunc(created.Refs, func(x Ref) bool { return x.Attr == r.target }); i >= 0 {
			ev.out.Refs = append(ev.out.Refs, created.Refs[i])
		}
	}
	return ev.out, nil
}

// required refuses to create what lacks a value that the target demands.
func (m *Mapping) required(out Output) error {
	var missing []string
	for _, a := range m.attributes {
		if a.Required && len(out.Want[a.Name]) == 0 && !slices.ContainsFunc(out.Refs, func(r Ref) bool { return r.Attr == a.Name }) && a.Mutability != app.ReadOnly {
			missing = append(missing, a.Name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "map", "the target requires a value for %s (MandatoryFieldsMissing)", strings.Join(missing, ", ")).
		WithCode(fault.CodeMandatoryMissing).WithHint("give the source a value, or the mapping a default")
}

// Targets returns the target paths that mappings write, sorted. The list belongs to the mapping: it must not be changed.
func (m *Mapping) Targets() []string { return m.targets }

// Attribute returns what is known of a target attribute; false when it is not described.
func (m *Mapping) Attribute(target string) (app.Attribute, bool) {
	a, ok := m.described[target]
	if !ok {
		return app.Attribute{}, false
	}
	return *a, true
}

// Roles returns the targets whose mappings read app roles.
func (m *Mapping) Roles() []string {
	var out []string
	for _, r := range m.rules {
		if slices.Contains(r.attributes(), roles) {
			out = append(out, r.target)
		}
	}
	return out
}

// MatchValue returns the value the match rule at the index (in app.Object.Match) compares; false when the source has none. Of several
// values it is the first.
func (m *Mapping) MatchValue(ruleIndex int, in Input) (entry.Value, bool, error) {
	if ruleIndex < 0 || ruleIndex >= len(m.match) {
		return nil, false, fault.New(fault.Internal, "match", "there is no match rule %d", ruleIndex)
	}
	ev := evaluation{in: &in}
	r := m.match[ruleIndex]
	res, err := ev.value(r)
	if err != nil || len(res.values) == 0 || res.values[0] == "" {
		return nil, false, err
	}
	values, err := r.fit(res.values[:1])
	if err != nil || len(values) == 0 {
		return nil, false, err
	}
	return values[0], true, nil
}

// Attributes returns the source attributes that mappings and match rules read, sorted, each once.
func (m *Mapping) Attributes() []string {
	names := map[string]bool{}
	for _, r := range slices.Concat(m.rules, m.match) {
		for _, name := range r.attributes() {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Lint returns warnings, each beginning with the target attribute.
func (m *Mapping) Lint() []string {
	var out []string
	for _, r := range m.rules {
		out = append(out, r.lint()...)
	}
	return out
}

// HasSoftDelete reports whether a mapping reads [IsSoftDeleted]; without one, leaving scope changes nothing in the target.
func (m *Mapping) HasSoftDelete() bool {
	return slices.ContainsFunc(m.rules, func(r *rule) bool { return slices.Contains(r.attributes(), softDeleted) })
}
