package wire

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// patience is how long the service waits for a request's body: first at once, and more for what has come, so that a large upload may take
// long while one that trickles, or stops, does not hold a connection for good.
type patience struct {
	first time.Duration // for the first byte, and the most that is ever waited for the next
	rate  int           // bytes per second that a body must come with at least, seen over its whole
}

// defaultPatience lets a body of 4 MiB take a quarter of an hour.
var defaultPatience = patience{first: 30 * time.Second, rate: 4 << 10}

// over answers like next, whose handlers see a timeout (os.ErrDeadlineExceeded) when a body does not come. It is for HTTP/1.1. A request that
// has no body, as one that opens a tunnel, is left alone.
func (p patience) over(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		b := &slowBody{ReadCloser: r.Body, control: http.NewResponseController(w), patience: p, left: p.first}
		_ = b.control.SetReadDeadline(time.Now().Add(p.first)) // net/http itself reads what a handler leaves; of a recorder there is nothing to wait for
		r.Body = b
		next.ServeHTTP(w, r)
	})
}

// slowBody is a body that is waited for with patience. Only the time in Read counts: a handler may take its own.
type slowBody struct {
	io.ReadCloser
	control *http.ResponseController
	patience
	left time.Duration
}

func (b *slowBody) Read(buf []byte) (int, error) {
	if b.left <= 0 {
		return 0, os.ErrDeadlineExceeded
	}
	began := time.Now()
	_ = b.control.SetReadDeadline(began.Add(b.left))
	n, err := b.ReadCloser.Read(buf)
	b.left = b.after(b.left, time.Since(began), n)
	if errors.Is(err, io.EOF) {
		_ = b.control.SetReadDeadline(time.Time{}) // from now on net/http reads to see the client leave, however long the handler takes
	}
	return n, err
}

// after is the time that is left when a read has taken some and brought bytes.
func (p patience) after(left, took time.Duration, n int) time.Duration {
	return min(p.first, left-took+time.Duration(n)*time.Second/time.Duration(p.rate))
}
