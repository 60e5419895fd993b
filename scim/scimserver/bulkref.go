package scimserver

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
)

// bulkPrefix begins a reference to a resource that another operation of the same request makes (RFC 7644 §3.7.2).
const bulkPrefix = "bulkId:"

// references returns the bulkIds that an operation refers to in its path and in the strings of its data, each once.
func references(op *operation) []string {
	var refs []string
	note := func(id string) (string, bool) {
		if !slices.Contains(refs, id) {
			refs = append(refs, id)
		}
		return "", false
	}
	rewrite(op.Path, note)
	eachString(op.Data, func(s string) (string, bool) { return rewrite(s, note) })
	return refs
}

// rewrite replaces every bulkId:NAME in s by what f returns for NAME. A string that is nothing but a reference may hold any
// name; inside a path or filter the name ends at the first character that cannot be part of one.
func rewrite(s string, f func(name string) (id string, ok bool)) (string, bool) {
	at := strings.Index(s, bulkPrefix)
	if at < 0 {
		return s, false
	}
	if at == 0 {
		if id, ok := f(s[len(bulkPrefix):]); ok {
			return id, true
		}
	}
	var b strings.Builder
	changed := false
	for at >= 0 {
		rest := s[at+len(bulkPrefix):]
		end := strings.IndexAny(rest, "\"\\/?]) ")
		if end < 0 {
			end = len(rest)
		}
		id, ok := f(rest[:end])
		if !ok {
			id = bulkPrefix + rest[:end]
		}
		changed = changed || ok
		b.WriteString(s[:at])
		b.WriteString(id)
		s = rest[end:]
		at = strings.Index(s, bulkPrefix)
	}
	b.WriteString(s)
	return b.String(), changed
}

// eachString calls f with every string of a JSON text, keys included, that may hold a reference, and returns the text with
// those replaced for which f returns true. The text itself is not checked; whoever decodes it does.
func eachString(text []byte, f func(string) (string, bool)) []byte {
	if !bytes.Contains(text, []byte(bulkPrefix)) {
		return text
	}
	out := make([]byte, 0, len(text)+64)
	for i := 0; i < len(text); i++ {
		if text[i] != '"' {
			out = append(out, text[i])
			continue
		}
		end := stringEnd(text, i)
		literal := text[i:end]
		var s string
		if bytes.Contains(literal, []byte(bulkPrefix)) && json.Unmarshal(literal, &s) == nil {
			if with, ok := f(s); ok {
				literal = scim.AppendString(nil, with)
			}
		}
		out = append(out, literal...)
		i = end - 1
	}
	return out
}

