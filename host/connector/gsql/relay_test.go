package gsql

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// relay stands between a connector and its database, and spoils what passes when it is told to.
type relay struct {
	target string
	listen net.Listener

	mu      sync.Mutex
	marker  []byte // a request with it starts the damage on its connection; nil = no request does
	after   int    // answers of so many bytes start the damage; 0 = none do
	garbage bool   // the damage: zeros instead of answers, else the connection ends
	done    bool   // the damage is done once
}

// newRelay gives the test a relay, and the URL that leads through it.
func newRelay(t *testing.T, raw string) (*relay, string) {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r := &relay{target: u.Host, listen: l}
	go r.serve()
	u.Host = l.Addr().String()
	return r, u.String()
}

// spoil arms the relay for one connection.
func (r *relay) spoil(marker string, after int, garbage bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.marker, r.after, r.garbage, r.done = []byte(marker), after, garbage, false
	if marker == "" {
		r.marker = nil
	}
}

func (r *relay) serve() {
	for {
		c, err := r.listen.Accept()
		if err != nil {
			return
		}
		s, err := net.Dial("tcp", r.target)
		if err != nil {
			c.Close()
			continue
		}
		p := &passage{relay: r, client: c, server: s}
		go p.requests()
		go p.answers()
	}
}

// passage is one connection through a relay.
type passage struct {
	relay          *relay
	client, server net.Conn
	mu             sync.Mutex
	spoiled        bool
	seen           int
}

func (p *passage) requests() {
	defer p.server.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := p.client.Read(buffer)
		if err != nil {
			return
		}
		p.look(buffer[:n])
		if _, err := p.server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// look begins the damage when the request is the one.
func (p *passage) look(request []byte) {
	r := p.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.marker != nil && !r.done && bytes.Contains(bytes.ToLower(request), r.marker) {
		r.done = true
		p.mu.Lock()
		p.spoiled = true
		p.mu.Unlock()
	}
}

func (p *passage) answers() {
	defer p.client.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := p.server.Read(buffer)
		if err != nil {
			return
		}
		switch spoiled, garbage := p.count(n); {
		case spoiled && !garbage:
			_, _ = io.Copy(io.Discard, p.closing()) // the server did its work; nobody hears of it
			return
		case spoiled:
			clear(buffer[:n])
		}
		if _, err := p.client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// closing ends the client's side and returns the server's.
func (p *passage) closing() io.Reader {
	p.client.Close()
	return p.server
}

// count notes how much was answered, and says whether it is to be spoiled.
func (p *passage) count(n int) (spoiled, garbage bool) {
	r := p.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen += n
	if r.after > 0 && p.seen >= r.after && !r.done {
		r.done, p.spoiled = true, true
	}
	return p.spoiled, r.garbage
}
