package graphschema

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
)

// FromGraph returns the application with the rules of a schema in the place of its own. What rules cannot hold is kept in GraphSchema, so that
// ToGraph gives the schema back as it was. Target, schedule, limits and tests stay. The error is a fault.Invalid that wraps Problems: all of
// them, each with its JSON path; the application is then not to be used.
func FromGraph(s Schema, a app.App) (app.App, error) {
	r := reader{schema: s, before: a, paths: map[string]string{}, sources: map[string][]string{}, targets: map[string][]string{}}
	r.directories()
	out := a
	out.Objects = r.rule()
	r.validate(out)
	if err := r.found.fault(); err != nil {
		return app.App{}, err
	}
	out = out.WithDefaults()
	out.GraphSchema = ""
	if plain, err := json.Marshal(made(out, nil)); err == nil && sameJSON(plain, text(s)) {
		return out, nil
	}
	out.GraphSchema = string(text(s))
	return out, nil
}

// text is the schema in JSON as it was read, without blanks between its parts.
func text(s Schema) []byte {
	data, err := json.Marshal(s)
	if err != nil {
		return []byte("{}") // only a made schema could fail, and it is of plain structs
	}
	return data
}

// reader collects what is wrong while it reads.
type reader struct {
	schema  Schema
	found   Problems
	paths   map[string]string   // JSON path by the path that package app uses in its mistakes
	before  app.App             // what the schema is to change
	sources map[string][]string // attributes by name of the source's object
	targets map[string][]string // attributes by name of the target's object; absent: not described
}

func (r *reader) add(target, format string, args ...any) {
	r.found = append(r.found, Problem{target, fmt.Sprintf(format, args...)})
}

// rule reads the one rule a job has.
func (r *reader) rule() []app.Object {
	if n := len(r.schema.Rules); n != 1 {
		r.add("synchronizationRules", "there are %d rules; a job has exactly one", n)
		return nil
	}
	var out []app.Object
	rule := r.schema.Rules[0]
	r.sides(rule)
	r.describe(rule)
	for i, m := range rule.Objects {
		at := fmt.Sprintf("synchronizationRules[0].objectMappings[%d]", i)
		if !m.Enabled || len(m.FlowTypes) == 0 {
			if m.Source == string(entry.User) {
				r.add(at+".enabled", "the mapping of users cannot be switched off")
			}
			continue
		}
		out = append(out, r.object(at, fmt.Sprintf("objects[%d]", len(out)), m))
	}
	return out
}

// describe notes the attributes of the objects on both sides. A source that is not described has what every directory of people has, and
// what the rules read before.
func (r *reader) describe(rule Rule) {
	r.attributesAt(rule.SourceDirectory, r.sources)
	r.attributesAt(rule.TargetDirectory, r.targets)
	for _, t := range []entry.Type{entry.User, entry.Group} {
		if r.sources[string(t)] != nil {
			continue
		}
		for _, x := range sourceAttributes(t) {
			r.sources[string(t)] = append(r.sources[string(t)], x.Name)
		}
		for _, o := range r.before.Objects {
			if o.Source == t {
				r.sources[string(t)] = slices.AppendSeq(r.sources[string(t)], maps.Keys(reads(o)))
			}
		}
	}
}

func (r *reader) attributesAt(directory string, out map[string][]string) {
	for _, d := range r.schema.Directories {
		if d.Name != directory {
			continue
		}
		for _, o := range d.Objects {
			for _, x := range o.Attributes {
				out[o.Name] = append(out[o.Name], x.Name)
			}
		}
	}
}

// sides refuses a rule between directories that neither this schema nor the one before it has.
func (r *reader) sides(rule Rule) {
	names := []string{SourceDirectory, TargetDirectory}
	var kept Schema
	if json.Unmarshal([]byte(r.before.GraphSchema), &kept) == nil {
		for _, x := range kept.Rules {
			names = append(names, x.SourceDirectory, x.TargetDirectory)
		}
	}
	for _, d := range r.schema.Directories {
		names = append(names, d.Name)
	}
	for key, name := range map[string]string{"sourceDirectoryName": rule.SourceDirectory, "targetDirectoryName": rule.TargetDirectory} {
		if !slices.Contains(names, name) {
			r.add("synchronizationRules[0]."+key, "there is no directory %q under directories", name)
		}
	}
}

// written refuses a target attribute that its directory, if it is described, does not have.
func (r *reader) written(at, object, name string) {
	have, described := r.targets[object]
	if !described || name == "" || slices.ContainsFunc(have, func(x string) bool { return strings.EqualFold(x, name) || strings.EqualFold(x, partOf(name)) }) {
		return
	}
	r.add(at, "the target has no attribute %s; describe it under directories, discover it, or correct the name", name)
}

