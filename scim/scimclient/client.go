package scimclient

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
)

// Find asks for the objects whose attribute (a mapping path; in the host's extension the column's own name, byte for byte, as everywhere) equals the value, under the server's case rule, without
// reference attributes that may be long (members). Absent: an empty list. Anything but a clean answer is an error: a
// list that is not whole (fault.Ambiguous), objects that do not satisfy the filter, a web page, a 404.
func (cl *Client) Find(ctx context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error) {
	rt, _, err := cl.typ(ctx, t)
	if err != nil {
		return nil, err
	}
	attr = wireName(rt, attr)
	a := ask{op: "find " + string(t), method: http.MethodGet, path: rt.Endpoint,
		query: excluding(rt) + "filter=" + escapeQuery(cl.filter(attr, v))}
	r, err := cl.do(ctx, a)
	if err != nil {
		return nil, err
	}
	return cl.found(&a, r, rt, attr, v)
}

func (cl *Client) found(a *ask, r reply, rt *scim.ResourceType, attr string, v entry.Value) ([]entry.Entry, error) {
	switch {
	case r.status == http.StatusNotFound:
		return nil, odd(a, fault.Unavailable, ErrNoEndpoint, r).
			WithHint("an absent object is an empty list, not 404: check that the base URL is the address that /Users is appended to")
	case r.status != http.StatusOK:
		return nil, refusal(a, r)
	}
	ans, err := rt.ReadList(r.body)
	if err != nil {
		return nil, odd(a, fault.Unavailable, notSCIM(err), r)
	}
	if err := judgeFind(a, r, ans, rt, attr, v); err != nil {
		return nil, err
	}
	for i := range ans.Resources {
		ans.Resources[i] = flat(rt, ans.Resources[i])
	}
	return ans.Resources, nil
}

// notSCIM joins the sentinel and what the parser said.
func notSCIM(err error) error { return &unreadable{err} }

type unreadable struct{ err error }

func (u *unreadable) Error() string   { return ErrNotSCIM.Error() + ": " + clip(u.err.Error()) }
func (u *unreadable) Is(e error) bool { return e == ErrNotSCIM }

// NotSCIM marks the error, as ErrNotSCIM's does.
func (u *unreadable) NotSCIM() {}

func flat(rt *scim.ResourceType, e entry.Entry) entry.Entry {
	attrs := scim.Flatten(rt, e.Attrs)
	ownNames(attrs)
	return entry.Entry{Type: rt.Name, ID: e.ID, Attrs: attrs}
}

// filter writes attr eq v. A path with a value filter becomes RFC 7644's emails[type eq "work" and value eq "v"], or,
// in the legacy dialect, emails[type eq "work"].value eq "v" as Entra sends it.
func (cl *Client) filter(attr string, v entry.Value) string {
	lit := scim.Literal(v)
	head, sub, ok := strings.Cut(attr, "].")
	if !ok || cl.c.Dialect == Legacy {
		return attr + " eq " + lit
	}
	return head + " and " + sub + " eq " + lit + "]"
}

// excluding begins a query that leaves the detached attributes out.
func excluding(rt *scim.ResourceType) string {
	if names := rt.Detached(); len(names) > 0 {
		return "excludedAttributes=" + escapeQuery(strings.Join(names, ",")) + "&"
	}
	return ""
}

