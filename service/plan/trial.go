package plan

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/directory"
)

// Trial is what came of one test of an application.
type Trial struct {
	Name   string `json:"name"`
	Passed bool   `json:"passed"`
	Misses []Miss `json:"misses,omitempty"`
	Plan   Plan   `json:"-"` // what was planned, for those who want to see more
}

// Miss is one thing that is not as the test expects.
type Miss struct {
	What string `json:"what"` // verb, scope, target.title, changes.title, error
	Want string `json:"want"`
	Got  string `json:"got"`
}

// Try runs a test of the application's file: it plans for the test's source object against the test's target, and compares. Nothing is asked and
// nothing is changed anywhere. random feeds Guid and RandomString.
func (r *Rules) Try(ctx context.Context, t app.Test, random io.Reader) Trial {
	w := &example{test: t, match: r.MatchAttrs(t.Type)}
	in, err := exampleInput(t, random)
	var p Plan
	if err == nil {
		p, err = r.Make(ctx, w, in)
	}
	out := Trial{Name: t.Name, Plan: p}
	c := comparison{test: t, plan: p}
	c.compare(err)
	out.Misses, out.Passed = c.found, len(c.found) == 0
	return out
}

func exampleInput(t app.Test, random io.Reader) (Input, error) {
	now := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if t.Now != "" {
		var err error
		if now, err = time.Parse(time.RFC3339, t.Now); err != nil {
			return Input{}, fault.Wrap(fault.Invalid, "read now", err)
		}
	}
	source := exampleEntry(t.Type, t.Source, "source")
	for _, name := range []string{directory.Manager, directory.Members, "owners"} {
		asRefs(source.Attrs, name)
	}
	for _, name := range []string{directory.DeletedDateTime, directory.CreatedDateTime} {
		asTime(source.Attrs, name)
	}
	in := Input{
		Change: directory.Change{Entry: source, Deleted: t.Deleted}, Now: now, Rand: random, DefaultDomain: t.DefaultDomain, Compare: true,
		Assigned: !t.Unassigned,
	}
	if t.Linked {
		in.Link = Link{Source: source.ID, Type: source.Type, Target: exampleEntry("", t.Target, "target").ID, Active: true}
	}
	return in, nil
}

// exampleEntry makes an object of facts; the fact id is its id.
func exampleEntry(typ entry.Type, f app.Facts, otherwise string) entry.Entry {
	e := entry.Entry{Type: typ, ID: otherwise, Attrs: entry.Attrs{}}
	for name, v := range f {
		if s, ok := v.(string); ok && name == "id" {
			e.ID = s
			continue
		}
		e.Attrs.Set(name, factValues(v)...)
	}
	return e
}

// factValues turns a fact into values: null and an empty list are none.
func factValues(v any) []entry.Value {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		var out []entry.Value
		for _, x := range v {
			out = append(out, factValues(x)...)
		}
		return out
	case map[string]any:
		c := entry.Complex{}
		for k, x := range v {
			if vs := factValues(x); len(vs) == 1 {
				c[k] = vs[0]
			}
		}
		return []entry.Value{c}
	}
	return []entry.Value{v}
}

// asRefs turns texts, and sub-objects with id and type, into references.
func asRefs(attrs entry.Attrs, name string) {
	for i, v := range attrs[name] {
		switch v := v.(type) {
		case string:
			attrs[name][i] = entry.Ref{ID: v}
		case entry.Complex:
			id, _ := v["id"].(string)
			typ, _ := v["type"].(string)
			attrs[name][i] = entry.Ref{Type: entry.Type(typ), ID: id}
		}
	}
}

func asTime(attrs entry.Attrs, name string) {
	if t, err := time.Parse(time.RFC3339, attrs.Text(name)); err == nil {
		attrs[name] = []entry.Value{t}
	}
}

// example is the world of a test: at most one object in the target, and values that others there hold.
type example struct {
	test  app.Test
	match []string
}

func (x *example) target(t entry.Type) (entry.Entry, bool) {
	return exampleEntry(t, x.test.Target, "target"), len(x.test.Target) > 0
}

// Find knows the one object, and for attributes that nobody matches by the values that are taken.
func (x *example) Find(_ context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error) {
	if e, ok := x.target(t); ok {
		for _, have := range e.Attrs[attr] {
			if entry.Equal(have, v) || sameMeaning(have, v) {
				return []entry.Entry{e}, nil
			}
		}
	}
	if s, ok := text(v); ok && slices.Contains(x.test.Taken, s) && !slices.Contains(x.match, attr) {
		return []entry.Entry{{Type: t, ID: "somebody else"}}, nil
	}
	return nil, nil
}

// Get returns the one object.
func (x *example) Get(_ context.Context, t entry.Type, id string) (entry.Entry, error) {
	if e, ok := x.target(t); ok && e.ID == id {
		return e, nil
	}
	return entry.Entry{}, fault.New(fault.NotFound, "get", "the test's target has no object %s", id)
}

