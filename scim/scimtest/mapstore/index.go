package mapstore

import (
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// insert puts a row into every index.
func (t *table) insert(r *row) {
	for attr, index := range t.indexes {
		for _, v := range r.entry.Attrs[attr] {
			if k, ok := t.key(attr, v); ok {
				index[k] = append(index[k], r)
			}
		}
	}
}

// withdraw takes a row out of every index.
func (t *table) withdraw(r *row) {
	for attr, index := range t.indexes {
		for _, v := range r.entry.Attrs[attr] {
			k, ok := t.key(attr, v)
			if !ok {
				continue
			}
			rest := slices.DeleteFunc(slices.Clone(index[k]), func(x *row) bool { return x == r })
			if len(rest) == 0 {
				delete(index, k)
			} else {
				index[k] = rest
			}
		}
	}
}

// checkUnique refuses values of unique attributes that another row has.
func (t *table) checkUnique(attrs entry.Attrs, self *row) error {
	for _, attr := range t.unique {
		for _, v := range attrs[attr] {
			k, _ := t.key(attr, v)
			for _, other := range t.indexes[attr][k] {
				if other != self {
					return fault.New(fault.Exists, "store "+string(t.rt.Name), "%s %q is taken", attr, v).
						WithHint("choose another %s, or update the resource that has it", attr)
				}
			}
		}
	}
	return nil
}

// bury takes a row out of the table; compact keeps the order list from growing with the dead.
func (t *table) bury(r *row) {
	t.withdraw(r)
	delete(t.rows, r.entry.ID)
	r.deleted = true
	if t.dead++; t.dead > 64 && t.dead > len(t.order)/2 {
		t.order = slices.DeleteFunc(t.order, func(x *row) bool { return x.deleted })
		t.dead = 0
	}
}
