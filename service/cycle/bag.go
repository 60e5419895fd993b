package cycle

// bagLimit is how many objects a cycle remembers for later before it rather reads them again.
const bagLimit = 10_000

// bag remembers objects for later, each once, up to a limit. When more came, only that is known.
type bag struct {
	objects []Object
	seen    map[Object]bool
	over    bool
}

func (b *bag) add(o Object) {
	switch {
	case b.over || b.seen[o]:
		return
	case len(b.objects) >= bagLimit:
		*b = bag{over: true}
		return
	}
	if b.seen == nil {
		b.seen = map[Object]bool{}
	}
	b.seen[o] = true
	b.objects = append(b.objects, o)
}

// take empties the bag.
func (b *bag) take() bag {
	full := *b
	*b = bag{}
	return full
}

func (b *bag) empty() bool { return !b.over && len(b.objects) == 0 }
