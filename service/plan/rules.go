package plan

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/mapping"
	"github.com/sallyport-id/sallyport/service/scope"
)

// Rules is an application compiled: ready to plan with, immutable, safe for concurrent use.
type Rules struct {
	App     app.App
	objects map[entry.Type]*object
}

type object struct {
	app.Object
	scope   *scope.Filter
	input   *scope.Filter
	mapping *mapping.Mapping
}

// Compile checks and compiles every expression, filter and rule of an application. It reports all mistakes, not the first alone.
func Compile(a app.App) (*Rules, error) {
	r := &Rules{App: a, objects: make(map[entry.Type]*object, len(a.Objects))}
	var errs []error
	for _, o := range a.Objects {
		s, err := scope.Compile(o.Scope)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s scope: %w", o.Source, err))
		}
		in, err := scope.Compile(o.Input)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s input: %w", o.Source, err))
		}
		m, err := mapping.Compile(o)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s mapping: %w", o.Source, err))
		}
		if m != nil && !a.Assignments.Only && len(m.Roles()) > 0 {
			errs = append(errs, fault.New(fault.Invalid, fmt.Sprintf("%s mapping", o.Source), "%s: app roles come with assignments, and everybody is in scope without one", strings.Join(m.Roles(), ", ")).
				WithHint("set assignments: {only: true}, or remove the mapping"))
		}
		r.objects[o.Source] = &object{Object: o, scope: s, input: in, mapping: m}
	}
	if len(errs) > 0 {
		return nil, fault.Wrap(fault.Invalid, "compile application "+string(a.ID), errors.Join(errs...))
	}
	return r, nil
}

// Maps reports whether the application takes objects of the source type, and what the target calls them.
func (r *Rules) Maps(t entry.Type) (target entry.Type, ok bool) {
	o, ok := r.objects[t]
	if !ok {
		return "", false
	}
	return o.Target, true
}

// MatchAttrs returns the target attributes the source type is matched by, in order of precedence.
func (r *Rules) MatchAttrs(t entry.Type) []string {
	o, ok := r.objects[t]
	if !ok {
		return nil
	}
	attrs := make([]string, len(o.Match))
	for i, m := range o.Match {
		attrs[i] = m.Target
	}
	return attrs
}

// TargetAttrs returns the target attributes the source type's mappings write.
func (r *Rules) TargetAttrs(t entry.Type) []string {
	o, ok := r.objects[t]
	if !ok {
		return nil
	}
	attrs := make([]string, len(o.Mappings))
	for i, m := range o.Mappings {
		attrs[i] = m.Target
	}
	return attrs
}

// Redacted returns the target attributes of the source type whose values no log may show. The set must not be changed.
func (r *Rules) Redacted(t entry.Type) map[string]bool {
	o, ok := r.objects[t]
	if !ok {
		return nil
	}
	return o.mapping.Redacted()
}

// Lint returns warnings about mappings that are legal and perhaps not meant so, each beginning with the source type and the target attribute.
func (r *Rules) Lint() []string {
	var out []string
	for _, o := range r.App.Objects {
		for _, w := range r.objects[o.Source].mapping.Lint() {
			out = append(out, string(o.Source)+" mapping "+w)
		}
	}
	return out
}
