package gldap

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// locate finds where the object with the anchor stands, with the attributes named as the directory writes them.
func (s *session) locate(ctx context.Context, op string, o *object, a connector.Anchor, attrs ...string) (dn, map[string][]string, error) {
	var name string
	var raw map[string][]string
	err := s.read(ctx, op, func(ctx context.Context, c *wire.Conn) error {
		q := wire.Search{Scope: wire.Base, Filter: o.filter, Attrs: append([]string{"1.1"}, attrs...)}
		if len(attrs) > 0 {
			q.Attrs = attrs
		}
		bases := []string{string(a)}
		if o.anchor.form == formName {
			d, err := parseDN(string(a))
			if err != nil || inside(d, s.layout.bases) != nil {
				return errNoSuch.About(string(a))
			}
		} else {
			f, ok := o.anchorFilter(string(a))
			if !ok {
				return errNoSuch.About(string(a))
			}
			q.Scope, q.Filter, bases = wire.Subtree, wire.And(o.filter, f), nil
			for _, b := range s.layout.bases {
				bases = append(bases, b.text())
			}
		}
		found := 0
		for _, q.Base = range bases {
			n, err := s.first(ctx, c, q, &name, &raw)
			if err != nil {
				return err
			}
			found += n
		}
		switch {
		case found == 0:
			return errNoSuch.About(string(a))
		case found > 1:
			return fault.New(fault.Ambiguous, "find the object", "%d objects have this anchor", found).About(string(a)).WithHint("choose an anchor that is unique, such as entryUUID")
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	d, err := parseDN(name)
	return d, raw, err
}

// first reads the entries of a search that finds one at most, and returns how many there were.
func (s *session) first(ctx context.Context, c *wire.Conn, q wire.Search, name *string, raw *map[string][]string) (int, error) {
	rows, err := c.Search(ctx, q)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
		*name, *raw = string(rows.Entry().DN), map[string][]string{}
		for _, a := range rows.Entry().Attrs {
			for _, v := range a.Values {
				(*raw)[lower(string(a.Name))] = append((*raw)[lower(string(a.Name))], string(v))
			}
		}
	}
	if err := rows.Err(); err != nil && absentErr(err) {
		return 0, nil
	}
	return n, rows.Err()
}

// asserted makes a write take effect only on the object meant, if the server can check that: a name may change hands.
func (s *session) asserted(o *object, a connector.Anchor) []wire.Control {
	f, ok := o.anchorFilter(string(a))
	if !ok || o.anchor.form == formName || !s.server.supports[ctlAssert] {
		return nil
	}
	return []wire.Control{{OID: ctlAssert, Critical: true, Value: f.Bytes()}}
}

// values reads the wanted columns of what locate brought.
func (o *object) values(raw map[string][]string) func(name string) entry.Value {
	return func(name string) entry.Value {
		c := o.byWire[lower(name)]
		if c == nil {
			return nil
		}
		vs := raw[lower(c.wire)]
		if len(vs) == 0 {
			return nil
		}
		v, err := c.form.decode([]byte(vs[0]))
		if err != nil {
			return nil
		}
		return v
	}
}