// partOf returns the attribute that a path such as emails[type eq "work"].value is a part of.
func partOf(path string) string {
	name, _, _ := strings.Cut(path, "[")
	return name
}

// virtual are source attributes that no directory describes.
var virtual = []string{"objectId", "id", "IsSoftDeleted", "appRoleAssignments", "originalUserPrincipalName", "manager", "members", "owners"}

// known refuses a source attribute that its directory, if it is described, does not have.
func (r *reader) known(at, object, name string) {
	have, described := r.sources[object]
	if !described || slices.Contains(have, name) || slices.Contains(virtual, name) || strings.HasPrefix(name, "extension") {
		return
	}
	r.add(at, "the source has no attribute %s; describe it under directories, or correct the name", name)
}

func (r *reader) object(at, path string, m ObjectMapping) app.Object {
	r.paths[path], r.paths[path+".source"], r.paths[path+".match"] = at, at+".sourceObjectName", at+".attributeMappings"
	r.paths[path+".mappings"] = at + ".attributeMappings"
	o := app.Object{Source: entry.Type(m.Source), Target: entry.Type(m.Target), Verbs: r.verbs(at, m.FlowTypes), Attributes: r.attributesOf(m.Target)}
	if m.Scope != nil {
		o.Scope = r.filter(at+".scope.groups", path+".scope", m.Source, m.Scope.Groups)
		o.Input = r.filter(at+".scope.inputFilterGroups", path+".input", m.Source, m.Scope.Input)
	}
	for i, x := range m.Attributes {
		here := fmt.Sprintf("%s.attributeMappings[%d]", at, i)
		r.written(here+".targetAttributeName", m.Target, x.Target)
		o.Mappings = append(o.Mappings, r.mapping(here, fmt.Sprintf("%s.mappings[%d]", path, i), m.Source, x))
		if x.Priority != 0 {
			r.paths[fmt.Sprintf("%s.match[%d]", path, len(o.Match))] = here + ".matchingPriority"
			o.Match = append(o.Match, app.Rule{Precedence: x.Priority, Target: x.Target})
		}
	}
	o.Match = append(o.Match, r.apart(at, m.Metadata)...)
	return o
}

func (r *reader) verbs(at string, f Flags) (v app.Verbs) {
	for _, name := range f {
		switch strings.ToLower(name) {
		case "add":
			v.Create = true
		case "update":
			v.Update = true
		case "delete":
			v.Delete = true
		default:
			r.add(at+".flowTypes", "%q is no flow type; use Add, Update, Delete or None", name)
		}
	}
	return v
}

// apart reads the match rules that stand in the metadata.
func (r *reader) apart(at string, metadata []Pair) (rules []app.Rule) {
	for i, p := range metadata {
		if p.Key != matchRules {
			continue
		}
		if err := json.Unmarshal([]byte(p.Value), &rules); err != nil {
			r.add(fmt.Sprintf("%s.metadata[%d].value", at, i), "this is no list of match rules: %v", err)
		}
	}
	return rules
}

func (r *reader) filter(at, path, object string, groups []FilterGroup) (f app.Filter) {
	for i, g := range groups {
		here, below := fmt.Sprintf("%s[%d]", at, i), fmt.Sprintf("%s[%d]", path, i)
		r.paths[below] = here
		out := app.ClauseGroup{Name: g.Name}
		for j, c := range g.Clauses {
			place := fmt.Sprintf("%s.clauses[%d]", here, j)
			r.paths[fmt.Sprintf("%s.clauses[%d]", below, j)] = place
			out.Clauses = append(out.Clauses, r.clause(place, object, c))
		}
		f.Groups = append(f.Groups, out)
	}
	return f
}

func (r *reader) clause(at, object string, c Clause) app.Clause {
	if c.Source != "" {
		r.known(at+".sourceOperandName", object, c.Source)
	}
	out := app.Clause{Attribute: c.Source, Operator: c.Operator, All: strings.EqualFold(c.Comparison, "All")}
	if op, ok := app.FindOperator(c.Operator); ok {
		out.Operator = op.Name
		if op.Unary {
			return out // clients send an empty operand, or "" in it
		}
	}
	if c.Target != nil {
		out.Values = c.Target.Values
	}
	return out
}

// validate adds what the rules themselves are checked for.
func (r *reader) validate(a app.App) {
	var found app.Mistakes
	if !errors.As(a.Validate(), &found) {
		return
	}
	for _, m := range found {
		if strings.HasPrefix(m.Path, "objects") {
			r.add(r.place(m.Path), "%s", m.Text())
		}
	}
}

// place returns the JSON path of a mistake's path, or of the nearest part of it.
func (r *reader) place(path string) string {
	for path != "" {
		if at, ok := r.paths[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return "synchronizationRules[0].objectMappings"
}
