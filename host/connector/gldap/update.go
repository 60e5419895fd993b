package gldap

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// update is a change of one object, spelled for the directory.
type update struct {
	object   *object
	anchor   connector.Anchor
	from, to dn // to is from unless the object is renamed or moves
	changes  []wire.Change
	password connector.Secret
	folds    map[string]*column // columns of the changes by lower-case name
}

// Update renames the object if the edits ask for it, and then changes its attributes in one request. When that is refused, the name
// is given back.
func (s *session) Update(ctx context.Context, t entry.Type, a connector.Anchor, edits []entry.Edit) (connector.Anchor, error) {
	const op = "update"
	o, err := s.object(t)
	if err != nil {
		return a, fault.Wrap(fault.Invalid, op, err)
	}
	at, raw, err := s.locate(ctx, op, o, a, o.needed(edits)...)
	if err != nil {
		return a, err
	}
	u := update{object: o, anchor: a, from: at, to: at, folds: map[string]*column{}}
	err = s.read(ctx, op, func(ctx context.Context, c *wire.Conn) error {
		u.to, u.changes, u.password = at, nil, connector.Secret{}
		return s.plan(ctx, c, &u, edits, raw)
	})
	if err != nil {
		return a, about(err, at.text())
	}
	err = s.write(ctx, op, func(ctx context.Context, c *wire.Conn) error { return s.carryOut(ctx, c, &u) })
	if err != nil {
		return a, about(err, at.text())
	}
	return s.anchorAfter(ctx, u, edits)
}

// needed are the attributes that planning the edits asks for.
func (o *object) needed(edits []entry.Edit) []string {
	attrs := []string{}
	for _, e := range edits {
		if e.Attr == isEnabled && o.switches != nil {
			attrs = append(attrs, o.switches.wire)
		}
	}
	if o.template != nil && o.touches(edits, o.template.names()) {
		for _, n := range o.template.names() {
			attrs = append(attrs, o.byWire[lower(n)].wire)
		}
	}
	return attrs
}

func (o *object) touches(edits []entry.Edit, names []string) bool {
	return slices.ContainsFunc(edits, func(e entry.Edit) bool {
		c := o.byName[e.Attr]
		return c != nil && slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, c.wire) })
	})
}

// plan turns edits into a new name and changes.
func (s *session) plan(ctx context.Context, c *wire.Conn, u *update, edits []entry.Edit, raw map[string][]string) error {
	order := []string{}
	by := map[string][]entry.Edit{}
	for _, e := range edits {
		if _, ok := by[e.Attr]; !ok {
			order = append(order, e.Attr)
		}
		by[e.Attr] = append(by[e.Attr], e)
	}
	for _, name := range order {
		col, err := u.object.editable(name, by[name])
		if err != nil {
			return err
		}
		if err := s.planColumn(ctx, c, u, col, by[name], raw); err != nil {
			return err
		}
	}
	return s.follow(u, edits, raw)
}

func (o *object) editable(name string, edits []entry.Edit) (*column, error) {
	for _, e := range edits {
		if _, err := o.writable(name, nil); err != nil {
			return nil, err
		}
		if e.Op < entry.Add || e.Op > entry.Remove {
			return nil, invalid(name, "%d is no kind of edit", e.Op)
		}
		if c := o.byName[name]; e.Op == entry.Replace && len(e.Values) > 1 && !c.MultiValued {
			return nil, invalid(name, "%s takes one value, not %d", name, len(e.Values))
		}
	}
	return o.byName[name], nil
}

func (s *session) planColumn(ctx context.Context, c *wire.Conn, u *update, col *column, edits []entry.Edit, raw map[string][]string) error {
	u.folds[lower(col.wire)] = col
	switch {
	case col.form == formName:
		return s.planName(u, edits)
	case col.form == formEnabled:
		return s.planEnabled(u, edits, raw)
	case s.isPassword(col):
		return s.planPassword(c, u, col, edits)
	case !col.MultiValued:
		return s.planSingle(ctx, c, u, col, edits)
	}
	for _, e := range edits {
		texts, err := s.editTexts(ctx, c, col, e)
		if err != nil {
			return err
		}
		switch {
		case e.Op == entry.Replace, e.Op == entry.Remove && len(e.Values) == 0:
			u.replace(s, col, texts)
		case len(texts) == 0:
		case e.Op == entry.Add:
			u.change(wire.ChangeAdd, col, texts...)
			if col == u.object.crowded && s.server.supports[ctlPermissive] {
				u.change(wire.ChangeDelete, col, s.layout.emptyMember)
			}
		default:
			u.change(wire.ChangeDelete, col, texts...)
		}
	}
	return nil
}

// editTexts spells an edit's values. What is to be removed and cannot be there is left out.
func (s *session) editTexts(ctx context.Context, c *wire.Conn, col *column, e entry.Edit) ([]string, error) {
	if e.Op != entry.Remove {
		texts, err := s.texts(ctx, c, col, e.Values)
		return distinct(texts), err
	}
	var names map[string]string
	if col.Type == connector.Reference {
		var err error
		if names, err = s.names(ctx, c, col, e.Values); err != nil {
			return nil, err
		}
	}
	var out []string
	for _, v := range e.Values {
		if names != nil {
			if n := names[plainText(v)]; n != "" {
				out = append(out, n)
			}
		} else if text, err := col.form.encode(v); err == nil {
			out = append(out, text)
		}
	}
	return distinct(out), nil
}

