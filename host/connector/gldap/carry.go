package gldap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// carryOut renames, modifies and sets the password, in this order. What fails is undone as far as it can be.
func (s *session) carryOut(ctx context.Context, c *wire.Conn, u *update) error {
	renamed := u.to.text() != u.from.text()
	if renamed {
		if err := s.rename(ctx, c, u, u.from, u.to); err != nil {
			return err
		}
	}
	err := s.modify(ctx, c, u)
	if err == nil && !u.password.IsZero() {
		err = s.passwd(ctx, c, u.to.text(), u.password, u.password)
	}
	if _, refused := errors.AsType[*wire.Refused](err); refused && renamed {
		if back := s.rename(ctx, c, u, u.to, u.from); back != nil {
			return &fault.Error{Op: "update", Kind: fault.Partial, Err: err, Hint: "the object has its new name " + u.to.text() + ", and nothing else was changed"}
		}
	}
	return err
}

func (s *session) rename(ctx context.Context, c *wire.Conn, u *update, from, to dn) error {
	r := wire.Rename{DN: from.text(), RDN: to[0].text()}
	moves := to.parent().key() != from.parent().key()
	if moves {
		r.Superior = to.parent().text()
	}
	_, err := c.Do(ctx, r, s.asserted(u.object, u.anchor)...)
	if refused, ok := errors.AsType[*wire.Refused](err); ok && moves && (refused.Code == wire.NoSuchObject || refused.Code == 80) && s.missing(ctx, c, to.parent()) {
		if err := s.missingContainer(ctx, c, to.parent(), err); err != nil {
			return err
		}
		_, err = c.Do(ctx, r, s.asserted(u.object, u.anchor)...)
	}
	return err
}

// missing reports whether there is no such entry.
func (s *session) missing(ctx context.Context, c *wire.Conn, d dn) bool {
	_, err := readOne(ctx, c, d.text(), "1.1")
	return err != nil && absentErr(err)
}

func absentErr(err error) bool {
	r, ok := errors.AsType[*wire.Refused](err)
	return ok && absent(r.Code)
}

// modify sends the changes. A server that minds adding what is there, or removing what is not, or emptying what must not be empty, is
// sent the exact difference to what it holds.
func (s *session) modify(ctx context.Context, c *wire.Conn, u *update) error {
	if len(u.changes) == 0 {
		return nil
	}
	controls := s.asserted(u.object, u.anchor)
	if s.server.supports[ctlPermissive] {
		controls = append(controls, wire.Control{OID: ctlPermissive, Critical: true})
	}
	_, err := c.Do(ctx, wire.Modify{DN: u.to.text(), Changes: u.changes}, controls...)
	for range tries {
		if !u.minds(err, s.server.windows()) {
			return err
		}
		exact, readErr := s.difference(ctx, c, u)
		if readErr != nil {
			return readErr
		}
		if len(exact) == 0 {
			return nil
		}
		_, err = c.Do(ctx, wire.Modify{DN: u.to.text(), Changes: exact}, s.asserted(u.object, u.anchor)...)
	}
	return err
}

// minds reports whether a refusal is one of those. Active Directory has codes of its own for members: 68 for one that is there, 53 for
// one that is not.
func (u *update) minds(err error, windows bool) bool {
	r, ok := errors.AsType[*wire.Refused](err)
	if !ok {
		return false
	}
	switch r.Code {
	case wire.NoSuchAttribute, wire.AttributeOrValueExists:
		return true
	case wire.EntryExists:
		return windows
	case wire.UnwillingToPerform:
		return windows && slices.ContainsFunc(u.changes, func(ch wire.Change) bool {
			c := u.folds[lower(ch.Name)]
			return ch.Op == wire.ChangeDelete && c != nil && c.Type == connector.Reference
		})
	case wire.ObjectClassViolation:
		return u.object.crowded != nil && slices.ContainsFunc(u.changes, func(ch wire.Change) bool { return ch.Name == u.object.crowded.wire })
	}
	return false
}

