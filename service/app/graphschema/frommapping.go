package graphschema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/expr"
	"github.com/sallyport-id/sallyport/service/mapping"
)

func (r *reader) mapping(at, path, object string, x AttributeMapping) app.Mapping {
	r.paths[path], r.paths[path+".target"] = at, at+".targetAttributeName"
	m := app.Mapping{Target: x.Target, Flow: r.flow(at, x.FlowType)}
	if x.Default != nil {
		m.Default = *x.Default
	}
	if x.FlowBehavior != "" && !strings.EqualFold(x.FlowBehavior, "FlowWhenChanged") && !strings.EqualFold(x.FlowBehavior, "FlowAlways") {
		r.add(at+".flowBehavior", "%q is no flow behaviour; use FlowWhenChanged or FlowAlways", x.FlowBehavior)
	}
	if x.Priority < 0 {
		r.add(at+".matchingPriority", "the priority is negative; use 0 for an attribute that is not matched by, 1 for the first")
	}
	if x.Source == nil {
		m.None = true
		return m
	}
	r.source(at+".source", x.Source, &m)
	r.check(at+".source.expression", object, m, x.Priority != 0)
	m.ClearNull = x.FlowNullValues != nil && *x.FlowNullValues && r.sourceClears(object, m)
	return m
}

func (r *reader) flow(at, name string) app.Flow {
	switch strings.ToLower(name) {
	case "", "always":
		return app.Always
	case "objectaddonly":
		return app.OnCreate
	case "multivalueaddonly", "valueaddonly":
		return app.AddValueOnly
	case "attributeaddonly":
		return app.FillOnly
	}
	r.add(at+".flowType", "%q is no flow type of an attribute; use Always, ObjectAddOnly or MultiValueAddOnly", name)
	return app.Always
}

// source reads text and tree; when they differ, the text counts.
func (r *reader) source(at string, s *Source, m *app.Mapping) {
	text := s.Expression
	if strings.TrimSpace(text) == "" {
		if s.Type == expr.ConstantNode {
			m.Constant = &s.Name
			return
		}
		var err error
		if text, err = treeOf(*s).Text(); err != nil {
			r.add(at, "%v", err)
			return
		}
	}
	e, err := expr.Parse(text)
	switch {
	case err != nil && s.Type == expr.ConstantNode:
		m.Constant = &s.Expression // some clients write the bare text
	case err != nil:
		m.Expression = text // check says what is wrong
	default:
		direct(e, text, m)
	}
}

// direct makes attribute and text mappings of expressions that are nothing else.
func direct(e *expr.Expr, text string, m *app.Mapping) {
	if name, ok := e.Attribute(); ok {
		m.Source = name
		return
	}
	if s, ok := e.Constant(); ok {
		m.Constant = &s
		return
	}
	m.Expression = text
}

// check compiles the mapping by itself, so that every mistake has its place, and looks the source's attributes up.
func (r *reader) check(at, object string, m app.Mapping, matching bool) {
	o := app.Object{Source: entry.Type(object), Mappings: []app.Mapping{m}}
	if matching {
		o.Match = []app.Rule{{Precedence: 1, Target: m.Target}}
	}
	compiled, err := mapping.Compile(o)
	if err != nil {
		r.add(at, "%v", err)
		return
	}
	for _, name := range compiled.Attributes() {
		r.known(at, object, name)
	}
}

// sourceClears is the other of the two switches; an attribute that is not described has it on.
func (r *reader) sourceClears(object string, m app.Mapping) bool {
	for _, d := range r.schema.Directories {
		if d.Name != r.schema.Rules[0].SourceDirectory {
			continue
		}
		for _, o := range d.Objects {
			for _, x := range o.Attributes {
				if o.Name == object && readsOf(m)[x.Name] && !x.FlowNullValues {
					return false
				}
			}
		}
	}
	return true
}

// directories checks what both sides know.
func (r *reader) directories() {
	for i, d := range r.schema.Directories {
		for _, f := range d.Discoverabilities {
			if canonical(f, flagEnumerations["discoverabilities"]) == "" {
				r.add(fmt.Sprintf("directories[%d].discoverabilities", i), "%q is not known; use None, or %s", f, strings.Join(flagEnumerations["discoverabilities"], ", "))
			}
		}
		for j, o := range d.Objects {
			at := fmt.Sprintf("directories[%d].objects[%d].attributes", i, j)
			anchors := 0
			for k, x := range o.Attributes {
				r.attribute(fmt.Sprintf("%s[%d]", at, k), x)
				if x.Anchor {
					anchors++
				}
			}
			if len(o.Attributes) > 0 && anchors != 1 {
				r.add(at, "%d attributes are anchors; exactly one is", anchors)
			}
		}
	}
}

var (
	kinds        = []string{"String", "Integer", "Reference", "Binary", "Boolean", "DateTime"}
	mutabilities = []string{app.ReadWrite, app.ReadOnly, app.Immutable, app.WriteOnly}
)

func (r *reader) attribute(at string, x Attribute) {
	if x.Name == "" {
		r.add(at+".name", "the attribute has no name")
	}
	if x.Type != "" && canonical(x.Type, kinds) == "" {
		r.add(at+".type", "%q is no type; use one of %s", x.Type, strings.Join(kinds, ", "))
	}
	if x.Mutability != "" && canonical(x.Mutability, mutabilities) == "" {
		r.add(at+".mutability", "%q is not known; use one of %s", x.Mutability, strings.Join(mutabilities, ", "))
	}
}

// canonical returns the word in its canonical case; "" when it is none of them.
func canonical(word string, words []string) string {
	i := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, word) })
	if i < 0 {
		return ""
	}
	return words[i]
}

// attributesOf returns what the target's directory knows of an object, but for its id.
func (r *reader) attributesOf(object string) (out []app.Attribute) {
	for _, d := range r.schema.Directories {
		if len(r.schema.Rules) != 1 || d.Name != r.schema.Rules[0].TargetDirectory {
			continue
		}
		for _, o := range d.Objects {
			if o.Name != object {
				continue
			}
			for _, x := range o.Attributes {
				if !x.Anchor && !slices.ContainsFunc(x.Metadata, func(p Pair) bool { return p.Key == guess }) {
					out = append(out, known(x))
				}
			}
		}
	}
	return out
}

func known(x Attribute) app.Attribute {
	k := app.Attribute{
		Name: x.Name, Type: app.Kind(canonical(x.Type, kinds)), MultiValued: x.MultiValued, Required: x.Required, CaseExact: x.CaseExact,
		Mutability: canonical(x.Mutability, mutabilities),
	}
	if slices.Contains(x.Metadata, Pair{exactType, string(app.Decimal)}) {
		k.Type = app.Decimal
	}
	return k
}
