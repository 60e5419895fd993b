package scimserver

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// place is what a path names.
type place uint8

const (
	nowhere place = iota
	root          // the base itself
	rootSearch
	collection // /Users
	search     // /Users/.search
	resource   // /Users/{id}
	bulk
	me
	providerConfig
	schemas
	schemaOne
	resourceTypes
	resourceTypeOne
	events // /Events/{txn}: the outcome of an asynchronous request
)

// route is a parsed path.
type route struct {
	place place
	k     *kind  // of collection, search and resource
	id    string // decoded once: the id, the schema URN, the name of the resource type, what follows /Me
}

// base cuts the prefix of a request path off, matching {…} segments with anything, and returns both parts. Path is still escaped.
func (h *Handler) base(path string) (prefix, rest string, ok bool) {
	rest = path
	for _, want := range h.baseSegments {
		var seg string
		if !strings.HasPrefix(rest, "/") {
			return "", "", false
		}
		seg, rest = cutSegment(rest[1:])
		if want[0] != '{' && seg != want || seg == "" {
			return "", "", false
		}
	}
	return path[:len(path)-len(rest)], rest, rest == "" || rest[0] == '/'
}

// cutSegment splits "a/b/c" into "a" and "/b/c".
func cutSegment(path string) (segment, rest string) {
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}

// find parses an escaped path below the base. A trailing slash and one leading /v2 mean nothing.
func (h *Handler) find(path string) route {
	path = strings.TrimSuffix(path, "/")
	if rest, ok := strings.CutPrefix(path, "/v2"); ok && (rest == "" || rest[0] == '/') {
		path = rest
	}
	if path == "" {
		return route{place: root}
	}
	first, rest := cutSegment(path[1:])
	for _, k := range h.kinds {
		if k.segment == first {
			return findResource(k, rest)
		}
	}
	return findFixed(first, rest)
}

func findResource(k *kind, rest string) route {
	if rest == "" {
		return route{place: collection, k: k}
	}
	segment, more := cutSegment(rest[1:])
	if more != "" || segment == "" {
		return route{}
	}
	if segment == ".search" {
		return route{place: search, k: k}
	}
	id, err := url.PathUnescape(segment)
	if err != nil {
		return route{}
	}
	return route{place: resource, k: k, id: id}
}

var fixed = map[string][2]place{ // the place itself, and the place of one thing in it
	".search":               {rootSearch, nowhere},
	"Bulk":                  {bulk, nowhere},
	"ServiceProviderConfig": {providerConfig, nowhere},
	"Schemas":               {schemas, schemaOne},
	"ResourceTypes":         {resourceTypes, resourceTypeOne},
	"Events":                {nowhere, events},
	"Me":                    {me, me},
}

func findFixed(first, rest string) route {
	places := fixed[first]
	if rest == "" {
		return route{place: places[0]}
	}
	id, err := url.PathUnescape(rest[1:])
	if err != nil || id == "" {
		return route{}
	}
	return route{place: places[1], id: id}
}

// String names the place in the memory of idempotency keys.
func (r route) String() string {
	if r.k != nil {
		return r.k.segment + "/" + r.id
	}
	return strconv.Itoa(int(r.place)) + "/" + r.id
}

// methods returns the Allow header of a place.
func (r route) methods() string {
	switch r.place {
	case root, providerConfig, schemas, schemaOne, resourceTypes, resourceTypeOne, events:
		return "GET, HEAD, OPTIONS"
	case rootSearch, search, bulk:
		return "POST, OPTIONS"
	case collection:
		return "GET, HEAD, POST, OPTIONS"
	case resource:
		return "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"
	case me:
		return "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
	}
	return ""
}

// allows reports whether a place takes a method; HEAD counts as GET and is not asked for.
func (r route) allows(method string) bool {
	switch r.place {
	case rootSearch, search, bulk:
		return method == http.MethodPost
	case collection:
		return method == http.MethodGet || method == http.MethodPost
	case resource:
		return method == http.MethodGet || method == http.MethodPut || method == http.MethodPatch || method == http.MethodDelete
	case me:
		return method == http.MethodGet || method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch ||
			method == http.MethodDelete
	}
	return method == http.MethodGet
}
