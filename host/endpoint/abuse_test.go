package endpoint_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/mem"
	"github.com/sallyport-id/sallyport/host/endpoint"
)

// gigabyte is a body that nobody should read to its end.
const gigabyte = 1 << 30

// TestOneBadClientHarmsNobody has clients that send a gigabyte, that stop reading in the middle of an answer and that stop sending in
// the middle of a request, and asks meanwhile as others do.
func TestOneBadClientHarmsNobody(t *testing.T) {
	text := strings.Replace(mine, "{users: 5, groups: 1}", "{users: 2000, groups: 1}", 1)
	h := listening(t, load(t, t.TempDir(), text), map[string]connector.Driver{"mem": mem.New()})
	ready(t, h)
	before := heap()
	for range 50 {
		stopReading(t, h)
		stopSending(t, h)
	}
	sent := make(chan int64, 2)
	go func() { sent <- sendGigabyte(t, h, gigabyte) }()
	go func() { sent <- sendGigabyte(t, h, -1) }() // in chunks, without saying how long
	tr := trusting(t, h)
	for i := range 200 {
		if status, body, _ := ask(t, tr, "GET", h.URL("Mem")+fmt.Sprintf("/Users?startIndex=%d&count=10", 1+i), token, ""); status != 200 {
			t.Fatalf("another client is answered %d %s", status, body)
		}
	}
	for range 2 {
		if n := <-sent; n > 128<<20 {
			t.Errorf("%d MB of a refused body were taken", n>>20)
		}
	}
	if grown := heap() - before; grown > 100<<20 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	}
}

// heap returns the bytes of living objects.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// counted is an endless body that counts what was taken of it.
type counted struct {
	left  int64
	taken atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), c.left))
	for i := range p[:n] {
		p[i] = ' '
	}
	c.left -= int64(n)
	c.taken.Add(int64(n))
	return n, nil
}

// sendGigabyte returns how much was sent before the host gave up on it.
func sendGigabyte(t *testing.T, h *endpoint.Host, length int64) int64 {
	body := &counted{left: gigabyte}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL("Mem")+"/Users", io.NopCloser(body))
	if err != nil {
		t.Error(err)
		return 0
	}
	r.ContentLength = length
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := trusting(t, h).RoundTrip(r)
	if err != nil {
		return body.taken.Load() // cut off while it was still sending
	}
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", resp.StatusCode)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	return body.taken.Load()
}

// stopReading asks for much and reads nothing of it; the connection stays open until the test ends.
func stopReading(t *testing.T, h *endpoint.Host) {
	fmt.Fprintf(connect(t, h), "GET /ecma2host_Mem/scim/Users?count=1000 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", token)
}

func stopSending(t *testing.T, h *endpoint.Host) {
	fmt.Fprintf(connect(t, h), "POST /ecma2host_Mem/scim/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 1000\r\n\r\n{", token)
}

func connect(t *testing.T, h *endpoint.Host) *tls.Conn {
	t.Helper()
	d := tls.Dialer{Config: trusting(t, h).TLSClientConfig}
	c, err := d.DialContext(t.Context(), "tcp", h.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(*tls.Conn)
}
