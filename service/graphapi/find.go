package graphapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

// find gets a live object by its id, a user also by userPrincipalName and a group by displayName.
func (a *API) find(ctx context.Context, t entry.Type, id string) (entry.Entry, error) {
	id, _ = cutFold(id, shapeOf(t).name+"=") // users(userPrincipalName='…')
	os, err := a.Directory.Load(ctx, t, []string{id}, false)
	if err != nil {
		return entry.Entry{}, err
	}
	if len(os) == 1 {
		return os[0].Entry, nil
	}
	ids, err := a.Directory.Seek(ctx, t, shapeOf(t).name, id)
	if err == nil && len(ids) > 0 {
		os, err = a.Directory.Load(ctx, t, ids[:1], false)
	}
	if err != nil {
		return entry.Entry{}, err
	}
	if len(os) == 0 {
		return entry.Entry{}, fault.New(fault.NotFound, "", "there is no %s %q", strings.ToLower(string(t)), clip(id))
	}
	return os[0].Entry, nil
}

// findAny gets a live user or group by its id.
func (a *API) findAny(ctx context.Context, id string) (entry.Entry, error) {
	for _, t := range []entry.Type{entry.User, entry.Group} {
		os, err := a.Directory.Load(ctx, t, []string{id}, false)
		if err != nil {
			return entry.Entry{}, err
		}
		if len(os) == 1 {
			return os[0].Entry, nil
		}
	}
	return entry.Entry{}, fault.New(fault.NotFound, "", "there is no user or group with the id %q", clip(id))
}

// readSet refuses options over properties that the type does not have.
func (s *shape) readSet(o *options) error {
	if err := s.readSelect(o.selected); err != nil {
		return err
	}
	for option, paths := range o.paths() {
		for _, p := range paths {
			if _, ok := s.attribute(p); !ok {
				return noProperty(option, p, s.typ)
			}
		}
	}
	return nil
}

func noProperty(option, path string, t entry.Type) *fault.Error {
	return fault.New(fault.Invalid, "read "+option, "a %s has no property %q that can be asked for", strings.ToLower(string(t)), clip(path))
}

// matches reports whether the object passes filter and search.
func (s *shape) matches(o *options, e entry.Entry) bool {
	if o.filter == nil && o.search == nil {
		return true
	}
	values := s.values(e)
	return o.filter.Match(values, true) && o.search.Match(values, s.searched)
}

// candidates returns the ids among which everything lies that passes the filter, when an index says so.
func (a *API) candidates(ctx context.Context, s *shape, o *options) (ids []string, ok bool, err error) {
	if ids, ok := o.filter.Equal("id"); ok {
		for i := range ids {
			ids[i] = lowerGUID(ids[i])
		}
		return ids, true, nil
	}
	for _, attr := range []string{s.name, directory.ExternalID} {
		names, ok := o.filter.Equal(attr)
		if !ok || len(names) > 100 {
			continue
		}
		for _, n := range names {
			more, err := a.Directory.Seek(ctx, s.typ, attr, n)
			if err != nil {
				return nil, false, err
			}
			ids = append(ids, more...)
		}
		return ids, true, nil
	}
	return nil, false, nil
}

// reference reads the object URL of a $ref request and returns its key.
func reference(w http.ResponseWriter, r *http.Request) (string, error) {
	var b struct {
		ID string `json:"@odata.id"`
	}
	if err := decode(w, r, &b); err != nil {
		return "", err
	}
	id := lastKey(b.ID)
	if id == "" {
		return "", fault.New(fault.Invalid, "read the request", `"@odata.id" is missing`).
			WithHint(`send {"@odata.id": "https://…/v1.0/directoryObjects/{id}"}`)
	}
	return id, nil
}
