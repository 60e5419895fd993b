package gldap

import (
	"context"
	"errors"
	"slices"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// usualReferences are what 389's referential integrity looks after unless it is configured otherwise.
var usualReferences = []string{"member", "uniqueMember", "owner", "seeAlso"}

// remove deletes one entry.
//
// 389 Directory Server cannot delete one that points to itself by an attribute without an index, if it is one that the plug-in for
// referential integrity looks after and there are more entries than nsslapd-idlistscanlimit (4,000): the plug-in finds the entry that is
// just going, wants to change it, fails with code 32, and the delete is taken back. A retro changelog then refuses every later write,
// with code 68, until the server is started anew: its cache holds a change number that the database does not (seen in 2.3.1). So such
// an entry lets go of itself first.
func (s *session) remove(ctx context.Context, c *wire.Conn, name string, controls []wire.Control) error {
	if s.server.brand != dirsrv {
		_, err := c.Do(ctx, wire.Delete{DN: name}, controls...)
		return err
	}
	held, err := s.selfReferences(ctx, c, name)
	if err != nil {
		return err
	}
	if len(held) > 0 {
		if _, err := c.Do(ctx, wire.Modify{DN: name, Changes: changesOf(wire.ChangeDelete, held)}, controls...); err != nil {
			return err
		}
	}
	_, err = c.Do(ctx, wire.Delete{DN: name}, controls...)
	if _, refused := errors.AsType[*wire.Refused](err); refused && len(held) > 0 {
		if _, undo := c.Do(ctx, wire.Modify{DN: name, Changes: changesOf(wire.ChangeAdd, held)}, controls...); undo != nil {
			return &fault.Error{Op: "delete", Kind: fault.Partial, Err: errors.Join(err, undo), Hint: "it is still there, but no longer points to itself"}
		}
	}
	return err
}

// selfReferences returns the values by which an entry points to itself, by attribute.
func (s *session) selfReferences(ctx context.Context, c *wire.Conn, name string) ([]wire.Attribute, error) {
	own, err := parseDN(name)
	if err != nil {
		return nil, err
	}
	attrs := s.referenceNames()
	filters := make([]wire.Filter, len(attrs))
	for i, a := range attrs {
		filters[i] = wire.Equal(a, name)
	}
	rows, err := c.Search(ctx, wire.Search{Base: name, Scope: wire.Base, Filter: wire.Or(filters...), Attrs: attrs})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var held []wire.Attribute
	for rows.Next() {
		for _, a := range rows.Entry().Attrs {
			for _, v := range a.Values {
				if d, err := parseDN(string(v)); err == nil && d.key() == own.key() {
					held = append(held, wire.Attribute{Name: string(a.Name), Values: []string{string(v)}})
				}
			}
		}
	}
	return held, rows.Err()
}

// referenceNames are the attributes, as the directory writes them, in which entries may point to entries.
func (s *session) referenceNames() []string {
	names := slices.Clone(usualReferences)
	for _, o := range s.objects {
		for _, col := range o.columns {
			if col.Type == connector.Reference && !col.ReadOnly && !slices.Contains(names, col.wire) {
				names = append(names, col.wire)
			}
		}
	}
	return names
}

func changesOf(op int, attrs []wire.Attribute) []wire.Change {
	out := make([]wire.Change, len(attrs))
	for i, a := range attrs {
		out[i] = wire.Change{Op: op, Attribute: a}
	}
	return out
}
