package scim

import (
	"encoding/base64"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// Meta is what a server says of a resource beside its content.
type Meta struct {
	Location string // absolute URL; "" is left out
	Version  string // opaque, without W/ and quotes: AppendJSON adds them; "" is left out
	Created  time.Time
	Modified time.Time
}

// ETag returns the weak entity tag of a version, W/"version", as it stands in the ETag header and in meta.version.
func ETag(version string) string { return `W/"` + version + `"` }

// AppendJSON appends the resource as a server answers it: schemas (the core and the extensions that have something to show), id, the
// attributes in the schema's order, meta. Absent and empty values are never written. p may be nil for the default projection.
// A Ref is written with value, type and, when meta.Location tells the base, $ref.
func (rt *ResourceType) AppendJSON(dst []byte, r entry.Entry, meta Meta, p *Projection) []byte {
	w := writer{rt: rt, want: rt.usual, location: meta.Location}
	if p != nil {
		w.want = p.want
	}
	dst = append(w.schemas(dst, r.Attrs), ']')
	if r.ID != "" {
		dst = AppendString(append(dst, `,"id":`...), r.ID)
	}
	dst = w.attributes(dst, r.Attrs, 0)
	for i := range rt.Extensions {
		dst = w.extension(dst, r.Attrs, i+1)
	}
	dst = w.meta(dst, meta)
	return append(dst, '}')
}

// writer writes one resource.
type writer struct {
	rt       *ResourceType
	want     []uint64 // by field index: the sub-attributes wanted, as bits; 0 = not the field at all
	location string
}

// schemas opens the object and the list of URNs; the caller closes the list.
func (w *writer) schemas(dst []byte, attrs entry.Attrs) []byte {
	dst = append(dst, w.rt.plain...)
	for i := range w.rt.Extensions {
		if w.shows(attrs, i+1) {
			dst = append(dst, ',')
			dst = append(dst, w.rt.heads[i+1][:len(w.rt.heads[i+1])-1]...)
		}
	}
	return dst
}

// shows reports whether an extension has a value that is wanted.
func (w *writer) shows(attrs entry.Attrs, schema int) bool {
	for _, f := range w.rt.bySchema[schema] {
		if w.want[f.index] != 0 && len(attrs[f.name]) > 0 {
			return true
		}
	}
	return false
}

func (w *writer) attributes(dst []byte, attrs entry.Attrs, schema int) []byte {
	for _, f := range w.rt.bySchema[schema] {
		if w.want[f.index] == 0 || f.common == commID || f.common == commMeta || f.common == commSchemas {
			continue
		}
		if vs := attrs[f.name]; len(vs) > 0 {
			dst = w.attribute(dst, f, vs)
		}
	}
	return dst
}

func (w *writer) extension(dst []byte, attrs entry.Attrs, schema int) []byte {
	if !w.shows(attrs, schema) {
		return dst
	}
	mark := len(dst)
	dst = append(dst, ',')
	dst = append(dst, w.rt.heads[schema]...)
	open := len(dst)
	dst = w.attributes(dst, attrs, schema)
	if len(dst) == open {
		return dst[:mark]
	}
	dst[open] = '{' // in the place of the first comma
	return append(dst, '}')
}

// attribute writes ,"key":value. When nothing of the value is to be shown it writes nothing.
func (w *writer) attribute(dst []byte, f *field, vs []entry.Value) []byte {
	mark := len(dst)
	dst = append(dst, ',')
	dst = append(dst, f.key...)
	ok := false
	if f.multi() {
		dst, ok = w.list(dst, f, vs)
	} else {
		dst, ok = w.value(dst, f, vs[0])
	}
	if !ok {
		return dst[:mark]
	}
	return dst
}

func (w *writer) list(dst []byte, f *field, vs []entry.Value) ([]byte, bool) {
	dst = append(dst, '[')
	open := len(dst)
	for _, v := range vs {
		mark, ok := len(dst), false
		if mark > open {
			dst = append(dst, ',')
		}
		if dst, ok = w.value(dst, f, v); !ok {
			dst = dst[:mark]
		}
	}
	return append(dst, ']'), len(dst) > open
}

// value writes one value; false when there is nothing to write.
func (w *writer) value(dst []byte, f *field, v entry.Value) ([]byte, bool) {
	switch v := v.(type) {
	case nil:
		return dst, false
	case entry.Ref:
		return w.ref(dst, f, v)
	case entry.Complex:
		return w.object(dst, f, v)
	case string:
		if f.isComplex() && f.value != nil {
			return w.object(dst, f, entry.Complex{"value": v})
		}
		return AppendString(dst, v), true
	}
	return appendTyped(dst, f.attr.Type, v)
}

// appendTyped writes a value that a store may hold in another Go type than the schema says: text stays text.
func appendTyped(dst []byte, t AttrType, v entry.Value) ([]byte, bool) {
	if x, ok := v.(float64); ok && (math.IsNaN(x) || math.IsInf(x, 0)) {
		return dst, false // JSON has no such number
	}
	switch v.(type) {
	case bool, int64, float64:
		if t == String || t == Reference {
			dst = append(dst, '"')
			return append(AppendValue(dst, v), '"'), true
		}
	}
	return AppendValue(dst, v), true
}

func (w *writer) object(dst []byte, f *field, c entry.Complex) ([]byte, bool) {
	if len(f.subs) == 0 {
		return AppendValue(dst, c), len(c) > 0
	}
	want := w.want[f.index]
	dst = append(dst, '{')
	open := len(dst)
	for i, s := range f.subs {
		if want&(1<<i) == 0 {
			continue
		}
		v, ok := c[s.attr.Name]
		if !ok || v == nil {
			continue
		}
		mark := len(dst)
		if mark > open {
			dst = append(dst, ',')
		}
		dst = append(dst, s.key...)
		if dst, ok = w.value(dst, s, v); !ok {
			dst = dst[:mark]
		}
	}
	return append(dst, '}'), len(dst) > open
}

// ref writes a reference. Within a complex attribute it becomes an object, else the plain id.
func (w *writer) ref(dst []byte, f *field, r entry.Ref) ([]byte, bool) {
	if !f.isComplex() || f.isSub() {
		return AppendString(dst, r.ID), r.ID != ""
	}
	want := w.want[f.index]
	bit := func(name string) bool {
		s := f.sub(name)
		return s != nil && want&(1<<s.index) != 0
	}
	dst = append(dst, '{')
	open := len(dst)
	if bit("value") {
		dst = AppendString(append(dst, `"value":`...), r.ID)
	}
	if base, ok := w.base(r.Type); ok && bit("$ref") {
		dst = append(comma(dst, len(dst)-open), `"$ref":`...)
		dst = AppendString(dst, base+string(r.Type)+"s/"+url.PathEscape(r.ID))
	}
	if s := f.sub("type"); s != nil && r.Type != "" && bit("type") && s.canonicalWord(string(r.Type)) {
		dst = AppendString(append(comma(dst, len(dst)-open), `"type":`...), string(r.Type))
	}
	return append(dst, '}'), len(dst) > open
}

// base returns the base URL with a slash, cut from the resource's own location, for the two types whose endpoint is known.
func (w *writer) base(t entry.Type) (string, bool) {
	if w.location == "" || t != entry.User && t != entry.Group {
		return "", false
	}
	i := strings.LastIndex(w.location, w.rt.Endpoint+"/")
	if i < 0 {
		return "", false
	}
	return w.location[:i+1], true
}

func (w *writer) meta(dst []byte, m Meta) []byte {
	want := w.want[w.rt.meta.index]
	if want == 0 {
		return dst
	}
	mark := len(dst)
	dst = append(dst, `,"meta":{`...)
	open := len(dst)
	key := func(k string) {
		if len(dst) > open {
			dst = append(dst, ',')
		}
		dst = append(dst, k...)
	}
	if want&1 != 0 {
		key(`"resourceType":`)
		dst = AppendString(dst, string(w.rt.Name))
	}
	if want&2 != 0 && !m.Created.IsZero() {
		key(`"created":`)
		dst = appendTime(dst, m.Created.UTC())
	}
	if want&4 != 0 && !m.Modified.IsZero() {
		key(`"lastModified":`)
		dst = appendTime(dst, m.Modified.UTC())
	}
	if want&8 != 0 && m.Location != "" {
		key(`"location":`)
		dst = AppendString(dst, m.Location)
	}
	if want&16 != 0 && m.Version != "" {
		key(`"version":"W/\"`)
		quoted := len(dst)
		dst = AppendString(dst, m.Version)
		dst = slices.Delete(dst, quoted, quoted+1) // its own opening quote
		dst = append(dst[:len(dst)-1], `\""`...)
	}
	if len(dst) == open {
		return dst[:mark]
	}
	return append(dst, '}')
}

func appendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = t.AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"')
}

