package scimclient

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
)

// Update sends only what changes, by PATCH, and returns the object's id afterwards. Many members go in several requests;
// when a later one of them is refused the fault is Partial. A server that refuses a request because a value filter
// selects nothing (noTarget) is asked what it holds, and gets one that fits.
func (cl *Client) Update(ctx context.Context, t entry.Type, id string, edits []entry.Edit) (string, error) {
	rt, can, err := cl.typ(ctx, t)
	switch {
	case err != nil:
		return "", err
	case id == "":
		return "", fault.New(fault.Invalid, "update "+string(t), "the id is empty")
	case len(edits) == 0:
		return id, nil
	}
	edits = wireEdits(rt, edits)
	if !can.Patch || slices.Contains(cl.c.PutOnly, t) {
		return cl.put(ctx, rt, can, id, edits)
	}
	for i, part := range split(edits, cl.c.MembersPerPatch) {
		now, err := cl.patchOrFit(ctx, rt, id, part)
		if err != nil {
			return id, partly(i, rt, err)
		}
		id = now
	}
	return id, nil
}

// partly names what happened when request i of several fails: those before it took effect.
func partly(i int, rt *scim.ResourceType, err error) error {
	switch fault.KindOf(err) {
	case fault.Timeout, fault.Unavailable, fault.Throttled, fault.Unauthenticated, fault.NotFound:
		return err // the engine comes back to the object anyway
	}
	if i == 0 {
		return err
	}
	return fault.New(fault.Partial, "update "+string(rt.Name), "%d requests took effect, then: %w", i, err).WithHint("%s", fault.HintOf(err))
}

func (cl *Client) patchOrFit(ctx context.Context, rt *scim.ResourceType, id string, edits []entry.Edit) (string, error) {
	now, err := cl.patch(ctx, rt, id, edits)
	if r, ok := errors.AsType[*Refused](err); !ok || r.Status != http.StatusBadRequest || r.ScimType != scim.NoTarget {
		return now, err
	}
	e, _, readErr := cl.read(ctx, rt, id) // the refused request changed nothing
	if readErr != nil {
		return id, readErr
	}
	fitting := fit(rt, e.Attrs, edits)
	if len(fitting) == 0 {
		return id, nil // there is nothing to take out
	}
	return cl.patch(ctx, rt, id, fitting)
}

// fit adapts edits to what the server holds: an element that is not there is added whole, what is not there is not
// removed.
func fit(rt *scim.ResourceType, have entry.Attrs, edits []entry.Edit) []entry.Edit {
	var out []entry.Edit
	for _, e := range edits {
		switch {
		case e.Op == entry.Remove || e.Op == entry.Replace && len(e.Values) == 0:
			if e, ok := fitRemove(rt, have, e); ok {
				out = append(out, e)
			}
		default:
			out = append(out, fitElement(rt, have, e))
		}
	}
	return out
}

func fitRemove(rt *scim.ResourceType, have entry.Attrs, e entry.Edit) (entry.Edit, bool) {
	path, err := scim.AnyPath(rt, e.Attr)
	if err != nil {
		return e, true
	}
	there := path.Values(have)
	if len(e.Values) == 0 {
		return e, len(there) > 0
	}
	e.Values = slices.DeleteFunc(slices.Clone(e.Values), func(v entry.Value) bool {
		return !slices.ContainsFunc(there, func(h entry.Value) bool { return entry.Equal(h, v) || alike(h, v) })
	})
	return e, len(e.Values) > 0
}

func fitElement(rt *scim.ResourceType, have entry.Attrs, e entry.Edit) entry.Edit {
	element, _, ok := strings.Cut(e.Attr, "].")
	if !ok {
		return e
	}
	path, err := scim.AnyPath(rt, element+"]")
	if err != nil || len(path.Values(have)) > 0 {
		return e
	}
	whole, err := scim.Inflate(rt, entry.Attrs{e.Attr: e.Values})
	if err != nil {
		return e
	}
	return entry.Edit{Op: entry.Add, Attr: path.Attr(), Values: whole[path.Attr()]}
}

func (cl *Client) patch(ctx context.Context, rt *scim.ResourceType, id string, edits []entry.Edit) (string, error) {
	a := ask{op: "update " + string(rt.Name), method: http.MethodPatch, path: rt.Endpoint, id: id,
		body: cl.appendPatch(make([]byte, 0, 512), rt, edits)}
	r, err := cl.do(ctx, a)
	if err != nil {
		return id, err
	}
	return updated(&a, r, rt)
}

// updated judges the answer to a PATCH or PUT: 200 with the object or 204; an id in the object is the new one.
func updated(a *ask, r reply, rt *scim.ResourceType) (string, error) {
	switch r.status {
	case http.StatusNoContent:
		return a.id, nil
	case http.StatusOK:
	case http.StatusAccepted:
		return a.id, later(a, r)
	case http.StatusNotFound:
		if isPage(r) {
			return a.id, fault.New(fault.Unavailable, a.op, "%w", ErrNotSCIM).WithCode(fault.CodeIncompatible).WithHint("a web page came back with 404: the base URL is wrong, or a proxy answers in the application's place")
		}
		fallthrough
	default:
		return a.id, refusal(a, r)
	}
	if len(r.body) == 0 {
		return a.id, nil
	}
	e, _, err := rt.Read(r.body)
	switch {
	case err != nil:
		return a.id, odd(a, fault.Timeout, notSCIM(err), r)
	case e.ID != "":
		return e.ID, nil
	}
	return a.id, nil
}

// put reads the object, changes it and writes it back whole, with If-Match where the server publishes ETags.
func (cl *Client) put(ctx context.Context, rt *scim.ResourceType, can *Abilities, id string, edits []entry.Edit) (string, error) {
	e, meta, err := cl.read(ctx, rt, id)
	if err != nil {
		return id, err
	}
	attrs, err := scim.Inflate(rt, entry.Apply(scim.Flatten(rt, e.Attrs), edits))
	if err != nil {
		return id, fault.Wrap(fault.Invalid, "update "+string(rt.Name), err)
	}
	a := ask{op: "update " + string(rt.Name), method: http.MethodPut, path: rt.Endpoint, id: id,
		body: withID(rt.AppendBody(nil, entry.Entry{Type: rt.Name, Attrs: attrs}), id)}
	if can.ETag && meta.Version != "" {
		a.ifMatch = scim.ETag(meta.Version)
	}
	r, err := cl.do(ctx, a)
	if err != nil {
		return id, err
	}
	return updated(&a, r, rt)
}

// withID puts the id into a body, as many servers want it in a PUT.
func withID(body []byte, id string) []byte {
	if len(body) < 2 || body[0] != '{' {
		return body
	}
	head := scim.AppendString([]byte(`{"id":`), id)
	if body[1] != '}' {
		head = append(head, ',')
	}
	return append(head, body[1:]...)
}
