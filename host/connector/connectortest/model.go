package connectortest

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

// rounds is how many random stories are played on a target; shrinking a failure plays more.
const rounds = 12

// follows plays random stories of creates, updates and deletes on the target and on a model of it in memory, and follows the
// changes as the host would. At the end the target, the model and what was followed are the same.
func follows(t *trial, h Harness) {
	c := begin(t, h)
	next, played, failed := 0, 0, false
	t.forAll(func(r *rapid.T) {
		if played++; played > rounds && !failed {
			return
		}
		failed = true // until the story has ended well
		s := &story{c: c.reporting(r), r: r, next: &next, model: map[string]entry.Attrs{}}
		s.play()
		s.clear()
		failed = r.Failed()
	})
}

// story is one sequence of writes with what should have come of them.
type story struct {
	c     *client
	r     *rapid.T
	next  *int                   // numbers of samples never used before, whatever happened
	model map[string]entry.Attrs // anchor → the played attributes
	order []string               // anchors, oldest first
}

func (s *story) play() {
	var mirror *mirror
	if s.c.can.Delta && s.c.can.Deletions {
		mirror = s.c.mirror()
	}
	for step := range rapid.IntRange(1, 12).Draw(s.r, "steps") {
		s.step(step)
		if mirror != nil && rapid.IntRange(0, 3).Draw(s.r, "follow") == 0 {
			mirror.follow(s.c)
		}
	}
	got := s.c.all(s.c.h.Type)
	s.compare("import", got)
	if mirror != nil {
		mirror.follow(s.c)
		s.compare("changes", mirror.objects)
	}
}

func (s *story) step(n int) {
	verb := rapid.SampledFrom([]string{"create", "update", "update", "update", "delete"}).Draw(s.r, fmt.Sprint("verb ", n))
	switch {
	case verb == "create" || len(s.order) == 0:
		*s.next++
		with := s.values()
		e := s.c.sample(1_000_000+*s.next, with)
		s.model[e.ID] = entry.Attrs{}
		for _, name := range s.names() {
			s.model[e.ID].Set(name, s.c.attrs(1_000_000+*s.next, with)[name]...)
		}
		s.order = append(s.order, e.ID)
	case verb == "delete":
		s.delete(rapid.SampledFrom(s.order).Draw(s.r, "whom"))
	default:
		s.update(rapid.SampledFrom(s.order).Draw(s.r, "whom"))
	}
}

func (s *story) update(id string) {
	var edits []entry.Edit
	for range rapid.IntRange(1, 3).Draw(s.r, "edits") {
		if e, ok := s.edit(); ok {
			edits = append(edits, e)
		}
	}
	if len(edits) == 0 {
		return
	}
	s.c.edit(entry.Entry{Type: s.c.h.Type, ID: id}, edits...)
	s.model[id] = played(s.c.h, s.model[id], edits)
}

// played is what the contract says an update makes of an object: an Add to a single-valued attribute takes the old value's place,
// and texts that the target takes for the same are one value.
func played(h Harness, have entry.Attrs, edits []entry.Edit) entry.Attrs {
	for _, e := range edits {
		held := have[e.Attr]
		switch {
		case e.Op == entry.Add && !h.several(e.Attr):
			e.Op = entry.Replace
		case e.Op == entry.Add:
			e.Values = slices.DeleteFunc(slices.Clone(e.Values), func(v entry.Value) bool { return h.holds(held, v) })
		case e.Op == entry.Remove && len(e.Values) > 0:
			gone := e.Values
			e.Values = slices.DeleteFunc(slices.Clone(held), func(v entry.Value) bool { return !h.holds(gone, v) })
			if len(e.Values) == 0 {
				continue // none of them is there
			}
		}
		have = entry.Apply(have, []entry.Edit{e})
	}
	return have
}

// holds reports whether one of the values is v, or what the target takes for the same.
func (h Harness) holds(vs []entry.Value, v entry.Value) bool {
	return slices.ContainsFunc(vs, func(w entry.Value) bool {
		x, ok := v.(string)
		y, ok2 := w.(string)
		return ok && ok2 && h.same(connector.Attribute{CaseExact: true}, x, y) || entry.Equal(v, w)
	})
}

func (s *story) delete(id string) {
	for other, a := range s.model { // nobody may point to what goes: targets differ in what they do about it
		if slices.ContainsFunc(a[s.c.h.Manager], func(v entry.Value) bool { ref, ok := v.(entry.Ref); return ok && ref.ID == id }) {
			s.c.edit(entry.Entry{Type: s.c.h.Type, ID: other}, replace(s.c.h.Manager))
			a.Set(s.c.h.Manager)
		}
	}
	if err := s.c.Delete(s.c.ctx, s.c.h.Type, connector.Anchor(id)); err != nil {
		s.c.t.Errorf("delete %s: %s", id, said(err))
	}
	delete(s.model, id)
	s.order = slices.DeleteFunc(s.order, func(x string) bool { return x == id })
}

