package cache

import (
	"encoding/binary"
	"iter"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// draft is a row encoded and checked, not yet in a space.
type draft struct {
	anchor  string
	content []byte
	sets    []draftSet // as Config.Detached
}

// draftSet is a detached attribute of a draft: pairs of type and id, each id once.
type draftSet struct {
	given bool // false: leave the set as it is
	n     int
	pairs string
}

// draft encodes a row. With whole, a detached attribute that the row does not name counts as empty.
func (s *space) draft(row Row, whole bool) (draft, error) {
	d := draft{anchor: row.Anchor}
	content, err := s.names.appendContent(make([]byte, 0, 384), row, s.typ, s.detached)
	if err != nil {
		return d, about(err, row.Anchor)
	}
	d.content = content
	for _, attr := range s.detached {
		vs, given := row.Attrs[attr]
		set, err := encodeSet(attr, vs)
		if err != nil {
			return d, about(err, row.Anchor)
		}
		set.given = given || whole
		d.sets = append(d.sets, set)
	}
	return d, nil
}

func about(err error, anchor string) error {
	return fault.New(fault.KindOr(err, fault.Invalid), "keep object", "%w", err).About(anchor)
}

func encodeSet(attr string, vs []entry.Value) (draftSet, error) {
	var set draftSet
	var pairs []byte
	seen := make(map[string]struct{}, len(vs))
	for _, v := range vs {
		ref, err := refOf(attr, v)
		if err != nil {
			return set, err
		}
		if _, twice := seen[ref.ID]; twice {
			continue
		}
		seen[ref.ID] = struct{}{}
		pairs = appendText(appendText(pairs, string(ref.Type)), ref.ID)
		set.n++
	}
	set.pairs = string(pairs)
	return set, nil
}

func refOf(attr string, v entry.Value) (entry.Ref, error) {
	ref, ok := v.(entry.Ref)
	if !ok || ref.ID == "" {
		return ref, fault.New(fault.Invalid, "keep reference", "%T is no reference to an object", v).About(attr).
			WithHint("values of this attribute have to be references with the anchor of the other object")
	}
	return ref, nil
}

// each yields type and id of each member; they are windows into the draft.
func (d draftSet) each() iter.Seq2[entry.Type, string] {
	return func(yield func(entry.Type, string) bool) {
		for r := (reader{s: d.pairs}); r.s != ""; {
			if t, id := r.text(), r.text(); r.bad || !yield(entry.Type(t), id) {
				return
			}
		}
	}
}

// appendTo writes the draft for keeping it aside.
func (d *draft) appendTo(dst []byte) []byte {
	dst = append(appendText(dst, d.anchor), binary.AppendUvarint(nil, uint64(len(d.content)))...)
	dst = append(dst, d.content...)
	for _, set := range d.sets {
		dst = appendText(binary.AppendUvarint(dst, uint64(set.n)), set.pairs)
	}
	return dst
}

// parseDraft reads what appendTo wrote; all sets are given.
func parseDraft(s string, sets int) draft {
	r := reader{s: s}
	d := draft{anchor: r.text(), content: []byte(r.text())}
	for range sets {
		d.sets = append(d.sets, draftSet{given: true, n: int(r.uvarint()), pairs: r.text()})
	}
	return d
}

// holds reports whether the row has the draft's content already.
func (s *space) holds(row uint32, d *draft) bool {
	if !s.same(row, d.content) {
		return false
	}
	for i, set := range d.sets {
		if set.given && !s.sets[i].same(row, set.n, set.each()) {
			return false
		}
	}
	return true
}

// same compares contents; the order of values and the zone of a time do not count.
func (s *space) same(row uint32, content []byte) bool {
	have := s.record(row)
	if have.content == string(content) {
		return true
	}
	var want record
	want.parseContent(string(content))
	names := s.names.snapshot()
	if have.hash(names, 0) != want.hash(names, 0) {
		return false
	}
	a, b := decodeAttrs(have.attrs, names), decodeAttrs(want.attrs, names)
	for name, vs := range a {
		if !entry.EqualValues(vs, b[name]) {
			return false
		}
	}
	return len(a) == len(b) && have.dn == want.dn && have.auto == want.auto
}

// apply brings a draft in; created and now are milliseconds, created counts for a new row only.
func (s *space) apply(d *draft, created, now int64) (row uint32, changed bool) {
	row, ok := s.find(d.anchor)
	switch {
	case !ok:
		row = s.insert(d.anchor, d.content, created, max(created, now), s.last+1)
		changed = true
	case !s.same(row, d.content):
		s.rewrite(row, d.content, now)
		changed = true
	}
	moved := false
	for i, set := range d.sets {
		if set.given && !s.sets[i].same(row, set.n, set.each()) {
			moved = s.sets[i].replace(row, set.each()) || moved
		}
	}
	if moved && !changed {
		s.stamp(row, now)
	}
	return row, changed || moved
}
