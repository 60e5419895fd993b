package config

import (
	"context"
	"errors"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/binding"
	"github.com/sallyport-id/sallyport/host/connector"
)

// Check does what Validate does and then opens every connector: it finds unreachable targets, refused credentials, and object types
// and attributes that the target does not have. It changes nothing. Mistakes come together, as from Load.
func (c Config) Check(ctx context.Context, drivers map[string]connector.Driver) error {
	if err := c.Validate(drivers); err != nil {
		return err
	}
	var errs []error
	for _, x := range c.Connectors {
		errs = append(errs, c.check(ctx, x, drivers[x.Kind]))
	}
	return errors.Join(errs...)
}

func (c Config) check(ctx context.Context, x Connector, d connector.Driver) error {
	settings, err := c.Open(x, d)
	if err != nil {
		return err
	}
	session, err := d.Open(ctx, settings)
	if err != nil {
		return c.at(x, []any{"settings"}, err)
	}
	defer session.Close()
	if t, ok := session.(connector.Tester); ok {
		if err := t.Test(ctx); err != nil {
			return c.at(x, []any{"settings"}, err)
		}
	}
	schema, err := session.Schema(ctx)
	if err != nil {
		return c.at(x, []any{"settings"}, err)
	}
	_, err = c.Bind(x, schema, connector.CapabilitiesOf(session).Password)
	return err
}

// Bind ties each configured object to the target's schema, users first. password says that the connector sets passwords as a step of
// its own. Errors point into the file.
func (c Config) Bind(x Connector, schema connector.Schema, password bool) ([]*binding.Binding, error) {
	var out []*binding.Binding
	var errs []error
	for _, o := range x.Objects {
		b, err := c.bind(x, o, schema, password)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, b)
	}
	return out, errors.Join(errs...)
}

func (c Config) bind(x Connector, o Object, schema connector.Schema, password bool) (*binding.Binding, error) {
	at := []any{"objects", string(o.Type)}
	object, ok := schema.Type(o.Object)
	if !ok {
		var known []string
		for _, t := range schema.Types {
			known = append(known, string(t.Name))
		}
		return nil, c.wrong(x, append(at, "object"), "the target has no object type %q", o.Object).
			WithHint("%s", suggest(string(o.Object), known, "use one of: "+listed(known)))
	}
	_, groups := x.Object(entry.Group)
	spec := binding.Spec{
		Type: o.Type, Attributes: o.Attributes, Core: o.Core, Match: o.Match, Anchor: o.Anchor, DN: o.DN,
		Flows: x.flowAttributes(o.Type), Password: password, Groups: groups && o.Type == entry.User,
	}
	b, err := binding.New(spec, object)
	if err == nil {
		err = x.checkFlows(b)
	}
	if err != nil {
		return nil, c.place(x, o, err)
	}
	return b, nil
}

func (x Connector) flowAttributes(t entry.Type) []string {
	if t != entry.User {
		return nil
	}
	var names []string
	if x.Deprovision.Disable == FlowSet {
		names = append(names, x.Deprovision.Attribute)
	}
	if x.Deprovision.Delete == FlowSet {
		names = append(names, x.Deprovision.DeleteAttribute)
	}
	return names
}

func (x Connector) checkFlows(b *binding.Binding) error {
	d := x.Deprovision
	if b.Type() != entry.User {
		return nil
	}
	var errs []error
	for _, v := range []struct {
		on           bool
		column, text string
	}{
		{d.Disable == FlowSet, d.Attribute, d.Value}, {d.Disable == FlowSet && d.Restore != "", d.Attribute, d.Restore},
		{d.Delete == FlowSet, d.DeleteAttribute, d.DeleteValue},
	} {
		if v.on {
			_, err := b.Value(v.column, v.text)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// place points a binding's error to the line that names the attribute it is about.
func (c Config) place(x Connector, o Object, err error) error {
	about := ""
	if f, ok := errors.AsType[*fault.Error](err); ok {
		about = f.Object
		bare := *f
		bare.Op, bare.Object = "", ""
		err = &bare
	}
	at := []any{"objects", string(o.Type)}
	core := ""
	for path, column := range o.Core {
		if path == about || column == about {
			core = path
		}
	}
	switch {
	case slices.Contains(x.flowAttributes(o.Type), about):
		at = []any{"deprovision", flowKey(x.Deprovision, about)}
	case core != "":
		at = append(at, "core", core)
	case slices.Contains(o.Attributes, about):
		at = append(at, "attributes", slices.Index(o.Attributes, about))
	case slices.Contains(o.Match, about):
		at = append(at, "match", slices.Index(o.Match, about))
	case slices.Contains(o.Anchor, about):
		at = append(at, "anchor")
	case o.DN == about:
		at = append(at, "dn")
	}
	return c.at(x, at, err)
}

func flowKey(d Deprovision, about string) string {
	if about == d.Attribute {
		return "attribute"
	}
	return "deleteAttribute"
}
