package gateway

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/tunnel"
)

// proxy passes a WebSocket that came in through the service's port to the embedded server on loopback. TLS ends at the port; behind it run
// the agent's own frames, unread.
type proxy struct {
	log *slog.Logger
	to  string // host:port

	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
	wg     sync.WaitGroup
}

func newProxy(log *slog.Logger) *proxy { return &proxy{log: log, open: make(map[net.Conn]struct{})} }

const dialLimit = 5 * time.Second

// ServeHTTP takes the connection over.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Sec-Websocket-Key") == "" || !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		refuseUpgrade(w, fault.New(fault.Invalid, "open tunnel", "this address takes WebSocket connections of agents").
			WithHint("a proxy on the way that strips Upgrade headers must let them through, or be asked to tunnel with CONNECT"))
		return
	}
	up, err := (&net.Dialer{Timeout: dialLimit}).DialContext(r.Context(), "tcp", p.to)
	if err != nil {
		p.log.Error("tunnel not opened", "reason", err)
		refuse(w, fault.New(fault.Unavailable, "open tunnel", "the gateway is not running"))
		return
	}
	if err := handshake(up, r); err != nil {
		_ = up.Close()
		refuse(w, fault.New(fault.Unavailable, "open tunnel", "the gateway did not answer"))
		return
	}
	down, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = up.Close()
		p.log.Error("tunnel not opened", "reason", err, "hint", "the tunnel needs HTTP/1.1; the port must not hand it HTTP/2")
		refuse(w, fault.New(fault.Unsupported, "open tunnel", "the connection cannot be taken over").WithHint("speak HTTP/1.1"))
		return
	}
	p.join(down, buf.Reader, up)
}

func refuseUpgrade(w http.ResponseWriter, err error) {
	w.Header().Set("Connection", "Upgrade")
	reply(w, http.StatusUpgradeRequired, tunnel.ProblemOf(err))
}

// handshake repeats the upgrade request towards the embedded server, with nothing of the caller's but the WebSocket headers.
func handshake(up net.Conn, r *http.Request) error {
	from, _, _ := net.SplitHostPort(r.RemoteAddr)
	var b strings.Builder
	b.WriteString("GET / HTTP/1.1\r\nHost: tunnel\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Forwarded-For: " + from + "\r\n")
	for _, name := range []string{"Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Extensions", "Sec-Websocket-Protocol"} {
		for _, v := range r.Header.Values(name) {
			b.WriteString(name + ": " + v + "\r\n")
		}
	}
	b.WriteString("\r\n")
	_, err := io.WriteString(up, b.String())
	return err
}

// join copies both ways until either side ends.
func (p *proxy) join(down net.Conn, early *bufio.Reader, up net.Conn) {
	_ = down.SetDeadline(time.Time{}) // the HTTP server's limits do not hold for a tunnel
	if !p.enter(down, up) {
		return
	}
	defer p.wg.Done()
	p.wg.Go(func() {
		pump(down, up)
		_ = down.Close()
		_ = up.Close()
	})
	pump(up, io.MultiReader(io.LimitReader(early, int64(early.Buffered())), down))
	_ = up.Close()
	_ = down.Close()
	p.leave(down, up)
}

// pump copies; each piece read is one write, so that a message leaves in one packet.
func pump(to io.Writer, from io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, werr := to.Write(buf[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *proxy) enter(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		for _, c := range conns {
			_ = c.Close()
		}
		return false
	}
	for _, c := range conns {
		p.open[c] = struct{}{}
	}
	p.wg.Add(1)
	return true
}

func (p *proxy) leave(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.open, c)
	}
}

// close ends all tunnels and lets no new ones in.
func (p *proxy) close() {
	p.mu.Lock()
	p.closed = true
	for c := range p.open {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.wg.Wait()
}
