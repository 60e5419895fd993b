package scimserver

import (
	"context"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
)

// Store keeps resources for a SCIM server. It is safe for concurrent use. Entries use SCIM's own attribute names in the
// schema's spelling: "userName", "name" (one entry.Complex), "emails" (several entry.Complex), "members" (several entry.Ref),
// and for extensions the full URN path "urn:…:enterprise:2.0:User:department".
//
// Errors are faults: NotFound, Exists (a unique value is taken), Conflict (the version moved on), Invalid (refused, with the
// reason), Denied, Unavailable with RetryAfter (first import running, target down), Timeout (effect unknown).
type Store interface {
	// Find returns one page of the resources that satisfy q, in a stable order (creation order unless q sorts).
	Find(ctx context.Context, q Query) (Page, error)
	// Get returns a resource. Detached attributes (see scim.Schema) are read only when detached is true.
	Get(ctx context.Context, t entry.Type, id string, detached bool) (Resource, error)
	// Create makes a resource and returns it with the id the store chose; e.ID is empty.
	Create(ctx context.Context, e entry.Entry) (Resource, error)
	// Update applies edits and returns the resource without detached attributes. version "" means whatever version there is;
	// otherwise fault.Conflict when the stored version is another. Edits that change nothing move no version.
	// The ID of the answer differs from id when the change renamed the anchor.
	Update(ctx context.Context, t entry.Type, id, version string, edits []entry.Edit) (Resource, error)
	// Delete removes the resource; version as for Update.
	Delete(ctx context.Context, t entry.Type, id, version string) error
}

// Resource is an entry with what meta says of it. The JSON form adds location, resourceType and the W/"…" around Version.
type Resource struct {
	entry.Entry
	Version  string // opaque, without quotes; the same content has the same version after a restart
	Created  time.Time
	Modified time.Time
}

// Matcher is a compiled filter as a store sees it: *scim.Filter implements it.
type Matcher interface {
	// Probe returns an attribute and a value such that every match has exactly that value (under the schema's case rule),
	// so that a store with an index on attr reads only those; ok is false when the filter has no such part.
	// attr is in the schema's spelling, with dots for sub-attributes ("userName", "emails.value", "urn:…:User:Login").
	Probe() (attr string, v entry.Value, ok bool)
	// Match reports whether a resource satisfies the whole filter.
	Match(s scim.Source) bool
}

// Query asks for a page.
type Query struct {
	Type       entry.Type
	Filter     Matcher // nil: everything
	SortBy     string  // "" = the store's own stable order; else an attribute, with a dot for a sub-attribute
	Descending bool
	Start      int    // 1-based index of the first resource wanted, when After is ""
	After      string // position token from Page.Next: the page after that position, whatever was added or removed since
	Count      int    // how many at most; 0 = only the total
	Detached   bool   // read detached attributes too
}

// Page is an answer to a Query.
type Page struct {
	Total     int // of all pages; -1 when the store cannot tell cheaply on a cursor walk
	Resources []Resource
	Next      string // position token after the last resource; "" when this is the last page
}
