package gldap

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// syncRepl is content synchronization (RFC 4533): the server tells what changed since a cookie. Deletions are told as long as the
// server remembers them (syncprov-sessionlog, or its change log); beyond that a full import is needed.
type syncRepl struct{ s *session }

func (syncRepl) name() string    { return "syncrepl" }
func (syncRepl) deletions() bool { return true }

// refused reports whether the server answered with one of the codes.
func refused(err error, codes ...int) bool {
	r, ok := errors.AsType[*wire.Refused](err)
	return ok && slices.Contains(codes, r.Code)
}

// mark asks for the changes of nothing, and gets a cookie for now.
func (d syncRepl) mark(ctx context.Context, c *wire.Conn) (string, error) {
	return d.run(ctx, c, "", wire.Not(wire.Present("objectClass")), nil)
}

func (d syncRepl) since(ctx context.Context, c *wire.Conn, w string, found *touched) (string, error) {
	if !d.s.anchoredBy("entryuuid") {
		return "", forgotten("synchronization tells of deletions by entryUUID, which is not the anchor")
	}
	if w == "" {
		return "", forgotten("there is no cookie")
	}
	next, err := d.run(ctx, c, w, wire.Present("objectClass"), found)
	if refused(err, wire.SyncRefreshRequired, 2, 80, wire.UnwillingToPerform) {
		err = forgotten("the server does not take the cookie: %w", err)
	}
	return next, err
}

// run synchronizes all bases; the watermark is their cookies. Without found nothing is noted.
func (d syncRepl) run(ctx context.Context, c *wire.Conn, w string, f wire.Filter, found *touched) (string, error) {
	cookies, err := splitCookies(w, len(d.s.layout.bases))
	if err != nil {
		return "", err
	}
	for i, base := range d.s.layout.bases {
		rows, err := c.Search(ctx, wire.Search{Base: base.text(), Scope: wire.Subtree, Filter: f, Attrs: []string{"1.1"}, Controls: []wire.Control{syncRequest(1, cookies[i])}})
		if err != nil {
			return "", err
		}
		if err := d.follow(rows, &cookies[i], found); err != nil {
			return "", err
		}
	}
	return joinCookies(cookies), nil
}

// syncRequest asks for synchronization: mode 1 until now, mode 3 and what comes.
func syncRequest(mode int64, cookie string) wire.Control {
	return wire.Control{OID: ctlSync, Critical: true, Value: wire.Sequence(func(v *wire.Values) {
		v.Enum(mode)
		if cookie != "" {
			v.Octets(cookie)
		}
		v.Bool(true) // rather refuse than send everything
	})}
}

func (d syncRepl) follow(rows *wire.Rows, cookie *string, found *touched) error {
	defer rows.Close()
	for rows.Next() {
		if n := rows.Note(); n != nil {
			if err := d.info(n, cookie, found); err != nil {
				return err
			}
			continue
		}
		if found == nil {
			continue
		}
		if err := noteState(rows.Entry(), found); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	fields, err := wire.InSequence(rows.Result().Control(ctlSyncDone))
	if err != nil {
		return forgotten("the server gives no cookie: %w", err)
	}
	deletes := false
	for _, f := range fields {
		switch f.Tag {
		case 0x04:
			*cookie = string(f.Body)
		case 0x01:
			deletes = len(f.Body) == 1 && f.Body[0] != 0
		}
	}
	if found != nil && !deletes && found.present {
		return forgotten("the server tells what is there and no longer what was deleted")
	}
	return nil
}

// noteState takes an entry by the entryUUID in its control; one that is merely present did not change.
func noteState(e *wire.Entry, found *touched) error {
	fields, err := wire.InSequence(e.Control(ctlSyncState))
	if err != nil || len(fields) < 2 {
		return err
	}
	state, err := fields[0].Int()
	if err != nil || len(fields[1].Body) != 16 {
		return err
	}
	if state == 0 {
		found.present = true
		return nil
	}
	return found.anchor(uuid.UUID(fields[1].Body).String())
}

// info reads a Sync Info Message: a new cookie, the end of a phase, or a set of entryUUIDs.
func (d syncRepl) info(n *wire.Intermediate, cookie *string, found *touched) error {
	if n.OID != opSyncInfo {
		return nil
	}
	el, _, err := wire.Next(n.Value)
	if err != nil {
		return err
	}
	if el.Tag == 0x80 {
		*cookie = string(el.Body)
		return nil
	}
	fields, err := wire.Fields(el.Body)
	if err != nil || found == nil {
		return err
	}
	switch el.Tag {
	case 0xa2: // refreshPresent
		found.present = true
	case 0xa3:
		return syncSet(fields, cookie, found)
	}
	return nil
}

func syncSet(fields []wire.Element, cookie *string, found *touched) error {
	deletes := false
	var ids []wire.Element
	for _, f := range fields {
		var err error
		switch f.Tag {
		case 0x04:
			*cookie = string(f.Body)
		case 0x01:
			deletes = len(f.Body) == 1 && f.Body[0] != 0
		case 0x31:
			ids, err = wire.Fields(f.Body)
		}
		if err != nil {
			return err
		}
	}
	if !deletes {
		found.present = true
		return nil
	}
	for _, id := range ids {
		if len(id.Body) != 16 {
			return forgotten("the server names %d bytes as an entryUUID", len(id.Body))
		}
		if err := found.anchor(uuid.UUID(id.Body).String()); err != nil {
			return err
		}
	}
	return nil
}

func joinCookies(cookies []string) string {
	out := ""
	for i, c := range cookies {
		if i > 0 {
			out += ","
		}
		out += base64.StdEncoding.EncodeToString([]byte(c))
	}
	return out
}

func splitCookies(w string, n int) ([]string, error) {
	out := make([]string, n)
	if w == "" {
		return out, nil
	}
	parts := words(w)
	if len(parts) != n {
		return nil, forgotten("the watermark is of other base DNs")
	}
	for i, p := range parts {
		b, err := base64.StdEncoding.DecodeString(p)
		if err != nil {
			return nil, forgotten("%q is no cookie", short(w))
		}
		out[i] = string(b)
	}
	return out, nil
}
