package scim

import (
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

var errPending = fault.New(fault.Unsupported, "scim", "not built yet")

// Meta is what a server says of a resource beside its content.
type Meta struct {
	Location string // absolute URL; "" is left out
	Version  string // opaque, without W/ and quotes: AppendJSON adds them; "" is left out
	Created  time.Time
	Modified time.Time
}

// ETag returns the weak entity tag of a version, W/"version", as it stands in the ETag header and in meta.version.
func ETag(version string) string { return `W/"` + version + `"` }

// Decode reads the body of a POST or PUT: read-only attributes are ignored, required ones demanded, defaults filled in.
func (rt *ResourceType) Decode(body []byte, m Mode) (entry.Entry, error) {
	return entry.Entry{}, errPending
}

// Read reads a resource as a server answered it, for clients: id and read-only attributes are kept, nothing is demanded, unknown
// attributes are kept by their JSON structure. rt may be nil.
func (rt *ResourceType) Read(body []byte) (entry.Entry, Meta, error) {
	return entry.Entry{}, Meta{}, errPending
}

// Answer is a ListResponse as a client reads it.
type Answer struct {
	List
	Resources []entry.Entry
	Metas     []Meta // one for each resource
}

// ReadList reads a ListResponse; each resource as Read does. rt may be nil.
func (rt *ResourceType) ReadList(body []byte) (Answer, error) { return Answer{}, errPending }

// ReadError reads an error answer; ok is false when the body is not a SCIM error.
func ReadError(body []byte) (e Error, ok bool) { return Error{}, false }

// AppendJSON appends the resource as a server answers it. p may be nil for the default projection.
func (rt *ResourceType) AppendJSON(dst []byte, r entry.Entry, meta Meta, p *Projection) []byte {
	return dst
}

// AppendBody appends the resource as a client sends it in POST or PUT: schemas and every attribute, write-only ones included;
// neither id nor meta nor read-only attributes. rt may be nil or lack attributes: they are written by their structure.
func (rt *ResourceType) AppendBody(dst []byte, r entry.Entry) []byte { return dst }

// AppendValue appends one value as JSON by its Go type: time as RFC 3339, bytes as base64, Ref as {"value":id}.
func AppendValue(dst []byte, v entry.Value) []byte { return dst }

// Quote returns s as a literal for a filter or a value path: a JSON string.
func Quote(s string) string { return string(AppendString(nil, s)) }

// Literal returns a value as a literal for a filter: userName eq + Literal("x").
func Literal(v entry.Value) string { return "" }

// Projection says which attributes an answer has. The nil Projection is the default one.
type Projection struct{}

// Projection compiles the query parameters attributes and excludedAttributes (RFC 7644 §3.9); both empty gives nil.
func (rt *ResourceType) Projection(attributes, excluded string) (*Projection, error) {
	return nil, errPending
}

// Wants reports whether any part of a top-level attribute (canonical name) may be in the answer; also "meta".
func (p *Projection) Wants(attr string) bool { return false }

// Filter is a compiled filter; it implements scimserver.Matcher.
type Filter struct{}

// ParseFilter parses a filter in entra mode.
func (rt *ResourceType) ParseFilter(text string) (*Filter, error) { return nil, errPending }

// ParseFilterIn parses a filter in a mode; strict refuses strings for booleans.
func (rt *ResourceType) ParseFilterIn(text string, m Mode) (*Filter, error) { return nil, errPending }

// Probe is an equality that every match of a filter fulfils.
type Probe struct {
	Attr  string      // canonical, dotted for a sub-attribute: "id", "userName", "emails.value"; a detached attribute ("members") plain
	Value entry.Value // a string unless the attribute has another type; entry.Ref for a detached attribute
	Exact bool        // compared with regard to case; otherwise compare or index by Fold
}

// Probe returns the best one of Probes: id, then unique, then others.
func (f *Filter) Probe() (attr string, v entry.Value, ok bool) { return "", nil, false }

// Probes returns every such equality, best first, so that a store can take the first that it has an index for.
func (f *Filter) Probes() []Probe { return nil }

// Match reports whether a resource satisfies the filter.
func (f *Filter) Match(s Source) bool { return false }

// IsUnknownProbe reports whether this is a connection test: one eq on an unknown bare name with a GUID. It matches nothing.
func (f *Filter) IsUnknownProbe() bool { return false }

// SourceOf shows an entry as a Source, for stores that hold entries.
func (rt *ResourceType) SourceOf(e entry.Entry, m Meta) Source { return nil }

// Compare orders two values of an attribute for sorting: negative when a comes first. nil (absent) comes last.
func Compare(a, b entry.Value, attr *Attribute) int { return 0 }

// SortKey returns the value by which a resource sorts: of a multi-valued attribute the primary or first; nil when absent.
// by is a canonical name, dotted for a sub-attribute.
func (rt *ResourceType) SortKey(s Source, by string) entry.Value { return nil }

// Less reports whether resource a comes before b when sorting ascending by a canonical attribute name.
func (rt *ResourceType) Less(a, b Source, by string) bool { return false }

// Path is a parsed PATCH path: attribute, sub-attribute, value filter.
type Path struct{}

// ParsePath parses a PATCH path; rt may be nil, then any attribute is taken by its structure.
func (rt *ResourceType) ParsePath(text string, m Mode) (Path, error) { return Path{}, errPending }

// Values returns what the path points at.
func (p Path) Values(attrs entry.Attrs) []entry.Value { return nil }

// Patch is a parsed PATCH request.
type Patch struct{}

// ParsePatch parses the body of a PATCH request (RFC 7644 §3.5.2).
func (rt *ResourceType) ParsePatch(body []byte, m Mode) (*Patch, error) { return nil, errPending }

// NeedsDetached reports whether Apply must be given the values of detached attributes, because an operation selects members by
// something else than their id. Rare.
func (p *Patch) NeedsDetached() bool { return false }

// Apply returns the document after the patch and the smallest edits that lead there; no edits mean that nothing changes. doc stays
// as it is, and on an error nothing happened at all. doc comes without detached attributes unless NeedsDetached.
func (p *Patch) Apply(doc entry.Entry) (entry.Entry, []entry.Edit, error) {
	return doc, nil, errPending
}

// Edits returns the smallest edits that lead from one document to another, for PUT: attributes that want lacks are cleared, except
// read-only, write-only and, when have does not hold them, detached ones, which are replaced.
func (rt *ResourceType) Edits(have, want entry.Attrs) ([]entry.Edit, error) { return nil, errPending }

// AppendSchema appends a schema's definition as /Schemas shows it; location "" is left out.
func AppendSchema(dst []byte, s Schema, location string) []byte { return dst }

// AppendType appends the resource type as /ResourceTypes shows it; location "" is left out.
func (rt *ResourceType) AppendType(dst []byte, location string) []byte { return dst }

// ReadSchema reads one schema's definition.
func ReadSchema(body []byte) (Schema, error) { return Schema{}, errPending }

// ReadSchemas reads the ListResponse (or plain array) of /Schemas.
func ReadSchemas(body []byte) ([]Schema, error) { return nil, errPending }

// Flatten turns SCIM's nested form into flat path keys as attribute mappings use them. rt may be nil.
func Flatten(rt *ResourceType, attrs entry.Attrs) entry.Attrs { return attrs }

// Inflate is the inverse of Flatten. rt may be nil.
func Inflate(rt *ResourceType, flat entry.Attrs) (entry.Attrs, error) { return flat, nil }
