package plugin

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
	"github.com/sallyport-id/sallyport/host/connector/plugin/wire"
)

// unread is the fault for a message of the plugin that cannot be read.
func unread(op string, err error) error {
	return fault.New(fault.Internal, op, "the plugin's answer cannot be read: %w", err).WithHint("build the plugin anew with this version of package serve")
}

func (s *session) Schema(ctx context.Context) (connector.Schema, error) {
	const op = "read the schema"
	c, err := s.ready(ctx)
	if err != nil {
		return connector.Schema{}, err
	}
	m, err := c.Schema(ctx, s.this())
	if err != nil {
		return connector.Schema{}, s.failed(ctx, op, err, false)
	}
	return wire.ToSchema(m), nil
}

// Import streams: the plugin is never more than a window ahead of who reads.
func (s *session) Import(ctx context.Context, t entry.Type) iter.Seq2[entry.Entry, error] {
	const op = "import"
	return func(yield func(entry.Entry, error) bool) {
		c, err := s.ready(ctx)
		if err != nil {
			yield(entry.Entry{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := c.Import(ctx, &pb.TypeRequest{Session: s.number, Type: []byte(t)})
		for err == nil {
			var m *pb.Entries
			if m, err = stream.Recv(); err != nil {
				break
			}
			for _, x := range m.GetEntries() {
				e, readErr := wire.ToEntry(x)
				if readErr != nil {
					yield(entry.Entry{}, unread(op, readErr))
					return
				}
				if !yield(e, nil) {
					return
				}
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(entry.Entry{}, s.failed(ctx, op, err, false))
		}
	}
}

func (s *session) Mark(ctx context.Context) (connector.Watermark, error) {
	c, err := s.ready(ctx)
	if err != nil {
		return "", err
	}
	m, err := c.Mark(ctx, s.this())
	if err != nil {
		return "", s.failed(ctx, "ask for the watermark", err, false)
	}
	return connector.Watermark(m.GetWatermark()), nil
}

// ImportSince asks the plugin when the changes are read; what the call itself would have failed with comes out of the sequence.
func (s *session) ImportSince(ctx context.Context, t entry.Type, w connector.Watermark) (iter.Seq2[connector.Change, error], func() connector.Watermark, error) {
	if _, err := s.ready(ctx); err != nil {
		return nil, nil, err
	}
	d := &delta{session: s, request: &pb.SinceRequest{Session: s.number, Type: []byte(t), Watermark: []byte(w)}}
	return func(yield func(connector.Change, error) bool) { d.read(ctx, yield) }, func() connector.Watermark { return d.next }, nil
}

// delta is one import of changes.
type delta struct {
	session *session
	request *pb.SinceRequest
	next    connector.Watermark
}

func (d *delta) read(ctx context.Context, yield func(connector.Change, error) bool) {
	const op = "import changes"
	c, err := d.session.ready(ctx)
	if err != nil {
		yield(connector.Change{}, err)
		return
	}
	d.request.Session = d.session.number
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.ImportSince(ctx, d.request)
	whole := false
	for err == nil {
		var m *pb.Changes
		if m, err = stream.Recv(); err != nil {
			break
		}
		if !pass(m, op, yield) {
			return
		}
		if m.Next != nil {
			d.next, whole = connector.Watermark(m.GetNext()), true
		}
	}
	switch {
	case !errors.Is(err, io.EOF):
		yield(connector.Change{}, d.session.failed(ctx, op, err, false))
	case !whole:
		yield(connector.Change{}, unread(op, errors.New("it ended without a watermark")))
	}
}

// pass yields the changes of a message; false ends the reading.
func pass(m *pb.Changes, op string, yield func(connector.Change, error) bool) bool {
	for _, x := range m.GetChanges() {
		e, err := wire.ToEntry(x.GetEntry())
		if err != nil {
			yield(connector.Change{}, unread(op, err))
			return false
		}
		if !yield(connector.Change{Entry: e, Deleted: x.GetDeleted()}, nil) {
			return false
		}
	}
	return true
}

func (s *session) Watch(ctx context.Context, t entry.Type, w connector.Watermark) error {
	c, err := s.ready(ctx)
	if err != nil {
		return err
	}
	if _, err := c.Watch(ctx, &pb.SinceRequest{Session: s.number, Type: []byte(t), Watermark: []byte(w)}); err != nil {
		return s.failed(ctx, "watch", err, false)
	}
	return nil
}

func (s *session) Lookup(ctx context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error) {
	const op = "look up"
	c, err := s.ready(ctx)
	if err != nil {
		return nil, err
	}
	m, err := c.Lookup(ctx, &pb.LookupRequest{Session: s.number, Type: []byte(t), Attr: []byte(attr), Value: wire.FromValue(v)})
	if err != nil {
		return nil, s.failed(ctx, op, err, false)
	}
	found, err := wire.ToEntries(m)
	if err != nil {
		return nil, unread(op, err)
	}
	return found, nil
}
