package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/expr"
)

// Source attributes with a meaning of their own.
const (
	softDeleted = "IsSoftDeleted"      // virtual
	roles       = "appRoleAssignments" // only legal inside the role functions
)

// references are the source attributes that point to other objects; true for those with one value at most. They count as references even
// while the source object has none, so that taking the last member away is seen.
var references = map[string]bool{"manager": true, "members": false, "owners": false}

// objectFilter is a target that is never written: its expression only decides, by IgnoreObjectFlow, whether the object is exported.
const objectFilter = "objectFilter"

// rule is one compiled mapping, or the source of a match rule. Exactly one of source, constant and expression is set.
type rule struct {
	target     string
	source     string // attribute, read without the evaluator
	constant   []entry.Value
	expression *expr.Expr
	standard   string // default at create
	flow       app.Flow
	clearNull  bool
	addOnly    bool
	reference  bool // the source is a known reference
	single     bool
	none       bool // from nothing: the default, where the target has no value
	fillOnly   bool
	assertive  bool           // replaces what the target holds as a whole
	attribute  *app.Attribute // what is known of the target's attribute; nil: nothing
	reads      []string       // source attributes
	written    string         // the mapping as a person would write it
	byCreating bool           // yields one thing when the object is created, and perhaps another afterwards
	notes      notes
}

// notes are the rule's reasons for leaving the target out, built once.
type notes struct{ onlyAtCreate, empty, ignored, object string }

func compileRule(m app.Mapping) (*rule, error) {
	r := &rule{target: m.Target, standard: m.Default, flow: m.Flow, clearNull: m.ClearNull, addOnly: m.Flow == app.AddValueOnly, fillOnly: m.Flow == app.FillOnly}
	var err error
	switch {
	case m.None:
		r.none, r.fillOnly = true, true
	case m.Constant != nil:
		r.constant = []entry.Value{*m.Constant}
	case m.Expression != "":
		err = r.compileExpression(m.Expression)
	default:
		r.setSource(bare(m.Source))
	}
	if err == nil {
		err = r.check()
	}
	r.reads, r.written = r.attributes(), r.text()
	r.notes = notes{
		onlyAtCreate: m.Target + ": only written when the object is created",
		empty:        m.Target + ": the source has no value",
		ignored:      m.Target + ": the expression says to leave it out",
		object:       m.Target + ": the expression says to leave the object alone",
	}
	return r, err
}

// bare takes the brackets off an attribute that somebody wrote as in an expression.
func bare(source string) string {
	source = strings.TrimSpace(source)
	if strings.HasPrefix(source, "[") && strings.HasSuffix(source, "]") {
		return source[1 : len(source)-1]
	}
	return source
}

func (r *rule) setSource(attribute string) {
	r.source = attribute
	r.single, r.reference = references[attribute]
	if last := r.target[strings.LastIndexAny(r.target, ".:")+1:]; last == "manager" {
		r.single = true
	}
}

// compileExpression parses an expression; a bare attribute becomes a direct mapping, which is faster.
func (r *rule) compileExpression(text string) error {
	e, err := expr.Parse(text)
	if err != nil {
		return err
	}
	if name, ok := e.Attribute(); ok {
		r.setSource(name)
		return nil
	}
	r.expression = e
	r.addOnly = r.addOnly || e.Calls("AppRoleAssignmentsComplex")
	r.assertive = e.Calls("AssertiveAppRoleAssignmentsComplex")
	for _, name := range e.SwitchedAttributes() {
		if _, ok := references[name]; ok {
			return fault.New(fault.Invalid, "", "[%s] is a reference, which Switch cannot handle", name).
				WithHint("map the reference directly")
		}
	}
	return nil
}

func (r *rule) check() error {
	if r.source == roles {
		return fault.New(fault.Invalid, "", "[%s] cannot be mapped directly", roles).
			WithHint("use SingleAppRoleAssignment, AppRoleAssignmentsComplex or AssertiveAppRoleAssignmentsComplex")
	}
	if r.source == "" && r.constant == nil && r.expression == nil && !r.none {
		return fault.New(fault.Invalid, "", "the mapping has neither source nor constant nor expression")
	}
	return nil
}

// attributes returns the source attributes the rule reads.
func (r *rule) attributes() []string {
	switch {
	case r.expression != nil:
		return r.expression.Attributes()
	case r.source != "":
		return []string{r.source}
	}
	return nil
}

// lint returns warnings about the rule.
func (r *rule) lint() []string {
	if r.expression == nil {
		return nil
	}
	out := r.expression.Lint()
	for _, f := range onlyOnce {
		if r.flow != app.OnCreate && r.expression.Calls(f) {
			out = append(out, fmt.Sprintf("%s yields a value only when the object is created; say so with flow %s", f, app.OnCreate))
		}
	}
	for i := range out {
		out[i] = r.target + ": " + out[i]
	}
	return out
}

// describe gives the rule what is known of its target's attribute. What the target never changes is written at create only.
func (r *rule) describe(attributes []app.Attribute) {
	defer func() { r.byCreating = r.dependsOnCreating() }()
	i := slices.IndexFunc(attributes, func(a app.Attribute) bool { return strings.EqualFold(a.Name, r.target) })
	if i < 0 {
		return
	}
	r.attribute = &attributes[i]
	if r.attribute.Mutability == app.Immutable {
		r.flow = app.OnCreate
	}
}

func (r *rule) dependsOnCreating() bool {
	once := r.expression != nil && slices.ContainsFunc(onlyOnce, r.expression.Calls)
	return once || r.flow == app.OnCreate || r.standard != "" || r.clearNull || r.reference || r.none
}

// onlyOnce are the functions that yield a value only when the object is created.
var onlyOnce = []string{"Guid", "RandomString", "SelectUniqueValue"}

// about names the target attribute in an error.
func about(target string, err error) error {
	if err == nil {
		return nil
	}
	f, ok := errors.AsType[*fault.Error](fault.Wrap(fault.Invalid, "map", err))
	if !ok {
		return err
	}
	return f.About(target)
}

// compileMatch compiles the source of a match rule: its own, or the mapping of its target.
func compileMatch(m app.Rule, rules []*rule) (*rule, error) {
	if m.Source == "" {
		i := slices.IndexFunc(rules, func(r *rule) bool { return r != nil && r.target == m.Target })
		if i < 0 {
			return nil, fault.New(fault.Invalid, "", "the match rule's target is not mapped and the rule has no source").
				WithHint("map the attribute, or give the rule a source")
		}
		if rules[i].none {
			return nil, fault.New(fault.Invalid, "", "the match rule's target is mapped from nothing").WithHint("give the mapping or the rule a source")
		}
		return rules[i], checkMatch(rules[i])
	}
	mapping := app.Mapping{Target: m.Target, Source: m.Source, Flow: app.Always}
	if !isName(m.Source) {
		mapping.Source, mapping.Expression = "", m.Source
	}
	r, err := compileRule(mapping)
	if err != nil {
		return nil, err
	}
	return r, checkMatch(r)
}

// isName reports whether a match rule's source is an attribute's bare name and not an expression.
func isName(s string) bool {
	return strings.IndexFunc(s, func(ch rune) bool { return strings.ContainsRune("[]()\"&=<>, \n\t", ch) }) < 0
}

func checkMatch(r *rule) error {
	if r.expression == nil {
		return nil
	}
	for _, f := range onlyOnce {
		if r.expression.Calls(f) {
			return fault.New(fault.Invalid, "", "%s cannot be matched by: it never yields the same value again", f).
				WithHint("match by an attribute of the source")
		}
	}
	return nil
}
