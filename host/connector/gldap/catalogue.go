package gldap

import (
	"slices"
	"strings"
)

// catalogue is what a directory's subschema says: its attributes and classes by lower-case name and oid.
type catalogue struct {
	attributes map[string]*attributeType
	classes    map[string]*class
}

// attributeType is one attribute, with what it inherits filled in.
type attributeType struct {
	name        string
	names       []string
	sup         string
	syntax      string
	equality    string
	single      bool
	readOnly    bool
	operational bool
}

// class is one object class.
type class struct {
	name      string
	sup       []string
	kind      string // STRUCTURAL, AUXILIARY, ABSTRACT
	must, may []string
	aux       []string // by content rule
}

// newCatalogue reads the definitions. One that cannot be read is left out: directories have odd ones that nobody uses.
func newCatalogue(attributeTypes, objectClasses, contentRules []string) *catalogue {
	c := &catalogue{attributes: map[string]*attributeType{}, classes: map[string]*class{}}
	for _, s := range attributeTypes {
		if d, err := parseDefinition(s); err == nil {
			c.addAttribute(d)
		}
	}
	for _, a := range c.attributes {
		c.inherit(a, 0)
	}
	for _, s := range objectClasses {
		if d, err := parseDefinition(s); err == nil {
			c.addClass(d)
		}
	}
	for _, s := range contentRules {
		if d, err := parseDefinition(s); err == nil {
			c.addRule(d)
		}
	}
	return c
}

func (c *catalogue) addAttribute(d definition) {
	syntax, _, _ := strings.Cut(d.first("SYNTAX"), "{")
	a := &attributeType{
		name: d.names()[0], names: d.names(), sup: strings.ToLower(d.first("SUP")), syntax: syntax, equality: d.first("EQUALITY"),
		single: d.has("SINGLE-VALUE"), readOnly: d.has("NO-USER-MODIFICATION"),
		operational: d.has("USAGE") && d.first("USAGE") != "userApplications",
	}
	for _, n := range append(d.names(), d.oid) {
		c.attributes[strings.ToLower(n)] = a
	}
}

// inherit takes syntax and matching rule from the attribute above.
func (c *catalogue) inherit(a *attributeType, depth int) {
	up := c.attributes[a.sup]
	if up == nil || depth > 16 {
		return
	}
	c.inherit(up, depth+1)
	if a.syntax == "" {
		a.syntax = up.syntax
	}
	if a.equality == "" {
		a.equality = up.equality
	}
}

func (c *catalogue) addClass(d definition) {
	k := &class{name: d.names()[0], sup: d.fields["SUP"], kind: "STRUCTURAL", must: d.fields["MUST"], may: d.fields["MAY"]}
	for _, kind := range []string{"AUXILIARY", "ABSTRACT"} {
		if d.has(kind) {
			k.kind = kind
		}
	}
	for _, n := range append(d.names(), d.oid) {
		c.classes[strings.ToLower(n)] = k
	}
}

// addRule joins a content rule, which has the oid or the name of its class, to the class.
func (c *catalogue) addRule(d definition) {
	k := c.classes[strings.ToLower(d.oid)]
	if k == nil {
		k = c.classes[strings.ToLower(d.names()[0])]
	}
	if k == nil {
		return
	}
	k.aux = append(k.aux, d.fields["AUX"]...)
	k.must = append(k.must, d.fields["MUST"]...)
	k.may = append(k.may, d.fields["MAY"]...)
}

func (c *catalogue) attribute(name string) *attributeType {
	base, _, _ := strings.Cut(name, ";")
	return c.attributes[strings.ToLower(base)]
}

func (c *catalogue) class(name string) *class { return c.classes[strings.ToLower(name)] }

// chain returns a class with everything above it, top first.
func (c *catalogue) chain(name string) []*class {
	var out []*class
	seen := map[string]bool{}
	var walk func(name string)
	walk = func(name string) {
		k := c.class(name)
		if k == nil || seen[k.name] {
			return
		}
		seen[k.name] = true
		for _, up := range k.sup {
			walk(up)
		}
		out = append(out, k)
	}
	walk(name)
	return out
}

// allowed returns the attributes that the classes demand and those that they allow, by content rules too, without repetitions.
func (c *catalogue) allowed(classes []string) (must, may []string) {
	seen := map[string]bool{}
	take := func(names []string, into *[]string) {
		for _, n := range names {
			if a := c.attribute(n); a != nil && !slices.Contains(*into, a.name) {
				*into = append(*into, a.name)
			}
		}
	}
	var walk func(name string)
	walk = func(name string) {
		for _, k := range c.chain(name) {
			if seen[k.name] {
				continue
			}
			seen[k.name] = true
			take(k.must, &must)
			take(k.may, &may)
			for _, aux := range k.aux {
				walk(aux)
			}
		}
	}
	for _, name := range classes {
		walk(name)
	}
	may = slices.DeleteFunc(may, func(n string) bool { return slices.Contains(must, n) })
	return must, may
}

// isA reports whether a class is another one or stands below it.
func (c *catalogue) isA(name, other string) bool {
	return slices.ContainsFunc(c.chain(name), func(k *class) bool { return strings.EqualFold(k.name, other) })
}
