package scimserver

import (
	"net/http"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
)

// get answers GET /Users/{id}.
func (c *call) get(k *kind, id string) (answer, error) {
	p, err := k.Projection(c.params.attributes, c.params.excluded)
	if err != nil {
		return answer{}, err
	}
	r, err := c.h.store.Get(c.ctx, k.Name, id, k.wantsDetached(p))
	if err != nil {
		return answer{}, err
	}
	if lines := c.header["If-None-Match"]; len(lines) > 0 && parseTags(lines).hold(r.Version) {
		return answer{status: http.StatusNotModified, version: r.Version}, nil
	}
	return c.show(http.StatusOK, k, r, p), nil
}

// create answers POST /Users.
func (c *call) create(k *kind, body []byte) (answer, error) {
	p, err := k.Projection(c.params.attributes, c.params.excluded)
	if err != nil {
		return answer{}, err
	}
	e, err := k.Decode(body, c.h.config.Mode)
	if err != nil {
		return answer{}, err
	}
	e.ID = ""
	r, err := c.h.store.Create(c.ctx, e)
	if err != nil {
		return answer{}, err
	}
	if k.gives(e) && k.wantsDetached(p) && !k.gives(r.Entry) {
		if full, err := c.h.store.Get(c.ctx, k.Name, r.ID, true); err == nil {
			r = full // else the resource exists all the same: 201 without the long list
		}
	}
	return c.show(http.StatusCreated, k, r, p), nil
}

// replace answers PUT: what the body leaves out is cleared, members included.
func (c *call) replace(k *kind, id string, body []byte) (answer, error) {
	p, err := k.Projection(c.params.attributes, c.params.excluded)
	if err != nil {
		return answer{}, err
	}
	want, err := k.Decode(body, c.h.config.Mode)
	if err != nil {
		return answer{}, err
	}
	r, err := c.change(k, id, len(k.detached) > 0, func(have Resource) ([]entry.Edit, error) {
		return k.Edits(have.Attrs, want.Attrs)
	})
	if err != nil {
		return answer{}, err
	}
	return c.showChanged(k, r, p)
}

// patch answers PATCH: a type with long attributes (a group) without a body (204) unless attributes are asked for. A user is always
// shown, since a new name may have brought a new id.
func (c *call) patch(k *kind, id string, body []byte) (answer, error) {
	p, err := k.Projection(c.params.attributes, c.params.excluded)
	if err != nil {
		return answer{}, err
	}
	patch, err := k.ParsePatch(body, c.h.config.Mode)
	if err != nil {
		return answer{}, err
	}
	r, err := c.change(k, id, patch.NeedsDetached(), func(have Resource) ([]entry.Edit, error) {
		_, edits, err := patch.Apply(have.Entry)
		return edits, err
	})
	if err != nil {
		return answer{}, err
	}
	if c.params.attributes == "" && len(k.detached) > 0 && k.Name != entry.User {
		return answer{status: http.StatusNoContent, version: r.Version}, nil
	}
	return c.showChanged(k, r, p)
}

// attempts is how often a change that was computed from a resource is computed anew because another writer was faster.
const attempts = 16

// change reads a resource, computes edits from it and applies them only if nobody changed it in between; it starts over when
// somebody did, unless the client named the version it means (412). Edits of long attributes alone that were made without
// reading them do not depend on what was read, so many clients can add members at once.
func (c *call) change(k *kind, id string, readAll bool, compute func(Resource) ([]entry.Edit, error)) (r Resource, err error) {
	condition := parseTags(c.header["If-Match"])
	for range attempts {
		have, err := c.h.store.Get(c.ctx, k.Name, id, readAll)
		if err != nil {
			return Resource{}, err
		}
		if condition.given && !condition.hold(have.Version) {
			return Resource{}, stale(have.Version)
		}
		edits, err := compute(have)
		if err != nil || len(edits) == 0 {
			return have, err
		}
		version := have.Version
		if (!condition.given || condition.any) && !readAll && k.onlyDetached(edits) {
			version = ""
		}
		r, err = c.h.store.Update(c.ctx, k.Name, id, version, edits)
		if version == "" || !fault.Is(err, fault.Conflict) {
			return r, err
		}
	}
	return Resource{}, &fault.Error{Op: "change", Object: string(k.Name), Kind: fault.Unavailable, RetryAfter: retryThrottled,
		Hint: "others are changing the same resource; try again"}
}

// remove answers DELETE.
func (c *call) remove(k *kind, id string) (answer, error) {
	condition := parseTags(c.header["If-Match"])
	version := ""
	if condition.given && !condition.any {
		have, err := c.h.store.Get(c.ctx, k.Name, id, false)
		if err != nil {
			return answer{}, err
		}
		if !condition.hold(have.Version) {
			return answer{}, stale(have.Version)
		}
		version = have.Version
	}
	err := c.h.store.Delete(c.ctx, k.Name, id, version)
	if version != "" && fault.Is(err, fault.Conflict) {
		return answer{}, stale(version)
	}
	return answer{status: http.StatusNoContent}, err
}

// showChanged renders what Update returned, reading the long attributes when they are to be shown.
func (c *call) showChanged(k *kind, r Resource, p *scim.Projection) (answer, error) {
	if k.wantsDetached(p) {
		full, err := c.h.store.Get(c.ctx, k.Name, r.ID, true)
		if err != nil {
			return answer{}, err
		}
		r = full
	}
	return c.show(http.StatusOK, k, r, p), nil
}

// show renders a resource as the answer's body.
func (c *call) show(status int, k *kind, r Resource, p *scim.Projection) answer {
	location := c.location(k, r.ID)
	c.out = k.AppendJSON(c.out[:0], r.Entry, metaOf(r, location), p)
	return answer{status: status, body: c.out, version: r.Version, location: location}
}

func metaOf(r Resource, location string) scim.Meta {
	return scim.Meta{Location: location, Version: r.Version, Created: r.Created, Modified: r.Modified}
}