// Resolve knows the test's links.
func (x *example) Resolve(_ context.Context, sources []string) (map[string]string, error) {
	out := map[string]string{}
	for _, id := range sources {
		if t, ok := x.test.Links[id].(string); ok {
			out[id] = t
		}
	}
	return out, nil
}

// comparison gathers what is not as expected.
type comparison struct {
	test  app.Test
	plan  Plan
	found []Miss
}

func (c *comparison) miss(what, want, got string) { c.found = append(c.found, Miss{what, want, got}) }

func (c *comparison) compare(err error) {
	e := c.test.Expect
	switch {
	case err == nil && e.Error != "":
		c.miss("error", "an error with "+e.Error, "none: "+string(c.plan.Verb)+", "+c.plan.Reason)
	case err != nil && e.Error == "":
		c.miss("error", "none", err.Error())
		return
	case err != nil && !strings.Contains(err.Error(), e.Error):
		c.miss("error", "an error with "+e.Error, err.Error())
	}
	if e.Verb != "" && e.Verb != string(c.plan.Verb) {
		c.miss("verb", e.Verb, string(c.plan.Verb)+": "+c.plan.Reason)
	}
	c.scope(e.Scope)
	after, written := c.plan.after()
	for _, name := range slices.Sorted(maps.Keys(e.Target)) {
		c.attribute("target."+name, name, e.Target[name], after)
	}
	if e.Changes != nil {
		c.changes(e.Changes, after, written)
	}
}

func (c *comparison) scope(want string) {
	if want == "" {
		return
	}
	got, why := "not asked", c.plan.Reason
	for _, s := range c.plan.Steps {
		if s.Type == Scoping {
			got, why = map[bool]string{true: "in", false: "out"}[s.Status == Success], s.Detail
		}
	}
	if got != want {
		c.miss("scope", want, got+": "+why)
	}
}

func (c *comparison) attribute(what, name string, want any, after entry.Attrs) {
	values := factValues(want)
	got := after[name]
	if entry.EqualValues(got, values) {
		return
	}
	shown := showValues(got)
	if c.plan.Redacted[name] {
		shown = "[Redact]"
	}
	c.miss(what, showValues(values), shown)
}

func (c *comparison) changes(want app.Facts, after entry.Attrs, written []string) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !slices.Contains(written, name) {
			c.miss("changes."+name, showValues(factValues(want[name])), "not written")
			continue
		}
		c.attribute("changes."+name, name, want[name], after)
	}
	for _, name := range written {
		if _, expected := want[name]; !expected {
			shown := showValues(after[name])
			if c.plan.Redacted[name] {
				shown = "[Redact]"
			}
			c.miss("changes."+name, "not written", shown)
		}
	}
}

// after returns what the target would hold once the plan is carried out, references by target id, and the attributes that are written.
func (p Plan) after() (attrs entry.Attrs, written []string) {
	if p.Verb == Delete {
		return entry.Attrs{}, nil
	}
	attrs = copied(p.Have.Attrs)
	edits := p.Edits
	if p.Verb == Create {
		attrs, edits = entry.Attrs{}, entry.Diff(nil, p.Want.Attrs)
		for _, r := range p.Refs {
			edits = append(edits, r.edits(nil)...)
		}
	}
	for _, e := range edits {
		apply(attrs, e)
		written = append(written, e.Attr)
	}
	slices.Sort(written)
	return attrs, slices.Compact(written)
}

// copied copies attributes and their lists.
func copied(have entry.Attrs) entry.Attrs {
	out := make(entry.Attrs, len(have))
	for k, vs := range have {
		out[k] = slices.Clone(vs)
	}
	return out
}

func apply(attrs entry.Attrs, e entry.Edit) {
	values := make([]entry.Value, len(e.Values))
	for i, v := range e.Values {
		if r, ok := v.(entry.Ref); ok {
			v = r.ID // as the test writes it
		}
		values[i] = v
	}
	switch e.Op {
	case entry.Replace:
		attrs.Set(e.Attr, values...)
	case entry.Add:
		attrs[e.Attr] = append(attrs[e.Attr], values...)
	case entry.Remove:
		attrs.Set(e.Attr, slices.DeleteFunc(attrs[e.Attr], func(v entry.Value) bool {
			id, isRef := idOf(v)
			return slices.ContainsFunc(values, func(gone entry.Value) bool { return entry.Equal(gone, v) || isRef && gone == id })
		})...)
	}
}

// showValues writes values for people, texts in quotes, so that "3" and 3 can be told apart.
func showValues(vs []entry.Value) string {
	switch len(vs) {
	case 0:
		return "no value"
	case 1:
		return showValue(vs[0])
	}
	parts := make([]string, len(vs))
	for i, v := range vs {
		parts[i] = showValue(v)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func showValue(v entry.Value) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case entry.Complex:
		parts := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, k+": "+showValue(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	}
	return fmt.Sprint(v)
}
