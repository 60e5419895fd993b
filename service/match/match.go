package match

import (
	"context"
	"fmt"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// Question is one match rule with the value this person has for it.
type Question struct {
	Precedence int
	Attr       string      // target attribute to search
	Value      entry.Value // nil: the person has no value, the question is not asked
}

// Verdict is what the questions brought to light.
type Verdict struct {
	Found entry.Entry // the counterpart; its ID is "" when there is none
	By    Question    // the question that found it
	Asked []Question  // the questions asked, in order
	Blind bool        // no question had a value, so nothing could be asked
}

// Counterpart asks the questions in the order given, one at a time, until one finds something. One hit is the counterpart;
// several are fault.Ambiguous, since choosing would be guessing. Attributes are never combined.
func Counterpart(ctx context.Context, f Finder, t entry.Type, qs []Question) (Verdict, error) {
	v := Verdict{Blind: true}
	for _, q := range qs {
		if q.Value == nil || q.Value == "" {
			continue
		}
		v.Blind = false
		v.Asked = append(v.Asked, q)
		hits, err := f.Find(ctx, t, q.Attr, q.Value)
		if err != nil {
			return v, fmt.Errorf("ask the target for %s: %w", q.Attr, err)
		}
		switch len(hits) {
		case 0:
			continue
		case 1:
			v.Found, v.By = hits[0], q
			return v, nil
		}
		return v, ambiguous(q, hits)
	}
	return v, nil
}

func ambiguous(q Question, hits []entry.Entry) error {
	ids := ""
	for i, h := range hits {
		if i == 5 {
			ids += ", …"
			break
		}
		if i > 0 {
			ids += ", "
		}
		ids += h.ID
	}
	return fault.New(fault.Ambiguous, "match", "%d objects in the target have %s = %q: %s", len(hits), q.Attr, fmt.Sprint(q.Value), ids).
		WithHint("make %s unique in the target, or match by another attribute", q.Attr)
}
