package gldap

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// draft is an object to be made.
type draft struct {
	object   *object
	name     dn
	attrs    []wire.Attribute
	password connector.Secret // set as a step of its own
}

// Create makes the object where its -dn-, or the DN line of its type, puts it, and reads it back in the same breath where the
// server can.
func (s *session) Create(ctx context.Context, e entry.Entry) (entry.Entry, error) {
	const op = "create"
	o, err := s.object(e.Type)
	if err != nil {
		return entry.Entry{}, fault.Wrap(fault.Invalid, op, err)
	}
	var d draft
	err = s.read(ctx, op, func(ctx context.Context, c *wire.Conn) (err error) {
		d, err = s.draft(ctx, c, o, e.Attrs)
		return err
	})
	if err != nil {
		return entry.Entry{}, err
	}
	var made *entry.Entry
	err = s.write(ctx, op, func(ctx context.Context, c *wire.Conn) (err error) {
		made, err = s.add(ctx, c, d)
		return err
	})
	if err != nil {
		return entry.Entry{}, about(err, d.name.text())
	}
	s.learned(made.ID)
	return *made, nil
}

// about names the object of a fault that names none.
func about(err error, object string) error {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Object == "" {
		return f.About(object)
	}
	return err
}

// draft checks an object and spells it as the directory wants it.
func (s *session) draft(ctx context.Context, c *wire.Conn, o *object, attrs entry.Attrs) (draft, error) {
	d := draft{object: o}
	var err error
	if d.name, err = s.place(o, attrs); err != nil {
		return d, err
	}
	classes := slices.Clone(o.classes)
	have := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		vs := attrs[name]
		col, err := o.writable(name, vs)
		if err != nil {
			return d, err
		}
		switch {
		case len(vs) == 0 || col.form == formName || col.form == formEnabled:
			continue
		case lower(col.wire) == "objectclass":
			for _, v := range vs {
				if n := plainText(v); !slices.ContainsFunc(classes, func(c string) bool { return strings.EqualFold(c, n) }) {
					classes = append(classes, n)
				}
			}
			continue
		case s.isPassword(col):
			if err := s.draftPassword(&d, c, col, plainText(vs[0]), have); err != nil {
				return d, err
			}
			continue
		}
		texts, err := s.texts(ctx, c, col, vs)
		if err != nil {
			return d, err
		}
		have[lower(col.wire)] = true
		d.attrs = append(d.attrs, wire.Attribute{Name: col.wire, Values: distinct(texts)})
	}
	d.attrs = append(d.attrs, wire.Attribute{Name: "objectClass", Values: classes})
	s.complement(&d, attrs, have)
	return d, s.draftEnabled(&d, c, attrs, have)
}

// place returns where a new object goes.
func (s *session) place(o *object, attrs entry.Attrs) (dn, error) {
	if text := plainText(attrs.First(nameDN)); text != "" {
		d, err := parseDN(text)
		if err != nil {
			return nil, err
		}
		return d, inside(d, s.layout.bases)
	}
	if o.template == nil {
		return nil, invalid(nameDN, "nothing says where the new object goes").WithHint("map a DN to -dn-, or give the type a line in the setting dn")
	}
	d, err := o.template.make(func(name string) entry.Value { return attrs.First(o.byWire[lower(name)].Name) })
	if err != nil {
		return nil, err
	}
	return d, inside(d, s.layout.bases)
}

// writable returns the column if it can be written with so many values.
func (o *object) writable(name string, vs []entry.Value) (*column, error) {
	c := o.byName[name]
	switch {
	case c == nil:
		return nil, invalid(name, "%s has no attribute %q", o.name, name).WithHint("correct the mapping, or add an auxiliary class that allows it")
	case c.ReadOnly:
		return nil, invalid(name, "the directory makes the value of %s itself", name).WithHint("take it out of the mapping")
	case len(vs) > 1 && !c.MultiValued:
		return nil, invalid(name, "%s takes one value, not %d", name, len(vs))
	}
	return c, nil
}

