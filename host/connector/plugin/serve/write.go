package serve

import (
	"context"

	"google.golang.org/grpc"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
	"github.com/sallyport-id/sallyport/host/connector/plugin/wire"
)

// unread is the fault for a message that cannot be read.
func unread(err error) error {
	return fault.New(fault.Invalid, "read the host's message", "%w", err).WithHint("host and plugin are of different versions; build the plugin anew")
}

func (s *server) exporter(ctx context.Context, session uint64) (connector.Exporter, func(), error) {
	h, done, err := s.sessions.use(ctx, session)
	if err != nil {
		return nil, nil, err
	}
	x, err := as[connector.Exporter](h, "write", h.can.Export)
	if err != nil {
		done()
		return nil, nil, err
	}
	return x, done, nil
}

func (s *server) Create(ctx context.Context, m *pb.CreateRequest) (*pb.Entry, error) {
	x, done, err := s.exporter(ctx, m.GetSession())
	if err != nil {
		return nil, wire.Status(err)
	}
	defer done()
	e, err := wire.ToEntry(m.GetEntry())
	if err != nil {
		return nil, wire.Status(unread(err))
	}
	made, err := x.Create(ctx, e)
	return wire.FromEntry(made), wire.Status(err)
}

func (s *server) Update(ctx context.Context, m *pb.UpdateRequest) (*pb.Anchor, error) {
	x, done, err := s.exporter(ctx, m.GetSession())
	if err != nil {
		return nil, wire.Status(err)
	}
	defer done()
	edits, err := wire.ToEdits(m.GetEdits())
	if err != nil {
		return nil, wire.Status(unread(err))
	}
	a, err := x.Update(ctx, entry.Type(m.GetType()), connector.Anchor(m.GetAnchor()), edits)
	return &pb.Anchor{Anchor: []byte(a)}, wire.Status(err)
}

func (s *server) Delete(ctx context.Context, m *pb.ObjectRequest) (*pb.Nothing, error) {
	x, done, err := s.exporter(ctx, m.GetSession())
	if err != nil {
		return nil, wire.Status(err)
	}
	defer done()
	return &pb.Nothing{}, wire.Status(x.Delete(ctx, entry.Type(m.GetType()), connector.Anchor(m.GetAnchor())))
}

func (s *server) Export(m *pb.ExportRequest, stream grpc.ServerStreamingServer[pb.Results]) error {
	ctx := stream.Context()
	h, done, err := s.sessions.use(ctx, m.GetSession())
	if err != nil {
		return wire.Status(err)
	}
	defer done()
	x, err := as[connector.BatchExporter](h, "write a batch", h.can.Batch > 0)
	if err != nil {
		return wire.Status(err)
	}
	xs, err := wire.ToWrites(m.GetWrites())
	if err != nil {
		return wire.Status(unread(err))
	}
	p := &parcel[pb.Result]{send: func(rs []*pb.Result) error { return stream.Send(&pb.Results{Results: rs}) }}
	for _, r := range x.Export(ctx, xs) {
		if err := p.add(wire.FromResult(r), weight(r.Entry)); err != nil {
			return err
		}
	}
	return p.flush()
}

func (s *server) SetPassword(ctx context.Context, m *pb.PasswordRequest) (*pb.Nothing, error) {
	h, done, err := s.sessions.use(ctx, m.GetSession())
	if err != nil {
		return nil, wire.Status(err)
	}
	defer done()
	x, err := as[connector.PasswordSetter](h, "set the password", h.can.Password)
	if err != nil {
		return nil, wire.Status(err)
	}
	return &pb.Nothing{}, wire.Status(x.SetPassword(ctx, entry.Type(m.GetType()), connector.Anchor(m.GetAnchor()), connector.NewSecret(string(m.GetWant()))))
}

func (s *server) ChangePassword(ctx context.Context, m *pb.PasswordRequest) (*pb.Nothing, error) {
	h, done, err := s.sessions.use(ctx, m.GetSession())
	if err != nil {
		return nil, wire.Status(err)
	}
	defer done()
	x, err := as[connector.PasswordChanger](h, "change the password", h.can.OldPassword)
	if err != nil {
		return nil, wire.Status(err)
	}
	was, want := connector.NewSecret(string(m.GetWas())), connector.NewSecret(string(m.GetWant()))
	return &pb.Nothing{}, wire.Status(x.ChangePassword(ctx, entry.Type(m.GetType()), connector.Anchor(m.GetAnchor()), was, want))
}
