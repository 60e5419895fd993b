package scim

import (
	"maps"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
)

// Flatten turns SCIM's nested form into flat path keys as attribute mappings use them: "name.givenName",
// "emails[type eq \"work\"].value", "urn:…:User:department". Simple attributes and references stay as they are.
// A single reference (manager) comes as its plain id under its own name and in parts ("….manager.value").
// Of several elements with one type the first has the key with the type alone, the others are told apart by their value; elements
// without a type have the key "attr.sub", all of them in one list. rt may be nil or lack attributes: they go by their structure.
func Flatten(rt *ResourceType, attrs entry.Attrs) entry.Attrs {
	rt = rt.orBuiltin("")
	out := make(entry.Attrs, len(attrs)+8)
	for name, vs := range attrs {
		f := looseLookup(rt, name)
		switch {
		case len(vs) == 0:
		case !slices.ContainsFunc(vs, isComplex):
			out[name] = vs
		case f != nil && f.multi() || f == nil && (len(vs) > 1 || looksPlural(vs[0])):
			flattenElements(out, name, vs)
		default:
			flattenOne(out, name, vs[0].(entry.Complex), f == nil || f.refs)
		}
	}
	return out
}

func looseLookup(rt *ResourceType, name string) *field {
	return pathParser{rt: rt, loose: true}.lookup(name)
}

func isComplex(v entry.Value) bool { _, ok := v.(entry.Complex); return ok }

func flattenOne(out entry.Attrs, name string, c entry.Complex, refs bool) {
	for sub, v := range c {
		if v != nil {
			out[name+"."+sub] = []entry.Value{v}
		}
	}
	if v := c["value"]; refs && v != nil {
		out[name] = []entry.Value{v}
	}
}

func flattenElements(out entry.Attrs, name string, vs []entry.Value) {
	seen := map[string]bool{}
	var untyped []entry.Complex
	for _, v := range vs {
		c, ok := v.(entry.Complex)
		if !ok {
			out[name] = append(out[name], v)
			continue
		}
		t, _ := c["type"].(string)
		if t == "" {
			untyped = append(untyped, c)
			continue
		}
		key := name + "[type eq " + Quote(t)
		if v := c["value"]; seen[Fold(t)] && v != nil {
			key += " and value eq " + Literal(v)
		}
		seen[Fold(t)] = true
		flattenElement(out, key+"]", c, "type")
	}
	flattenUntyped(out, name, untyped)
}

// flattenElement appends the sub-attributes of an element under its key; one that has nothing but what the key says keeps that.
func flattenElement(out entry.Attrs, key string, c entry.Complex, said string) {
	n := 0
	for sub, v := range c {
		if sub != said && v != nil {
			out[key+"."+sub] = append(out[key+"."+sub], v)
			n++
		}
	}
	if n == 0 && c[said] != nil {
		out[key+"."+said] = append(out[key+"."+said], c[said])
	}
}

// flattenUntyped writes the elements without a type in parallel lists when they are alike, else tells them apart by value.
func flattenUntyped(out entry.Attrs, name string, list []entry.Complex) {
	alike := true
	for _, c := range list {
		alike = alike && (c["value"] == nil || slices.Equal(sortedKeys(c), sortedKeys(list[0])))
	}
	for _, c := range list {
		if alike || c["value"] == nil {
			flattenElement(out, name, c, "")
			continue
		}
		out[name+".value"] = append(out[name+".value"], c["value"])
		rest := maps.Clone(c)
		delete(rest, "value")
		flattenElement(out, name+"[value eq "+Literal(c["value"])+"]", rest, "value")
	}
}
