package gldap

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// Active Directory sends long lists in parts: member;range=0-1499, then member;range=1500-2999, and last member;range=3000-*.

// part reads the range of an attribute's name; last is -1 for the final one.
func part(name string) (attr string, last int, ok bool) {
	attr, options, _ := strings.Cut(name, ";")
	for option := range strings.SplitSeq(options, ";") {
		r, is := strings.CutPrefix(strings.ToLower(option), "range=")
		if !is {
			continue
		}
		_, end, _ := strings.Cut(r, "-")
		if end == "*" {
			return attr, -1, true
		}
		n, err := strconv.Atoi(end)
		return attr, n, err == nil && n >= 0
	}
	return attr, 0, false
}

// complete fetches the rest of every attribute that came in part.
func (s *session) complete(ctx context.Context, o *object, e *wire.Entry, made *entry.Entry) error {
	for _, a := range e.Attrs {
		if !strings.Contains(string(a.Name), ";") {
			continue
		}
		name, last, ok := part(string(a.Name))
		c := o.byWire[strings.ToLower(name)]
		if !ok || c == nil || c.WriteOnly {
			continue
		}
		vs, err := c.decodeAll(a.Values)
		if err != nil {
			return err
		}
		for last >= 0 {
			from := last + 1
			var more []entry.Value
			if more, last, err = s.rangeFrom(ctx, made.Attrs.Text(nameDN), c, from); err != nil {
				return err
			}
			if last >= 0 && last < from {
				return fault.New(fault.Internal, "read the values of "+c.Name, "the server's ranges do not go on after %d", from)
			}
			vs = append(vs, more...)
		}
		made.Attrs.Set(c.Name, vs...)
	}
	return nil
}

func (c *column) decodeAll(raw [][]byte) ([]entry.Value, error) {
	var vs []entry.Value
	for _, b := range raw {
		v, err := c.form.decode(b)
		if err != nil {
			return nil, err
		}
		vs = append(vs, v)
	}
	return vs, nil
}

// rangeFrom reads the values from a number on, as far as the server sends them at once.
func (s *session) rangeFrom(ctx context.Context, dn string, c *column, from int) (vs []entry.Value, last int, err error) {
	err = s.aside(ctx, "read the values of "+c.Name, func(ctx context.Context, conn *wire.Conn) error {
		vs, last = nil, -1
		rows, err := conn.Search(ctx, wire.Search{Base: dn, Scope: wire.Base, Filter: wire.Present("objectClass"), Attrs: []string{fmt.Sprintf("%s;range=%d-*", c.wire, from)}})
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			for _, a := range rows.Entry().Attrs {
				name, end, ok := part(string(a.Name))
				if !ok || !strings.EqualFold(name, c.wire) {
					continue
				}
				last = end
				if vs, err = c.decodeAll(a.Values); err != nil {
					return err
				}
			}
		}
		return rows.Err()
	})
	return vs, last, err
}