func (u *update) change(op int, col *column, texts ...string) {
	u.changes = append(u.changes, wire.Change{Op: op, Attribute: wire.Attribute{Name: col.wire, Values: texts}})
}

func (u *update) replace(s *session, col *column, texts []string) {
	if len(texts) == 0 && col == u.object.crowded {
		texts = []string{s.layout.emptyMember}
	}
	u.change(wire.ChangeReplace, col, texts...)
}

// planSingle works out the one value that is left in the end.
func (s *session) planSingle(ctx context.Context, c *wire.Conn, u *update, col *column, edits []entry.Edit) error {
	known, now := false, []string{}
	var ifThere []string
	for _, e := range edits {
		texts, err := s.editTexts(ctx, c, col, e)
		if err != nil {
			return err
		}
		switch {
		case e.Op != entry.Remove && len(texts) > 1:
			return invalid(col.Name, "%s takes one value, not %d", col.Name, len(texts))
		case e.Op == entry.Replace || e.Op == entry.Add && len(texts) > 0 || e.Op == entry.Remove && len(e.Values) == 0:
			known, now = true, texts
		case e.Op == entry.Remove && known:
			if len(now) > 0 && slices.ContainsFunc(texts, func(x string) bool { return col.same(x, now[0]) }) {
				now = nil
			}
		case e.Op == entry.Remove:
			ifThere = append(ifThere, texts...)
		}
	}
	switch {
	case known && len(now) == 0 && col.Required:
		return invalid(col.Name, "%s cannot be empty", col.Name).WithHint("give it a value; the class or the DN needs it")
	case known:
		u.change(wire.ChangeReplace, col, now...)
	default:
		for _, text := range ifThere {
			u.change(wire.ChangeDelete, col, text)
		}
	}
	return nil
}

// same reports whether the directory takes two texts of a column for one value.
func (c *column) same(a, b string) bool {
	switch {
	case a == b:
		return true
	case c.Type == connector.Reference && c.ref.by == "":
		return keyOf(a) == keyOf(b)
	case c.CaseExact || c.form != formText:
		return false
	}
	return squeeze(a) == squeeze(b)
}

func (s *session) planPassword(c *wire.Conn, u *update, col *column, edits []entry.Edit) error {
	last := edits[len(edits)-1]
	if last.Op == entry.Remove || len(last.Values) == 0 {
		u.change(wire.ChangeReplace, col)
		return nil
	}
	if s.passwordForm() == "exop" {
		u.password = connector.NewSecret(plainText(last.Values[0]))
		return nil
	}
	text, err := s.spell(c, plainText(last.Values[0]))
	u.change(wire.ChangeReplace, col, text)
	return err
}

// planEnabled changes the bit by value, so that another change at the same moment is not lost.
func (s *session) planEnabled(u *update, edits []entry.Edit, raw map[string][]string) error {
	enabled := true
	for _, e := range edits {
		v := entry.Attrs{isEnabled: e.Values}.First(isEnabled)
		b, ok := v.(bool)
		switch {
		case e.Op == entry.Remove || v == nil:
			continue
		case !ok:
			return invalid(isEnabled, "%s: %v does not fit", isEnabled, short(v))
		}
		enabled = b
	}
	o := u.object
	have := o.values(raw)(o.switches.wire)
	v := o.enabledValue(enabled, have)
	u.folds[lower(o.switches.wire)] = o.switches
	if o.enabling == "pwdAccountLockedTime" && enabled && !isLockedForGood(have) {
		return nil // a lock after wrong passwords is not ours to lift
	}
	if v == nil {
		u.change(wire.ChangeReplace, o.switches)
		return nil
	}
	text, err := o.switches.form.encode(v)
	if err != nil {
		return err
	}
	if old, ok := have.(int64); ok {
		if old != v.(int64) {
			before, _ := o.switches.form.encode(old)
			u.change(wire.ChangeDelete, o.switches, before)
			u.change(wire.ChangeAdd, o.switches, text)
		}
		return nil
	}
	u.change(wire.ChangeReplace, o.switches, text)
	return nil
}

// anchorAfter returns the anchor of the object when it is done.
func (s *session) anchorAfter(ctx context.Context, u update, edits []entry.Edit) (connector.Anchor, error) {
	o := u.object
	if !(o.anchor.form == formName && u.to.key() != u.from.key()) && !o.touches(edits, []string{o.anchor.wire}) {
		return u.anchor, nil
	}
	var found []*entry.Entry
	err := s.read(ctx, "read the anchor", func(ctx context.Context, c *wire.Conn) (err error) {
		found, err = s.byDN(ctx, c, o, u.to.text())
		return err
	})
	if err != nil || len(found) != 1 {
		return u.anchor, &fault.Error{Op: "read the anchor", Kind: fault.Timeout, Err: errors.Join(err, errNoSuch), Hint: "the object was changed; look it up"}
	}
	return connector.Anchor(found[0].ID), nil
}
