package serve

import (
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector/plugin/wire"
)

// Limits of one message of a stream: large enough that its cost does not count, small enough to keep memory flat.
const (
	parcelCount = 256
	parcelBytes = 128 << 10
)

// parcel gathers what a stream yields into messages.
type parcel[T any] struct {
	send  func([]*T) error
	items []*T
	bytes int
}

func (p *parcel[T]) add(x *T, bytes int) error {
	p.items = append(p.items, x)
	p.bytes += bytes
	if len(p.items) < parcelCount && p.bytes < parcelBytes {
		return nil
	}
	return p.flush()
}

func (p *parcel[T]) flush() error {
	if len(p.items) == 0 {
		return nil
	}
	err := p.send(p.items)
	p.items, p.bytes = p.items[:0], 0
	return err
}

// end sends what is there, and ends the stream with the connector's error.
func (p *parcel[T]) end(err error) error {
	if sendErr := p.flush(); sendErr != nil {
		return sendErr
	}
	return wire.Status(err)
}

// weight is about how many bytes an entry takes.
func weight(e entry.Entry) int {
	n := len(e.ID)
	for name, vs := range e.Attrs {
		n += len(name)
		for _, v := range vs {
			n += weightOf(v)
		}
	}
	return n
}

func weightOf(v entry.Value) int {
	switch v := v.(type) {
	case string:
		return len(v) + 4
	case []byte:
		return len(v) + 4
	case entry.Ref:
		return len(v.ID) + len(v.Type) + 6
	case entry.Complex:
		n := 4
		for name, x := range v {
			n += len(name) + weightOf(x)
		}
		return n
	}
	return 12
}
