package plugin

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
	"github.com/sallyport-id/sallyport/host/connector/plugin/wire"
)

// session is one session in the plugin. Its type has every optional part of the contract; its capabilities say which of them the
// connector in the plugin has, and a call of another is fault.Unsupported.
type session struct {
	driver *Driver
	config connector.Config

	at     *process // where it is open
	number uint64
	can    connector.Capabilities
	tests  bool // Test is the connector's
	staged bool // TestStages are the connector's
}

var (
	_ connector.Exporter        = (*session)(nil)
	_ connector.BatchExporter   = (*session)(nil)
	_ connector.DeltaImporter   = (*session)(nil)
	_ connector.Watcher         = (*session)(nil)
	_ connector.Lookup          = (*session)(nil)
	_ connector.PasswordSetter  = (*session)(nil)
	_ connector.PasswordChanger = (*session)(nil)
	_ connector.Partitioner     = (*session)(nil)
	_ connector.Hierarchy       = (*session)(nil)
	_ connector.Counter         = (*session)(nil)
	_ connector.Tester          = (*session)(nil)
	_ connector.StagedTester    = (*session)(nil)
	_ connector.Describer       = (*session)(nil)
)

// Capabilities returns what the connector's session in the plugin can do.
func (s *session) Capabilities() connector.Capabilities { return s.can }

// ready opens the session, again if its process has died, and returns how to call it.
func (s *session) ready(ctx context.Context) (pb.ConnectorClient, error) {
	if err := ctx.Err(); err != nil {
		return nil, fault.Wrap(fault.Unavailable, "use the connector", err)
	}
	if s.at != nil && s.at.alive() {
		return s.at.rpc, nil
	}
	p, err := s.driver.live()
	if err != nil {
		return nil, err
	}
	m, err := p.rpc.Open(ctx, s.driver.request(s.config))
	if err != nil {
		return nil, s.driver.failed(ctx, p, "open the connector", err, false)
	}
	s.at, s.number, s.can, s.tests, s.staged = p, m.GetSession(), wire.ToCapabilities(m.GetCapabilities()), m.GetTests(), m.GetStaged()
	if !s.can.Limited {
		s.can.Writers = 0 // else it would look like the target's opinion
	}
	return p.rpc, nil
}

// closing bounds how long the end of a session may take.
const closing = 30 * time.Second

// Close ends the session in the plugin; one whose process has died is closed already.
func (s *session) Close() error {
	if s.at == nil || !s.at.alive() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	_, err := s.at.rpc.Close(ctx, &pb.SessionRequest{Session: s.number})
	if err != nil && s.at.alive() {
		return s.driver.failed(ctx, s.at, "close the connector", err, false)
	}
	return nil
}

func (s *session) this() *pb.SessionRequest { return &pb.SessionRequest{Session: s.number} }

// failed is the error of a call: the connector's own, or what became of plugin and connection. A write without an answer is
// fault.Timeout, since it may have taken effect.
func (s *session) failed(ctx context.Context, op string, err error, wrote bool) error {
	return s.driver.failed(ctx, s.at, op, err, wrote)
}

func (d *Driver) failed(ctx context.Context, p *process, op string, err error, wrote bool) error {
	if f := wire.FailureOf(err); f != nil {
		return wire.ToError(d.masks.hideIn(f))
	}
	kind, hint := fault.Unavailable, "nothing was changed; try again"
	if wrote {
		kind, hint = fault.Timeout, "it is not known whether it took effect; look the object up before repeating"
	}
	switch {
	case ctx.Err() != nil:
		return fault.New(kind, op, "the plugin had not answered: %w", ctx.Err()).WithHint("%s", hint)
	case status.Code(err) == codes.Unimplemented:
		return fault.New(fault.Unsupported, op, "the plugin does not know this call").WithHint("build the plugin anew with this version of package serve")
	case status.Code(err) == codes.ResourceExhausted:
		return fault.New(fault.Invalid, op, "a message is larger than the %d MB that host and plugin exchange at once", wire.MaxMessage>>20).
			WithHint("write fewer values at a time")
	}
	return d.lost(p, op, err, kind, hint)
}

// lost says what became of the process.
func (d *Driver) lost(p *process, op string, err error, kind fault.Kind, hint string) error {
	select {
	case <-p.gone:
	case <-time.After(shortly): // the connection may end a moment before the process is seen to
	}
	if p.alive() {
		return fault.New(kind, op, "the connection to the plugin failed: %s", d.masks.hide(status.Convert(err).Message())).WithHint("%s", hint)
	}
	return fault.New(kind, op, "the plugin %s (process %s) ended in the middle of it: %s", d.Name(), p.child.ID(), p.how()).WithHint("%s", hint)
}