// escapeQuery escapes with %20 for a space, which no server takes for a plus.
func escapeQuery(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// Get reads one object with all its attributes, members included; fault.NotFound when it is gone.
func (cl *Client) Get(ctx context.Context, t entry.Type, id string) (entry.Entry, error) {
	rt, _, err := cl.typ(ctx, t)
	if err != nil {
		return entry.Entry{}, err
	}
	e, _, err := cl.read(ctx, rt, id)
	if err != nil {
		return entry.Entry{}, err
	}
	return flat(rt, e), nil
}

// read returns an object in its nested form.
func (cl *Client) read(ctx context.Context, rt *scim.ResourceType, id string) (entry.Entry, scim.Meta, error) {
	a := ask{op: "read " + string(rt.Name), method: http.MethodGet, path: rt.Endpoint, id: id}
	if id == "" {
		return entry.Entry{}, scim.Meta{}, fault.New(fault.Invalid, a.op, "the id is empty")
	}
	r, err := cl.do(ctx, a)
	switch {
	case err != nil:
		return entry.Entry{}, scim.Meta{}, err
	case r.status == http.StatusNotFound && isPage(r):
		return entry.Entry{}, scim.Meta{}, odd(&a, fault.Unavailable, ErrNotSCIM, r)
	case r.status != http.StatusOK:
		return entry.Entry{}, scim.Meta{}, refusal(&a, r)
	}
	e, meta, err := rt.Read(r.body)
	switch {
	case err != nil:
		return entry.Entry{}, meta, odd(&a, fault.Unavailable, notSCIM(err), r)
	case e.ID == "":
		return entry.Entry{}, meta, odd(&a, fault.Unsupported, ErrNoID, r)
	case e.ID != id:
		return entry.Entry{}, meta, odd(&a, fault.Unsupported, ErrUnsatisfied, r)
	}
	return e, meta, nil
}

// Create posts the object and returns it as the server answers, with the id the server chose. fault.Exists when a
// unique value is taken, fault.Timeout when it is not known whether the object was made.
func (cl *Client) Create(ctx context.Context, e entry.Entry) (entry.Entry, error) {
	rt, can, err := cl.typ(ctx, e.Type)
	if err != nil {
		return entry.Entry{}, err
	}
	nested, err := scim.Inflate(rt, wireAttrs(rt, e.Attrs))
	if err != nil {
		return entry.Entry{}, fault.Wrap(fault.Invalid, "create "+string(e.Type), err)
	}
	a := ask{op: "create " + string(e.Type), method: http.MethodPost, path: rt.Endpoint,
		body: cl.createBody(rt, nested)}
	if cl.c.Key != nil && (can.Keys || cl.c.NoDiscovery) {
		a.key = cl.c.Key(ctx)
	}
	r, err := cl.do(ctx, a)
	if err != nil {
		return entry.Entry{}, err
	}
	return created(&a, r, rt)
}

const adscimGroup = `"http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"`

// createBody writes the object; the legacy dialect adds the schema that Entra names for groups.
func (cl *Client) createBody(rt *scim.ResourceType, attrs entry.Attrs) []byte {
	body := rt.AppendBody(make([]byte, 0, 1024), entry.Entry{Type: rt.Name, Attrs: attrs})
	if cl.c.Dialect == Legacy && rt.Name == entry.Group {
		const head = `{"schemas":[`
		if strings.HasPrefix(string(body[:min(len(body), len(head))]), head) {
			body = slices.Insert(body, len(head), []byte(adscimGroup+",")...)
		}
	}
	return body
}

func created(a *ask, r reply, rt *scim.ResourceType) (entry.Entry, error) {
	switch r.status {
	case http.StatusCreated, http.StatusOK:
	case http.StatusAccepted:
		return entry.Entry{}, later(a, r)
	default:
		return entry.Entry{}, refusal(a, r)
	}
	e, _, err := rt.Read(r.body)
	if err == nil && e.ID != "" {
		return flat(rt, e), nil
	}
	if id := idOf(r.header.Get("Location"), rt.Endpoint); id != "" && len(r.body) == 0 {
		return entry.Entry{Type: rt.Name, ID: id, Attrs: entry.Attrs{}}, nil
	}
	if err == nil {
		return entry.Entry{}, odd(a, fault.Timeout, ErrNoID, r)
	}
	return entry.Entry{}, odd(a, fault.Timeout, notSCIM(err), r)
}

// idOf takes the id out of a Location.
func idOf(location, endpoint string) string {
	u, err := url.Parse(location)
	if err != nil {
		return ""
	}
	_, id, ok := strings.Cut(u.EscapedPath(), endpoint+"/")
	if id, err = url.PathUnescape(id); !ok || err != nil {
		return ""
	}
	return id
}

// later makes the fault for 202: it is not done, and whether it will be is unknown.
func later(a *ask, r reply) error {
	return odd(a, fault.Timeout, ErrAccepted, r).WithHint("it is looked up again before anything else; switch asynchronous answers off in the application")
}

// Delete removes the object; one that is gone already is no error.
func (cl *Client) Delete(ctx context.Context, t entry.Type, id string) error {
	rt, _, err := cl.typ(ctx, t)
	if err != nil {
		return err
	}
	a := ask{op: "delete " + string(t), method: http.MethodDelete, path: rt.Endpoint, id: id}
	if id == "" {
		return fault.New(fault.Invalid, a.op, "the id is empty")
	}
	r, err := cl.do(ctx, a)
	switch {
	case err != nil:
		return err
	case r.status == http.StatusNoContent, r.status == http.StatusOK:
		return nil
	case r.status == http.StatusGone, r.status == http.StatusNotFound && !isPage(r):
		return nil
	case r.status == http.StatusNotFound:
		return fault.New(fault.Unavailable, a.op, "%w", ErrNotSCIM).WithCode(fault.CodeIncompatible).WithHint("a web page came back with 404: the base URL is wrong, or a proxy answers in the application's place")
	case r.status == http.StatusAccepted:
		return later(&a, r)
	}
	return refusal(&a, r)
}
