package mem

import (
	"context"
	"crypto/subtle"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

func (s *session) Create(ctx context.Context, e entry.Entry) (entry.Entry, error) {
	tab, err := s.begin(ctx, e.Type, "create")
	if err != nil {
		return entry.Entry{}, err
	}
	if err := check(tab.kind, "create", entry.Diff(nil, e.Attrs)); err != nil {
		return entry.Entry{}, err
	}
	fresh := entry.Entry{Type: e.Type, Attrs: entry.Apply(nil, entry.Diff(nil, e.Attrs))}
	st := s.store
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.complete(tab, &fresh); err != nil {
		return entry.Entry{}, err
	}
	if _, taken := st.get(tab, fresh.ID); taken {
		return entry.Entry{}, exists("create", tab.kind.Anchor[0], fresh.ID)
	}
	if err := st.free(tab, "create", fresh, ""); err != nil {
		return entry.Entry{}, err
	}
	st.put(tab, fresh)
	return visible(tab.kind, fresh), nil
}

func (s *session) Update(ctx context.Context, t entry.Type, a connector.Anchor, edits []entry.Edit) (connector.Anchor, error) {
	tab, err := s.begin(ctx, t, "update")
	if err != nil {
		return "", err
	}
	if err := check(tab.kind, "update", edits); err != nil {
		return "", err
	}
	st := s.store
	st.mu.Lock()
	defer st.mu.Unlock()
	have, ok := st.get(tab, string(a))
	if !ok {
		return "", absent("update", a)
	}
	want := entry.Entry{Type: t, Attrs: apply(tab.kind, have.Attrs, edits)}
	if err := st.complete(tab, &want); err != nil {
		return "", err
	}
	if err := st.free(tab, "update", want, have.ID); err != nil {
		return "", err
	}
	if want.ID != have.ID {
		st.rename(tab, have.ID, want)
	} else {
		st.put(tab, want)
	}
	return connector.Anchor(want.ID), nil
}

func (s *session) Delete(ctx context.Context, t entry.Type, a connector.Anchor) error {
	tab, err := s.begin(ctx, t, "delete")
	if err != nil {
		return err
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if _, ok := s.store.get(tab, string(a)); !ok {
		return absent("delete", a)
	}
	s.store.drop(tab, string(a))
	return nil
}

// SetPassword replaces the first write-only attribute of the type.
func (s *session) SetPassword(ctx context.Context, t entry.Type, a connector.Anchor, password connector.Secret) error {
	tab, err := s.begin(ctx, t, "set the password")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(tab.kind.Attributes, func(a connector.Attribute) bool { return a.WriteOnly })
	if i < 0 {
		return fault.New(fault.Unsupported, "set the password", "%s has no password", t)
	}
	_, err = s.Update(ctx, t, a, []entry.Edit{{Op: entry.Replace, Attr: tab.kind.Attributes[i].Name, Values: []entry.Value{password.Reveal()}}})
	return err
}

// ChangePassword replaces the password if the old one is right.
func (s *session) ChangePassword(ctx context.Context, t entry.Type, a connector.Anchor, was, want connector.Secret) error {
	tab, err := s.begin(ctx, t, "change the password")
	if err != nil {
		return err
	}
	s.store.mu.RLock()
	e, ok := s.store.get(tab, string(a))
	s.store.mu.RUnlock()
	if !ok {
		return absent("change the password", a)
	}
	i := slices.IndexFunc(tab.kind.Attributes, func(a connector.Attribute) bool { return a.WriteOnly })
	if i < 0 || subtle.ConstantTimeCompare([]byte(e.Attrs.Text(tab.kind.Attributes[i].Name)), []byte(was.Reveal())) != 1 {
		return fault.New(fault.Invalid, "change the password", "the old password is wrong").WithHint("give the present password, or set a new one as an administrator")
	}
	return s.SetPassword(ctx, t, a, want)
}

func (s *session) begin(ctx context.Context, t entry.Type, op string) (*table, error) {
	if err := ctx.Err(); err != nil {
		return nil, fault.Wrap(fault.Unavailable, op, err)
	}
	return s.store.table(t)
}

// apply is entry.Apply, but an Add to a single-valued attribute takes the place of what it held.
func apply(o connector.ObjectType, have entry.Attrs, edits []entry.Edit) entry.Attrs {
	edits = slices.Clone(edits)
	for i, e := range edits {
		if a, _ := o.Attribute(e.Attr); e.Op == entry.Add && !a.MultiValued {
			edits[i].Op = entry.Replace
		}
	}
	return entry.Apply(have, edits)
}

// rename moves the object to its new anchor; references to it follow.
func (s *store) rename(t *table, from string, e entry.Entry) {
	old, _ := s.get(t, from)
	t.unindex(old)
	t.forget(from)
	s.changes.add(t.kind.Name, from)
	if i := personOf(from); t.kind.Name == entry.User && s.lives(i) {
		s.gone[i] = struct{}{}
	}
	s.put(t, e)
	s.repoint(t.kind.Name, from, e.ID)
}

// complete gives the entry what the store makes itself, its ID, and refuses it when a required attribute is missing.
func (s *store) complete(t *table, e *entry.Entry) error {
	parts := make([]string, len(t.kind.Anchor))
	for i, name := range t.kind.Anchor {
		a, _ := t.kind.Attribute(name)
		if a.ReadOnly && e.Attrs.First(name) == nil {
			e.Attrs[name] = []entry.Value{newAnchor()}
		}
		parts[i] = textOf(e.Attrs.First(name))
		if parts[i] == "" {
			return fault.New(fault.Invalid, "write", "the anchor %s has no value", name).About(name)
		}
	}
	e.ID = string(connector.JoinAnchor(parts...))
	for _, a := range t.kind.Attributes {
		if a.Required && e.Attrs.First(a.Name) == nil {
			return fault.New(fault.Invalid, "write", "the required attribute %s has no value", a.Name).
				About(a.Name).WithHint("map a value to %s", a.Name)
		}
	}
	return nil
}

// free refuses the entry when another object than self holds one of its unique values, or its anchor.
func (s *store) free(t *table, op string, e entry.Entry, self string) error {
	if _, taken := s.get(t, e.ID); taken && e.ID != self {
		return exists(op, t.kind.Anchor[0], e.ID)
	}
	for name := range t.unique {
		if id, taken := s.holderOf(t, name, e.Attrs.First(name)); taken && id != self {
			return exists(op, name, textOf(e.Attrs.First(name)))
		}
	}
	return nil
}

// check refuses edits that the schema does not allow.
func check(o connector.ObjectType, op string, edits []entry.Edit) error {
	for _, e := range edits {
		a, ok := o.Attribute(e.Attr)
		switch {
		case !ok:
			return invalid(op, e.Attr, "%s has no attribute %q", o.Name, e.Attr)
		case e.Op < entry.Add || e.Op > entry.Remove:
			return invalid(op, e.Attr, "an edit of %s has no operation", e.Attr)
		case a.ReadOnly:
			return invalid(op, e.Attr, "%s is made by the target", e.Attr)
		case a.Immutable && op == "update":
			return invalid(op, e.Attr, "%s cannot change after the creation", e.Attr)
		case !a.MultiValued && len(e.Values) > 1:
			return invalid(op, e.Attr, "%s takes one value, not %d", e.Attr, len(e.Values))
		}
		for _, v := range e.Values {
			if !a.Type.Holds(v) {
				return invalid(op, e.Attr, "%s takes %s, not %T", e.Attr, a.Type, v)
			}
			if text, ok := v.(string); ok && !utf8.ValidString(text) {
				return invalid(op, e.Attr, "the value of %s is not valid UTF-8", e.Attr)
			}
		}
	}
	return nil
}

func textOf(v entry.Value) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func invalid(op, attr, format string, args ...any) error {
	return fault.New(fault.Invalid, op, format, args...).About(attr)
}

func exists(op, attr, value string) error {
	return fault.New(fault.Exists, op, "another object has %s %q", attr, value).About(attr)
}

func absent(op string, a connector.Anchor) error {
	return fault.New(fault.NotFound, op, "there is no such object").About(string(a))
}
