package gldap

import (
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// Names of attributes that are ours.
const (
	nameDN    = "-dn-"           // the object's DN
	isEnabled = "accountEnabled" // whether the account may be used
)

// object is an object type, as configured and as the server's schema has it.
type object struct {
	name     entry.Type
	classes  []string // what a new object is: the structural class and the auxiliary ones
	filter   wire.Filter
	template *template
	columns  []*column
	byName   map[string]*column // by name, exactly
	byWire   map[string]*column // by lower-case name in the directory
	anchor   *column
	ask      []string // what reads ask for
	switches *column  // what accountEnabled stands for; nil = nothing
	enabling string   // which kind of switch
	crowded  *column  // members, of a class that may not be empty; nil = it may
}

// column is one attribute.
type column struct {
	connector.Attribute
	wire string // in the directory
	form form
	ref  refSpec
}

// implied are attributes that Active Directory's classes demand and that it fills itself.
var implied = []string{"objectclass", "instancetype", "ntsecuritydescriptor", "objectcategory", "objectsid", "samaccountname", "grouptype"}

// bookkeeping are attributes of Active Directory that change with every write or login and say nothing of the object.
var bookkeeping = map[string]bool{
	"usnchanged": true, "usncreated": true, "whenchanged": true, "dscorepropagationdata": true, "replpropertymetadata": true, "repluptodatevector": true,
	"lastlogon": true, "lastlogoff": true, "lastlogontimestamp": true, "logoncount": true, "badpwdcount": true, "badpasswordtime": true,
	"usnlastobjrem": true, "usnintersite": true, "usndsalastobjremoved": true, "usnsource": true, "ntsecuritydescriptor": true,
}

// builder makes objects of types.
type builder struct {
	layout *layout
	server *server
	cat    *catalogue
}

func (b builder) object(t typeSpec) (*object, error) {
	structural := b.cat.class(t.class)
	if structural == nil {
		return nil, b.noClass("types", t.class)
	}
	if structural.kind == "AUXILIARY" {
		return nil, fault.New(fault.Invalid, "read the settings", "%s is an auxiliary class", t.class).About("types").WithHint("name a structural class; auxiliary ones belong into auxiliaries")
	}
	o := &object{name: t.name, classes: []string{structural.name}, template: t.template, byName: map[string]*column{}, byWire: map[string]*column{}}
	for _, aux := range t.auxiliaries {
		if b.cat.class(aux) == nil {
			return nil, b.noClass("auxiliaries", aux)
		}
		o.classes = append(o.classes, b.cat.class(aux).name)
	}
	if err := b.filter(o, t); err != nil {
		return nil, err
	}
	if err := b.attributes(o, t); err != nil {
		return nil, err
	}
	if err := b.special(o, t); err != nil {
		return nil, err
	}
	slices.SortFunc(o.columns, func(a, b *column) int { return strings.Compare(a.Name, b.Name) })
	return o, nil
}

func (b builder) noClass(setting, class string) error {
	return fault.New(fault.Invalid, "read the settings", "the server's schema has no class %q", class).About(setting).
		WithHint("correct the spelling, or load the schema on the server")
}

// filter is what tells the type's objects from others.
func (b builder) filter(o *object, t typeSpec) error {
	parts := []wire.Filter{wire.Equal("objectClass", o.classes[0])}
	if b.server.windows() && strings.EqualFold(o.classes[0], "user") && t.filter == "" && b.server.brand == active {
		parts = append(parts, wire.Equal("objectCategory", "person")) // computers are users there
	}
	if t.filter != "" {
		f, err := compileFilter(t.filter)
		if err != nil {
			return fault.New(fault.Invalid, "read the settings", "the filter %s of %s: %w", t.filter, t.name, err).About("types").
				WithHint("write a filter as RFC 4515 says: (employeeType=staff)")
		}
		parts = append(parts, f)
	}
	o.filter = wire.And(parts...)
	return nil
}

// attributes makes the columns that the schema offers and the configuration wants.
func (b builder) attributes(o *object, t typeSpec) error {
	must, may := b.cat.allowed(o.classes)
	wanted := t.attributes
	if len(wanted) == 0 {
		wanted = slices.DeleteFunc(slices.Concat(must, may), func(n string) bool { return bookkeeping[lower(n)] && !b.layout.operational })
		o.ask = []string{"*"}
	}
	if b.layout.operational {
		wanted = append(slices.Clone(wanted), b.operational()...)
	}
	for _, name := range wanted {
		a := b.cat.attribute(name)
		if a == nil {
			return fault.New(fault.Invalid, "read the settings", "the server's schema has no attribute %q", name).About("attributes").
				WithHint("correct the spelling, or load the schema on the server")
		}
		b.column(o, t, a, name)
	}
	for _, c := range o.columns {
		if slices.Contains(must, c.wire) && !slices.Contains(implied, strings.ToLower(c.wire)) {
			c.Required = true
		}
		if t.template != nil && slices.ContainsFunc(t.template.names(), func(n string) bool { return strings.EqualFold(n, c.wire) }) {
			c.Required = true
		}
		if c.Required && c.Type == connector.Reference && c.MultiValued {
			c.Required, o.crowded = false, c // the placeholder fills it
		}
	}
	return nil
}

func (b builder) operational() []string {
	var out []string
	for _, name := range []string{"createTimestamp", "modifyTimestamp", "creatorsName", "modifiersName", "memberOf", "entryDN", "pwdChangedTime"} {
		if a := b.cat.attribute(name); a != nil {
			out = append(out, a.name)
		}
	}
	return out
}

// column adds an attribute under the name it was asked for, or the one that the schema gives.
func (b builder) column(o *object, t typeSpec, a *attributeType, asked string) *column {
	name := a.name
	if strings.Contains(asked, ";") {
		name = asked
	} else if certificates[a.syntax] && !b.server.windows() {
		name += ";binary"
	}
	if c := o.byWire[strings.ToLower(name)]; c != nil {
		return c
	}
	key := strings.ToLower(a.name)
	f := formOf(a)
	if want, ok := b.layout.dataTypes[key]; ok {
		f = formFor(want, f)
	}
	if f == formTime && b.server.windows() {
		f = formADTime
	}
	c := &column{wire: name, form: f}
	c.ref, f = b.reference(t, key, f)
	c.form = f
	c.Attribute = connector.Attribute{
		Name: name, Type: dataTypes[f], MultiValued: !a.single && !b.layout.single[key], ReadOnly: a.readOnly || a.operational && !strings.HasPrefix(key, "pwd"),
		CaseExact: exact(a, f), WriteOnly: secret[key], Unique: b.unique(t, key),
	}
	if key == "memberof" {
		c.ReadOnly = true // the back-link of member
	}
	if c.Type == connector.Reference && len(c.ref.types) == 1 {
		c.RefType = c.ref.types[0]
	}
	o.add(c)
	if len(o.ask) == 0 || o.ask[0] != "*" || a.operational {
		o.ask = append(o.ask, name)
	}
	return c
}

func (o *object) add(c *column) {
	o.columns = append(o.columns, c)
	o.byName[c.Name] = c
	o.byWire[strings.ToLower(c.wire)] = c
}

// toPeople are attributes that point to a person by custom.
var toPeople = map[string]bool{"manager": true, "secretary": true, "assistant": true}

func (b builder) reference(t typeSpec, key string, f form) (refSpec, form) {
	if s, ok := b.layout.refs[strings.ToLower(string(t.name))+"."+key]; ok {
		switch {
		case s.by != "":
			return s, formBy
		case dataTypes[f] != connector.Reference:
			return s, formDN
		}
		return s, f
	}
	if toPeople[key] && dataTypes[f] == connector.Reference {
		for _, other := range b.layout.types {
			if other.name == entry.User || b.cat.isA(other.class, "person") {
				return refSpec{types: []entry.Type{other.name}}, f
			}
		}
	}
	return refSpec{}, f
}

// unique reports whether the server refuses a second object of the type with the same value.
func (b builder) unique(t typeSpec, key string) bool {
	switch key {
	case "entryuuid", "objectguid", "nsuniqueid", "guid", "objectsid":
		return true
	case "samaccountname":
		return b.server.brand == active
	}
	return t.template != nil && strings.EqualFold(t.template.unique(), key)
}

// special adds the DN, the anchor and accountEnabled.
func (b builder) special(o *object, t typeSpec) error {
	o.add(&column{wire: nameDN, form: formName, Attribute: connector.Attribute{Name: nameDN, Type: connector.String, Unique: true}})
	if err := b.anchor(o, t); err != nil {
		return err
	}
	b.enabled(o, t)
	if t.template != nil {
		for _, n := range t.template.names() {
			if c := o.byWire[strings.ToLower(n)]; c == nil || c.MultiValued || c.form == formName {
				return fault.New(fault.Invalid, "read the settings", "the DN of %s is made of %q, which is no single-valued attribute of it", t.name, n).About("dn").
					WithHint("use an attribute of the type, and list it in singleValued where the schema allows several values")
			}
		}
	}
	return nil
}

func (b builder) anchor(o *object, t typeSpec) error {
	name := t.anchor
	for _, known := range []string{"objectGUID", "entryUUID", "nsUniqueId", "GUID"} {
		right := map[string]bool{"objectGUID": b.server.windows(), "entryUUID": b.server.brand != dirsrv && !b.server.windows(), "nsUniqueId": b.server.brand == dirsrv, "GUID": b.server.brand == eDir}
		if name == "" && right[known] && b.cat.attribute(known) != nil {
			name = known
		}
	}
	if name == "" || name == nameDN {
		o.anchor = o.byName[nameDN]
		return nil
	}
	a := b.cat.attribute(name)
	if a == nil {
		return fault.New(fault.Invalid, "read the settings", "the server's schema has no attribute %q", name).About("anchors").WithHint("choose another anchor, such as entryUUID")
	}
	o.anchor = b.column(o, t, a, a.name)
	o.anchor.MultiValued, o.anchor.Unique, o.anchor.CaseExact = false, true, true
	if o.anchor.Type == connector.Reference || o.anchor.WriteOnly {
		return fault.New(fault.Invalid, "read the settings", "%s cannot be an anchor", name).About("anchors")
	}
	return nil
}

// enabled adds accountEnabled where something stands behind it.
func (b builder) enabled(o *object, t typeSpec) {
	kind := b.layout.enabledBy
	if kind == "auto" {
		kind = map[brand]string{active: "userAccountControl", adLDS: "msDS-UserAccountDisabled", dirsrv: "nsAccountLock"}[b.server.brand]
		if b.server.brand == openLDAP && b.server.supports[ctlPolicy] {
			kind = "pwdAccountLockedTime"
		}
	}
	a := b.cat.attribute(kind)
	account := b.cat.isA(t.class, "person") || b.cat.isA(t.class, "user") || b.cat.isA(t.class, "account")
	if a == nil || !account || o.byName[isEnabled] != nil {
		return
	}
	o.switches = b.column(o, t, a, a.name)
	o.enabling = kind
	if kind == "pwdAccountLockedTime" { // its special value is no point in time
		o.switches.form, o.switches.Type, o.switches.ReadOnly = formText, connector.String, true
	}
	c := &column{wire: isEnabled, form: formEnabled, Attribute: connector.Attribute{Name: isEnabled, Type: connector.Boolean}}
	o.add(c)
	if !slices.Contains(o.ask, a.name) && o.ask[0] == "*" {
		o.ask = append(o.ask, a.name) // operational
	}
}

// schema is how the host sees the type.
func (o *object) schema() connector.ObjectType {
	t := connector.ObjectType{Name: o.name, Anchor: []string{o.anchor.Name}, DN: nameDN}
	for _, c := range o.columns {
		t.Attributes = append(t.Attributes, c.Attribute)
	}
	return t
}
