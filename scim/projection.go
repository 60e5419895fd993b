package scim

import "strings"

// Projection says which attributes an answer has. The nil Projection is the default one.
type Projection struct {
	rt   *ResourceType
	want []uint64
}

const allSubs = ^uint64(0)

// shown returns the bits of what comes of a field when it is asked for by name: everything but returned never and request.
func (f *field) shown() uint64 {
	if f.never() {
		return 0
	}
	if len(f.subs) == 0 {
		return allSubs
	}
	return f.subBits(func(s *field) bool { return s.attr.Returned != ReturnedNever && s.attr.Returned != ReturnedRequest })
}

func (f *field) subBits(take func(*field) bool) uint64 {
	var bits uint64
	for i, s := range f.subs {
		if take(s) {
			bits |= 1 << i
		}
	}
	return bits
}

// always returns the bits that no projection can leave out.
func (f *field) always() uint64 {
	if f.attr.Returned == ReturnedAlways {
		return f.shown()
	}
	return 0
}

// compileWants computes, once, what answers and request bodies show by default.
func (rt *ResourceType) compileWants() {
	rt.usual, rt.writable = make([]uint64, len(rt.fields)), make([]uint64, len(rt.fields))
	for i, f := range rt.fields {
		if f.attr.Returned != ReturnedRequest {
			rt.usual[i] = f.shown()
		}
		switch {
		case f.readOnly():
		case len(f.subs) == 0:
			rt.writable[i] = allSubs
		default:
			rt.writable[i] = f.subBits(func(s *field) bool { return !s.readOnly() })
		}
	}
}

// Projection compiles the query parameters attributes and excludedAttributes (RFC 7644 §3.9): names with commas between them, in
// any form that Canonical takes; the URN of an extension stands for all of it. Unknown names are ignored. Both empty gives nil.
// When both are given, what is excluded is taken out of what is asked for. It fails with fault.Invalid when a list is over 8 KiB.
func (rt *ResourceType) Projection(attributes, excluded string) (*Projection, error) {
	if len(attributes) > maxFilter || len(excluded) > maxFilter {
		return nil, refuse(InvalidValue, "the list of attributes is longer than %d bytes", maxFilter)
	}
	if blankList(attributes) && blankList(excluded) {
		return nil, nil
	}
	p := &Projection{rt: rt, want: make([]uint64, len(rt.fields))}
	if blankList(attributes) {
		copy(p.want, rt.usual)
	} else {
		for i, f := range rt.fields {
			p.want[i] = f.always()
		}
		rt.eachNamed(attributes, p.include)
	}
	rt.eachNamed(excluded, p.exclude)
	return p, nil
}

func blankList(s string) bool { return strings.Trim(s, ", ") == "" }

// eachNamed calls use for every known field in a list of names.
func (rt *ResourceType) eachNamed(list string, use func(*field)) {
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if f := rt.lookup(name); f != nil {
			use(f)
		} else if i := rt.schemaOf(name); i >= 0 {
			for _, f := range rt.bySchema[i] {
				use(f)
			}
		}
	}
}

func (p *Projection) include(f *field) {
	if f.never() || f.top.never() {
		return
	}
	if !f.isSub() {
		p.want[f.index] |= f.shown()
		return
	}
	p.want[f.top.index] |= 1<<f.index | f.top.subBits(func(s *field) bool { return s.attr.Returned == ReturnedAlways })
}

func (p *Projection) exclude(f *field) {
	switch {
	case f.attr.Returned == ReturnedAlways || f.top.attr.Returned == ReturnedAlways:
	case f.isSub():
		p.want[f.top.index] &^= 1 << f.index
	default:
		p.want[f.index] = 0
	}
}

// Wants reports whether any part of a top-level attribute (in any form that Canonical takes; also "meta") may be in the answer, so
// that a server need not read a detached attribute that it would not write. The nil Projection wants what is returned by default;
// it cannot know the schema and says true.
func (p *Projection) Wants(attr string) bool {
	if p == nil {
		return true
	}
	f := p.rt.lookup(attr)
	return f != nil && p.want[f.top.index] != 0
}
