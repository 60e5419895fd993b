package gldap

import (
	"context"
	"errors"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// Delete removes the object, with what stands below it if deleteSubtrees is set.
func (s *session) Delete(ctx context.Context, t entry.Type, a connector.Anchor) error {
	const op = "delete"
	o, err := s.object(t)
	if err != nil {
		return fault.Wrap(fault.Invalid, op, err)
	}
	at, _, err := s.locate(ctx, op, o, a)
	if err != nil {
		return err
	}
	err = s.write(ctx, op, func(ctx context.Context, c *wire.Conn) error {
		err := s.remove(ctx, c, at.text(), s.asserted(o, a))
		if r, ok := errors.AsType[*wire.Refused](err); ok && r.Code == wire.NotAllowedOnNonLeaf && s.layout.deleteSubtrees {
			return s.deleteTree(ctx, c, at.text(), s.asserted(o, a))
		}
		return err
	})
	return about(err, at.text())
}

// deleteTree removes an entry with all below it: in one request where the server can, else from the leaves up.
func (s *session) deleteTree(ctx context.Context, c *wire.Conn, name string, controls []wire.Control) error {
	if s.server.supports[ctlTreeDelete] {
		_, err := c.Do(ctx, wire.Delete{DN: name}, append(controls, wire.Control{OID: ctlTreeDelete, Critical: true})...)
		return err
	}
	children, err := childrenOf(ctx, c, name)
	if err != nil {
		return err
	}
	for _, child := range children {
		if err := s.deleteTree(ctx, c, child, nil); err != nil {
			return err
		}
	}
	return s.remove(ctx, c, name, controls)
}

func childrenOf(ctx context.Context, c *wire.Conn, name string) ([]string, error) {
	rows, err := c.Search(ctx, wire.Search{Base: name, Scope: wire.OneLevel, Filter: wire.Present("objectClass"), Attrs: []string{"1.1"}})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		out = append(out, string(rows.Entry().DN))
	}
	return out, rows.Err()
}
