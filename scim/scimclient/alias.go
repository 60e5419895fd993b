package scimclient

import (
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
)

// Callers name the columns that a host shows in its extension byte for byte; on the wire they have the aliases of scim.Alias. The
// client's methods translate: wire names go out, names of columns come back. A name that is its own alias costs a comparison.

// extensionOf returns the column's part of a name in the host's extension.
func extensionOf(attr string) (urn, name string, ok bool) {
	for _, urn := range []string{scim.ECMA2HostURN, scim.ECMA2HostGroupURN} {
		if n := len(urn); len(attr) > n+1 && attr[n] == ':' && strings.EqualFold(attr[:n], urn) {
			return attr[:n+1], attr[n+1:], true
		}
	}
	return "", "", false
}

// wireName returns the name of an attribute on the wire. Where the server shows an attribute with parts (Manager.value), and no column whose
// name has that dot, the parts are meant.
func wireName(rt *scim.ResourceType, attr string) string {
	urn, name, ok := extensionOf(attr)
	if !ok {
		return attr
	}
	alias := scim.Alias(name)
	if alias == name {
		return attr
	}
	if _, shown := rt.Attribute(urn + alias); shown {
		return urn + alias
	}
	if head, _, dotted := strings.Cut(name, "."); dotted && scim.Alias(head) == head {
		if d, shown := rt.Attribute(urn + head); shown && len(d.Sub) > 0 {
			return attr
		}
	}
	return urn + alias
}

// wireAttrs returns the attributes under their names on the wire; the given map stays as it is.
func wireAttrs(rt *scim.ResourceType, attrs entry.Attrs) entry.Attrs {
	same := true
	for name := range attrs {
		same = same && wireName(rt, name) == name
	}
	if same {
		return attrs
	}
	out := make(entry.Attrs, len(attrs))
	for name, vs := range attrs {
		out[wireName(rt, name)] = vs
	}
	return out
}

// wireEdits returns the edits with their names on the wire; the given list stays as it is.
func wireEdits(rt *scim.ResourceType, edits []entry.Edit) []entry.Edit {
	out := edits
	for i, e := range edits {
		alias := wireName(rt, e.Attr)
		if alias == e.Attr {
			continue
		}
		if &out[0] == &edits[0] {
			out = slices.Clone(edits)
		}
		out[i].Attr = alias
	}
	return out
}

// ownNames gives the columns in an object from the server their own names again, in place.
func ownNames(attrs entry.Attrs) {
	var coded []string
	for attr := range attrs {
		if _, name, ok := extensionOf(attr); ok && strings.Contains(name, "_x") {
			coded = append(coded, attr)
		}
	}
	own := make(map[string][]entry.Value, len(coded)) // first all go, then all come: one's own name may be another's alias
	for _, attr := range coded {
		urn, name, _ := extensionOf(attr)
		own[urn+scim.Unalias(name)] = attrs[attr]
		delete(attrs, attr)
	}
	maps.Copy(attrs, own)
}
