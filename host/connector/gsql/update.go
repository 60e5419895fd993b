package gsql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// Update sets the columns that the edits name and no others, and inserts and deletes the rows of values that they add
// and remove. More than one statement runs in one transaction.
func (s *session) Update(ctx context.Context, t entry.Type, a connector.Anchor, edits []entry.Edit) (connector.Anchor, error) {
	const op = "update"
	o, err := s.fresh(ctx, t)
	if err != nil {
		return "", err
	}
	after := a
	defer func() { s.note(t, string(after)) }()
	if s.methodical(o) {
		err = s.transaction(ctx, op, func(ctx context.Context, c conn) error {
			after, err = s.updateByMethod(ctx, c, o, a, edits)
			return err
		})
		return after, err
	}
	u, err := s.planUpdate(o, a, edits)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, op, err)
	}
	err = s.write(ctx, op, func(ctx context.Context, c conn) error {
		run := func() error {
			after, err = u.run(ctx, c)
			return err
		}
		if u.alone() {
			return run()
		}
		return c.transact(ctx, run)
	})
	if err != nil {
		return "", s.named(ctx, t, edited(edits), err)
	}
	return after, nil
}

// update is an Update made ready to run.
type update struct {
	session  *session
	object   *object
	anchor   connector.Anchor
	key      []any        // bound anchor
	sets     []set        // one for each column that changes
	merges   []entry.Edit // changes to JSON lists, which need what is there
	children []entry.Edit
}

// set is what happens to one column.
type set struct {
	column column
	values []entry.Value
	unless bool // clear the column only if it holds one of the values
}

func (s *session) planUpdate(o *object, a connector.Anchor, edits []entry.Edit) (*update, error) {
	u := &update{session: s, object: o, anchor: a}
	var err error
	if u.key, err = s.bindAnchor(o.anchor, string(a)); err != nil {
		return nil, err
	}
	for _, e := range edits {
		if e.Op < entry.Add || e.Op > entry.Remove {
			return nil, invalid(e.Attr, "an edit of %s has no operation", e.Attr)
		}
		if _, ok := o.child(e.Attr); ok {
			u.children = append(u.children, e)
			continue
		}
		c, err := o.writable(e.Attr)
		if err != nil {
			return nil, err
		}
		if c.isJSON() && (e.Op == entry.Add && c.list || e.Op == entry.Remove && len(e.Values) > 0) || u.merging(e.Attr) {
			u.merges = append(u.merges, e)
			continue
		}
		u.set(c, e)
	}
	return u, nil
}

// merging reports whether an earlier edit of the attribute needs what is there; those after it then run on its outcome.
func (u *update) merging(attr string) bool {
	return slices.ContainsFunc(u.merges, func(e entry.Edit) bool { return e.Attr == attr })
}

// set notes what an edit does to a column, on top of what earlier edits of it do.
func (u *update) set(c column, e entry.Edit) {
	i := slices.IndexFunc(u.sets, func(s set) bool { return s.column.name == c.name })
	next := set{column: c, values: e.Values}
	if e.Op == entry.Remove {
		next.unless = len(e.Values) > 0
		if i >= 0 && next.unless && u.sets[i].unless {
			next.values = slices.Concat(u.sets[i].values, e.Values)
		} else if i >= 0 && next.unless {
			if !entry.EqualValues(u.sets[i].values, e.Values) {
				return // the value that an earlier edit gave stays
			}
			next.unless = false
		}
		if !next.unless {
			next.values = nil
		}
	}
	if i < 0 {
		u.sets = append(u.sets, next)
		return
	}
	u.sets[i] = next
}

// moves reports whether an anchor column changes.
func (u *update) moves() bool {
	return slices.ContainsFunc(u.sets, func(s set) bool { return u.object.isAnchor(s.column.name) })
}

// alone reports whether one statement, which cannot hit two rows, does it all.
func (u *update) alone() bool {
	if len(u.merges) > 0 || !u.object.anchorUnique || u.moves() {
		return false
	}
	if len(u.children) == 0 {
		return true
	}
	return len(u.sets) == 0 && len(u.children) == 1 && u.children[0].Op == entry.Add && len(u.children[0].Values) == 1
}

func (u *update) run(ctx context.Context, c conn) (connector.Anchor, error) {
	merged, err := u.merge(ctx, c)
	if err != nil {
		return "", err
	}
	sets := slices.DeleteFunc(slices.Clone(u.sets), func(s set) bool { return u.merging(s.column.name) })
	sets = append(sets, merged...)
	after, key := u.anchor, u.key
	if len(sets) > 0 {
		if after, err = u.updateRow(ctx, c, sets); err != nil {
			return "", err
		}
	} else if !u.alone() || len(u.children) == 0 {
		if err := u.exists(ctx, c); err != nil {
			return "", err
		}
	}
	if after != u.anchor {
		if key, err = u.moveChildren(ctx, c, after); err != nil {
			return "", err
		}
	}
	for _, e := range u.children {
		if err := u.editChild(ctx, c, key, e); err != nil {
			return "", err
		}
	}
	return after, nil
}

