package graphapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

// collection makes the handlers of users, or of groups.
type collection struct {
	*API
	*shape
}

func (a *API) people() collection { return collection{a, users} }
func (a *API) teams() collection  { return collection{a, groups} }

func (c collection) list(w http.ResponseWriter, r *http.Request) error {
	return c.API.list(w, r, c.shape)
}

// countAll answers /users/$count.
func (c collection) countAll(w http.ResponseWriter, r *http.Request) error {
	o, err := readOptions(r)
	if err != nil {
		return err
	}
	if !o.eventual {
		return fault.New(fault.Invalid, "count", "$count is advanced").WithHint("send the header ConsistencyLevel: eventual with the request")
	}
	if err := c.readSet(o); err != nil {
		return err
	}
	n, err := c.count(r.Context(), c.shape, o)
	if err != nil {
		return err
	}
	return writeCount(w, n)
}

// revision is what the body of a POST or PATCH says.
type revision struct {
	attrs           entry.Attrs
	members, owners []entry.Ref
}

func (c collection) read(w http.ResponseWriter, r *http.Request) (v revision, err error) {
	raw := map[string]json.RawMessage{}
	if err := decode(w, r, &raw); err != nil {
		return v, err
	}
	if v.members, err = bound(raw, "members@odata.bind"); err != nil {
		return v, err
	}
	if v.owners, err = bound(raw, "owners@odata.bind"); err != nil {
		return v, err
	}
	if m, ok := raw["manager@odata.bind"]; ok && c.typ == entry.User {
		var u string
		if err := json.Unmarshal(m, &u); err != nil || lastKey(u) == "" {
			return v, badProperty("manager@odata.bind", "it takes the URL of a user")
		}
		v.owners = []entry.Ref{{ID: lastKey(u)}}
	}
	v.attrs, err = c.readProperties(raw)
	if err == nil && c.typ == entry.User && len(v.members) > 0 {
		err = badProperty("members@odata.bind", "a user has no members")
	}
	return v, err
}

func (c collection) create(w http.ResponseWriter, r *http.Request) error {
	e, err := c.add(w, r)
	if err != nil {
		return err
	}
	out := c.render(e, nil)
	out["@odata.context"] = contextURL(r, c.path+"/$entity")
	return created(w, root(r)+"/"+c.path+"/"+e.ID, out)
}

func (c collection) add(w http.ResponseWriter, r *http.Request) (entry.Entry, error) {
	v, err := c.read(w, r)
	if err == nil {
		err = c.own(r.Context(), v.attrs, nil)
	}
	if err != nil {
		return entry.Entry{}, err
	}
	refs, err := c.refs(r.Context(), v)
	if err != nil {
		return entry.Entry{}, err
	}
	return c.Directory.Put(r.Context(), c.typ, "", func(e entry.Entry) (entry.Entry, error) {
		e = directory.Merge(e, v.attrs)
		e.Attrs.Set(directory.CreatedDateTime, time.Now().UTC().Truncate(time.Second))
		for attr, vs := range refs {
			e.Attrs.Set(attr, vs...)
		}
		return e, directory.Validate(e)
	})
}

// refs resolves the objects that a body binds.
func (c collection) refs(ctx context.Context, v revision) (map[string][]entry.Value, error) {
	out := map[string][]entry.Value{}
	for _, m := range v.members {
		e, err := c.findAny(ctx, m.ID)
		if fault.Is(err, fault.NotFound) {
			return nil, fault.New(fault.Invalid, "bind members", "%w", err)
		}
		if err != nil {
			return nil, err
		}
		out[directory.Members] = append(out[directory.Members], entry.Ref{Type: e.Type, ID: e.ID})
	}
	attr, find := owners, c.findOwner
	if c.typ == entry.User {
		attr, find = directory.Manager, c.findAny
	}
	for _, m := range v.owners {
		e, err := find(ctx, m.ID)
		if fault.Is(err, fault.NotFound) && attr == owners {
			return nil, fault.New(fault.Invalid, "bind owners", "%w", err)
		}
		if err != nil {
			return nil, err
		}
		out[attr] = append(out[attr], entry.Ref{Type: e.Type, ID: e.ID})
	}
	return out, nil
}

func (c collection) get(w http.ResponseWriter, r *http.Request) error {
	o, err := readOptions(r)
	if err == nil {
		err = o.only(c.navigations()...)
	}
	if err == nil {
		err = c.readSelect(o.selected)
	}
	if err != nil {
		return err
	}
	e, err := c.find(r.Context(), c.typ, r.PathValue("id"))
	if err != nil {
		return err
	}
	out := c.render(e, o.selected)
	if err := c.expandNavigations(r.Context(), out, e, o); err != nil {
		return err
	}
	out["@odata.context"] = contextURL(r, c.path+"/$entity")
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (c collection) patch(w http.ResponseWriter, r *http.Request) error {
	v, err := c.read(w, r)
	if err != nil {
		return err
	}
	e, err := c.find(r.Context(), c.typ, r.PathValue("id"))
	if err == nil {
		err = c.own(r.Context(), v.attrs, e.Attrs)
	}
	if err != nil {
		return err
	}
	refs, err := c.refs(r.Context(), v)
	if err != nil {
		return err
	}
	d := directory.Revision{Change: func(e entry.Entry) (entry.Entry, error) {
		e = directory.Merge(e, v.attrs)
		for _, attr := range []string{owners, directory.Manager} {
			if len(refs[attr]) > 0 {
				e.Attrs.Set(attr, refs[attr]...)
			}
		}
		return e, directory.Validate(e)
	}}
	for _, m := range refs[directory.Members] {
		if ref, ok := m.(entry.Ref); ok {
			if err := notItself(e.ID, ref.ID); err != nil {
				return err
			}
			d.Add = append(d.Add, ref)
		}
	}
	if _, err := c.Directory.Revise(r.Context(), c.typ, e.ID, d); err != nil {
		return err
	}
	return noContent(w)
}

func (c collection) delete(w http.ResponseWriter, r *http.Request) error {
	e, err := c.find(r.Context(), c.typ, r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := c.Directory.SoftDelete(r.Context(), c.typ, e.ID, time.Now().UTC().Truncate(time.Millisecond)); err != nil {
		return err
	}
	return noContent(w)
}
