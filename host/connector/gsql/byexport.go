package gsql

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// createByMethod makes the object with the type's own statements, and returns it as it is read back.
func (s *session) createByMethod(ctx context.Context, c conn, o *object, m *method, e entry.Entry) (entry.Entry, error) {
	for name := range e.Attrs {
		if _, isChild := o.child(name); !isChild {
			if _, err := o.writable(name); err != nil {
				return entry.Entry{}, err
			}
		}
	}
	back, err := s.perform(ctx, c, o, m, given{session: s, object: o, attrs: e.Attrs})
	if err != nil {
		return entry.Entry{}, err
	}
	made := e.Attrs.Clone()
	maps.Copy(made, back)
	id := o.anchorIn(made)
	if id == "" {
		return entry.Entry{}, invalid(o.anchor[0].name, "the statement gave no anchor back").
			WithHint("end the section [%s create] with a SELECT of %s, RETURNING or an OUTPUT parameter", o.name, list("", o.anchor))
	}
	for _, t := range o.children {
		if _, own := s.method(o.name, "add", t.attr); own || t.table != "" {
			if err := s.editValues(ctx, c, o, t, connector.Anchor(id), entry.Edit{Op: entry.Add, Attr: t.attr, Values: e.Attrs[t.attr]}); err != nil {
				return entry.Entry{}, err
			}
		}
	}
	if found, err := s.present(ctx, c, o, id); err == nil {
		return found, nil
	} else if !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Unsupported) {
		return entry.Entry{}, err
	}
	return entry.Entry{Type: o.name, ID: id, Attrs: made}, nil
}

// updateByMethod carries out edits: those of attributes with a section of their own by that, the others by the type's.
func (s *session) updateByMethod(ctx context.Context, c conn, o *object, a connector.Anchor, edits []entry.Edit) (connector.Anchor, error) {
	current, err := s.present(ctx, c, o, string(a))
	if err != nil {
		return "", err
	}
	if edits, err = o.single(edits); err != nil {
		return "", err
	}
	g := given{session: s, object: o, attrs: entry.Apply(current.Attrs, edits), anchor: a}
	back := entry.Attrs{}
	var rest []entry.Edit
	for _, e := range edits {
		done, err := s.editAlone(ctx, c, o, e, g, back)
		if err != nil {
			return "", err
		}
		if !done {
			rest = append(rest, e)
		}
	}
	if len(rest) > 0 {
		if err := s.editRest(ctx, c, o, rest, g, back); err != nil {
			return "", err
		}
	}
	after := g.attrs.Clone()
	maps.Copy(after, back)
	return connector.Anchor(o.anchorIn(after)), nil
}

// single turns an Add to what holds one value into a Replace, as a column does; it refuses an edit without an operation.
func (o *object) single(edits []entry.Edit) ([]entry.Edit, error) {
	out := slices.Clone(edits)
	for i, e := range out {
		if e.Op < entry.Add || e.Op > entry.Remove {
			return nil, invalid(e.Attr, "an edit of %s has no operation", e.Attr)
		}
		if c, ok := o.column(e.Attr); ok && !c.list && e.Op == entry.Add {
			out[i].Op = entry.Replace
		}
	}
	return out, nil
}

// editAlone carries out an edit that a section of its attribute is for.
func (s *session) editAlone(ctx context.Context, c conn, o *object, e entry.Edit, g given, back entry.Attrs) (bool, error) {
	if t, ok := o.child(e.Attr); ok {
		_, adds := s.method(o.name, "add", e.Attr)
		_, removes := s.method(o.name, "remove", e.Attr)
		if adds || removes || t.table != "" {
			return true, s.editValues(ctx, c, o, t, g.anchor, e)
		}
		return false, nil
	}
	if _, err := o.writable(e.Attr); err != nil {
		return false, err
	}
	m, ok := s.method(o.name, "update", e.Attr)
	if !ok {
		return false, nil
	}
	g.words = map[string]any{}
	if col, ok := o.column(e.Attr); ok {
		v, err := s.cell(col, g.attrs[e.Attr])
		if err != nil {
			return false, err
		}
		g.words[valueWord] = v
	}
	got, err := s.perform(ctx, c, o, m, g)
	maps.Copy(back, got)
	return true, err
}

