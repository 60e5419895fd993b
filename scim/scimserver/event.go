package scimserver

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/scim"
)

const asyncEvent = "urn:ietf:params:scim:event:misc:asyncresp"

// Event is the completion of an asynchronous request, or of one operation of an asynchronous Bulk request (RFC 9967 §2.5.1).
type Event struct {
	Txn      string // as in Set-Txn; of a Bulk operation with ":" and its zero-based index
	Tenant   string
	Base     string // base URL of the endpoint; the issuer
	Method   string
	Location string // absolute URL of the resource; "" when there is none
	Version  string // without quotes
	Status   int
	Response json.RawMessage // a SCIM error for a failure, the BulkResponse for a Bulk request as a whole; else nil
	At       time.Time
}

// AppendJSON appends the event as the claims of a security event token (RFC 8417), unsigned.
func (e Event) AppendJSON(b []byte) []byte {
	b = scim.AppendString(append(b, `{"jti":`...), e.Txn)
	b = append(b, `,"iat":`...)
	b = strconv.AppendInt(b, e.At.Unix(), 10)
	b = scim.AppendString(append(b, `,"iss":`...), e.Base)
	b = scim.AppendString(append(b, `,"txn":`...), e.Txn)
	b = append(b, `,"sub_id":{"format":"scim","uri":`...)
	b = scim.AppendString(b, strings.TrimPrefix(e.Location, e.Base))
	b = append(b, `},"events":{"`+asyncEvent+`":`...)
	b = e.appendOutcome(b, "")
	return append(b, "}}"...)
}

// appendOutcome writes the outcome in the form of one operation of a BulkResponse (RFC 7644 §3.7.3).
func (e Event) appendOutcome(b []byte, bulkID string) []byte {
	b = scim.AppendString(append(b, `{"method":`...), e.Method)
	if bulkID != "" {
		b = scim.AppendString(append(b, `,"bulkId":`...), bulkID)
	}
	if e.Version != "" {
		b = scim.AppendString(append(b, `,"version":`...), etag(e.Version))
	}
	if e.Location != "" {
		b = scim.AppendString(append(b, `,"location":`...), e.Location)
	}
	b = append(b, `,"status":"`...)
	b = strconv.AppendInt(b, int64(e.Status), 10)
	b = append(b, '"')
	if len(e.Response) > 0 {
		b = append(append(b, `,"response":`...), e.Response...)
	}
	return append(b, '}')
}

// event1 is the event of a whole request.
func (c *call) event1(txn string, a answer) Event {
	e := Event{Txn: txn, Tenant: c.caller.Tenant, Base: c.url, Method: c.method, Location: a.location, Version: a.version,
		Status: a.status, At: c.h.config.Now()}
	if e.Location == "" {
		e.Location = c.target()
	}
	if a.status >= http.StatusBadRequest || c.route.place == bulk {
		e.Response = slices.Clone(a.body)
	}
	return e
}

// target is the URL that the request went to.
func (c *call) target() string {
	switch {
	case c.route.place == bulk:
		return c.url + "/Bulk"
	case c.route.k != nil && c.route.id != "":
		return c.location(c.route.k, c.route.id)
	case c.route.k != nil:
		return c.url + c.route.k.Endpoint
	}
	return c.url
}

// eventsOf returns the events of the operations of a Bulk request, in the order of the request.
func eventsOf(c *call, txn string, a answer) []Event {
	var list []Event
	for _, o := range a.operations {
		o.Txn = txn + ":" + strconv.Itoa(o.index)
		o.Tenant, o.Base, o.At = c.caller.Tenant, c.url, c.h.config.Now()
		list = append(list, o.Event)
	}
	return list
}

// event answers GET /Events/{txn}: 200 with the completion, 202 while the request runs.
func (c *call) event() (answer, error) {
	e, ok := c.h.async.find(c.route.id, c.caller.Tenant)
	if !ok {
		return answer{}, refuse(http.StatusNotFound, "", "there is no asynchronous request %q, or it is long past", c.route.id)
	}
	if e.Status == 0 {
		return answer{status: http.StatusAccepted, txn: e.Txn, location: c.url + "/Events/" + e.Txn, retry: time.Second}, nil
	}
	c.out = e.AppendJSON(c.out[:0])
	return answer{status: http.StatusOK, body: c.out}, nil
}
