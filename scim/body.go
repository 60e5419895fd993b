package scim

import (
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
)

// AppendBody appends the resource as a client sends it in POST or PUT: schemas and every attribute, write-only ones included;
// neither id nor meta nor read-only attributes. rt may be nil or lack attributes: they are written by their structure, those with
// a URN before their name in an object of that URN.
func (rt *ResourceType) AppendBody(dst []byte, r entry.Entry) []byte {
	rt = rt.orBuiltin(r.Type)
	w := writer{rt: rt, want: rt.writable}
	rest := rt.foreign(r.Attrs)
	dst = append(dst, rt.plain...)
	urns := slices.Sorted(maps.Keys(rest))
	for i := range rt.Extensions {
		urn := rt.Extensions[i].ID
		if w.shows(r.Attrs, i+1) && rest[urn] == nil {
			dst = AppendString(append(dst, ','), urn)
		}
	}
	for _, urn := range urns {
		if urn != "" {
			dst = AppendString(append(dst, ','), urn)
		}
	}
	dst = w.attributes(append(dst, ']'), r.Attrs, 0)
	dst = appendForeign(dst, rest[""], r.Attrs)
	for i := range rt.Extensions {
		if rest[rt.Extensions[i].ID] == nil {
			dst = w.extension(dst, r.Attrs, i+1)
		}
	}
	for _, urn := range urns {
		if urn != "" {
			dst = w.foreignObject(dst, urn, rest[urn], r.Attrs)
		}
	}
	return append(dst, '}')
}

// foreign groups the attributes that the type does not know by the URN before their name, in the type's spelling of the URN.
func (rt *ResourceType) foreign(attrs entry.Attrs) map[string][]string {
	var out map[string][]string
	for name, vs := range attrs {
		if f := rt.lookup(name); f != nil && f.name == name || len(vs) == 0 {
			continue
		}
		urn := name[:max(0, strings.LastIndexByte(name, ':'))]
		switch i := rt.schemaOf(urn); {
		case i == 0:
			urn = ""
		case i > 0:
			urn = rt.Extensions[i-1].ID
		}
		if out == nil {
			out = map[string][]string{}
		}
		out[urn] = append(out[urn], name)
	}
	for _, names := range out {
		slices.Sort(names)
	}
	return out
}

// foreignObject writes ,"urn":{…} with what the type knows of the extension and the rest.
func (w *writer) foreignObject(dst []byte, urn string, names []string, attrs entry.Attrs) []byte {
	dst = append(AppendString(append(dst, ','), urn), ':')
	open := len(dst)
	if i := w.rt.schemaOf(urn); i > 0 {
		dst = w.attributes(dst, attrs, i)
	}
	dst = appendForeign(dst, names, attrs)
	dst[open] = '{' // in the place of the first comma
	return append(dst, '}')
}

func appendForeign(dst []byte, names []string, attrs entry.Attrs) []byte {
	for _, name := range names {
		dst = append(dst, ',')
		dst = append(AppendString(dst, name[strings.LastIndexByte(name, ':')+1:]), ':')
		vs := attrs[name]
		if len(vs) == 1 && !looksPlural(vs[0]) {
			dst = AppendValue(dst, vs[0])
			continue
		}
		dst = append(dst, '[')
		for i, v := range vs {
			dst = AppendValue(comma(dst, i), v)
		}
		dst = append(dst, ']')
	}
	return dst
}

// looksPlural guesses whether a lone value belongs to a multi-valued attribute: a reference, or an object with a label.
func looksPlural(v entry.Value) bool {
	switch v := v.(type) {
	case entry.Ref:
		return true
	case entry.Complex:
		return v["type"] != nil || v["primary"] != nil
	}
	return false
}
