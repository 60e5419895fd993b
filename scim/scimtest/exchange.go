package scimtest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/scim"
)

// object is a JSON object to send.
type object map[string]any

// array is a JSON array to send.
type array []any

// session is a run: where the endpoint is, what it says it can do, and what was made on it.
type session struct {
	ctx    context.Context
	base   string
	token  string
	client *http.Client
	word   string // random, in every name made
	config reply  // /ServiceProviderConfig
	a, b   thing  // a rich user with manager b, and a plain one
	off    thing  // a user that is not active
	team   thing  // a group of a and b
	made   []string
}

// thing is a resource that was made.
type thing struct {
	path, id, name string
	reply
}

// exchange is one check at work.
type exchange struct {
	*session
	why  []string
	skip string
}

// reply is an answer, or why there was none.
type reply struct {
	x      *exchange
	asked  string // method and path
	status int
	header http.Header
	raw    string
	doc    any
}

func newSession(ctx context.Context, o Options) *session {
	c := o.Client
	if c == nil {
		c = &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &session{ctx: ctx, base: trimBase(o.BaseURL), token: o.Token, client: c, word: "t" + strings.ToLower(rand.Text()[:10])}
}

// random returns a new word.
func random() string { return strings.ToLower(rand.Text()[:12]) }

// prepare makes the fixtures.
func (s *session) prepare() error {
	x := &exchange{session: s}
	s.config = x.get("/ServiceProviderConfig")
	s.b = x.make("/Users", object{"schemas": array{scim.UserURN}, "userName": "b-" + s.word + "@example.test", "displayName": "Plain", "active": true})
	s.a = x.make("/Users", s.rich("a-"+s.word+"@example.test"))
	s.off = x.make("/Users", object{"schemas": array{scim.UserURN}, "userName": "off-" + s.word + "@example.test", "active": false})
	s.team = x.make("/Groups", object{"schemas": array{scim.GroupURN}, "displayName": "team-" + s.word,
		"members": array{object{"value": s.a.id}, object{"value": s.b.id}}})
	if len(x.why) > 0 {
		return errors.New("the fixtures could not be made: " + x.why[0])
	}
	return nil
}

// rich is a user with something in most kinds of attribute.
func (s *session) rich(name string) object {
	return object{
		"schemas": array{scim.UserURN, scim.EnterpriseURN}, "userName": name, "externalId": "Ext-" + name, "active": true,
		"name": object{"givenName": "Barbara", "familyName": "O'Malley"}, "displayName": `Babs "B" Jensen`, "title": "Tour Guide",
		"emails": array{
			object{"value": name + ".work", "type": "work", "primary": true}, object{"value": "p+" + name + ".home", "type": "home"},
		},
		scim.EnterpriseURN: object{"department": "Sales", "employeeNumber": "E-" + name, "manager": object{"value": s.b.id}},
	}
}

// cleanUp deletes what was made; what is gone already does not matter.
func (s *session) cleanUp(ctx context.Context) {
	s.ctx = ctx
	x := &exchange{session: s}
	for _, path := range slices.Backward(s.made) {
		x.do(http.MethodDelete, path, nil)
	}
}

// make creates a resource, which is expected to work.
func (x *exchange) make(collection string, body object) thing {
	r := x.do(http.MethodPost, collection, body).is(http.StatusCreated)
	t := thing{id: r.text("id"), reply: r}
	t.path = collection + "/" + url.PathEscape(t.id)
	t.name = cmp.Or(r.text("userName"), r.text("displayName"))
	if t.id != "" {
		x.made = append(x.made, t.path)
	}
	return t
}

// user makes a rich user of this check's own.
func (x *exchange) user() thing { return x.make("/Users", x.rich("f-"+random()+"@example.test")) }

// bare makes a user with nothing but a name.
func (x *exchange) bare() thing {
	return x.make("/Users", object{"schemas": array{scim.UserURN}, "userName": "f-" + random() + "@example.test"})
}

// group makes a group of the users a and b.
func (x *exchange) group() thing {
	return x.make("/Groups", object{"schemas": array{scim.GroupURN}, "displayName": "g-" + random(),
		"members": array{object{"value": x.a.id}, object{"value": x.b.id}}})
}

func (x *exchange) get(path string, header ...string) reply {
	return x.do(http.MethodGet, path, nil, header...)
}

// find lists users by a filter.
func (x *exchange) find(filter string) reply {
	return x.get("/Users?filter=" + url.QueryEscape(filter))
}

// patch sends a PatchOp.
func (x *exchange) patch(t thing, operations ...any) reply {
	return x.do(http.MethodPatch, t.path, object{"schemas": array{scim.PatchURN}, "Operations": operations})
}

// op is one operation of a PatchOp; without a path when that is "", without a value when none is given.
func op(op, path string, value ...any) object {
	o := object{"op": op}
	if path != "" {
		o["path"] = path
	}
	if len(value) > 0 {
		o["value"] = value[0]
	}
	return o
}

// do sends a request. body is nil, a string to send as it is, or something to send as JSON. header holds names and values in
// turn; the value "-" leaves a header out.
func (x *exchange) do(method, path string, body any, header ...string) reply {
	r := reply{x: x, asked: method + " " + path}
	req, err := x.request(method, path, body)
	if err != nil {
		return r.note("%v", err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if req.Header.Del(header[i]); header[i+1] != "-" {
			req.Header.Set(header[i], header[i+1])
		}
	}
	res, err := x.client.Do(req)
	if err != nil {
		return r.note("no answer: %v", err)
	}
	defer func() { _ = res.Body.Close() }() // only read
	raw, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil {
		return r.note("the answer broke off: %v", err)
	}
	r.status, r.header, r.raw = res.StatusCode, res.Header, string(raw)
	if len(raw) > 0 {
		_ = json.Unmarshal(raw, &r.doc) // an answer that is not JSON has no doc, which the assertions say
	}
	return r
}

func (x *exchange) request(method, path string, body any) (*http.Request, error) {
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	default:
		text, err := json.Marshal(withSchemas(method, path, body))
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(text)
	}
	if !strings.HasPrefix(path, "http") {
		path = x.base + path
	}
	req, err := http.NewRequestWithContext(x.ctx, method, path, reader)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+x.token)
	req.Header.Set("Accept", "application/scim+json")
	if body != nil {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	return req, nil
}

// lacks ends a check early when the endpoint says that it lacks a feature.
func (x *exchange) lacks(feature string) bool {
	if at(x.config.doc, feature+"/supported") == true {
		return false
	}
	x.skip = "the endpoint says " + feature + " is not supported"
	return true
}

func (x *exchange) failf(format string, args ...any) {
	x.why = append(x.why, fmt.Sprintf(format, args...))
}

// withSchemas gives an object that says nothing of schemas those that belong to it, so that a check need not repeat them.
// Text is sent as it is.
func withSchemas(method, path string, body any) any {
	o, ok := body.(object)
	if !ok || o["schemas"] != nil {
		return body
	}
	var urns array
	switch collection := "/" + strings.SplitN(path+"//", "/", 3)[1]; {
	case method == http.MethodPatch:
		urns = array{scim.PatchURN}
	case strings.HasSuffix(path, "/.search"):
		urns = array{scim.SearchURN}
	case strings.HasPrefix(collection, "/Users"):
		urns = array{scim.UserURN}
	case strings.HasPrefix(collection, "/Groups"):
		urns = array{scim.GroupURN}
	default:
		return body
	}
	full := object{}
	for k, v := range o {
		full[k] = v
		if strings.HasPrefix(strings.ToLower(k), "urn:") {
			urns = append(urns, k)
		}
	}
	full["schemas"] = urns
	return full
}
