package serve

import (
	"context"

	"google.golang.org/grpc"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
	"github.com/sallyport-id/sallyport/host/connector/plugin/wire"
)

func (s *server) Schema(ctx context.Context, m *pb.SessionRequest) (*pb.SchemaReply, error) {
	h, done, err := s.sessions.use(ctx, m.GetSession())
	if err != nil {
		return nil, wire.Status(err)
	}
	defer done()
	schema, err := h.session.Schema(ctx)
	return wire.FromSchema(schema), wire.Status(err)
}

func (s *server) Import(m *pb.TypeRequest, stream grpc.ServerStreamingServer[pb.Entries]) error {
	h, done, err := s.sessions.use(stream.Context(), m.GetSession())
	if err != nil {
		return wire.Status(err)
	}
	defer done()
	p := &parcel[pb.Entry]{send: func(es []*pb.Entry) error { return stream.Send(&pb.Entries{Entries: es}) }}
	for e, err := range h.session.Import(stream.Context(), entry.Type(m.GetType())) {
		if err != nil {
			return p.end(err)
		}
		if err := p.add(wire.FromEntry(e), weight(e)); err != nil {
			return err
		}
	}
	return p.flush()
}

func (s *server) Mark(ctx context.Context, m *pb.SessionRequest) (*pb.Watermark, error) {
	h, done, err := s.sessions.use(ctx, m.GetSession())
	if err != nil {
		return nil, wire.Status(err)
	}
	defer done()
	x, err := as[connector.DeltaImporter](h, "ask for the watermark", h.can.Delta)
	if err != nil {
		return nil, wire.Status(err)
	}
	w, err := x.Mark(ctx)
	return &pb.Watermark{Watermark: []byte(w)}, wire.Status(err)
}

func (s *server) ImportSince(m *pb.SinceRequest, stream grpc.ServerStreamingServer[pb.Changes]) error {
	h, done, err := s.sessions.use(stream.Context(), m.GetSession())
	if err != nil {
		return wire.Status(err)
	}
	defer done()
	x, err := as[connector.DeltaImporter](h, "import changes", h.can.Delta)
	if err != nil {
		return wire.Status(err)
	}
	changes, next, err := x.ImportSince(stream.Context(), entry.Type(m.GetType()), connector.Watermark(m.GetWatermark()))
	if err != nil {
		return wire.Status(err)
	}
	p := &parcel[pb.Change]{send: func(cs []*pb.Change) error { return stream.Send(&pb.Changes{Changes: cs}) }}
	for c, err := range changes {
		if err != nil {
			return p.end(err)
		}
		if err := p.add(&pb.Change{Entry: wire.FromEntry(c.Entry), Deleted: c.Deleted}, weight(c.Entry)); err != nil {
			return err
		}
	}
	if err := p.flush(); err != nil {
		return err
	}
	w := []byte(next())
	if w == nil {
		w = []byte{}
	}
	return stream.Send(&pb.Changes{Next: w})
}

func (s *server) Watch(ctx context.Context, m *pb.SinceRequest) (*pb.Nothing, error) {
	h, done, err := s.sessions.use(ctx, m.GetSession())
	if err != nil {
		return nil, wire.Status(err)
	}
	defer done()
	x, err := as[connector.Watcher](h, "watch", h.can.Push)
	if err != nil {
		return nil, wire.Status(err)
	}
	return &pb.Nothing{}, wire.Status(x.Watch(ctx, entry.Type(m.GetType()), connector.Watermark(m.GetWatermark())))
}

func (s *server) Lookup(ctx context.Context, m *pb.LookupRequest) (*pb.Entries, error) {
	h, done, err := s.sessions.use(ctx, m.GetSession())
	if err != nil {
		return nil, wire.Status(err)
	}
	defer done()
	x, err := as[connector.Lookup](h, "look up", h.can.Lookup)
	if err != nil {
		return nil, wire.Status(err)
	}
	v, err := wire.ToValue(m.GetValue())
	if err != nil {
		return nil, wire.Status(unread(err))
	}
	found, err := x.Lookup(ctx, entry.Type(m.GetType()), string(m.GetAttr()), v)
	return wire.FromEntries(found), wire.Status(err)
}
