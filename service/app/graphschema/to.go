package graphschema

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/expr"
)

// Names of the two sides of a rule.
const (
	SourceDirectory = "Azure Active Directory" // the name clients know a directory of this kind by
	TargetDirectory = "customappsso"
)

// matchRules is the metadata key that carries match rules which no attribute mapping can express.
const matchRules = "SallyportMatchRules"

// ToGraph returns the application's rules as a schema. A schema that a client wrote comes back as it was, byte for byte, as long as the rules still
// say the same; else what the rules do not hold (names, metadata, attribute definitions) is taken over from it. known are directories as
// discovered; they replace those made up from the rules, by name.
func ToGraph(a app.App, known ...Directory) Schema {
	a = a.WithDefaults()
	fresh := made(a, known)
	if a.GraphSchema == "" {
		return fresh
	}
	var kept Schema
	if json.Unmarshal([]byte(a.GraphSchema), &kept) != nil {
		return fresh
	}
	if again, err := FromGraph(kept, a); err == nil && sameRules(again, a) {
		return kept
	}
	return merge(fresh, kept)
}

// sameRules reports whether two applications have the same rules, whatever schema they keep.
func sameRules(a, b app.App) bool {
	a.GraphSchema, b.GraphSchema = "", ""
	return string(a.Format()) == string(b.Format())
}

// made is the schema of the rules alone.
func made(a app.App, known []Directory) Schema {
	r := Rule{
		ID: string(a.ID), Name: "Sallyport to " + a.Name, Priority: 1, Editable: true,
		SourceDirectory: SourceDirectory, TargetDirectory: TargetDirectory, Metadata: []Pair{},
	}
	for _, o := range a.Objects {
		r.Objects = append(r.Objects, objectMapping(o))
	}
	s := Schema{ID: string(a.ID), Version: "1", Rules: []Rule{r}, Directories: []Directory{sourceOf(a), targetOf(a)}}
	for _, d := range known {
		i := slices.IndexFunc(s.Directories, func(x Directory) bool { return x.Name == d.Name })
		if i >= 0 {
			s.Directories[i] = d
		} else {
			s.Directories = append(s.Directories, d)
		}
	}
	return s
}

func objectMapping(o app.Object) ObjectMapping {
	m := ObjectMapping{
		Name: "Provision " + SourceDirectory + " " + string(o.Source) + "s", Enabled: true, FlowTypes: flowTypes(o.Verbs),
		Source: string(o.Source), Target: string(o.Target), Scope: filterOf(o), Attributes: []AttributeMapping{}, Metadata: []Pair{},
	}
	apart := slices.Clone(o.Match)
	for _, am := range o.Mappings {
		x := attributeMapping(am)
		i := slices.IndexFunc(apart, func(r app.Rule) bool { return r.Source == "" && r.Target == am.Target })
		if i >= 0 {
			x.Priority = apart[i].Precedence
			apart = slices.Delete(apart, i, i+1)
		}
		m.Attributes = append(m.Attributes, x)
	}
	if len(apart) > 0 {
		text, _ := json.Marshal(apart) // plain structs of texts and numbers: cannot fail
		m.Metadata = append(m.Metadata, Pair{matchRules, string(text)})
	}
	return m
}

func flowTypes(v app.Verbs) Flags {
	var f Flags
	for _, x := range []struct {
		on   bool
		name string
	}{{v.Create, "Add"}, {v.Update, "Update"}, {v.Delete, "Delete"}} {
		if x.on {
			f = append(f, x.name)
		}
	}
	return f
}

func attributeMapping(m app.Mapping) AttributeMapping {
	x := AttributeMapping{Target: m.Target, Source: sourceOfMapping(m), FlowType: string(cmp.Or(m.Flow, app.Always)), FlowBehavior: "FlowWhenChanged"}
	if m.Default != "" {
		x.Default = &m.Default
	}
	if m.ClearNull {
		x.FlowNullValues = &m.ClearNull
	}
	return x
}

func sourceOfMapping(m app.Mapping) *Source {
	switch {
	case m.None:
		return nil
	case m.Constant != nil:
		return &Source{Type: expr.ConstantNode, Name: *m.Constant, Expression: expr.Quote(*m.Constant), Parameters: []Parameter{}}
	case m.Expression != "":
		e, err := expr.Parse(m.Expression)
		if err != nil {
			return &Source{Type: expr.FunctionNode, Expression: m.Expression, Parameters: []Parameter{}}
		}
		s := sourceOfTree(e.Tree())
		s.Expression = m.Expression
		return &s
	}
	name := bare(m.Source)
	return &Source{Type: expr.AttributeNode, Name: name, Expression: "[" + name + "]", Parameters: []Parameter{}}
}

// sourceOfTree copies a parse tree; the two have the same form on the wire.
func sourceOfTree(t expr.Tree) Source {
	s := Source{Type: t.Type, Name: t.Name, Expression: t.Expression, Parameters: []Parameter{}}
	for _, p := range t.Parameters {
		s.Parameters = append(s.Parameters, Parameter{p.Key, sourceOfTree(p.Value)})
	}
	return s
}

// treeOf is the way back.
func treeOf(s Source) expr.Tree {
	t := expr.Tree{Type: s.Type, Name: s.Name, Expression: s.Expression}
	for _, p := range s.Parameters {
		t.Parameters = append(t.Parameters, expr.TreeItem{Key: p.Key, Value: treeOf(p.Value)})
	}
	return t
}

func filterOf(o app.Object) *Filter {
	if len(o.Scope.Groups) == 0 && len(o.Input.Groups) == 0 {
		return nil
	}
	return &Filter{Groups: filterGroups(o.Scope), Input: filterGroups(o.Input), Categories: []FilterGroup{}}
}

func filterGroups(f app.Filter) []FilterGroup {
	out := []FilterGroup{}
	for _, g := range f.Groups {
		x := FilterGroup{Name: g.Name, Clauses: []Clause{}}
		for _, c := range g.Clauses {
			clause := Clause{Source: c.Attribute, Operator: c.Operator, Target: &Operand{Values: append([]string{}, c.Values...)}}
			if c.All {
				clause.Comparison = "All"
			}
			x.Clauses = append(x.Clauses, clause)
		}
		out = append(out, x)
	}
	return out
}
