package gldap

import (
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// planName takes an edit of the DN itself.
func (s *session) planName(u *update, edits []entry.Edit) error {
	for _, e := range edits {
		if e.Op == entry.Remove || len(e.Values) != 1 {
			return invalid(nameDN, "an object has exactly one DN").WithHint("replace it by another one")
		}
		d, err := parseDN(plainText(e.Values[0]))
		if err != nil {
			return err
		}
		if err := inside(d, s.layout.bases); err != nil {
			return err
		}
		u.to = d
	}
	return nil
}

// follow gives the object the name that its attributes make, and takes the changes out that the rename brings about.
func (s *session) follow(u *update, edits []entry.Edit, raw map[string][]string) error {
	o := u.object
	renamed := u.to.key() != u.from.key()
	if t := o.template; t != nil && !renamed && s.layout.move && o.touches(edits, t.names()) {
		before := o.values(raw)
		if old, err := t.make(before); err == nil && old.key() == u.from.key() {
			to, err := t.make(func(name string) entry.Value { return u.after(o.byWire[lower(name)], before(name)) })
			if err != nil {
				return err
			}
			if err := inside(to, s.layout.bases); err != nil {
				return err
			}
			u.to, renamed = to, to.text() != u.from.text()
		}
	}
	return u.nameByAttributes(renamed)
}

// after is the value that a single-valued column has when the changes are done.
func (u *update) after(c *column, before entry.Value) entry.Value {
	v := before
	for _, ch := range u.changes {
		if !strings.EqualFold(ch.Name, c.wire) {
			continue
		}
		switch {
		case ch.Op == wire.ChangeDelete && !slices.Contains(ch.Values, plainText(v)):
		case len(ch.Values) == 0 || ch.Op == wire.ChangeDelete:
			v = nil
		default:
			v, _ = c.form.decode([]byte(ch.Values[0]))
		}
	}
	return v
}

// nameByAttributes turns changes of the attributes that name the entry into a rename.
func (u *update) nameByAttributes(renamed bool) error {
	name := slices.Clone(u.to[0])
	for i, a := range name {
		kept := u.changes[:0:0]
		for _, ch := range u.changes {
			if !strings.EqualFold(ch.Name, a.attr) || ch.Op != wire.ChangeReplace {
				kept = append(kept, ch)
				continue
			}
			switch {
			case len(ch.Values) == 0:
				return invalid(ch.Name, "%s names the object, so it cannot be empty", ch.Name).WithHint("replace it by another value")
			case slices.Contains(ch.Values, name[i].value):
			case !renamed:
				name[i].value = ch.Values[0]
			}
			if len(ch.Values) > 1 {
				kept = append(kept, ch)
			}
		}
		u.changes = kept
	}
	if !renamed {
		u.to = append(dn{name}, u.to.parent()...)
	}
	return nil
}
