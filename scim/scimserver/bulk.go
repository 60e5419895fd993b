package scimserver

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
)

// bulkRequest is the body of POST /Bulk (RFC 7644 §3.7); keys are matched without regard to case.
type bulkRequest struct {
	FailOnErrors int
	Operations   []operation
}

// operation is one of its operations, and once it has run, its outcome.
type operation struct {
	Method, BulkID, Version, Path string
	Data                          json.RawMessage
}

// outcome is what an operation came to.
type outcome struct {
	Event
	index  int // of the operation in the request
	bulkID string
}

// batch is a Bulk request being carried out. Operations run in their order, except that a POST which others refer to by bulkId
// runs before them; where new resources refer to each other in a circle they are created first and linked after.
type batch struct {
	*call
	ops    []operation
	posts  map[string]int    // bulkId to the POST that defines it
	ids    map[string]string // bulkId to the id of the resource made
	state  []progress
	done   []*outcome
	links  []link
	errors int
	limit  int // failOnErrors; 0: none
}

type progress uint8

const (
	waiting progress = iota
	running
	succeeded
	failed
)

// bulk answers POST /Bulk.
func (c *call) bulk() (answer, error) {
	var r bulkRequest
	if err := json.Unmarshal(c.body, &r); err != nil {
		return answer{}, refuse(http.StatusBadRequest, scim.InvalidSyntax, "the body is not a BulkRequest: %v", err)
	}
	if len(r.Operations) == 0 {
		return answer{}, refuse(http.StatusBadRequest, scim.InvalidSyntax, "Operations is missing or empty")
	}
	if most := c.h.config.Limits.BulkOperations; len(r.Operations) > most {
		return answer{}, refuse(http.StatusRequestEntityTooLarge, "", "%d operations are more than the %d that one request may have", len(r.Operations), most)
	}
	b := &batch{
		call: c, ops: r.Operations, posts: map[string]int{}, ids: map[string]string{}, limit: r.FailOnErrors,
		state: make([]progress, len(r.Operations)), done: make([]*outcome, len(r.Operations)),
	}
	if err := b.index(); err != nil {
		return answer{}, err
	}
	for i := range b.ops {
		b.run(i)
		b.link()
	}
	return b.response(), nil
}

// index notes which operation defines which bulkId.
func (b *batch) index() error {
	for i, op := range b.ops {
		if op.BulkID == "" || !strings.EqualFold(op.Method, http.MethodPost) {
			continue
		}
		if _, twice := b.posts[op.BulkID]; twice {
			return refuse(http.StatusBadRequest, scim.InvalidSyntax, "the bulkId %q is used twice", op.BulkID)
		}
		b.posts[op.BulkID] = i
	}
	return nil
}

func (b *batch) stopped() bool { return b.limit > 0 && b.errors >= b.limit || b.ctx.Err() != nil }

// run carries out one operation, after those that it refers to.
func (b *batch) run(i int) {
	if b.state[i] != waiting || b.stopped() {
		return
	}
	b.state[i] = running
	op := &b.ops[i]
	refs := references(op)
	for _, ref := range refs {
		if at, ok := b.posts[ref]; ok {
			b.run(at)
		}
	}
	if b.stopped() {
		b.state[i] = waiting
		return
	}
	o := &outcome{index: i, bulkID: op.BulkID, Event: Event{Method: strings.ToUpper(op.Method)}}
	a, err := b.perform1(i, refs)
	b.settle(o, a, err)
}

// settle notes what an operation came to.
func (b *batch) settle(o *outcome, a answer, err error) {
	b.state[o.index] = succeeded
	if err != nil {
		a = (&call{h: b.h, id: b.id}).fail(err)
		o.Response = a.body
		b.state[o.index] = failed
		b.errors++
	}
	o.Status, o.Version = a.status, a.version
	if a.location != "" {
		o.Location = a.location
	} else if o.Location == "" && o.Method != http.MethodPost {
		o.Location = b.url + b.ops[o.index].Path
	}
	b.done[o.index] = o
}

