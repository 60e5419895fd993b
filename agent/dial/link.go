package dial

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/tunnel"
)

// ErrIdentity is wrapped by the fault of a service that does not accept the agent's identity: expired, revoked, or of another deployment.
var ErrIdentity = errors.New("the service does not accept this agent's identity")

// Credentials prove who the agent is. Key signs; it is not sent.
type Credentials struct {
	JWT string
	Key nkeys.KeyPair
}

// Link is one message connection to the service. It does not reconnect: the run loop opens the next.
type Link struct {
	conn *nats.Conn
	lost chan struct{}
}

// Pings find a peer that went away without a word: at most three intervals.
const pingEvery = 5 * time.Second

// Connect opens a link. Its errors name the hop that failed; fault.Unauthenticated when the service does not accept the identity.
func (s *Service) Connect(ctx context.Context, name string, c Credentials) (*Link, error) {
	l := &Link{lost: make(chan struct{})}
	d := &natsDialer{ctx: ctx, s: s}
	conn, err := nats.Connect("ws://"+s.Addr(), nats.Name(name), nats.ProxyPath(s.path(tunnel.PathTunnel)),
		nats.UserJWT(func() (string, error) { return c.JWT, nil }, c.Key.Sign),
		nats.SetCustomDialer(d), nats.SkipHostLookup(), nats.IgnoreDiscoveredServers(), nats.NoReconnect(), nats.Timeout(Limit),
		nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(2), nats.FlusherTimeout(Limit),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // asynchronous errors end the link; Err tells
		nats.ClosedHandler(func(*nats.Conn) { close(l.lost) }))
	if err != nil {
		return nil, d.explain(err)
	}
	l.conn = conn
	return l, nil
}

// natsDialer hands nats.go a connection whose TLS is up already, so that the checks and the words are ours.
type natsDialer struct {
	ctx context.Context
	s   *Service
	err error
}

// Dial opens the connection.
func (d *natsDialer) Dial(_, _ string) (net.Conn, error) {
	c, err := d.s.Dialer.DialTLS(d.ctx, d.s.Addr(), d.s.Trust())
	if err != nil {
		d.err = err
		return nil, err
	}
	return c, nil
}

func (d *natsDialer) explain(err error) error {
	switch {
	case d.err != nil:
		return d.err
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked), errors.Is(err, nats.ErrAccountAuthExpired),
		strings.Contains(strings.ToLower(err.Error()), "authorization"):
		return fault.New(fault.Unauthenticated, "open tunnel", "%w", ErrIdentity).
			WithHint("it may be revoked, or the service was set up anew: see the agents of the group in the service, and enrol again with a new join token")
	case strings.Contains(err.Error(), "websocket"):
		return fault.New(fault.Unavailable, "open tunnel", "the service did not answer with a WebSocket").
			WithHint("the address must be the service's own, and what stands before it must let WebSocket upgrades through")
	}
	return fault.New(fault.Unavailable, "open tunnel", "%w", err)
}

// ID is the number of the connection at the server.
func (l *Link) ID() uint64 {
	id, err := l.conn.GetClientID()
	if err != nil {
		return 0
	}
	return id
}

// Publish sends one message.
func (l *Link) Publish(subject string, data []byte) error { return l.conn.Publish(subject, data) }

// Subscribe calls deliver for each message to the subject, one at a time.
func (l *Link) Subscribe(subject string, deliver func(string, []byte)) (func(), error) {
	sub, err := l.conn.Subscribe(subject, func(m *nats.Msg) { deliver(m.Subject, m.Data) })
	if err == nil {
		err = sub.SetPendingLimits(1<<20, 256<<20)
	}
	if err == nil {
		err = l.conn.FlushTimeout(Limit)
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "open tunnel", "%w", err)
	}
	return func() { _ = sub.Unsubscribe() }, nil
}

// Lost is closed when the link has ended.
func (l *Link) Lost() <-chan struct{} { return l.lost }

// Err says why a link ended.
func (l *Link) Err() error {
	err := l.conn.LastError()
	switch {
	case err == nil:
		return fault.New(fault.Unavailable, "keep tunnel", "the connection was closed by the other side")
	case errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked), errors.Is(err, nats.ErrAuthorization):
		return fault.New(fault.Unauthenticated, "keep tunnel", "%w", err)
	case errors.Is(err, nats.ErrStaleConnection):
		return fault.New(fault.Unavailable, "keep tunnel", "the service has not answered for %s", 3*pingEvery).WithHint("a firewall or proxy on the way may have dropped the idle connection")
	}
	return fault.New(fault.Unavailable, "keep tunnel", "%w", err)
}

// Close sends what is still waiting and ends the link.
func (l *Link) Close() {
	_ = l.conn.FlushTimeout(time.Second) // best effort: the link may be down already
	l.conn.Close()
}

var _ tunnel.Carrier = (*Link)(nil)
