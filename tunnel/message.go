package tunnel

import (
	"encoding/binary"
	"io"
	"time"
)

// Body is the content of a message: its first piece, and the rest when it is larger than InlineMax.
type Body struct {
	Prefix []byte        // at most InlineMax bytes
	Rest   io.ReadCloser // what follows Prefix; nil when nothing does
}

// Reader returns the whole body in order.
func (b Body) Reader() io.Reader {
	prefix := &prefixReader{b.Prefix}
	if b.Rest == nil {
		return prefix
	}
	return io.MultiReader(prefix, b.Rest)
}

// Close releases the rest, if any.
func (b Body) Close() error {
	if b.Rest == nil {
		return nil
	}
	return b.Rest.Close()
}

type prefixReader struct{ rest []byte }

func (p *prefixReader) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// Request is one HTTP request on its way to an application that the agent knows by name.
type Request struct {
	Resource string  // name of the application in the agent's own configuration
	Method   string  // "GET", "POST", …
	Target   string  // path and query relative to the application's base, begins with "/"
	Header   []Field // see RequestFields
	Key      string  // idempotency key; "" when the far side is not known to remember one
	Hold     bool    // start only after a go: for writes that must not happen twice
	Length   int64   // bytes of the body, -1 when unknown
	Body     Body

	// Set by the tunnel on arrival.
	Attempt Attempt
	Budget  time.Duration // time left when it was sent
	expires time.Time     // by the service's clock; a later start is refused
}

// Response is the answer to a Request.
type Response struct {
	Status int     // 100 to 599
	Header []Field // see ResponseFields
	Length int64   // bytes of the body, -1 when unknown
	Body   Body
}

const (
	flagMore byte = 1 << iota // chunks follow
	flagHold
)

// appendHead writes everything of a request before its body. The byte at the returned index holds the flags.
func (r *Request) appendHead(b []byte, at Attempt) (frame []byte, flags int) {
	b = appendPrefix(b, TypeRequest, at)
	flags = len(b)
	var f byte
	if r.Hold {
		f |= flagHold
	}
	if r.Body.Rest != nil {
		f |= flagMore
	}
	b = append(b, f)
	b = binary.AppendUvarint(b, uint64(max(0, r.Budget.Milliseconds())))
	b = binary.AppendVarint(b, r.expires.UnixMilli())
	b = appendString(b, r.Resource)
	b = appendString(b, r.Method)
	b = appendString(b, r.Target)
	b = appendString(b, r.Key)
	b = appendFields(b, requestFields, r.Header)
	return binary.AppendVarint(b, r.Length), flags
}

// parseRequest reads a request head; the body's prefix aliases payload. more says that chunks follow.
func parseRequest(f Frame) (req *Request, more bool, err error) {
	r := reader{rest: f.Payload}
	flags := r.byte()
	req = &Request{Attempt: f.Attempt, Hold: flags&flagHold != 0}
	req.Budget = time.Duration(min(r.uint(), uint64(24*time.Hour/time.Millisecond))) * time.Millisecond
	req.expires = time.UnixMilli(r.int())
	req.Resource, req.Method, req.Target, req.Key = r.string(maxToken*4), r.string(16), r.string(maxHead), r.string(256)
	req.Header, req.Length = r.fields(requestFields), r.int()
	req.Body.Prefix = r.rest
	if r.bad || flags > flagMore|flagHold || req.Length < -1 || len(r.rest) > InlineMax || !cleanValue(req.Key) {
		return nil, false, malformed("a request head that cannot be read")
	}
	return req, flags&flagMore != 0, nil
}

// appendHead writes everything of a response before its body. The byte at the returned index holds the flags.
func (r *Response) appendHead(b []byte, at Attempt) (frame []byte, flags int) {
	b = appendPrefix(b, TypeResponse, at)
	flags = len(b)
	b = append(b, 0)
	b = binary.AppendUvarint(b, uint64(r.Status))
	b = appendFields(b, responseFields, r.Header)
	return binary.AppendVarint(b, r.Length), flags
}

// parseResponse reads a response head; the body's prefix aliases payload.
func parseResponse(f Frame) (resp *Response, more bool, err error) {
	r := reader{rest: f.Payload}
	flags := r.byte()
	resp = &Response{Status: int(min(r.uint(), 1000)), Header: r.fields(responseFields), Length: r.int()}
	resp.Body.Prefix = r.rest
	if r.bad || flags > flagMore || resp.Length < -1 || resp.Status < 100 || resp.Status > 599 || len(r.rest) > InlineMax {
		return nil, false, malformed("a response head that cannot be read")
	}
	return resp, flags&flagMore != 0, nil
}
