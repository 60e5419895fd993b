package gateway

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/tunnel"
)

// broker is the embedded server with the gateway's own two connections: one for tunnels, one for the server's events.
type broker struct {
	srv       *server.Server
	account   string
	websocket string // host:port on loopback where agents' WebSockets are passed to
	conn, sys *nats.Conn
}

const startLimit = 10 * time.Second

func startBroker(is *issuer, log *slog.Logger) (*broker, error) {
	srv, err := server.NewServer(options(is))
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "start message server", err)
	}
	srv.SetLoggerV2(serverLog{log}, false, false, false)
	srv.Start()
	b := &broker{srv: srv, account: is.account}
	if !srv.ReadyForConnections(startLimit) {
		b.close()
		return nil, fault.New(fault.Unavailable, "start message server", "it was not ready within %s", startLimit).WithHint("see the log above for its reason")
	}
	u, err := url.Parse(srv.WebsocketURL())
	if err == nil {
		b.websocket = u.Host
		b.conn, err = b.connect(is, is.k.account)
	}
	if err == nil {
		b.sys, err = b.connect(is, is.k.system)
	}
	if err != nil {
		b.close()
		return nil, fault.Wrap(fault.Internal, "start message server", err)
	}
	return b, nil
}

// options are fixed: loopback only, no JetStream, identities by JWT. DontListen is avoided: with it a server in a cluster never gets ready.
func options(is *issuer) *server.Options {
	o := &server.Options{
		ServerName: "sallyport", Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: false,
		MaxPayload: tunnel.MaxMessage, MaxPending: 64 << 20, MaxControlLine: 4096, WriteDeadline: 10 * time.Second,
		PingInterval: 5 * time.Second, MaxPingsOut: 2, DisableShortFirstPing: true,
		TrustedKeys: []string{is.operator}, AccountResolver: is.resolver, SystemAccount: is.system,
	}
	o.Websocket = server.WebsocketOpts{Host: "127.0.0.1", Port: -1, NoTLS: true, HandshakeTimeout: 5 * time.Second}
	return o
}

// connect opens one of the gateway's own connections, inside the process.
func (b *broker) connect(is *issuer, account nkeys.KeyPair) (*nats.Conn, error) {
	text, key, err := is.internal(account)
	if err != nil {
		return nil, err
	}
	return nats.Connect("", nats.InProcessServer(b.srv), nats.Name("gateway"), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond),
		nats.UserJWT(func() (string, error) { return text, nil }, key.Sign))
}

// Publish sends one message.
func (b *broker) Publish(subject string, data []byte) error { return b.conn.Publish(subject, data) }

// Subscribe calls deliver for each message to the subject, one at a time.
func (b *broker) Subscribe(subject string, deliver func(string, []byte)) (func(), error) {
	return subscribe(b.conn, subject, deliver)
}

func subscribe(c *nats.Conn, subject string, deliver func(string, []byte)) (func(), error) {
	sub, err := c.Subscribe(subject, func(m *nats.Msg) { deliver(m.Subject, m.Data) })
	if err != nil {
		return nil, err
	}
	// Windows and semaphores bound what can wait here; a drop would cost a request its whole deadline.
	if err := sub.SetPendingLimits(1<<20, 512<<20); err != nil {
		return nil, err
	}
	return func() { _ = sub.Unsubscribe() }, c.Flush()
}

// disconnections calls gone for each connection of the account that ends.
func (b *broker) disconnections(gone func(key string, conn uint64, reason string)) error {
	_, err := subscribe(b.sys, "$SYS.ACCOUNT."+b.account+".DISCONNECT", func(_ string, data []byte) {
		var e server.DisconnectEventMsg
		if json.Unmarshal(data, &e) == nil {
			gone(e.Client.User, e.Client.ID, e.Reason)
		}
	})
	return err
}

// kick ends a connection; it may be gone already.
func (b *broker) kick(conn uint64) { _ = b.srv.DisconnectClientByID(conn) }

func (b *broker) close() {
	for _, c := range []*nats.Conn{b.conn, b.sys} {
		if c != nil {
			c.Close()
		}
	}
	b.srv.Shutdown()
	b.srv.WaitForShutdown()
}

// serverLog passes the server's warnings and errors on; its notices are about a server nobody configured.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Noticef(string, ...any) {}
func (l serverLog) Debugf(string, ...any)  {}
func (l serverLog) Tracef(string, ...any)  {}

// Warnf leaves one warning out: that the WebSocket port has no TLS. It is on loopback, behind the service's own port.
func (l serverLog) Warnf(f string, a ...any) {
	if !strings.Contains(f, "not configured with TLS") {
		l.log.Warn("message server", "text", fmt.Sprintf(f, a...))
	}
}

func (l serverLog) Errorf(f string, a ...any) {
	l.log.Warn("message server", "text", fmt.Sprintf(f, a...))
}
func (l serverLog) Fatalf(f string, a ...any) {
	l.log.Error("message server", "text", fmt.Sprintf(f, a...))
}