// clear removes the story's objects, so that the next one begins with none.
func (s *story) clear() {
	for len(s.order) > 0 {
		s.delete(s.order[0])
	}
}

// values draws attributes for a new object.
func (s *story) values() entry.Attrs {
	a := entry.Attrs{}
	for _, name := range s.names() {
		if vs := s.draw(name, name == s.c.h.Many); len(vs) > 0 && rapid.Bool().Draw(s.r, "with "+name) {
			a[name] = vs
		}
	}
	return a
}

func (s *story) names() []string {
	h := s.c.h
	return slices.DeleteFunc([]string{h.Text, h.Flag, h.Number, h.When, h.Many, h.Manager}, func(n string) bool { return n == "" })
}

func (s *story) edit() (entry.Edit, bool) {
	names := s.names()
	if len(names) == 0 {
		return entry.Edit{}, false
	}
	name := rapid.SampledFrom(names).Draw(s.r, "attribute")
	op := rapid.SampledFrom([]entry.Op{entry.Add, entry.Replace, entry.Replace, entry.Remove}).Draw(s.r, "op")
	vs := s.draw(name, name == s.c.h.Many)
	if op == entry.Add && len(vs) == 0 {
		op = entry.Replace
	}
	return entry.Edit{Op: op, Attr: name, Values: vs}, true
}

// storyTexts are few, so that the same value comes again, and some of them hostile.
var storyTexts = []string{"one", "two", "ONE", "it's", `"q"`, "%_", "Łódź", "a,b+c", `\`, "*", "x' OR '1'='1"}

// draw returns values for an attribute; none with some luck.
func (s *story) draw(name string, several bool) []entry.Value {
	n := rapid.IntRange(0, 4).Draw(s.r, "how many "+name)
	if !several {
		n = min(n, 1)
	}
	var vs []entry.Value
	for range n {
		v := s.value(name)
		if v != nil && !slices.ContainsFunc(vs, func(w entry.Value) bool { return s.equal(v, w) }) {
			vs = append(vs, v)
		}
	}
	return vs
}

// equal keeps values that the target takes for the same out of one list.
func (s *story) equal(v, w entry.Value) bool {
	x, ok := v.(string)
	y, ok2 := w.(string)
	return ok && ok2 && s.c.h.same(connector.Attribute{}, x, y) || entry.Equal(v, w)
}

func (s *story) value(name string) entry.Value {
	h := s.c.h
	switch name {
	case h.Flag:
		return rapid.Bool().Draw(s.r, name)
	case h.Number:
		return int64(rapid.IntRange(0, 3).Draw(s.r, name))
	case h.When:
		return time.Date(2026, 1, 1+rapid.IntRange(0, 2).Draw(s.r, name), 13, 30, 0, 0, time.UTC)
	case h.Manager:
		if len(s.order) == 0 {
			return nil
		}
		return entry.Ref{Type: h.Type, ID: rapid.SampledFrom(s.order).Draw(s.r, name)}
	}
	texts := slices.DeleteFunc(slices.Clone(storyTexts), func(x string) bool { return !h.takes(x) })
	if name == h.Many && h.spares.given() { // nobody has said which of them the target takes for the same
		texts = slices.DeleteFunc(texts, func(x string) bool { return !slices.Contains(unlike(), x) })
	}
	return rapid.SampledFrom(texts).Draw(s.r, name)
}

func (s *story) compare(what string, got map[string]entry.Entry) {
	for id, want := range s.model {
		e, ok := got[id]
		if !ok {
			s.c.t.Errorf("%s: %s is missing", what, id)
			continue
		}
		for _, name := range s.names() {
			if have := e.Attrs[name]; !entry.EqualValues(have, want[name]) {
				s.c.t.Errorf("%s: %s of %s is %v, want %v", what, name, id, have, want[name])
			}
		}
	}
	for id := range got {
		if _, ok := s.model[id]; !ok {
			s.c.t.Errorf("%s: %s is there, and should not be", what, id)
		}
	}
}

// mirror is what a host knows that imports once and then only the changes.
type mirror struct {
	at      connector.Watermark
	objects map[string]entry.Entry
}

func (c *client) mirror() *mirror {
	c.t.Helper()
	w := c.mark()
	return &mirror{at: w, objects: c.all(c.h.Type)}
}

func (m *mirror) follow(c *client) {
	c.t.Helper()
	changes, next := c.since(c.h.Type, m.at)
	for id, x := range changes {
		if x.Deleted {
			delete(m.objects, id)
		} else {
			m.objects[id] = x.Entry
		}
	}
	m.at = next
}