// difference reads what the changed attributes hold and returns the changes that lead from there to what is wanted.
func (s *session) difference(ctx context.Context, c *wire.Conn, u *update) ([]wire.Change, error) {
	var names []string
	for _, ch := range u.changes {
		if !slices.Contains(names, ch.Name) {
			names = append(names, ch.Name)
		}
	}
	have, err := s.held(ctx, c, u.to.text(), names)
	if err != nil {
		return nil, err
	}
	var out []wire.Change
	for _, name := range names {
		col := u.folds[lower(name)]
		was := have[lower(name)]
		now := slices.Clone(was)
		for _, ch := range u.changes {
			if ch.Name == name {
				now = applied(col, now, ch)
			}
		}
		if col == u.object.crowded {
			now = s.peopled(col, now)
		}
		out = append(out, exactly(col, was, now)...)
	}
	return out, nil
}

// held reads attributes whole, range by range where the server sends them so.
func (s *session) held(ctx context.Context, c *wire.Conn, name string, attrs []string) (map[string][]string, error) {
	raw, err := readOne(ctx, c, name, attrs...)
	if err != nil {
		return nil, err
	}
	for key, vs := range raw {
		attr, last, ok := part(key)
		for ok && last >= 0 {
			more, err := readOne(ctx, c, name, rangeOf(attr, last+1))
			if err != nil {
				return nil, err
			}
			ok = false
			for k, next := range more {
				if a, l, is := part(k); is && a == attr && (l > last || l < 0) {
					vs, last, ok = append(vs, next...), l, true
				}
			}
		}
		if attr != key {
			raw[lower(attr)] = vs
		}
	}
	return raw, nil
}

func applied(col *column, have []string, ch wire.Change) []string {
	has := func(in []string, v string) bool {
		return slices.ContainsFunc(in, func(x string) bool { return col.same(x, v) })
	}
	switch ch.Op {
	case wire.ChangeReplace:
		return ch.Values
	case wire.ChangeDelete:
		return slices.DeleteFunc(slices.Clone(have), func(x string) bool { return has(ch.Values, x) })
	}
	for _, v := range ch.Values {
		if !has(have, v) {
			have = append(have, v)
		}
	}
	return have
}

// peopled puts the placeholder into an empty group, and takes it out of another.
func (s *session) peopled(col *column, members []string) []string {
	real := slices.DeleteFunc(slices.Clone(members), func(x string) bool { return col.same(x, s.layout.emptyMember) })
	if len(real) == 0 {
		return []string{s.layout.emptyMember}
	}
	return real
}

// exactly returns the changes from one list of values to another.
func exactly(col *column, was, now []string) []wire.Change {
	minus := func(a, b []string) []string {
		in := make(map[string]bool, len(b))
		for _, v := range b {
			in[v] = true
		}
		return slices.DeleteFunc(slices.Clone(a), func(v string) bool { return in[v] })
	}
	var out []wire.Change
	gone, fresh := minus(was, now), minus(now, was)
	switch {
	case len(gone) == 0 && len(fresh) == 0:
		return nil
	case len(gone) == len(was) && len(was) > 0 || len(now) == 0:
		return []wire.Change{{Op: wire.ChangeReplace, Attribute: wire.Attribute{Name: col.wire, Values: now}}}
	}
	if len(fresh) > 0 {
		out = append(out, wire.Change{Op: wire.ChangeAdd, Attribute: wire.Attribute{Name: col.wire, Values: fresh}})
	}
	if len(gone) > 0 {
		out = append(out, wire.Change{Op: wire.ChangeDelete, Attribute: wire.Attribute{Name: col.wire, Values: gone}})
	}
	return out
}

func rangeOf(attr string, from int) string {
	return strings.Join([]string{attr, fmt.Sprintf("range=%d-*", from)}, ";")
}
