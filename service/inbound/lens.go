package inbound

import (
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

// lens says where a SCIM attribute lies in a directory entry. get after put gives exactly what was put, unless the directory's own
// attributes were changed in between by somebody else; then it gives what they say.
type lens interface {
	// get returns the attribute's values; they must not be changed.
	get(a entry.Attrs) []entry.Value
	// put stores values, none to clear, and keeps the directory's attributes in step. It may keep vs.
	put(a entry.Attrs, vs []entry.Value)
}

// twin is a directory attribute with the same meaning.
type twin string

func (t twin) get(a entry.Attrs) []entry.Value     { return a[string(t)] }
func (t twin) put(a entry.Attrs, vs []entry.Value) { a.Set(string(t), vs...) }

// enabled is accountEnabled: who has none may sign in.
type enabled struct{}

var isEnabled = []entry.Value{true}

func (enabled) get(a entry.Attrs) []entry.Value {
	if vs := a[directory.AccountEnabled]; len(vs) > 0 {
		return vs
	}
	return isEnabled
}

func (enabled) put(a entry.Attrs, vs []entry.Value) {
	if len(vs) == 0 {
		vs = isEnabled
	}
	a.Set(directory.AccountEnabled, vs...)
}

// kept is an attribute that the directory has no word for. It lies under its SCIM name. What others put there in another shape
// is not shown.
type kept struct {
	name    string
	complex bool
}

func (k kept) get(a entry.Attrs) []entry.Value {
	vs := a[k.name]
	if slices.ContainsFunc(vs, func(v entry.Value) bool { return isComplex(v) != k.complex }) {
		return nil
	}
	return vs
}

func (k kept) put(a entry.Attrs, vs []entry.Value) { a.Set(k.name, vs...) }

func isComplex(v entry.Value) bool { _, ok := v.(entry.Complex); return ok }

// external is externalId. The mailNickname follows it, since that is what applications get as theirs by default, as long as nobody
// gives it a value of its own.
type external struct{}

func (external) get(a entry.Attrs) []entry.Value { return a[directory.ExternalID] }

func (external) put(a entry.Attrs, vs []entry.Value) {
	if nick := a.Text(directory.MailNickname); nick == "" || nick == a.Text(directory.ExternalID) {
		a.Set(directory.MailNickname, vs...)
	}
	a.Set(directory.ExternalID, vs...)
}

// parts is name: some sub-attributes are attributes of their own in the directory, the rest lies under the SCIM name.
type parts struct {
	kept
	twins [][2]string // sub-attribute, directory attribute
}

func (p parts) get(a entry.Attrs) []entry.Value {
	c := entry.Complex{}
	if rest, ok := a.First(p.name).(entry.Complex); ok {
		for sub, v := range rest {
			c[sub] = v
		}
	}
	for _, t := range p.twins {
		if v := a.First(t[1]); v != nil {
			c[t[0]] = v
		}
	}
	if len(c) == 0 {
		return nil
	}
	return []entry.Value{c}
}

func (p parts) put(a entry.Attrs, vs []entry.Value) {
	rest := entry.Complex{}
	if len(vs) > 0 {
		c, _ := vs[0].(entry.Complex)
		for sub, v := range c {
			rest[sub] = v
		}
	}
	for _, t := range p.twins {
		set(a, t[1], rest[t[0]])
		delete(rest, t[0])
	}
	a.Set(p.name)
	if len(rest) > 0 {
		a.Set(p.name, rest)
	}
}

// set stores one value, nil to clear.
func set(a entry.Attrs, name string, v entry.Value) {
	if v == nil {
		a.Set(name)
		return
	}
	a.Set(name, v)
}

// pointer is manager: a reference in the directory. What a source says beside the id lies under the SCIM name.
type pointer struct {
	kept
	to   string // directory attribute
	kind entry.Type
}

func (p pointer) get(a entry.Attrs) []entry.Value {
	ref, _ := a.First(p.to).(entry.Ref)
	if c, ok := a.First(p.name).(entry.Complex); ok {
		if id, _ := c["value"].(string); id == ref.ID {
			return a[p.name]
		}
	}
	if ref.ID == "" {
		return nil
	}
	return []entry.Value{entry.Complex{"value": ref.ID}}
}

func (p pointer) put(a entry.Attrs, vs []entry.Value) {
	a.Set(p.name)
	a.Set(p.to)
	if len(vs) == 0 {
		return
	}
	c, _ := vs[0].(entry.Complex)
	id, _ := c["value"].(string)
	if id != "" {
		a.Set(p.to, entry.Ref{Type: p.kind, ID: id})
	}
	if id == "" && len(c) > 0 || len(c) > 1 {
		a.Set(p.name, c)
	}
}