// AppendValue appends one value as JSON by its Go type: a time in RFC 3339, bytes as base64, a Ref as {"value":id}, a Complex with
// its keys in order. Clients build PATCH values with it.
func AppendValue(dst []byte, v entry.Value) []byte {
	switch v := v.(type) {
	case string:
		return AppendString(dst, v)
	case bool:
		return strconv.AppendBool(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return appendFloat(dst, v)
	case time.Time:
		return appendTime(dst, v)
	case []byte:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, v)
		return append(dst, '"')
	case entry.Ref:
		return append(AppendString(append(dst, `{"value":`...), v.ID), '}')
	case entry.Complex:
		return appendComplex(dst, v)
	}
	return append(dst, "null"...)
}

func appendFloat(dst []byte, x float64) []byte {
	switch size := math.Abs(x); {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return append(dst, "null"...)
	case x != 0 && (size < 1e-6 || size >= 1e21):
		return strconv.AppendFloat(dst, x, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, x, 'f', -1, 64)
}

func appendComplex(dst []byte, c entry.Complex) []byte {
	dst = append(dst, '{')
	for i, k := range sortedKeys(c) {
		dst = append(AppendString(comma(dst, i), k), ':')
		dst = AppendValue(dst, c[k])
	}
	return append(dst, '}')
}

// sortedKeys returns the names of the sub-attributes that have a value, in order.
func sortedKeys(c entry.Complex) []string {
	keys := make([]string, 0, len(c))
	for k, v := range c {
		if v != nil {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}
