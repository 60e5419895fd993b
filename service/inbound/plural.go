package inbound

import (
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
)

// plural is a list of typed elements (emails, phoneNumbers, addresses). It lies whole under its SCIM name; of some elements,
// named by their type, the directory has attributes of its own, which follow.
type plural struct {
	kept
	slots []slot
}

// slot is the element of one type, with its sub-attributes' places in the directory.
type slot struct {
	label string
	twins [][2]string // sub-attribute, directory attribute
	// catch takes, where no element has the type, the primary element, or the first one without a type.
	catch bool
}

func (p plural) get(a entry.Attrs) []entry.Value {
	vs, own := p.kept.get(a), false
	for _, s := range p.slots {
		i := p.find(vs, s)
		fresh, changed := s.overlay(vs, i, a)
		if !changed {
			continue
		}
		if !own {
			vs, own = slices.Clone(vs), true
		}
		switch {
		case fresh == nil:
			vs = slices.Delete(vs, i, i+1)
		case i < 0:
			vs = append(vs, fresh)
		default:
			vs[i] = fresh
		}
	}
	return vs
}

// overlay returns what the directory makes of the element at i (-1: there is none), nil when nothing is left of it.
func (s slot) overlay(vs []entry.Value, i int, a entry.Attrs) (entry.Value, bool) {
	c, removed := entry.Complex{}, false
	if i >= 0 {
		c = vs[i].(entry.Complex) // as find made sure
	}
	var fresh entry.Complex
	for _, t := range s.twins {
		have, now := c[t[0]], a.First(t[1])
		if have == nil && now == nil || have != nil && now != nil && entry.Equal(have, now) {
			continue
		}
		if fresh == nil {
			fresh = maps.Clone(c)
		}
		if now == nil {
			delete(fresh, t[0])
			removed = true
			continue
		}
		fresh[t[0]] = now
	}
	if fresh == nil {
		return nil, false
	}
	if i < 0 {
		fresh["type"] = s.label
	}
	if removed && onlyLabels(fresh) {
		return nil, true
	}
	return fresh, true
}

// onlyLabels reports whether an element says nothing but what it would be.
func onlyLabels(c entry.Complex) bool {
	for sub := range c {
		if sub != "type" && sub != "primary" && sub != "display" {
			return false
		}
	}
	return true
}

// find returns the index of the element that a slot means, -1 when there is none.
func (p plural) find(vs []entry.Value, s slot) int {
	if i := pick(vs, func(label string) bool { return strings.EqualFold(label, s.label) }); i >= 0 || !s.catch {
		return i
	}
	free := func(label string) bool {
		return !slices.ContainsFunc(p.slots, func(o slot) bool { return strings.EqualFold(label, o.label) })
	}
	if i := pick(vs, free); i >= 0 && (vs[i].(entry.Complex)["primary"] == true) {
		return i
	}
	return pick(vs, func(label string) bool { return label == "" })
}

// pick returns the index of the primary, else the first element with such a type; -1 when there is none.
func pick(vs []entry.Value, wanted func(label string) bool) int {
	found := -1
	for i, v := range vs {
		c, _ := v.(entry.Complex)
		label, _ := c["type"].(string)
		switch {
		case c == nil || !wanted(label):
		case c["primary"] == true:
			return i
		case found < 0:
			found = i
		}
	}
	return found
}

func (p plural) put(a entry.Attrs, vs []entry.Value) {
	p.kept.put(a, vs)
	for _, s := range p.slots {
		var c entry.Complex
		if i := p.find(vs, s); i >= 0 {
			c = vs[i].(entry.Complex)
		}
		for _, t := range s.twins {
			setFirst(a, t[1], c[t[0]])
		}
	}
}

// setFirst stores the first value of a directory attribute that may have more; nil clears them all.
func setFirst(a entry.Attrs, name string, v entry.Value) {
	if v == nil || len(a[name]) < 2 {
		set(a, name, v)
		return
	}
	a[name] = append([]entry.Value{v}, a[name][1:]...)
}
