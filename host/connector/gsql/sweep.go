package gsql

import (
	"fmt"
	"slices"
	"strings"
)

// scan is one pass over an object type: its own rows, and those of its tables of values beside them.
type scan struct {
	object  *object
	grammar grammar
	where   string // a further condition on the rows m, "" for all; values in it are our own numbers and dates, as text
}

// scanOf reads all objects of a type.
func (s *session) scanOf(o *object) scan { return scan{object: o, grammar: s.grammar()} }

// queries returns the query of the objects, then one for each table of values. A query of values joins the object's table so
// that every row has its object, in the same order of anchors: merging them needs no comparison but equality.
func (s scan) queries() []query {
	qs := []query{s.main("")}
	if len(s.object.children) > 0 {
		qs[0].text += " ORDER BY " + list("m.", s.object.anchor)
	}
	for _, c := range s.object.children {
		qs = append(qs, s.child(c, ""))
	}
	return qs
}

// main selects the objects that meet one more condition.
func (s scan) main(more string) query {
	out := s.object.readable()
	q := query{text: "SELECT " + selects("m.", out) + " FROM " + s.object.table + " m", out: out}
	if where := s.conditions(more); where != "" {
		q.text += " WHERE " + where
	}
	return q
}

// conditions joins what the rows must meet: an anchor, the scan's condition, and one more.
func (s scan) conditions(more string) string {
	var parts []string
	if anyNullable(s.object.anchor) {
		parts = append(parts, notNull("m.", s.object.anchor))
	}
	for _, p := range []string{s.where, more} {
		if p != "" {
			parts = append(parts, "("+p+")")
		}
	}
	return strings.Join(parts, " AND ")
}

// child selects the values of one attribute, in the order of the objects.
func (s scan) child(c child, more string) query {
	o := s.object
	text := "SELECT " + selects("m.", o.anchor) + ", " + selects("c.", c.value) + " FROM " + c.table + " c JOIN " + o.table +
		" m ON " + c.on("c.", "m.", o.anchor)
	if where := (scan{object: &object{}, where: s.where}).conditions(more); where != "" {
		text += " WHERE " + where
	}
	return query{text: text + " ORDER BY " + list("m.", o.anchor), out: append(slices.Clone(o.anchor), c.value...)}
}

// page selects up to n objects whose anchor comes after the one bound from $1 on.
func (s scan) page(n int, first bool) query {
	more := ""
	if !first {
		more = beyond("m.", s.object.anchor, 1)
	}
	q := s.main(more)
	q.text = s.grammar.first(q.text+" ORDER BY "+list("m.", s.object.anchor), n)
	return q
}

// childPage selects the values of the objects up to the anchor bound from $1 on, and after the one bound behind it.
func (s scan) childPage(c child, first bool) query {
	more := "NOT (" + beyond("m.", s.object.anchor, 1) + ")"
	if !first {
		more += " AND (" + beyond("m.", s.object.anchor, 1+len(s.object.anchor)) + ")"
	}
	return s.child(c, more)
}

// beyond says that the columns come after the values from parameter n on, in the order of ORDER BY.
func beyond(prefix string, cs []column, n int) string {
	var or []string
	for i := range cs {
		var and []string
		for j, c := range cs[:i] {
			and = append(and, fmt.Sprintf("%s%s = $%d", prefix, c.quoted, n+j))
		}
		and = append(and, fmt.Sprintf("%s%s > $%d", prefix, cs[i].quoted, n+i))
		or = append(or, strings.Join(and, " AND "))
	}
	if len(or) == 1 {
		return or[0]
	}
	return "(" + strings.Join(or, ") OR (") + ")"
}

func notNull(prefix string, cs []column) string {
	parts := make([]string, len(cs))
	for i, c := range cs {
		parts[i] = prefix + c.quoted + " IS NOT NULL"
	}
	return strings.Join(parts, " AND ")
}

func anyNullable(cs []column) bool {
	return slices.ContainsFunc(cs, func(c column) bool { return c.nullable })
}
