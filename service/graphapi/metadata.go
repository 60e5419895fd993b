package graphapi

import (
	"encoding/xml"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/service/app/graphschema"
)

// entityTypes are the types of Graph's tree with a key, and the Go type each is written from; nil: the table of properties.
var entityTypes = []struct {
	name string
	set  string // the collection at the root
	from any
}{
	{"user", "users", nil}, {"group", "groups", nil}, {"application", "applications", applicationJSON{}}, {"servicePrincipal", "servicePrincipals", principalJSON{}},
	{"applicationTemplate", "applicationTemplates", templateJSON{}}, {"appRoleAssignment", "", assignmentJSON{}}, {"organization", "organization", organizationJSON{}}, {"domain", "domains", domainJSON{}},
	{"onPremisesPublishingProfile", "onPremisesPublishingProfiles", profileJSON{}}, {"onPremisesAgent", "", agentEntity{}}, {"onPremisesAgentGroup", "", agentGroupEntity{}},
	{"publishedResource", "", publishedResourceJSON{}}, {"synchronizationJob", "", jobJSON{}}, {"synchronizationTemplate", "", jobTemplateJSON{}},
	{"directoryDefinition", "", graphschema.Directory{}}, {"provisioningObjectSummary", "", summaryJSON{}},
}

// csdl is what is written of OData CSDL XML 4.0: types and entity sets.
type csdl struct {
	XMLName xml.Name   `xml:"edmx:Edmx"`
	Version string     `xml:"Version,attr"`
	Edmx    string     `xml:"xmlns:edmx,attr"`
	Schema  csdlSchema `xml:"edmx:DataServices>Schema"`
}

type csdlSchema struct {
	Namespace string        `xml:"Namespace,attr"`
	Alias     string        `xml:"Alias,attr"`
	XMLNS     string        `xml:"xmlns,attr"`
	Entities  []csdlType    `xml:"EntityType"`
	Complex   []csdlType    `xml:"ComplexType"`
	Container csdlContainer `xml:"EntityContainer"`
}

type csdlType struct {
	Name       string         `xml:"Name,attr"`
	Open       bool           `xml:"OpenType,attr,omitempty"`
	Key        *csdlKey       `xml:"Key"`
	Properties []csdlProperty `xml:"Property"`
}

type csdlKey struct {
	Ref struct {
		Name string `xml:"Name,attr"`
	} `xml:"PropertyRef"`
}

type csdlProperty struct {
	Name     string `xml:"Name,attr"`
	Type     string `xml:"Type,attr"`
	Nullable string `xml:"Nullable,attr,omitempty"`
}

type csdlContainer struct {
	Name string    `xml:"Name,attr"`
	Sets []csdlSet `xml:"EntitySet"`
}

type csdlSet struct {
	Name string `xml:"Name,attr"`
	Type string `xml:"EntityType,attr"`
}

// metadata answers $metadata: a trimmed CSDL of the types that are served.
func metadata(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/xml")
	_, err := w.Write(metadataText())
	return ignoreGone(err)
}

var metadataText = sync.OnceValue(func() []byte {
	d := csdlDocument{complex: map[string]csdlType{}}
	for _, t := range entityTypes {
		d.entity(t.name, t.from)
		if t.set != "" {
			d.sets = append(d.sets, csdlSet{t.set, graphPrefix + t.name})
		}
	}
	text, err := xml.MarshalIndent(d.document(), "", "  ")
	if err != nil {
		return nil // plain structs of texts
	}
	return append([]byte(xml.Header), text...)
})

type csdlDocument struct {
	entities []csdlType
	complex  map[string]csdlType
	sets     []csdlSet
}

func (d *csdlDocument) document() csdl {
	s := csdlSchema{Namespace: "microsoft.graph", Alias: "graph", XMLNS: "http://docs.oasis-open.org/odata/ns/edm", Entities: d.entities, Container: csdlContainer{"GraphService", d.sets}}
	for _, t := range d.complex {
		s.Complex = append(s.Complex, t)
	}
	slices.SortFunc(s.Complex, func(x, y csdlType) int { return strings.Compare(x.Name, y.Name) })
	return csdl{Version: "4.0", Edmx: "http://docs.oasis-open.org/odata/ns/edmx", Schema: s}
}

// entity adds a type with a key.
func (d *csdlDocument) entity(name string, from any) {
	t := csdlType{Name: name, Open: from == nil, Key: &csdlKey{}}
	t.Key.Ref.Name = "id"
	if from != nil {
		t.Properties = d.fields(reflect.TypeOf(from))
	} else {
		t.Properties = d.table(map[string]*shape{"user": users, "group": groups}[name])
	}
	d.entities = append(d.entities, t)
}

// table describes users and groups by their properties.
func (d *csdlDocument) table(s *shape) []csdlProperty {
	out := []csdlProperty{{"id", "Edm.String", "false"}}
	for _, p := range s.properties {
		kind := map[sort]string{text: "Edm.String", texts: "Collection(Edm.String)", flag: "Edm.Boolean", instant: "Edm.DateTimeOffset", nested: graphPrefix + p.name}[p.sort]
		if p.sort == nested {
			c := csdlType{Name: p.name}
			for _, inner := range p.inner {
				c.Properties = append(c.Properties, csdlProperty{inner, "Edm.String", ""})
			}
			d.complex[p.name] = c
		}
		out = append(out, csdlProperty{p.name, kind, ""})
	}
	return out
}

// fields describes a struct as encoding/json writes it.
func (d *csdlDocument) fields(t reflect.Type) []csdlProperty {
	var out []csdlProperty
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" || strings.Contains(name, "@") {
			continue
		}
		kind, nullable := d.kind(f.Type, name)
		out = append(out, csdlProperty{name, kind, nullable})
	}
	return out
}

func (d *csdlDocument) kind(t reflect.Type, name string) (kind, nullable string) {
	switch {
	case t.Kind() == reflect.Pointer:
		kind, _ = d.kind(t.Elem(), name)
		return kind, ""
	case t == reflect.TypeFor[time.Time]():
		return "Edm.DateTimeOffset", "false"
	case t == reflect.TypeFor[graphschema.Flags]():
		return "Edm.String", "false"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "Edm.Boolean", "false"
	case reflect.Int, reflect.Int64:
		return "Edm.Int64", "false"
	case reflect.Int32:
		return "Edm.Int32", "false"
	case reflect.Slice:
		inner, _ := d.kind(t.Elem(), name)
		return "Collection(" + inner + ")", "false"
	case reflect.Struct:
		return graphPrefix + d.complexType(t), "false"
	case reflect.Map, reflect.Interface:
		return "Edm.Untyped", ""
	}
	return "Edm.String", "false"
}

// complexType adds a struct that stands inside others, under its own name; a type with a key is named as that.
func (d *csdlDocument) complexType(t reflect.Type) string {
	for _, e := range entityTypes {
		if e.from != nil && reflect.TypeOf(e.from) == t {
			return e.name
		}
	}
	name := strings.ToLower(t.Name()[:1]) + strings.TrimSuffix(t.Name()[1:], "JSON")
	if _, known := d.complex[name]; !known {
		d.complex[name] = csdlType{Name: name} // before its fields, which may lead back to it
		c := csdlType{Name: name, Properties: d.fields(t)}
		d.complex[name] = c
	}
	return name
}
