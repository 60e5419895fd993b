package scim

import (
	"strings"

	"github.com/sallyport-id/sallyport/entry"
)

// Patch is a parsed PATCH request. It is immutable and may be applied to several documents.
type Patch struct {
	rt       *ResourceType
	mode     Mode
	ops      []operation
	ownIDs   []string // ids that a pathless object gave; each must be the resource's own
	creating bool     // applied to a new document: required attributes are not checked yet
}

type opKind uint8

const (
	opAdd opKind = iota + 1
	opReplace
	opRemove
)

// operation is one operation on one target, its value converted.
type operation struct {
	kind   opKind
	path   Path
	values []entry.Value // empty: clear
	given  bool          // remove: only these values
}

// ParsePatch parses the body of a PATCH request (RFC 7644 §3.5.2). Everything that can be judged without the resource is judged
// here. It fails with fault.Invalid and the scimType invalidSyntax, invalidPath, invalidFilter, invalidValue, noTarget or mutability.
func (rt *ResourceType) ParsePatch(body []byte, m Mode) (*Patch, error) {
	root, err := parseObject(body, false)
	if err != nil {
		return nil, err
	}
	if err := checkSchemas(&root, PatchURN, m); err != nil {
		return nil, err
	}
	list := root.get("Operations")
	if list == nil || list.kind != kindArray || len(list.list) == 0 {
		return nil, refuse(InvalidSyntax, "\"Operations\" must be an array with at least one operation")
	}
	p := &Patch{rt: rt, mode: m}
	for i := range list.list {
		if err := p.parseOperation(&list.list[i]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Patch) parseOperation(n *node) error {
	if n.kind != kindObject {
		return refuse(InvalidSyntax, "an operation must be an object, not %s", n.kind)
	}
	kind, err := operationKind(n.get("op"))
	if err != nil {
		return err
	}
	text, err := operationPath(n.get("path"))
	if err != nil {
		return err
	}
	value := n.get("value")
	if value == nil && kind != opRemove {
		if p.mode == Strict {
			return refuse(InvalidValue, "the operation lacks \"value\"")
		}
		value = &node{}
	}
	switch {
	case text != "":
		path, err := p.rt.ParsePath(text, p.mode)
		if err != nil {
			return err
		}
		return p.addOperation(kind, path, value)
	case kind == opRemove:
		return refuse(NoTarget, "a remove operation needs a path")
	}
	return p.pathless(kind, value)
}

func operationKind(n *node) (opKind, error) {
	if n != nil && n.kind == kindString {
		switch lowerASCII(n.text) {
		case "add":
			return opAdd, nil
		case "replace":
			return opReplace, nil
		case "remove":
			return opRemove, nil
		}
	}
	return 0, refuse(InvalidSyntax, "\"op\" must be add, replace or remove")
}

func operationPath(n *node) (string, error) {
	switch {
	case n == nil || n.kind == kindNull:
		return "", nil
	case n.kind != kindString:
		return "", refuse(InvalidPath, "\"path\" must be a string, not %s", n.kind)
	}
	return strings.TrimSpace(n.text), nil
}

// pathless takes an object of attributes apart; nested objects merge.
func (p *Patch) pathless(kind opKind, n *node) error {
	if n.kind != kindObject {
		return refuse(InvalidSyntax, "an operation without a path needs an object as value, not %s", n.kind)
	}
	for i, key := range n.keys {
		if err := p.pathlessKey(kind, key, &n.list[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *Patch) pathlessKey(kind opKind, key string, v *node) error {
	if f := lookupFold(p.rt.bodies[0], key); f != nil {
		if f.common == commID && p.mode == Entra && v.kind == kindString {
			p.ownIDs = append(p.ownIDs, strings.Clone(v.text)) // Okta
			return nil
		}
		return p.addOperation(kind, Path{text: key, field: f}, v)
	}
	if i := p.rt.schemaOf(key); i > 0 {
		return p.addOperation(kind, Path{text: key, schema: i}, v)
	}
	if p.mode == Strict {
		return refuse(InvalidPath, "attribute %q is not known for %s", key, p.rt.Name)
	}
	path, err := p.rt.ParsePath(key, p.mode)
	if err != nil {
		return err
	}
	return p.addOperation(kind, path, v)
}

// addOperation checks an operation against the schema, converts its value and appends it, split up where an object merges.
func (p *Patch) addOperation(kind opKind, path Path, v *node) error {
	if path.field == nil {
		return p.wholeSchema(kind, path, v)
	}
	f := path.field
	switch {
	case f.common == commSchemas:
		return nil // follows from the attributes
	case f.readOnly() || path.sub != nil && path.sub.readOnly():
		return refuse(Mutability, "attribute %q is read-only", path.text)
	case f.attr.Detached && path.sub != nil && path.sub != f.value:
		return refuse(Mutability, "attribute %q cannot be changed", path.text)
	case kind == opRemove:
		return p.addRemove(path, v)
	case path.filter == nil && path.sub == nil && f.merges():
		return p.merge(kind, path, v)
	}
	vs, err := p.convertFor(path, v)
	if err != nil {
		return err
	}
	p.ops = append(p.ops, operation{kind: kind, path: path, values: vs})
	return nil
}

// merges reports whether a value given for the field as a whole is a set of changes to its sub-attributes.
func (f *field) merges() bool { return f.isComplex() && !f.multi() && len(f.subs) > 0 && !f.refs }

// wholeSchema takes an operation on the URN of a schema apart.
func (p *Patch) wholeSchema(kind opKind, path Path, v *node) error {
	clear := kind == opRemove || v.kind == kindNull && kind == opReplace
	if clear && path.schema == 0 {
		return refuse(NoTarget, "the core schema cannot be removed")
	}
	if clear {
		for _, f := range p.rt.bySchema[path.schema] {
			if !f.readOnly() {
				p.ops = append(p.ops, operation{kind: opRemove, path: Path{text: f.name, field: f}})
			}
		}
		return nil
	}
	if v.kind == kindNull {
		return nil
	}
	if v.kind != kindObject {
		return refuse(InvalidValue, "%q takes an object, not %s", path.text, v.kind)
	}
	for i, key := range v.keys {
		f := lookupFold(p.rt.bodies[path.schema], key)
		if f == nil {
			return refuse(InvalidPath, "attribute %q is not known in %s", key, path.text)
		}
		if err := p.addOperation(kind, Path{text: f.name, field: f}, &v.list[i]); err != nil {
			return err
		}
	}
	return nil
}

// merge splits {"givenName": …} on "name" into one operation for each sub-attribute. null clears the whole.
func (p *Patch) merge(kind opKind, path Path, v *node) error {
	if p.mode == Entra {
		v = unwrap(path.field, v)
	}
	if v.kind == kindNull {
		p.ops = append(p.ops, operation{kind: opRemove, path: path})
		return nil
	}
	if v.kind != kindObject {
		return wrongType(path.field, v)
	}
	for i, key := range v.keys {
		s := path.field.sub(key)
		if s == nil {
			return refuse(InvalidPath, "attribute %q has no sub-attribute %q", path.field.name, key)
		}
		if s.readOnly() {
			continue
		}
		if err := p.addOperation(kind, Path{text: s.name, field: path.field, sub: s}, &v.list[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *Patch) addRemove(path Path, v *node) error {
	op := operation{kind: opRemove, path: path}
	if v != nil && v.kind != kindNull {
		if p.mode == Strict {
			return refuse(InvalidSyntax, "a remove operation takes no value: select with a filter in the path")
		}
		if path.field.multi() && path.filter == nil && path.sub == nil {
			vs, err := p.removed(path.field, v)
			if err != nil {
				return err
			}
			op.values, op.given = vs, true
		}
	}
	p.ops = append(p.ops, op)
	return nil
}

// removed converts the values that a remove names. Plain strings are taken for objects with that "value".
func (p *Patch) removed(f *field, v *node) ([]entry.Value, error) {
	list := []node{*v}
	if v.kind == kindArray {
		list = v.list
	}
	wrapped := make([]node, len(list))
	for i, n := range list {
		if f.isComplex() && n.kind == kindString && !strings.HasPrefix(n.text, "{") {
			n = node{kind: kindObject, keys: []string{"value"}, list: []node{n}}
		}
		wrapped[i] = n
	}
	return convert{mode: p.mode}.eachElement(f, wrapped)
}

// convertFor converts the value of an add or replace for what the path points at. Nothing means: clear.
func (p *Patch) convertFor(path Path, v *node) ([]entry.Value, error) {
	c := convert{mode: p.mode}
	f := path.field
	switch {
	case path.sub != nil:
		v, err := c.single(path.sub, v)
		return p.one(path.sub, v, err)
	case path.filter != nil:
		if v.kind == kindArray && len(v.list) == 1 {
			v = &v.list[0]
		}
		v, err := c.element(f, v)
		return p.one(f, v, err)
	}
	vs, err := c.values(f, v, true)
	if err == nil && !f.multi() && len(vs) == 1 {
		return p.one(f, vs[0], nil)
	}
	for _, v := range vs {
		if err := missingSub(f, v); err != nil {
			return nil, err
		}
	}
	return vs, err
}

// one makes a list of a value. In entra mode the empty string clears.
func (p *Patch) one(f *field, v entry.Value, err error) ([]entry.Value, error) {
	if err != nil || v == nil || v == "" && p.mode == Entra {
		return nil, err
	}
	return []entry.Value{v}, missingSub(f, v)
}