// stringEnd returns the index after the closing quote of the string that begins at i.
func stringEnd(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// resolve sorts the references of an operation: later are those of a POST whose resource is not made yet, because it refers to
// this one in turn. One that nothing in the request defines is refused; so is one whose operation failed.
func (b *batch) resolve(i int, refs []string) (later []string, err error) {
	whole := wholeReferences(&b.ops[i])
	for _, ref := range refs {
		at, known := b.posts[ref]
		switch {
		case !known && slices.Contains(whole, ref):
			return nil, refuse(http.StatusBadRequest, scim.InvalidValue, "no operation of this request has the bulkId %q", ref)
		case !known || b.ids[ref] != "":
		case b.state[at] == running && strings.EqualFold(b.ops[i].Method, http.MethodPost):
			later = append(later, ref)
		default:
			return nil, refuse(http.StatusConflict, "", "the operation with the bulkId %q failed, so that the reference to it cannot be resolved", ref)
		}
	}
	return later, nil
}

// wholeReferences returns the names of strings that are nothing but a reference.
func wholeReferences(op *operation) []string {
	var names []string
	eachString(op.Data, func(s string) (string, bool) {
		if name, ok := strings.CutPrefix(s, bulkPrefix); ok {
			names = append(names, name)
		}
		return "", false
	})
	if _, name, ok := strings.Cut(op.Path, "/"+bulkPrefix); ok {
		names = append(names, name)
	}
	return names
}

// substitute returns path and data with every reference that is known by now replaced by the id.
func (b *batch) substitute(op *operation) (path string, data []byte) {
	known := func(name string) (string, bool) {
		id, ok := b.ids[name]
		return id, ok
	}
	path, _ = rewrite(op.Path, known)
	return path, eachString(op.Data, func(s string) (string, bool) { return rewrite(s, known) })
}

// link is a set of values that wait until the resources they refer to are made.
type link struct {
	from    int // operation
	k       *kind
	id      string
	held    entry.Attrs
	targets []string
}

// holdBack takes the values that refer to one of the names out of attrs and returns them.
func holdBack(attrs entry.Attrs, names []string) entry.Attrs {
	waits := func(v entry.Value) bool {
		found := false
		mapStrings(v, func(s string) string {
			rewrite(s, func(name string) (string, bool) {
				found = found || slices.Contains(names, name)
				return "", false
			})
			return s
		})
		return found
	}
	held := entry.Attrs{}
	for name, values := range attrs {
		var stay []entry.Value
		for _, v := range values {
			if waits(v) {
				held[name] = append(held[name], v)
			} else {
				stay = append(stay, v)
			}
		}
		if len(held[name]) > 0 {
			attrs.Set(name, stay...)
		}
	}
	return held
}

// mapStrings returns the value with f applied to every string in it.
func mapStrings(v entry.Value, f func(string) string) entry.Value {
	switch v := v.(type) {
	case string:
		return f(v)
	case entry.Ref:
		v.ID = f(v.ID)
		return v
	case entry.Complex:
		c := make(entry.Complex, len(v))
		for name, sub := range v {
			c[name] = mapStrings(sub, f)
		}
		return c
	}
	return v
}

// link makes the links whose targets are all decided. Where a target failed or the store refuses, the operation counts as
// failed (409 or what the store says), though its resource stays.
func (b *batch) link() {
	var rest []link
	for _, l := range b.links {
		if !b.ready(l) {
			rest = append(rest, l)
			continue
		}
		o := b.done[l.from]
		a := answer{status: o.Status, version: o.Version, location: o.Location}
		edits, lost := b.edits(l)
		var err error
		if len(edits) > 0 {
			var r Resource
			r, err = b.h.store.Update(b.ctx, l.k.Name, l.id, "", edits)
			a.version = r.Version
		}
		if err == nil && lost != "" {
			err = refuse(http.StatusConflict, "", "created, but the operation with the bulkId %q failed, so that the reference to it is missing", lost)
		}
		b.settle(o, a, err)
	}
	b.links = rest
}

func (b *batch) ready(l link) bool {
	for _, name := range l.targets {
		if s := b.state[b.posts[name]]; s == waiting && !b.stopped() || s == running {
			return false
		}
	}
	return true
}

// edits adds the held values, with the ids in place of the references. lost names a reference whose resource was not made.
func (b *batch) edits(l link) (edits []entry.Edit, lost string) {
	for name, values := range l.held {
		e := entry.Edit{Op: entry.Add, Attr: name}
		if a, ok := l.k.Attribute(name); ok && !a.MultiValued {
			e.Op = entry.Replace
		}
		for _, v := range values {
			missing := ""
			v = mapStrings(v, func(s string) string { return b.resolved(s, &missing) })
			if missing != "" {
				lost = missing
				continue
			}
			e.Values = append(e.Values, v)
		}
		if len(e.Values) > 0 {
			edits = append(edits, e)
		}
	}
	slices.SortFunc(edits, func(x, y entry.Edit) int { return strings.Compare(x.Attr, y.Attr) })
	return edits, lost
}

// resolved puts the ids in place of the references of this request in s.
func (b *batch) resolved(s string, missing *string) string {
	with, _ := rewrite(s, func(name string) (string, bool) {
		id, ok := b.ids[name]
		if _, ours := b.posts[name]; ours && !ok {
			*missing = name
		}
		return id, ok
	})
	return with
}
