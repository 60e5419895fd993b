package scope

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
)

// Verdict says whether an object is in scope, and why.
type Verdict struct {
	In      bool
	Why     string         // plain words: department EQUALS "Sales" is false: department is "IT"
	Clauses []ClauseResult // every clause that was looked at, in order
	Err     error          // the question could not be decided (a regular expression took too long); In is false and means nothing
}

// ClauseResult is what one clause said.
type ClauseResult struct {
	Group  string // name of the clause's group
	Clause string // department EQUALS "Sales"
	True   bool
	Why    string // department is "IT"
}

// String writes "department EQUALS "Sales" is false: department is "IT"".
func (c ClauseResult) String() string {
	return fmt.Sprintf("%s is %t: %s", c.Clause, c.True, c.Why)
}

// Filter is a compiled scoping filter, safe for concurrent use.
type Filter struct{ groups []group }

type group struct {
	name    string
	clauses []clause
}

// Compile checks and compiles a filter. The error joins a fault.Invalid per mistake, each naming group and clause. An empty filter lets
// everything in; a group without clauses is refused, since it would do the same.
func Compile(f app.Filter) (*Filter, error) {
	var out Filter
	var errs []error
	for i, g := range f.Groups {
		compiled, err := compileGroup(i, g)
		out.groups = append(out.groups, compiled)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fault.Wrap(fault.Invalid, "compile the scoping filter", err)
	}
	return &out, nil
}

func compileGroup(i int, g app.ClauseGroup) (group, error) {
	out := group{name: g.Name}
	if out.name == "" {
		out.name = fmt.Sprintf("group %d", i+1)
	}
	if len(g.Clauses) == 0 {
		return out, fault.New(fault.Invalid, "scope", "the group has no clauses and would let everything in").
			About(out.name).WithHint("add a clause, or remove the group")
	}
	var errs []error
	for _, c := range g.Clauses {
		compiled, err := compileClause(c)
		if err != nil {
			err = fault.Wrap(fault.Invalid, "scope "+out.name, err)
		}
		out.clauses = append(out.clauses, compiled)
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

// Evaluate decides on the full attributes of a source user.
func (f *Filter) Evaluate(attrs entry.Attrs) Verdict {
	return f.EvaluateEntry(entry.Entry{Type: entry.User, Attrs: attrs})
}

// EvaluateEntry decides on a whole source object. Besides its attributes it knows objectId and id, and that a user without accountEnabled is
// enabled. Groups are tried in order until one holds; inside a group every clause is looked at.
func (f *Filter) EvaluateEntry(e entry.Entry) Verdict {
	if len(f.groups) == 0 {
		return Verdict{In: true, Why: "there is no scoping filter"}
	}
	var v Verdict
	var reasons []string
	for _, g := range f.groups {
		in, why := g.evaluate(e, &v)
		if v.Err != nil {
			return Verdict{Why: why, Clauses: v.Clauses, Err: v.Err}
		}
		if in {
			v.In, v.Why = true, why
			return v
		}
		reasons = append(reasons, why)
	}
	v.Why = strings.Join(reasons, "; ")
	return v
}

// evaluate appends what each clause said to the verdict, and tells whether all of them hold. why is the first false clause, or the last true one.
func (g *group) evaluate(e entry.Entry, v *Verdict) (in bool, why string) {
	in = true
	for i := range g.clauses {
		c := &g.clauses[i]
		holds, because, err := c.holds(e)
		r := ClauseResult{Group: g.name, Clause: c.shown, True: holds, Why: because}
		v.Clauses = append(v.Clauses, r)
		if err != nil {
			v.Err = err
			return false, r.String()
		}
		if in {
			why = r.String()
		}
		in = in && holds
	}
	return in, why
}
