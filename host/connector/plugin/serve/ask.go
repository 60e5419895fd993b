package serve

import (
	"context"

	"google.golang.org/grpc"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
	"github.com/sallyport-id/sallyport/host/connector/plugin/wire"
)

func (s *server) Partitions(ctx context.Context, m *pb.SessionRequest) (*pb.PartitionsReply, error) {
	h, done, err := s.sessions.use(ctx, m.GetSession())
	if err != nil {
		return nil, wire.Status(err)
	}
	defer done()
	x, err := as[connector.Partitioner](h, "list the partitions", h.can.Partitions)
	if err != nil {
		return nil, wire.Status(err)
	}
	found, err := x.Partitions(ctx)
	out := &pb.PartitionsReply{}
	for _, p := range found {
		out.Partitions = append(out.Partitions, &pb.Partition{Id: []byte(p.ID), Name: []byte(p.Name), Selected: p.Selected})
	}
	return out, wire.Status(err)
}

func (s *server) Containers(ctx context.Context, m *pb.ContainersRequest) (*pb.ContainersReply, error) {
	h, done, err := s.sessions.use(ctx, m.GetSession())
	if err != nil {
		return nil, wire.Status(err)
	}
	defer done()
	x, err := as[connector.Hierarchy](h, "list the containers", h.can.Hierarchy)
	if err != nil {
		return nil, wire.Status(err)
	}
	found, err := x.Containers(ctx, string(m.GetParent()))
	out := &pb.ContainersReply{}
	for _, c := range found {
		out.Containers = append(out.Containers, &pb.Container{Dn: []byte(c.DN), Name: []byte(c.Name), Leaf: c.Leaf})
	}
	return out, wire.Status(err)
}

func (s *server) Count(ctx context.Context, m *pb.TypeRequest) (*pb.CountReply, error) {
	h, done, err := s.sessions.use(ctx, m.GetSession())
	if err != nil {
		return nil, wire.Status(err)
	}
	defer done()
	x, err := as[connector.Counter](h, "count", h.can.Count)
	if err != nil {
		return nil, wire.Status(err)
	}
	n, err := x.Count(ctx, entry.Type(m.GetType()))
	return &pb.CountReply{Count: int64(n)}, wire.Status(err)
}

func (s *server) Test(ctx context.Context, m *pb.SessionRequest) (*pb.Nothing, error) {
	h, done, err := s.sessions.use(ctx, m.GetSession())
	if err != nil {
		return nil, wire.Status(err)
	}
	defer done()
	if x, ok := h.session.(connector.Tester); ok {
		err = x.Test(ctx)
	}
	return &pb.Nothing{}, wire.Status(err)
}

func (s *server) TestStages(m *pb.SessionRequest, stream grpc.ServerStreamingServer[pb.Stage]) error {
	h, done, err := s.sessions.use(stream.Context(), m.GetSession())
	if err != nil {
		return wire.Status(err)
	}
	defer done()
	x, ok := h.session.(connector.StagedTester)
	if !ok {
		return nil
	}
	for stage := range x.TestStages(stream.Context()) {
		if err := stream.Send(wire.FromStage(stage)); err != nil {
			return err
		}
	}
	return nil
}
