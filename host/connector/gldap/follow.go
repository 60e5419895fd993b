package gldap

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

var _ connector.Follower = (*session)(nil)

// Names are the DN, the attributes that make it where objects move with them, and those that references go by.
func (s *session) Names(t entry.Type) []string {
	o, err := s.object(t)
	if err != nil {
		return nil
	}
	out := []string{nameDN}
	add := func(attr string) {
		if c := o.byWire[lower(attr)]; c != nil && !slices.Contains(out, c.Name) {
			out = append(out, c.Name)
		}
	}
	if o.template != nil {
		for _, n := range o.template.names() {
			add(n)
		}
	}
	for _, c := range s.pointing(t) {
		if c.ref.by != "" {
			add(c.ref.by)
		}
	}
	return out
}

// pointing are the columns in which objects may refer to objects of the type, each attribute of the directory once.
func (s *session) pointing(t entry.Type) []*column {
	var out []*column
	for _, o := range s.objects {
		for _, c := range o.columns {
			if c.Type == connector.Reference && !c.ReadOnly && c.mayPoint(t) &&
				!slices.ContainsFunc(out, func(x *column) bool { return strings.EqualFold(x.wire, c.wire) && x.ref.by == c.ref.by }) {
				out = append(out, c)
			}
		}
	}
	return out
}

// Follow rewrites what still holds the name that the object had. Servers with referential integrity did so themselves for DNs, or are
// about to: then there is nothing to find, or what was found is gone when it is written.
func (s *session) Follow(ctx context.Context, t entry.Type, a connector.Anchor, dn string, was map[string]string) error {
	const op = "let references follow a rename"
	o, err := s.object(t)
	if err != nil {
		return fault.Wrap(fault.Invalid, op, err)
	}
	var failed error
	for _, c := range s.pointing(t) {
		old := dn
		var attrs []string
		by := o.byWire[lower(c.ref.by)]
		if c.ref.by != "" {
			if by == nil || was[by.Name] == "" {
				continue
			}
			old, attrs = was[by.Name], []string{by.wire}
		}
		at, raw, err := s.locate(ctx, op, o, a, attrs...)
		if err != nil {
			return err
		}
		now := at.text()
		if by != nil {
			now = plainText(o.values(raw)(by.wire))
		}
		if old == "" || now == "" || refKey(c.ref.by, old) == refKey(c.ref.by, now) {
			continue
		}
		failed = errors.Join(failed, s.followColumn(ctx, o, c, old, now))
	}
	return failed
}

// followColumn replaces one name by another in an attribute of all objects that hold it.
func (s *session) followColumn(ctx context.Context, o *object, c *column, old, now string) error {
	const op = "let references follow a rename"
	var holders []string
	err := s.read(ctx, op, func(ctx context.Context, conn *wire.Conn) (err error) {
		holders, err = s.holding(ctx, conn, c, old)
		if err != nil || len(holders) == 0 {
			return err
		}
		return s.free(ctx, conn, o, c.ref.by, old)
	})
	if err != nil {
		return err
	}
	for _, name := range holders {
		err := s.write(ctx, op, func(ctx context.Context, conn *wire.Conn) error { return swap(ctx, conn, name, c.wire, old, now) })
		if err != nil {
			return about(err, name)
		}
	}
	return nil
}

// holding finds the objects of all types that hold the value.
func (s *session) holding(ctx context.Context, conn *wire.Conn, c *column, value string) ([]string, error) {
	var kinds []wire.Filter
	for _, o := range s.objects {
		kinds = append(kinds, o.filter)
	}
	var out []string
	for _, base := range s.layout.bases {
		q := wire.Search{Base: base.text(), Scope: wire.Subtree, Filter: wire.And(wire.Equal(c.wire, value), wire.Or(kinds...)), Attrs: []string{"1.1"}}
		rows, err := conn.Search(ctx, q)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			out = append(out, string(rows.Entry().DN))
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// free fails when another object goes by the name now: then nobody can tell which of the two a reference means.
func (s *session) free(ctx context.Context, conn *wire.Conn, o *object, by, name string) error {
	r := s.resolver(&s.main)
	r.known[refKey(by, name)] = target{}
	if err := r.ask(ctx, conn, o, by, []string{name}); err != nil {
		return err
	}
	if r.known[refKey(by, name)].anchor == "" {
		return nil
	}
	return fault.New(fault.Conflict, "let references follow a rename", "another object has the old name %q", name).
		WithHint("look through the groups that hold %q and correct them in the directory: they may mean either of the two", name)
}

// swap replaces one value of an entry by another. What the server did itself meanwhile is no failure.
func swap(ctx context.Context, conn *wire.Conn, name, attr, old, now string) error {
	gone := wire.Change{Op: wire.ChangeDelete, Attribute: wire.Attribute{Name: attr, Values: []string{old}}}
	fresh := wire.Change{Op: wire.ChangeAdd, Attribute: wire.Attribute{Name: attr, Values: []string{now}}}
	_, err := conn.Do(ctx, wire.Modify{DN: name, Changes: []wire.Change{gone, fresh}})
	refused, ok := errors.AsType[*wire.Refused](err)
	if !ok {
		return err
	}
	switch refused.Code {
	case wire.NoSuchAttribute, wire.NoSuchObject:
		return nil // the server's referential integrity was faster, or the holder is gone
	case wire.AttributeOrValueExists:
		_, err = conn.Do(ctx, wire.Modify{DN: name, Changes: []wire.Change{gone}})
		if again, ok := errors.AsType[*wire.Refused](err); ok && again.Code == wire.NoSuchAttribute {
			return nil
		}
	}
	return err
}
