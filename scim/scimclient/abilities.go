package scimclient

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
)

// Abilities is what a server says it can do. A server that publishes nothing gets what RFC 7644 demands of all.
type Abilities struct {
	Published bool // there is a ServiceProviderConfig
	Patch     bool
	Bulk      bool
	MaxBulk   int // operations in one bulk request
	Filter    bool
	ETag      bool
	Cursor    bool // cursor paging, RFC 9865
	MaxPage   int  // 0 = not said
	Keys      bool // a POST may be sent again under its Idempotency-Key
	Types     map[entry.Type]*scim.ResourceType
}

// Confirms reports whether the server looks for an object with the same names itself before it makes one: ours does, and says
// that it remembers idempotency keys. What is known already is answered; nothing is asked.
func (cl *Client) Confirms() bool {
	cl.known.RLock()
	defer cl.known.RUnlock()
	return cl.can != nil && cl.can.Keys
}

const (
	abilitiesAge = time.Hour
	missingAge   = time.Minute // until what could not be read is asked for again
)

// Abilities returns what the server can do, asking it when that is not known or was asked longer than an hour ago. It
// never fails: what cannot be read is assumed.
func (cl *Client) Abilities(ctx context.Context) *Abilities {
	cl.known.RLock()
	can, fresh := cl.can, time.Now().Before(cl.expires)
	cl.known.RUnlock()
	if can != nil && fresh {
		return can
	}
	if can != nil && !cl.mu.TryLock() {
		return can // another caller is asking; the old answer will do
	} else if can == nil {
		cl.mu.Lock()
	}
	defer cl.mu.Unlock()
	cl.known.RLock()
	can, fresh = cl.can, time.Now().Before(cl.expires)
	cl.known.RUnlock()
	if can != nil && fresh {
		return can
	}
	return cl.discover(ctx, can)
}

// discover asks and remembers. An old answer is kept when the server cannot be asked now.
func (cl *Client) discover(ctx context.Context, old *Abilities) *Abilities {
	can := &Abilities{Patch: true, Filter: true, Types: cl.fallback}
	age := abilitiesAge
	if !cl.c.NoDiscovery {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cl.c.Timeout) // what is learnt is not the caller's alone
		defer cancel()
		whole := cl.askConfig(ctx, can)
		if whole {
			whole = cl.askTypes(ctx, can)
		}
		if !whole {
			age = missingAge
			if old != nil {
				can = old
			}
		}
	}
	cl.known.Lock()
	cl.can, cl.expires = can, time.Now().Add(age)
	cl.known.Unlock()
	return can
}

// fetch reads a discovery endpoint; again is true when asking later may help.
func (cl *Client) fetch(ctx context.Context, path string) (body []byte, again bool) {
	r, err := cl.do(ctx, ask{op: "ask what the server can do", method: http.MethodGet, path: path})
	switch {
	case err != nil:
		return nil, true
	case r.status == http.StatusOK && !isPage(r):
		return r.body, false
	}
	return nil, r.status == 401 || r.status == 429 || r.status >= 500
}

// askConfig reads /ServiceProviderConfig; false when asking later may help.
func (cl *Client) askConfig(ctx context.Context, can *Abilities) bool {
	body, again := cl.fetch(ctx, "/ServiceProviderConfig")
	type flag struct {
		Supported bool `json:"supported"`
	}
	var c struct {
		Patch, Filter, ETag *flag
		Bulk                struct {
			Supported     bool `json:"supported"`
			MaxOperations int  `json:"maxOperations"`
		}
		Pagination struct {
			Cursor      bool `json:"cursor"`
			MaxPageSize int  `json:"maxPageSize"`
		}
		Sallyport struct {
			IdempotencyKey bool `json:"idempotencyKey"`
		} `json:"urn:sallyport:params:scim:schemas:extension:2.0:ServiceProviderConfig"`
	}
	if body == nil || json.Unmarshal(body, &c) != nil {
		return !again
	}
	can.Published = true
	can.Patch = c.Patch == nil || c.Patch.Supported
	can.Filter = c.Filter == nil || c.Filter.Supported
	can.ETag = c.ETag != nil && c.ETag.Supported
	can.Bulk, can.MaxBulk = c.Bulk.Supported, c.Bulk.MaxOperations
	can.Keys = c.Sallyport.IdempotencyKey
	can.Cursor, can.MaxPage = c.Pagination.Cursor, c.Pagination.MaxPageSize
	return true
}

// askTypes reads /ResourceTypes and /Schemas; false when asking later may help.
func (cl *Client) askTypes(ctx context.Context, can *Abilities) bool {
	text, again := cl.fetch(ctx, "/ResourceTypes")
	infos, err := scim.ReadTypes(text)
	if text == nil || err != nil {
		return !again
	}
	text, again = cl.fetch(ctx, "/Schemas")
	schemas, err := scim.ReadSchemas(text)
	if text == nil || err != nil {
		return !again
	}
	types := make(map[entry.Type]*scim.ResourceType, len(infos)+2)
	for t, rt := range cl.fallback {
		types[t] = rt
	}
	for _, info := range infos {
		if _, given := cl.c.Types[info.Name]; given {
			continue
		}
		if rt, err := info.Compile(schemas); err == nil && info.Endpoint != "" {
			types[info.Name] = rt
		}
	}
	can.Types = types
	return true
}

// typ returns the resource type and what the server can do.
func (cl *Client) typ(ctx context.Context, t entry.Type) (*scim.ResourceType, *Abilities, error) {
	can := cl.Abilities(ctx)
	if rt := can.Types[t]; rt != nil {
		return rt, can, nil
	}
	return nil, nil, fault.New(fault.Unsupported, "speak to the endpoint", "it has no resource type %q", t).
		WithHint("choose a type that the endpoint's /ResourceTypes lists")
}