// updateRow runs UPDATE and returns the anchor afterwards.
func (u *update) updateRow(ctx context.Context, c conn, sets []set) (connector.Anchor, error) {
	q, err := u.updateQuery(sets)
	if err != nil {
		return "", err
	}
	w, err := c.exec(ctx, q)
	if err != nil {
		return "", err
	}
	return u.updated(q, w)
}

// updated returns the anchor after an UPDATE.
func (u *update) updated(q query, w written) (connector.Anchor, error) {
	if err := u.one(w.count); err != nil {
		return "", err
	}
	if len(q.out) == 0 && q.then == nil {
		return u.anchor, nil
	}
	if len(w.rows) == 0 {
		return "", fault.New(fault.Conflict, "update", "the row is not where it was moved to").About(string(u.anchor)).WithHint("a trigger may have changed the anchor; run a full import")
	}
	return connector.Anchor(anchorOf(w.rows[0])), nil
}

func (u *update) one(count int) error {
	switch {
	case count == 0:
		return errNoSuch.About(string(u.anchor))
	case count > 1:
		return fault.New(fault.Ambiguous, "update", "%d rows of %s have this anchor; none was changed", count, u.object.table).About(string(u.anchor))
	}
	return nil
}

func (u *update) updateQuery(sets []set) (query, error) {
	var q query
	var parts []string
	var given []column // one for each argument
	moves := false
	for _, s := range sets {
		var conditions []string
		for _, values := range s.cells() {
			arg, err := u.session.cell(s.column, values)
			if err != nil {
				return q, err
			}
			q.args, given = append(q.args, arg), append(given, s.column)
			conditions = append(conditions, fmt.Sprintf("%s = $%d", s.column.quoted, len(q.args)))
		}
		if s.unless {
			parts = append(parts, fmt.Sprintf("%s = CASE WHEN %s THEN NULL ELSE %[1]s END", s.column.quoted, strings.Join(conditions, " OR ")))
		} else {
			parts = append(parts, conditions[0])
		}
		moves = moves || u.object.isAnchor(s.column.name)
	}
	head, tail := "UPDATE "+u.object.table+" SET "+strings.Join(parts, ", "), "WHERE "+equals("", u.object.anchor, len(q.args)+1)
	values := q.args
	q.args = slices.Concat(q.args, u.key)
	if !moves {
		q.text = head + " " + tail
		return q, nil
	}
	return u.session.grammar().giveBack(writing{head: head, tail: tail, args: q.args, table: u.object.table, anchor: u.object.anchor, update: true,
		after: keyAfter(u.object.anchor, given, values, u.key), given: given, values: values, out: u.object.anchor}), nil
}

// cells are the contents that the statement needs for a set: of one that clears, each that is to be cleared.
func (s set) cells() [][]entry.Value {
	if !s.unless {
		return [][]entry.Value{s.values}
	}
	return slices.Collect(slices.Chunk(s.values, 1))
}

func (u *update) exists(ctx context.Context, c conn) error {
	q := query{text: "SELECT 1 FROM " + u.object.table + " WHERE " + equals("", u.object.anchor, 1), args: u.key,
		out: []column{{name: "1", kind: connector.Integer, dbType: "int4"}}}
	found, err := all(ctx, c, q)
	if err != nil {
		return err
	}
	return u.one(len(found))
}

// merge applies the edits of JSON columns to what the row holds now, and returns what the columns shall hold.
func (u *update) merge(ctx context.Context, c conn) ([]set, error) {
	var out []set
	for _, e := range u.merges {
		if slices.ContainsFunc(out, func(s set) bool { return s.column.name == e.Attr }) {
			continue
		}
		col, _ := u.object.column(e.Attr)
		have, err := u.current(ctx, c, col)
		if err != nil {
			return nil, err
		}
		of := slices.DeleteFunc(slices.Clone(u.merges), func(m entry.Edit) bool { return m.Attr != e.Attr })
		after := entry.Apply(entry.Attrs{e.Attr: have}, of)
		out = append(out, set{column: col, values: after[e.Attr]})
	}
	return out, nil
}

// current returns the values a column holds, or will hold after the sets before, and keeps others from changing the row
// until the transaction ends.
func (u *update) current(ctx context.Context, c conn, col column) ([]entry.Value, error) {
	if i := slices.IndexFunc(u.sets, func(s set) bool { return s.column.name == col.name }); i >= 0 {
		return u.sets[i].values, nil
	}
	o := u.object
	lock := u.session.grammar().giveBack(writing{head: "UPDATE " + o.table + " SET " + col.quoted + " = " + col.quoted, tail: "WHERE " + equals("", o.anchor, 1),
		args: u.key, table: o.table, anchor: o.anchor, after: u.key, update: true, out: append(slices.Clone(o.anchor), col)})
	w, err := c.exec(ctx, lock)
	if err != nil {
		return nil, err
	}
	if err := u.one(w.count); err != nil {
		return nil, err
	}
	v := w.rows[0][len(u.object.anchor)]
	if v == nil {
		return nil, nil
	}
	return parseJSON(col, text(v))
}