// editRest carries out the edits that no section is for alone: by the section [Type update], or on the table.
func (s *session) editRest(ctx context.Context, c conn, o *object, rest []entry.Edit, g given, back entry.Attrs) error {
	if m, ok := s.method(o.name, "update", ""); ok {
		got, err := s.perform(ctx, c, o, m, g)
		maps.Copy(back, got)
		return err
	}
	if o.table == "" {
		return noSection(o, "update")
	}
	u, err := s.planUpdate(o, g.anchor, rest)
	if err == nil {
		_, err = u.run(ctx, c)
	}
	return err
}

// editValues adds and removes the values of a multi-valued attribute: one by one where a section is for it, else in its table.
func (s *session) editValues(ctx context.Context, c conn, o *object, t child, a connector.Anchor, e entry.Edit) error {
	_, adds := s.method(o.name, "add", t.attr)
	_, removes := s.method(o.name, "remove", t.attr)
	if t.table != "" && !adds && !removes {
		return s.editTable(ctx, c, o, t, a, e)
	}
	add, remove, err := s.valueEdits(ctx, c, o, a, e)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		operation string
		values    []entry.Value
	}{{"remove", remove}, {"add", add}} {
		for _, v := range step.values {
			if err := s.editValue(ctx, c, o, t, a, step.operation, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// editTable carries an edit out in the table of values.
func (s *session) editTable(ctx context.Context, c conn, o *object, t child, a connector.Anchor, e entry.Edit) error {
	key, err := s.bindAnchor(t.owner, string(a))
	if err != nil {
		return err
	}
	u := &update{session: s, object: o, anchor: a, key: key}
	return u.editChild(ctx, c, key, e)
}

// valueEdits returns what an edit adds and removes.
func (s *session) valueEdits(ctx context.Context, c conn, o *object, a connector.Anchor, e entry.Edit) (add, remove []entry.Value, err error) {
	current, err := s.present(ctx, c, o, string(a))
	if err != nil && !fault.Is(err, fault.Unsupported) {
		return nil, nil, err
	}
	have := current.Attrs[e.Attr]
	want := entry.Apply(entry.Attrs{e.Attr: have}, []entry.Edit{e})[e.Attr]
	return without(distinct(want), have), without(have, want), nil
}

func (s *session) editValue(ctx context.Context, c conn, o *object, t child, a connector.Anchor, operation string, v entry.Value) error {
	m, ok := s.method(o.name, operation, t.attr)
	if !ok && t.table != "" {
		op := map[string]entry.Op{"add": entry.Add, "remove": entry.Remove}[operation]
		return s.editTable(ctx, c, o, t, a, entry.Edit{Op: op, Attr: t.attr, Values: []entry.Value{v}})
	}
	if !ok {
		return noSection(o, operation+" "+t.attr)
	}
	bound, err := s.dialect().bind(t.value[0], s.layout.clock, v)
	if err != nil {
		return invalid(t.attr, "%w", err)
	}
	_, err = s.perform(ctx, c, o, m, given{session: s, object: o, anchor: a, words: map[string]any{valueWord: bound}})
	return err
}

func (s *session) deleteByMethod(ctx context.Context, c conn, o *object, m *method, a connector.Anchor) error {
	current, err := s.present(ctx, c, o, string(a))
	if err != nil {
		return err
	}
	_, err = s.perform(ctx, c, o, m, given{session: s, object: o, attrs: current.Attrs, anchor: a})
	return err
}

// present reads one object; fault.NotFound when it is not there.
func (s *session) present(ctx context.Context, c conn, o *object, id string) (entry.Entry, error) {
	if _, err := s.bindAnchor(o.anchor, id); err != nil || !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
		return entry.Entry{}, errNoSuch.About(id)
	}
	found, err := s.find(ctx, c, o, o.anchorWord(), id)
	switch {
	case err != nil:
		return entry.Entry{}, err
	case len(found) == 0:
		return entry.Entry{}, errNoSuch.About(id)
	case len(found) > 1:
		return entry.Entry{}, fault.New(fault.Ambiguous, "find the object", "%d rows have this anchor", len(found)).About(id)
	}
	return found[0], nil
}

// anchorWord stands for the whole anchor, whatever its columns.
func (o *object) anchorWord() string {
	if len(o.anchor) == 1 {
		return o.anchor[0].name
	}
	return anchorWord
}

// changes reports whether writing the type is a matter of sections of its own.
func (s *session) methodical(o *object) bool {
	return o.table == "" || slices.ContainsFunc(s.layout.methods, func(m *method) bool {
		return m.head.kind == string(o.name) && slices.Contains([]string{"create", "update", "delete", "add", "remove"}, m.head.operation)
	})
}

// methodCreate, methodUpdate and methodDelete choose between a section and the table; they run inside a transaction.
func (s *session) methodCreate(ctx context.Context, c conn, o *object, e entry.Entry) (entry.Entry, error) {
	if m, ok := s.method(o.name, "create", ""); ok {
		return s.createByMethod(ctx, c, o, m, e)
	}
	if o.table == "" {
		return entry.Entry{}, noSection(o, "create")
	}
	plan, err := s.planCreate(o, e)
	if err != nil {
		return entry.Entry{}, err
	}
	var apart []childValues
	plan.children = slices.DeleteFunc(plan.children, func(l childValues) bool {
		_, own := s.method(o.name, "add", l.child.attr)
		if own {
			apart = append(apart, l)
		}
		return own
	})
	made, err := s.create(ctx, c, o, plan)
	if err != nil || len(apart) == 0 {
		return made, err
	}
	for _, l := range apart {
		if err := s.editValues(ctx, c, o, l.child, connector.Anchor(made.ID), entry.Edit{Op: entry.Add, Attr: l.child.attr, Values: l.values}); err != nil {
			return made, err
		}
	}
	return s.present(ctx, c, o, made.ID)
}

func (s *session) methodDelete(ctx context.Context, c conn, o *object, a connector.Anchor) error {
	if m, ok := s.method(o.name, "delete", ""); ok {
		return s.deleteByMethod(ctx, c, o, m, a)
	}
	if o.table == "" {
		return noSection(o, "delete")
	}
	key, err := s.bindAnchor(o.anchor, string(a))
	if err != nil {
		return err
	}
	return (&update{session: s, object: o, anchor: a, key: key}).delete(ctx, c)
}

// SetPassword runs the section [Type password].
func (s *session) SetPassword(ctx context.Context, t entry.Type, a connector.Anchor, password connector.Secret) error {
	return s.password(ctx, "password", t, a, map[string]any{passwordNew: password.Reveal()})
}

// ChangePassword runs the section [Type changePassword].
func (s *session) ChangePassword(ctx context.Context, t entry.Type, a connector.Anchor, was, want connector.Secret) error {
	return s.password(ctx, "changepassword", t, a, map[string]any{passwordOld: was.Reveal(), passwordNew: want.Reveal()})
}

func (s *session) password(ctx context.Context, operation string, t entry.Type, a connector.Anchor, words map[string]any) error {
	const op = "set the password"
	o, err := s.object(t)
	if err != nil {
		return err
	}
	m, ok := s.method(t, operation, "")
	if !ok {
		return noSection(o, operation)
	}
	err = s.write(ctx, op, func(ctx context.Context, c conn) error {
		return c.transact(ctx, func() error {
			current, err := s.present(ctx, c, o, string(a))
			if err != nil {
				return err
			}
			_, err = s.perform(ctx, c, o, m, given{session: s, object: o, attrs: current.Attrs, anchor: a, words: words})
			return err
		})
	})
	return masked(err, words)
}

// masked keeps a password out of an error that quotes the statement's values.
func masked(err error, words map[string]any) error {
	if err == nil {
		return nil
	}
	for _, w := range words {
		if secret := text(w); secret != "" && strings.Contains(err.Error(), secret) {
			return fault.New(fault.KindOf(err), "set the password", "the database's answer shows the password and is not repeated").
				WithHint("run the statement of the section by hand with another password to see it")
		}
	}
	return err
}
