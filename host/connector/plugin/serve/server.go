package serve

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
	"github.com/sallyport-id/sallyport/host/connector/plugin/wire"
)

// server answers the host's calls.
type server struct {
	pb.UnimplementedConnectorServer
	driver   connector.Driver
	sessions *sessions
	attended func() // a host is there
	gone     func() // it has gone
}

func newServer(d connector.Driver) *server {
	s := &server{driver: d, sessions: newSessions(), attended: func() {}}
	s.gone = func() {
		s.closeAll()
		leave("the host has gone")
	}
	return s
}

// closingTime bounds how long sessions may take to close when the host has gone.
const closingTime = 10 * time.Second

func (s *server) closeAll() {
	done := make(chan struct{})
	go func() {
		s.sessions.closeAll()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(closingTime):
	}
}

func (s *server) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeReply, error) {
	m := &pb.DescribeReply{Name: s.driver.Name(), Settings: wire.FromSettings(s.driver.Settings()), Capabilities: wire.FromCapabilities(connector.CapabilitiesOf(s.driver))}
	if x, ok := s.driver.(connector.Sampler); ok {
		m.Samples = wire.FromSamples(x.Samples())
	}
	_, m.Staged = s.driver.(connector.StagedDriver)
	return m, nil
}

// Attend sends beats until the host ends the stream, or dies; then the plugin ends, too.
func (s *server) Attend(m *pb.AttendRequest, stream grpc.ServerStreamingServer[pb.Beat]) error {
	s.attended()
	defer func() { go s.gone() }()
	every := max(time.Duration(m.GetBeatMillis())*time.Millisecond, 10*time.Millisecond)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := stream.Send(&pb.Beat{}); err != nil {
			return err
		}
		select {
		case <-stream.Context().Done():
			return nil
		case <-tick.C:
		}
	}
}

func configOf(m *pb.OpenRequest) connector.Config {
	c := connector.Config{Name: m.GetName(), Values: m.GetValues(), Secrets: map[string]connector.Secret{}}
	if c.Values == nil {
		c.Values = map[string]string{}
	}
	for name, secret := range m.GetSecrets() {
		c.Secrets[name] = connector.NewSecret(string(secret))
	}
	return c
}

func (s *server) OpenStages(m *pb.OpenRequest, stream grpc.ServerStreamingServer[pb.Stage]) error {
	x, ok := s.driver.(connector.StagedDriver)
	if !ok {
		return nil
	}
	for stage := range x.OpenStages(stream.Context(), configOf(m)) {
		if err := stream.Send(wire.FromStage(stage)); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) Open(ctx context.Context, m *pb.OpenRequest) (*pb.OpenReply, error) {
	session, err := s.driver.Open(ctx, configOf(m))
	if err != nil {
		return nil, wire.Status(err)
	}
	if err := ctx.Err(); err != nil { // nobody will ever learn its number
		_ = session.Close()
		return nil, wire.Status(fault.Wrap(fault.Unavailable, "open", err))
	}
	h := &held{session: session, can: connector.CapabilitiesOf(session), turn: make(chan struct{}, 1)}
	_, tests := session.(connector.Tester)
	_, staged := session.(connector.StagedTester)
	return &pb.OpenReply{Session: s.sessions.add(h), Capabilities: wire.FromCapabilities(h.can), Tests: tests, Staged: staged}, nil
}

func (s *server) Close(ctx context.Context, m *pb.SessionRequest) (*pb.Nothing, error) {
	h, done, err := s.sessions.use(ctx, m.GetSession())
	if err != nil {
		return nil, wire.Status(err)
	}
	defer done()
	s.sessions.drop(m.GetSession())
	return &pb.Nothing{}, wire.Status(h.session.Close())
}
