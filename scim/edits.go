package scim

import (
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// Edits returns the smallest edits that lead from one document to another, for PUT: attributes that want lacks are cleared, except
// read-only and write-only ones and immutable ones. A detached attribute is replaced when have does not hold it, so that have need
// not be read with it. It fails with fault.Invalid and scimType mutability when an immutable attribute would change.
func (rt *ResourceType) Edits(have, want entry.Attrs) ([]entry.Edit, error) {
	var edits []entry.Edit
	for _, f := range rt.fields {
		old, now := have[f.name], want[f.name]
		switch {
		case f.readOnly() || f.common == commSchemas:
			continue
		case f.attr.Mutability == WriteOnly || f.attr.Mutability == Immutable:
			if len(now) == 0 {
				continue
			}
		case f.attr.Detached && len(old) == 0:
			edits = append(edits, entry.Edit{Op: entry.Replace, Attr: f.name, Values: now})
			continue
		}
		if err := f.checkImmutable(old, now); err != nil {
			return nil, err
		}
		edits = f.diff(edits, old, now)
	}
	return edits, nil
}

// identityText returns a text that two values share exactly when entry.Equal holds for them.
func identityText(v entry.Value) string {
	switch v := v.(type) {
	case entry.Ref:
		return "r" + v.ID
	case string:
		return "s" + v
	case entry.Complex:
		return "c" + string(appendIdentity(nil, v))
	case time.Time:
		return "t" + string(appendTime(nil, v.UTC()))
	case int64:
		return "i" + string(AppendValue(nil, v))
	}
	return "v" + string(AppendValue(nil, v))
}

func appendIdentity(dst []byte, c entry.Complex) []byte {
	for _, k := range sortedKeys(c) {
		dst = AppendString(dst, k)
		dst = AppendString(dst, identityText(c[k]))
	}
	return dst
}