// texts spells the values of a column.
func (s *session) texts(ctx context.Context, c *wire.Conn, col *column, vs []entry.Value) ([]string, error) {
	var names map[string]string
	if col.Type == connector.Reference {
		var err error
		if names, err = s.names(ctx, c, col, vs); err != nil {
			return nil, err
		}
	}
	out := make([]string, 0, len(vs))
	for _, v := range vs {
		text, err := "", error(nil)
		if names != nil {
			text, err = point(col, names, v)
		} else if text, err = col.form.encode(v); err != nil {
			err = invalid(col.Name, "%s: %w", col.Name, err).WithHint("correct the value or the mapping: %s holds %s", col.Name, col.Type)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}

func distinct(vs []string) []string {
	seen := make(map[string]bool, len(vs))
	return slices.DeleteFunc(vs, func(v string) bool {
		twice := seen[v]
		seen[v] = true
		return twice
	})
}

// complement adds the attributes that name the entry, and the member of an empty group.
func (s *session) complement(d *draft, attrs entry.Attrs, have map[string]bool) {
	for _, a := range d.name[0] {
		if !have[lower(a.attr)] {
			have[lower(a.attr)] = true
			d.attrs = append(d.attrs, wire.Attribute{Name: a.attr, Values: []string{a.value}})
		}
	}
	if m := d.object.crowded; m != nil && !have[lower(m.wire)] {
		d.attrs = append(d.attrs, wire.Attribute{Name: m.wire, Values: []string{s.layout.emptyMember}})
	}
}

// add makes the entry and returns it as the directory holds it.
func (s *session) add(ctx context.Context, c *wire.Conn, d draft) (*entry.Entry, error) {
	m := s.addition(d)
	r, err := c.Do(ctx, m.Request, m.Controls...)
	if refused, ok := errors.AsType[*wire.Refused](err); ok && refused.Code == wire.NoSuchObject {
		if err := s.missingContainer(ctx, c, d.name.parent(), err); err != nil {
			return nil, err
		}
		r, err = c.Do(ctx, m.Request, m.Controls...)
	}
	if err != nil {
		return nil, err
	}
	return s.made(ctx, c, d, r)
}

// addition is the request that makes the entry.
func (s *session) addition(d draft) wire.Message {
	m := wire.Message{Request: wire.Add{DN: d.name.text(), Attrs: d.attrs}}
	if s.server.supports[ctlPostRead] {
		m.Controls = []wire.Control{{OID: ctlPostRead, Value: wire.Sequence(func(v *wire.Values) {
			for _, a := range d.object.ask {
				v.Octets(a)
			}
		})}}
	}
	return m
}

// made sets the password of a new entry, when that is a step of its own, and reads the entry.
func (s *session) made(ctx context.Context, c *wire.Conn, d draft, r wire.Result) (*entry.Entry, error) {
	if !d.password.IsZero() {
		if err := s.passwd(ctx, c, d.name.text(), connector.Secret{}, d.password); err != nil {
			if undo := s.remove(ctx, c, d.name.text(), nil); undo != nil {
				return nil, fault.Wrap(fault.Partial, "create", errors.Join(err, undo))
			}
			return nil, err
		}
	}
	if e, ok := s.postRead(ctx, d.object, r); ok {
		return e, nil
	}
	found, err := s.byDN(ctx, c, d.object, d.name.text())
	if err == nil && len(found) == 1 {
		err = s.resolver(&s.main).resolve(ctx, d.object, found)
	}
	switch {
	case err != nil:
		return nil, &fault.Error{Op: "read the new object", Kind: fault.Timeout, Err: err, Hint: "it was created; look it up"}
	case len(found) != 1:
		return nil, fault.New(fault.Conflict, "read the new object", "%s was created, but is not among the objects of the type %s", d.name.text(), d.object.name).
			WithHint("the type's filter must let new objects through, and the account must be able to read them")
	}
	return found[0], nil
}

// postRead takes the entry from the answer that made it (RFC 4527).
func (s *session) postRead(ctx context.Context, o *object, r wire.Result) (*entry.Entry, bool) {
	value := r.Control(ctlPostRead)
	if value == nil {
		return nil, false
	}
	raw, err := wire.ParseEntry(value)
	if err != nil {
		return nil, false
	}
	e, err := s.take(ctx, o, raw)
	if err != nil || e == nil {
		return nil, false
	}
	return e, s.resolver(&s.main).resolve(ctx, o, []*entry.Entry{e}) == nil
}

// containerClasses are what a missing container becomes, by the attribute that names it.
var containerClasses = map[string]string{"ou": "organizationalUnit", "o": "organization", "cn": "container", "c": "country", "l": "locality"}

// missingContainer makes the container of a new entry, and those above it that are missing too, if that is allowed.
func (s *session) missingContainer(ctx context.Context, c *wire.Conn, at dn, cause error) error {
	if !s.layout.createContainers {
		return &fault.Error{Op: "create", Kind: fault.Invalid, Err: cause, Object: at.text(), Hint: "the container does not exist: create it, set createContainers, or correct the setting dn"}
	}
	if inside(at, s.layout.bases) != nil || len(at[0]) != 1 || containerClasses[lower(at[0][0].attr)] == "" {
		return &fault.Error{Op: "create the container", Kind: fault.Invalid, Err: cause, Object: at.text(), Hint: "create this container yourself: it is none that is made automatically"}
	}
	part := at[0][0]
	class := containerClasses[lower(part.attr)]
	if class == "container" && !s.server.windows() {
		class = "applicationProcess"
	}
	add := wire.Add{DN: at.text(), Attrs: []wire.Attribute{{Name: "objectClass", Values: []string{"top", class}}, {Name: part.attr, Values: []string{part.value}}}}
	_, err := c.Do(ctx, add)
	refused, ok := errors.AsType[*wire.Refused](err)
	switch {
	case ok && refused.Code == wire.EntryExists:
		return nil
	case ok && refused.Code == wire.NoSuchObject:
		if err := s.missingContainer(ctx, c, at.parent(), err); err != nil {
			return err
		}
		_, err = c.Do(ctx, add)
	}
	return err
}
