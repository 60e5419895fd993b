package app

import (
	"cmp"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// Defaults of an application.
const (
	DefaultTimeout     = Duration(30 * time.Second)
	DefaultInterval    = Duration(40 * time.Minute)
	DefaultWorkers     = 16
	DefaultDeleteLimit = 500
)

// DefaultQuarantine are the published thresholds.
var DefaultQuarantine = Quarantine{Failures: 5000, Percent: 40, Base: 40000, References: 60000}

// PATCH dialects of a target.
const (
	RFC    = "rfc"    // RFC 7644 to the letter
	Legacy = "legacy" // what old cloud clients send
)

// WithDefaults returns the application with every empty setting filled in, users first, match rules in the order of precedence and operators in
// their canonical spelling. The original is not changed.
func (a App) WithDefaults() App {
	a.Name = cmp.Or(a.Name, string(a.ID))
	a.Target.Dialect = cmp.Or(a.Target.Dialect, RFC)
	a.Target.Timeout = cmp.Or(a.Target.Timeout, DefaultTimeout)
	a.Schedule.Interval = cmp.Or(a.Schedule.Interval, DefaultInterval)
	a.Schedule.Workers = cmp.Or(a.Schedule.Workers, DefaultWorkers)
	a.Deprovision.DeleteLimit = cmp.Or(a.Deprovision.DeleteLimit, DefaultDeleteLimit)
	a.Quarantine = a.Quarantine.WithDefaults()
	a.Drift = cmp.Or(a.Drift, ReportDrift)
	a.Nested = cmp.Or(a.Nested, NestedAsMember)
	a.Objects = slices.Clone(a.Objects)
	for i, o := range a.Objects {
		a.Objects[i] = o.withDefaults()
	}
	a.Tests = slices.Clone(a.Tests)
	for i := range a.Tests {
		a.Tests[i].Type = cmp.Or(a.Tests[i].Type, entry.User)
	}
	slices.SortStableFunc(a.Objects, func(x, y Object) int { return rank(x.Source) - rank(y.Source) })
	return a
}

// WithDefaults returns the thresholds with the published ones in the place of zeros: an application that was stored before they could be set
// has none.
func (q Quarantine) WithDefaults() Quarantine {
	q.Failures = cmp.Or(q.Failures, DefaultQuarantine.Failures)
	q.Percent = cmp.Or(q.Percent, DefaultQuarantine.Percent)
	q.Base = cmp.Or(q.Base, DefaultQuarantine.Base)
	q.References = cmp.Or(q.References, DefaultQuarantine.References)
	return q
}

// rank puts users before groups, which refer to them.
func rank(t entry.Type) int {
	if t == entry.User {
		return 0
	}
	return 1
}

func (o Object) withDefaults() Object {
	o.Target = cmp.Or(o.Target, o.Source)
	o.Verbs = cmp.Or(o.Verbs, Verbs{Create: true, Update: true, Delete: true})
	o.Mappings = slices.Clone(o.Mappings)
	for i := range o.Mappings {
		o.Mappings[i].Flow = cmp.Or(o.Mappings[i].Flow, Always)
	}
	o.Attributes = slices.Clone(o.Attributes)
	for i, a := range o.Attributes {
		o.Attributes[i].Type, o.Attributes[i].Mutability = cmp.Or(a.Type, String), cmp.Or(a.Mutability, ReadWrite)
	}
	o.Match = numbered(slices.Clone(o.Match))
	o.Scope, o.Input = o.Scope.canonical(), o.Input.canonical()
	return o
}

// numbered gives match rules without any precedence the order they stand in, and sorts the others.
func numbered(rules []Rule) []Rule {
	if !slices.ContainsFunc(rules, func(r Rule) bool { return r.Precedence != 0 }) {
		for i := range rules {
			rules[i].Precedence = i + 1
		}
	}
	slices.SortStableFunc(rules, func(x, y Rule) int { return cmp.Compare(x.Precedence, y.Precedence) })
	return rules
}

func (f Filter) canonical() Filter {
	f.Groups = slices.Clone(f.Groups)
	for i, g := range f.Groups {
		g.Clauses = slices.Clone(g.Clauses)
		for j, c := range g.Clauses {
			if op, ok := FindOperator(c.Operator); ok {
				g.Clauses[j].Operator = op.Name
			}
		}
		f.Groups[i] = g
	}
	return f
}
