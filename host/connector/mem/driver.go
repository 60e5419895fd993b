package mem

import (
	"context"
	"slices"
	"strconv"
	"sync"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// Driver keeps one population per connector name. Sessions opened under one name share it. Make one with New or With.
type Driver struct {
	schema connector.Schema
	mu     sync.Mutex
	stores map[string]*store
}

// New returns a driver whose objects have the attributes of SCIM's core User and Group and the enterprise user (see Schema).
func New() *Driver { return With(Schema()) }

// With returns a driver whose objects follow the schema. A type whose anchor is read-only gets anchors made by the
// driver; otherwise the anchor attributes' own values count.
func With(s connector.Schema) *Driver {
	return &Driver{schema: s, stores: map[string]*store{}}
}

// Name returns "mem".
func (d *Driver) Name() string { return "mem" }

// Settings declares how many made-up people and groups there are at the start.
func (d *Driver) Settings() []connector.Setting {
	return []connector.Setting{
		{Name: "users", Label: "Made-up users", Type: connector.Number, Default: "0", Page: "Connectivity",
			Help: "How many made-up people there are at the start. They take no memory until one is changed."},
		{Name: "groups", Label: "Made-up groups", Type: connector.Number, Default: "0", Page: "Connectivity",
			Help: "How many made-up groups of up to 20 of those people there are at the start."},
		{Name: "batch", Label: "Writes in a batch", Type: connector.Number, Default: "0", Page: "Export",
			Help: "How many writes are taken at once. Memory gains nothing from it; 0 takes them one by one."},
		{Name: "delta", Label: "Changes are known", Type: connector.Check, Default: "true", Page: "Global",
			Help: "Whether what changed can be asked for. Turn it off to see how the host gets by with full imports."},
	}
}

// Capabilities says what sessions can do with the default settings.
func (d *Driver) Capabilities() connector.Capabilities { return can(d.schema, 0, true) }

// can is what a session with the settings can do.
func can(s connector.Schema, batch int, delta bool) connector.Capabilities {
	c := connector.Capabilities{Export: true, Batch: batch, Delta: delta, Deletions: delta, Push: delta, Lookup: true, Partitions: true, Count: true, Test: true, Writers: 1024}
	for _, o := range s.Types {
		for _, a := range o.Attributes {
			c.Password = c.Password || a.WriteOnly
			c.Rename = c.Rename || slices.Contains(o.Anchor, a.Name) && !a.ReadOnly
		}
	}
	c.OldPassword = c.Password
	c.Excuses = excuses(c)
	return c
}

// Open joins the population of config.Name, made by the first Open. fault.Invalid when a number is none.
func (d *Driver) Open(_ context.Context, config connector.Config) (connector.Session, error) {
	users, err := number(config, "users")
	if err != nil {
		return nil, err
	}
	groups, err := number(config, "groups")
	if err != nil {
		return nil, err
	}
	batch, err := number(config, "batch")
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := d.stores[config.Name]
	if !ok {
		s = newStore(d.schema)
		s.seed(users, groups)
		d.stores[config.Name] = s
	}
	return &session{store: s, can: can(d.schema, batch, config.Values["delta"] != "false")}, nil
}

// excuses says why what is missing is.
func excuses(c connector.Capabilities) map[string]string {
	why := map[string]string{
		"batch": "the setting batch is 0", "delta": "the setting delta is off", "deletions": "the setting delta is off", "push": "the setting delta is off",
		"password": "no attribute is write-only", "oldPassword": "no attribute is write-only", "rename": "anchors are made by the driver",
		"hierarchy": "a population is flat",
	}
	for _, a := range c.Abilities() {
		if a.Has {
			delete(why, a.Name)
		}
	}
	return why
}

func number(config connector.Config, name string) (int, error) {
	text := config.Values[name]
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxPeople {
		return 0, fault.New(fault.Invalid, "open", "%s is %q", name, text).
			WithHint("give a whole number from 0 to %d", maxPeople)
	}
	return n, nil
}

// Schema returns what New's objects hold: type User and type Group, anchor "id" made by the driver. Attributes are named
// as in SCIM; those of the enterprise extension by the last part of their name ("department", "manager").
func Schema() connector.Schema {
	id := connector.Attribute{Name: "id", Type: connector.String, ReadOnly: true, Unique: true, CaseExact: true}
	users := []connector.Attribute{id, {Name: "userName", Type: connector.String, Required: true, Unique: true}}
	for _, n := range []string{"externalId", "displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage",
		"locale", "timezone", "employeeNumber", "costCenter", "organization", "division", "department"} {
		users = append(users, connector.Attribute{Name: n, Type: connector.String, CaseExact: n == "externalId"})
	}
	users = append(users,
		connector.Attribute{Name: "active", Type: connector.Boolean},
		connector.Attribute{Name: "password", Type: connector.String, WriteOnly: true, CaseExact: true},
		connector.Attribute{Name: "manager", Type: connector.Reference, RefType: entry.User},
		connector.Attribute{Name: "name", Type: connector.JSON})
	for _, n := range []string{"emails", "phoneNumbers", "ims", "photos", "addresses", "entitlements", "roles", "x509Certificates"} {
		users = append(users, connector.Attribute{Name: n, Type: connector.JSON, MultiValued: true})
	}
	groups := []connector.Attribute{id,
		{Name: "displayName", Type: connector.String, Required: true},
		{Name: "externalId", Type: connector.String, CaseExact: true},
		{Name: "members", Type: connector.Reference, MultiValued: true}}
	return connector.Schema{Types: []connector.ObjectType{
		{Name: entry.User, Anchor: []string{"id"}, Attributes: users},
		{Name: entry.Group, Anchor: []string{"id"}, Attributes: groups},
	}}
}
