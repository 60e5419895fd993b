package scim

import (
	"slices"

	"github.com/sallyport-id/sallyport/entry"
)

// Probe is an equality that every match of a filter fulfils.
type Probe struct {
	Attr  string      // canonical, dotted for a sub-attribute: "id", "userName", "emails.value"; a detached attribute ("members") plain
	Value entry.Value // a string unless the attribute has another type; entry.Ref for a detached attribute
	Exact bool        // compared with regard to case; otherwise compare or index by Fold
}

// Probe returns the best one of Probes: id first, then unique attributes, then references, then others; ok is false when there is none.
func (f *Filter) Probe() (attr string, v entry.Value, ok bool) {
	best, rank := (*expr)(nil), 0
	f.eachEquality(func(e *expr) {
		if r := e.rank(); best == nil || r < rank {
			best, rank = e, r
		}
	})
	if best == nil {
		return "", nil, false
	}
	p := best.probe()
	return p.Attr, p.Value, true
}

// Probes returns every equality that the filter demands, best first, so that a store can take the first it has an index for.
// Booleans are left out: half of all resources is no probe.
func (f *Filter) Probes() []Probe {
	var list []*expr
	f.eachEquality(func(e *expr) { list = append(list, e) })
	slices.SortStableFunc(list, func(a, b *expr) int { return a.rank() - b.rank() })
	out := make([]Probe, len(list))
	for i, e := range list {
		out[i] = e.probe()
	}
	return out
}

// eachEquality visits the eq terms that stand in conjunction from the root, those in value paths included.
func (f *Filter) eachEquality(visit func(*expr)) {
	if f.root != nil {
		f.root.eachEquality(visit)
	}
}

func (e *expr) eachEquality(visit func(*expr)) {
	switch e.kind {
	case exprAnd:
		e.left.eachEquality(visit)
		e.right.eachEquality(visit)
	case exprWithin:
		if e.op == opNe {
			return // holds without any such element
		}
		e.left.eachEquality(visit)
		if e.right != nil {
			e.right.eachEquality(visit)
		}
	case exprCompare:
		_, boolean := e.value.(bool)
		if e.op == opEq && !boolean && e.field.common <= commID && e.field.common != commSchemas {
			visit(e)
		}
	}
}

// rank orders probes by how few resources they are likely to leave.
func (e *expr) rank() int {
	a := e.field.attr
	switch {
	case e.field.common == commID:
		return 0
	case a.Uniqueness == UniqueServer || a.Uniqueness == UniqueGlobal:
		return 1
	case a.Name == "externalId":
		return 2
	case e.field.top.attr.Detached:
		return 3
	case e.field.top.refs || a.Name == "value":
		return 4
	case a.Name == "type" && e.field.isSub():
		return 9
	}
	return 5
}

func (e *expr) probe() Probe {
	f := e.field
	if f.plainRef() {
		return Probe{Attr: f.top.name, Value: entry.Ref{ID: e.text}, Exact: true}
	}
	return Probe{Attr: f.name, Value: e.literalValue(), Exact: f.attr.CaseExact}
}
