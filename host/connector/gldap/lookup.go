package gldap

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

func lower(s string) string { return strings.ToLower(s) }

// withoutUID drops the bit string that may stand behind a name (RFC 4517 §3.3.21).
func withoutUID(s string) string {
	if i := strings.LastIndexByte(s, '#'); i >= 0 && strings.HasSuffix(s, "'B") && i+1 < len(s) && s[i+1] == '\'' {
		return s[:i]
	}
	return s
}

var (
	uuidText = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	nsText   = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{8}-[0-9a-fA-F]{8}-[0-9a-fA-F]{8}$`)
)

// anchorFilter finds one object by its anchor; false when no object can have it.
func (o *object) anchorFilter(a string) (wire.Filter, bool) {
	switch lower(o.anchor.wire) {
	case "entryuuid", "objectguid", "guid":
		if !uuidText.MatchString(a) {
			return nil, false
		}
	case "nsuniqueid":
		if !nsText.MatchString(a) {
			return nil, false
		}
	}
	f, err := o.anchor.equals(a)
	return f, err == nil && a != ""
}

// equals finds the objects that have the value, given in text where the column is an anchor.
func (c *column) equals(v entry.Value) (wire.Filter, error) {
	if s, ok := v.(string); ok && c.form != formText {
		x, err := c.form.parse(s)
		if err != nil {
			return nil, err
		}
		v = x
	}
	text, err := c.form.encode(v)
	return wire.Equal(c.wire, text), err
}

// parse reads the text that plainText writes.
func (f form) parse(s string) (entry.Value, error) {
	switch f {
	case formInt:
		return formInt.decode([]byte(s))
	case formBool:
		return decodeBool(s)
	}
	return s, nil
}

// Lookup asks the directory, which compares by its own rules. A value that the attribute could never hold is found nowhere.
func (s *session) Lookup(ctx context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error) {
	const op = "look up"
	o, err := s.object(t)
	if err != nil {
		return nil, err
	}
	c := o.byName[attr]
	if c == nil || c.WriteOnly {
		return nil, invalid(attr, "%s has no attribute %q to look up by", t, attr).WithHint("match by an attribute of the type")
	}
	var found []*entry.Entry
	err = s.read(ctx, op, func(ctx context.Context, conn *wire.Conn) (err error) {
		found, err = s.find(ctx, conn, o, c, v)
		return err
	})
	if err == nil {
		err = s.resolver(&s.main).resolve(ctx, o, found)
	}
	if err != nil {
		return nil, unread(op, err)
	}
	out := make([]entry.Entry, 0, len(found))
	for _, e := range found {
		out = append(out, *e)
	}
	return out, nil
}

func (s *session) find(ctx context.Context, conn *wire.Conn, o *object, c *column, v entry.Value) ([]*entry.Entry, error) {
	if c.form == formName {
		return s.byDN(ctx, conn, o, plainText(v))
	}
	f, ok, err := s.condition(ctx, conn, o, c, v)
	if err != nil || !ok {
		return nil, err
	}
	var out []*entry.Entry
	for _, base := range s.layout.bases {
		found, err := s.search(ctx, conn, o, wire.Search{Base: base.text(), Scope: wire.Subtree, Filter: wire.And(o.filter, f), Attrs: o.ask})
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// byDN reads one entry by its name, which must stand in one of the bases.
func (s *session) byDN(ctx context.Context, conn *wire.Conn, o *object, name string) ([]*entry.Entry, error) {
	d, err := parseDN(name)
	if err != nil || inside(d, s.layout.bases) != nil {
		return nil, nil //nolint:nilerr // what lies outside does not exist for us
	}
	return s.search(ctx, conn, o, wire.Search{Base: name, Scope: wire.Base, Filter: o.filter, Attrs: o.ask})
}

// condition makes the filter of a look-up; false when no object can fulfil it.
func (s *session) condition(ctx context.Context, conn *wire.Conn, o *object, c *column, v entry.Value) (wire.Filter, bool, error) {
	switch {
	case c == o.anchor:
		f, ok := o.anchorFilter(plainText(v))
		return f, ok, nil
	case c.form == formEnabled:
		return nil, false, fault.New(fault.Unsupported, "look up", "%s stands for another attribute", c.Name).WithHint("match by another attribute")
	case c.form == formDN || c.form == formNameUID || c.form == formBy:
		names, err := s.names(ctx, conn, c, []entry.Value{v})
		if err != nil || names[plainText(v)] == "" {
			return nil, false, err
		}
		return wire.Equal(c.wire, names[plainText(v)]), true, nil
	}
	f, err := c.equals(v)
	return f, err == nil && plainText(v) != "", nil
}

// search runs a short search and converts what it finds.
func (s *session) search(ctx context.Context, conn *wire.Conn, o *object, q wire.Search) ([]*entry.Entry, error) {
	rows, err := conn.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*entry.Entry
	for rows.Next() {
		made, err := s.take(ctx, o, rows.Entry())
		if err != nil {
			return nil, err
		}
		if made != nil {
			out = append(out, made)
		}
	}
	if refused, ok := errors.AsType[*wire.Refused](rows.Err()); ok && absent(refused.Code) {
		return nil, nil
	}
	return out, rows.Err()
}

// Count counts the objects of a type by reading nothing but their names.
func (s *session) Count(ctx context.Context, t entry.Type) (n int, err error) {
	o, err := s.object(t)
	if err != nil {
		return 0, err
	}
	for _, base := range s.layout.bases {
		x := &scan{session: s, link: &s.main, base: base, filter: o.filter, attrs: []string{"1.1"}, sort: o.sortKey(), each: func(*wire.Entry) error { n++; return nil }}
		if err := x.run(ctx); err != nil {
			return 0, unread("count "+string(t), err)
		}
	}
	return n, nil
}
