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

// few is up to how many values are written one by one, without reading what is there.
const few = 8

// editChild carries out one edit of a table of values.
func (u *update) editChild(ctx context.Context, c conn, key []any, e entry.Edit) error {
	t, _ := u.object.child(e.Attr)
	owner := key
	switch {
	case e.Op == entry.Add && len(e.Values) <= few:
		for _, v := range e.Values {
			if err := u.addOne(ctx, c, t, owner, v); err != nil {
				return err
			}
		}
		return nil
	case e.Op == entry.Remove && len(e.Values) == 0:
		_, err := c.exec(ctx, query{text: "DELETE FROM " + t.table + " WHERE " + equals("", t.owner, 1), args: owner})
		return err
	case e.Op == entry.Remove:
		return u.removeValues(ctx, c, t, owner, e.Values)
	}
	have, err := u.valuesOf(ctx, c, t, owner)
	if err != nil {
		return err
	}
	want := distinct(e.Values)
	if e.Op == entry.Replace {
		if err := u.removeValues(ctx, c, t, owner, without(have, want)); err != nil {
			return err
		}
	}
	return u.session.insertValues(ctx, c, t, owner, without(want, have))
}

// without returns the values of a that b lacks.
func without(a, b []entry.Value) []entry.Value {
	have := make(map[string]struct{}, len(b))
	for _, v := range b {
		have[text(v)] = struct{}{}
	}
	return slices.DeleteFunc(slices.Clone(a), func(v entry.Value) bool { _, ok := have[text(v)]; return ok })
}

// addOne inserts one value unless it is there, in one statement, so that a group's size does not matter.
func (u *update) addOne(ctx context.Context, c conn, t child, key []any, v entry.Value) error {
	cells, err := u.session.childCells(t, v)
	if err != nil {
		return err
	}
	if u.object.table == "" {
		return u.addPlainly(ctx, c, t, key, cells)
	}
	n := len(cells)
	params := make([]string, n)
	for i := range params {
		params[i] = fmt.Sprintf("$%d", i+1)
	}
	into := append(slices.Clone(t.owner), t.value...)
	q := query{
		text: "INSERT INTO " + t.table + " (" + list("", into) + ") SELECT " + list("m.", u.object.anchor) + ", " + strings.Join(params, ", ") +
			" FROM " + u.object.table + " m WHERE " + equals("m.", u.object.anchor, n+1) +
			" AND NOT EXISTS (SELECT 1 FROM " + t.table + " x WHERE " + t.on("x.", "m.", u.object.anchor) +
			" AND " + equals("x.", t.value, n+1+len(key)) + ")",
		args: slices.Concat(cells, key, cells),
	}
	w, err := c.exec(ctx, q)
	if err == nil && w.count == 0 {
		return u.exists(ctx, c) // the value was there, or the object is not
	}
	return err
}

// addPlainly inserts a value of an object that lies in no table, and is known to be there, unless the value is.
func (u *update) addPlainly(ctx context.Context, c conn, t child, key, cells []any) error {
	where := equals("", t.owner, 1) + " AND " + equals("", t.value, len(key)+1)
	args := slices.Concat(key, cells)
	found, err := all(ctx, c, query{text: "SELECT " + selects("", t.value) + " FROM " + t.table + " WHERE " + where, args: args, out: t.value})
	if err != nil || len(found) > 0 {
		return err
	}
	_, err = c.exec(ctx, query{text: insertText(t.table, append(slices.Clone(t.owner), t.value...), 1), args: args})
	return err
}

// removeValues deletes the rows of the values; one that is not there does no harm.
func (u *update) removeValues(ctx context.Context, c conn, t child, key []any, vs []entry.Value) error {
	text := "DELETE FROM " + t.table + " WHERE " + equals("", t.owner, 1) + " AND " + equals("", t.value, len(key)+1)
	for _, v := range vs {
		cells, err := u.session.childCells(t, v)
		if err != nil {
			return err
		}
		if _, err := c.exec(ctx, query{text: text, args: slices.Concat(key, cells)}); err != nil {
			return err
		}
	}
	return nil
}

// valuesOf reads the values an object has.
func (u *update) valuesOf(ctx context.Context, c conn, t child, key []any) ([]entry.Value, error) {
	return readValues(ctx, c, t, key)
}

func readValues(ctx context.Context, c conn, t child, key []any) ([]entry.Value, error) {
	found, err := all(ctx, c, query{text: "SELECT " + selects("", t.value) + " FROM " + t.table + " WHERE " + equals("", t.owner, 1), args: key, out: t.value})
	if err != nil {
		return nil, err
	}
	var vs []entry.Value
	for _, row := range found {
		if v := t.valueOf(row); v != nil {
			vs = append(vs, v)
		}
	}
	return vs, nil
}

// moveChildren makes the rows of values follow a changed anchor where no foreign key did so, and returns the new bound anchor.
func (u *update) moveChildren(ctx context.Context, c conn, after connector.Anchor) ([]any, error) {
	key, err := u.session.bindAnchor(u.object.anchor, string(after))
	if err != nil {
		return nil, err
	}
	for _, t := range u.object.children {
		sets := make([]string, len(t.owner))
		for i, o := range t.owner {
			sets[i] = fmt.Sprintf("%s = $%d", o.quoted, i+1)
		}
		q := query{text: "UPDATE " + t.table + " SET " + strings.Join(sets, ", ") + " WHERE " + equals("", t.owner, len(key)+1), args: slices.Concat(key, u.key)}
		if _, err := c.exec(ctx, q); err != nil {
			return nil, err
		}
	}
	return key, nil
}

// Delete deletes the rows of values, then the row.
func (s *session) Delete(ctx context.Context, t entry.Type, a connector.Anchor) error {
	const op = "delete"
	o, err := s.fresh(ctx, t)
	if err != nil {
		return err
	}
	if s.methodical(o) {
		return s.transaction(ctx, op, func(ctx context.Context, c conn) error { return s.methodDelete(ctx, c, o, a) })
	}
	key, err := s.bindAnchor(o.anchor, string(a))
	if err != nil {
		return fault.Wrap(fault.NotFound, op, err)
	}
	u := &update{session: s, object: o, anchor: a, key: key}
	return s.write(ctx, op, func(ctx context.Context, c conn) error {
		run := func() error { return u.delete(ctx, c) }
		if len(o.children) == 0 && o.anchorUnique {
			return run()
		}
		return c.transact(ctx, run)
	})
}

func (u *update) delete(ctx context.Context, c conn) error {
	for _, t := range u.object.children {
		if _, err := c.exec(ctx, query{text: "DELETE FROM " + t.table + " WHERE " + equals("", t.owner, 1), args: u.key}); err != nil {
			return err
		}
	}
	w, err := c.exec(ctx, query{text: "DELETE FROM " + u.object.table + " WHERE " + equals("", u.object.anchor, 1), args: u.key})
	if err != nil {
		return err
	}
	return u.one(w.count)
}
