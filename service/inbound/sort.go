package inbound

import (
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/service/directory"
)

const (
	// reach is how many places one reading of the directory goes ahead. A page further back takes several readings, so that memory
	// does not grow with the directory.
	reach = 20_000
	// keyBytes is how much of a text counts for its place.
	keyBytes = 256
)

// place is where an object stands in an order.
type place struct {
	key entry.Value // nil: the object lacks the attribute
	id  string
}

// order compares places: by key, then by id.
type order struct {
	attr       *scim.Attribute
	descending bool
}

func (o order) compare(a, b place) int {
	c := scim.Compare(a.key, b.key, o.attr)
	if o.descending {
		c = -c
	}
	if c == 0 {
		switch {
		case a.id < b.id:
			return -1
		case a.id > b.id:
			return 1
		}
	}
	return c
}

// sorted answers with sortBy.
func (x *search) sorted() (found, error) {
	attr, _ := x.shape.Attribute(x.SortBy)
	o := order{attr, x.Descending}
	var floor *place
	skip := max(x.Start, 1) - 1
	if x.After != "" {
		p, err := parsePlace(x.After)
		if err != nil {
			return found{}, err
		}
		floor, skip = &p, 0
	}
	f := found{total: -1}
	for {
		ahead := min(skip, x.reach)
		ps, n, err := x.smallest(o, floor, ahead+x.Count+1)
		if err != nil {
			return f, err
		}
		if f.total < 0 && x.After == "" {
			f.total = n
		}
		if x.Count < 1 {
			return f, nil
		}
		if ahead == skip || len(ps) < ahead {
			return x.at(f, ps[min(skip, len(ps)):])
		}
		floor, skip = &ps[ahead-1], skip-ahead
	}
}

// smallest returns the first n places after floor, in order, and how many objects match in all.
func (x *search) smallest(o order, floor *place, n int) (ps []place, total int, err error) {
	for obj, err := range x.matches("") {
		if err != nil {
			return nil, 0, err
		}
		total++
		p := place{x.key(obj), obj.ID}
		if floor != nil && o.compare(p, *floor) <= 0 {
			continue
		}
		if ps = append(ps, p); len(ps) >= 2*n+64 {
			slices.SortFunc(ps, o.compare)
			ps = ps[:n]
		}
	}
	slices.SortFunc(ps, o.compare)
	return ps[:min(n, len(ps))], total, x.err
}

// key returns the value that an object sorts by.
func (x *search) key(o directory.Object) entry.Value {
	v := x.shape.SortKey(source{&x.viewer, o}, x.SortBy)
	if s, ok := v.(string); ok && len(s) > keyBytes {
		return s[:keyBytes]
	}
	return v
}

// at reads the objects of a page; one more place than the page may be given.
func (x *search) at(f found, ps []place) (found, error) {
	if len(ps) > x.Count {
		ps = ps[:x.Count]
		f.next = ps[x.Count-1].text()
	}
	ids := make([]string, len(ps))
	for i, p := range ps {
		ids[i] = p.id
	}
	var err error
	f.objects, err = x.dir.Load(x.ctx, x.Type, ids, x.Detached)
	return f, err
}
