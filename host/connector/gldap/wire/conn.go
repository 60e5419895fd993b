package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
)

const (
	bufferSize = 256 << 10
	// maxAnswer bounds one answer: a group of a million members fits, a broken length does not take all memory.
	maxAnswer = 256 << 20
	// chunk is how much of an announced answer is believed before it has come.
	chunk = 1 << 20
)

// Lost is a connection that is of no use any more. Sent says whether the server may have got the request.
type Lost struct {
	Sent bool
	Err  error
}

func (e *Lost) Error() string { return "the connection to the directory was lost: " + e.Err.Error() }

// Unwrap returns the cause; the context's error when that ended the wait.
func (e *Lost) Unwrap() error { return e.Err }

// Conn is one connection, used by one goroutine at a time. After a Lost it must be closed.
type Conn struct {
	net  net.Conn
	r    *bufio.Reader
	out  builder
	big  []byte // an answer that does not fit r
	used int    // bytes of r that the last answer took
	id   int64
	dead error
}

// New speaks over an open connection and owns it.
func New(c net.Conn) *Conn { return &Conn{net: c, r: bufio.NewReaderSize(c, bufferSize)} }

// Close takes leave and closes the connection.
func (c *Conn) Close() error {
	if c.dead == nil {
		c.id++
		_, _ = c.net.Write([]byte{tagSequence, 5, tagInt, 1, byte(c.id & 0x7f), 0x42, 0})
		c.dead = &Lost{Err: net.ErrClosed}
	}
	return c.net.Close()
}

// Secure reports whether the connection is encrypted, or local to this machine by a socket file.
func (c *Conn) Secure() bool {
	if _, ok := c.net.(*tls.Conn); ok {
		return true
	}
	return c.net.RemoteAddr().Network() == "unix"
}

// Alive reports whether an idle connection is still open, as far as this machine knows.
func (c *Conn) Alive() bool {
	if c.dead != nil || c.r.Buffered() > c.used {
		return false // unasked words of the server are its good-bye
	}
	return open(c.net)
}

// guard closes the connection when ctx ends, until the returned function is called; that waits for a close that has begun, so that
// nobody takes the connection for alive meanwhile.
func (c *Conn) guard(ctx context.Context) (release func()) {
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		c.net.Close()
		close(closed)
	})
	return func() {
		if stop() {
			return
		}
		<-closed
		if c.dead == nil {
			c.dead = &Lost{Err: context.Cause(ctx)}
		}
	}
}

// lose marks the connection dead and returns why.
func (c *Conn) lose(ctx context.Context, sent bool, err error) error {
	if ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
		if !errors.Is(err, ctx.Err()) {
			err = fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
	c.dead = &Lost{Sent: sent, Err: err}
	c.net.Close()
	return c.dead
}

// send writes a request and returns its number.
func (c *Conn) send(ctx context.Context, r Request, controls []Control) (int64, error) {
	if c.dead != nil {
		return 0, &Lost{Err: c.dead}
	}
	if err := ctx.Err(); err != nil {
		return 0, &Lost{Err: err}
	}
	c.id++
	c.out.b = c.out.b[:0]
	message(&c.out, c.id, r, controls)
	n, err := c.net.Write(c.out.b)
	if cap(c.out.b) > chunk {
		c.out.b = nil
	}
	if err != nil {
		return 0, c.lose(ctx, n > 0, err)
	}
	return c.id, nil
}

// receive reads the next answer, which holds until the one after it is read.
func (c *Conn) receive(ctx context.Context) (answer, error) {
	if c.dead != nil {
		return answer{}, c.dead
	}
	b, err := c.next()
	if err != nil {
		return answer{}, c.lose(ctx, true, err)
	}
	a, err := parseAnswer(b)
	if err != nil {
		return answer{}, c.lose(ctx, true, err)
	}
	if a.id == 0 { // notice of disconnection (RFC 4511 §4.4.1)
		r, _ := parseResult(a.body, nil)
		return answer{}, c.lose(ctx, true, fmt.Errorf("the server said good-bye: %w", &Refused{r}))
	}
	return a, nil
}

// next returns the bytes of the next answer.
func (c *Conn) next() ([]byte, error) {
	if _, err := c.r.Discard(c.used); err != nil {
		return nil, err
	}
	c.used = 0
	total, err := c.length()
	if err != nil {
		return nil, err
	}
	if total <= bufferSize {
		b, err := c.r.Peek(total)
		c.used = len(b)
		return b, unexpected(err)
	}
	c.big = c.big[:0]
	for len(c.big) < total { // grows as bytes come, so that a false length costs nothing
		n := min(total-len(c.big), max(chunk, len(c.big)))
		c.big = slices.Grow(c.big, n)
		at := len(c.big)
		c.big = c.big[:at+n]
		if _, err := io.ReadFull(c.r, c.big[at:]); err != nil {
			return nil, unexpected(err)
		}
	}
	return c.big, nil
}

// length peeks at the head of the next answer and returns its whole length.
func (c *Conn) length() (int, error) {
	for have := 2; ; have++ {
		b, err := c.r.Peek(have)
		if err != nil {
			return 0, err
		}
		if b[0] != tagSequence {
			return 0, fmt.Errorf("%w: it begins with %#x", errBER, b[0])
		}
		head, n, err := header(b)
		switch {
		case errors.Is(err, errShort):
			continue
		case err != nil:
			return 0, err
		case n > maxAnswer:
			return 0, fmt.Errorf("an answer of %d bytes is more than the %d that are taken", n, maxAnswer)
		}
		return head + n, nil
	}
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