// perform1 resolves the references of an operation and does it.
func (b *batch) perform1(i int, refs []string) (answer, error) {
	op := &b.ops[i]
	later, err := b.resolve(i, refs)
	if err != nil {
		return answer{}, err
	}
	path, data := b.substitute(op)
	path, _, _ = strings.Cut(path, "?")
	op.Path = path
	r := b.h.find("/" + strings.TrimPrefix(path, "/"))
	sub := &call{h: b.h, ctx: b.ctx, method: strings.ToUpper(op.Method), route: r, caller: b.caller, id: b.id, url: b.url, now: b.now}
	if op.Version != "" {
		sub.header = http.Header{"If-Match": {op.Version}}
	}
	if err := checkOperation(op, sub); err != nil {
		return answer{}, err
	}
	if sub.method != http.MethodPost {
		sub.body = data
		return sub.onResource1(data)
	}
	a, err := b.post(i, sub, data, later)
	return a, err
}

// onResource1 is onResource for PUT, PATCH and DELETE with the location filled in for every outcome.
func (c *call) onResource1(data []byte) (a answer, err error) {
	switch c.method {
	case http.MethodPut:
		a, err = c.replace(c.route.k, c.route.id, data)
	case http.MethodPatch:
		a, err = c.patch(c.route.k, c.route.id, data)
	default:
		a, err = c.remove(c.route.k, c.route.id)
	}
	if a.location == "" {
		a.location = c.location(c.route.k, c.route.id)
	}
	return a, err
}

func checkOperation(op *operation, sub *call) error {
	switch sub.method {
	case http.MethodPost:
		if op.BulkID == "" {
			return refuse(http.StatusBadRequest, scim.InvalidSyntax, "a POST needs a bulkId")
		}
		if sub.route.place != collection {
			return refuse(http.StatusBadRequest, scim.InvalidPath, "%q is not a path to create resources at", op.Path)
		}
	case http.MethodPut, http.MethodPatch, http.MethodDelete:
		if sub.route.place != resource {
			return refuse(http.StatusBadRequest, scim.InvalidPath, "%q is not the path of a resource", op.Path)
		}
	default:
		return refuse(http.StatusBadRequest, scim.InvalidSyntax, "the method %q is not one of POST, PUT, PATCH and DELETE", op.Method)
	}
	if len(op.Data) == 0 && sub.method != http.MethodDelete {
		return refuse(http.StatusBadRequest, scim.InvalidSyntax, "%s needs data", sub.method)
	}
	return nil
}

// post creates a resource, without the values that wait for resources still to be made.
func (b *batch) post(i int, sub *call, data []byte, later []string) (answer, error) {
	k := sub.route.k
	e, err := k.Decode(data, b.h.config.Mode)
	if err != nil {
		return answer{}, err
	}
	e.ID = ""
	held := entry.Attrs{}
	if len(later) > 0 {
		held = holdBack(e.Attrs, later)
	}
	r, err := b.h.store.Create(b.ctx, e)
	if err != nil {
		return answer{}, err
	}
	b.ids[b.ops[i].BulkID] = r.ID
	if len(held) > 0 {
		b.links = append(b.links, link{from: i, k: k, id: r.ID, held: held, targets: later})
	}
	return answer{status: http.StatusCreated, version: r.Version, location: b.location(k, r.ID)}, nil
}

// response writes the BulkResponse: what was not run is left out.
func (b *batch) response() answer {
	out := append(b.out[:0], `{"schemas":["`+scim.BulkResponseURN+`"],"Operations":[`...)
	a := answer{status: http.StatusOK}
	for _, o := range b.done {
		if o == nil {
			continue
		}
		if len(a.operations) > 0 {
			out = append(out, ',')
		}
		out = o.appendOutcome(out, o.bulkID)
		a.operations = append(a.operations, *o)
	}
	b.out = append(out, "]}"...)
	a.body = b.out
	return a
}
