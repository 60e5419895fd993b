package cache

import (
	"hash/maphash"
	"slices"
	"strings"
	"time"
)

func anchorHash(anchor string) uint64 { return maphash.String(seed, anchor) }

// set returns the sets of a detached attribute, nil when it is none.
func (s *space) set(attr string) *sets {
	if i := slices.Index(s.detached, attr); i >= 0 {
		return s.sets[i]
	}
	return nil
}

// Holds reports whether the object's detached attribute refers to refAnchor. It takes the same time for any set.
func (c *Cache) Holds(anchor, attr, refAnchor string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	set := c.s.set(attr)
	if set == nil {
		return false
	}
	row, ok := c.s.find(anchor)
	return ok && set.holds(row, refAnchor)
}

// Referrers returns the anchors of the objects whose detached attribute refers to refAnchor, in the order of creation.
func (c *Cache) Referrers(attr, refAnchor string) []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.s.referrers(attr, refAnchor)
}

func (s *space) referrers(attr, refAnchor string) []string {
	set := s.set(attr)
	if set == nil {
		return nil
	}
	rows := sorted(set.holders(refAnchor))
	anchors := make([]string, 0, len(rows))
	for _, row := range rows {
		rec := s.record(row)
		anchors = append(anchors, rec.anchorText())
	}
	return anchors
}

// Repoint makes every set that refers to refAnchor refer to the anchor to instead, after that object was renamed, and
// returns the anchors of the objects whose set changed.
func (c *Cache) Repoint(attr, refAnchor, to string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	set := c.s.set(attr)
	if set == nil || to == "" || refAnchor == to {
		return nil
	}
	ref, ok := set.refs.find(refAnchor)
	if !ok {
		return nil
	}
	typ := set.refs.list[ref].typ(&set.refs)
	anchors := c.s.referrers(attr, refAnchor)
	from, to := strings.Clone(refAnchor), strings.Clone(to)
	now := millis(time.Now())
	for _, row := range set.holders(from) {
		set.remove(row, from)
		set.add(row, typ, to)
		c.s.stamp(row, now)
	}
	for _, a := range anchors {
		c.touch(a)
	}
	return anchors
}

func sorted(rows []uint32) []uint32 {
	slices.Sort(rows)
	return rows
}
