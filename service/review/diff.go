package review

import (
	"cmp"
	"iter"
	"slices"

	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Difference is one object that two plans treat differently.
type Difference struct {
	Source journal.Identity `json:"source"`
	Target journal.Identity `json:"target"`
	A      *Side            `json:"a,omitempty"` // nil: the first plan leaves the object alone
	B      *Side            `json:"b,omitempty"` // nil: the second one does
}

// Side is what one plan does to the object.
type Side struct {
	Verb    plan.Verb        `json:"verb"`
	Reason  string           `json:"reason"`
	Changes []journal.Change `json:"changes,omitempty"` // only those that the other plan does not make
}

// Diff yields the objects that two plans treat differently. Both come in the order of Store.Sorted, and neither is held in memory.
func Diff(a, b iter.Seq2[Row, error]) iter.Seq2[Difference, error] {
	return func(yield func(Difference, error) bool) {
		nextA, stopA := iter.Pull2(a)
		defer stopA()
		nextB, stopB := iter.Pull2(b)
		defer stopB()
		left, right := pull(nextA), pull(nextB)
		for left.ok || right.ok {
			if err := cmp.Or(left.err, right.err); err != nil {
				yield(Difference{}, err)
				return
			}
			d, differ := Difference{}, true
			switch order := compare(left, right); {
			case order < 0:
				d = between(&left.Row, nil)
				left = pull(nextA)
			case order > 0:
				d = between(nil, &right.Row)
				right = pull(nextB)
			default:
				d = between(&left.Row, &right.Row)
				differ = d.A.Verb != d.B.Verb || len(d.A.Changes)+len(d.B.Changes) > 0
				left, right = pull(nextA), pull(nextB)
			}
			if differ && !yield(d, nil) {
				return
			}
		}
	}
}

// pulled is the row at the front of a plan; ok is false at its end.
type pulled struct {
	Row
	err error
	ok  bool
}

func pull(next func() (Row, error, bool)) pulled {
	r, err, ok := next()
	return pulled{r, err, ok}
}

// compare orders rows by object; the end of a plan comes after everything.
func compare(a, b pulled) int {
	switch {
	case !a.ok:
		return 1
	case !b.ok:
		return -1
	}
	c := cmp.Or(cmp.Compare(a.Source.Type, b.Source.Type), cmp.Compare(a.Source.ID, b.Source.ID))
	if c != 0 || a.Source.ID != "" {
		return c
	}
	return cmp.Compare(a.Target.ID, b.Target.ID)
}

func between(a, b *Row) Difference {
	var d Difference
	for _, r := range []*Row{b, a} {
		if r != nil {
			d.Source, d.Target = r.Source, r.Target
		}
	}
	d.A, d.B = side(a, b), side(b, a)
	return d
}

// side shows what r does that other does not.
func side(r, other *Row) *Side {
	if r == nil {
		return nil
	}
	s := &Side{Verb: r.Verb, Reason: r.Reason}
	for _, c := range r.Changes {
		if other == nil || !slices.Contains(other.Changes, c) {
			s.Changes = append(s.Changes, c)
		}
	}
	return s
}
