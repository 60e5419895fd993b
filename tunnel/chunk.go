package tunnel

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/sallyport-id/sallyport/fault"
)

func appendChunk(b []byte, at Attempt, seq uint32, last bool) []byte {
	b = appendPrefix(b, TypeChunk, at)
	b = appendBool(b, last)
	return binary.AppendUvarint(b, uint64(seq))
}

// parseChunk reads a chunk; data aliases the payload.
func parseChunk(f Frame) (seq uint32, last bool, data []byte, err error) {
	r := reader{rest: f.Payload}
	last = r.bool()
	n := r.uint()
	if r.bad || n > 1<<31 || len(r.rest) > ChunkSize {
		return 0, false, nil, malformed("a chunk that cannot be read")
	}
	return uint32(n), last, r.rest, nil
}

func appendCredit(b []byte, at Attempt, taken uint32) []byte {
	return binary.AppendUvarint(appendPrefix(b, TypeCredit, at), uint64(taken))
}

func parseCredit(f Frame) (taken uint32, err error) {
	r := reader{rest: f.Payload}
	n := r.uint()
	if r.bad || n > 1<<31 {
		return 0, malformed("a credit that cannot be read")
	}
	return uint32(n), nil
}

// inflow is the receiving end of a body that comes in chunks: at most Window of them wait in memory.
type inflow struct {
	ctx    context.Context // ends the wait for a chunk
	credit func(taken uint32)
	closed func(complete bool) // called once, at the end or at Close

	chunks chan []byte
	next   uint32 // number of the next chunk; only push touches it
	ended  bool   // the last chunk was pushed

	failed chan struct{}
	once   sync.Once
	err    error

	cur   []byte
	taken uint32
	done  sync.Once
}

func newInflow(ctx context.Context, credit func(uint32), closed func(complete bool)) *inflow {
	return &inflow{ctx: ctx, credit: credit, closed: closed, chunks: make(chan []byte, Window), failed: make(chan struct{})}
}

// push takes the next chunk and never blocks. A chunk seen before has no effect; one that comes too early or beyond the window is a fault.
// Calls are serial.
func (in *inflow) push(seq uint32, last bool, data []byte) error {
	if seq < in.next {
		return nil
	}
	if seq > in.next || in.ended {
		return fault.New(fault.Internal, "receive body", "chunk %d came where %d was expected", seq, in.next)
	}
	select {
	case in.chunks <- data:
	default:
		return fault.New(fault.Internal, "receive body", "chunk %d exceeds the window of %d", seq, Window)
	}
	in.next++
	if last {
		in.ended = true
		close(in.chunks)
	}
	return nil
}

// fail ends the body with an error after what has arrived.
func (in *inflow) fail(err error) {
	in.once.Do(func() {
		in.err = err
		close(in.failed)
	})
}

// Read returns the bytes in order, and gives credit for each chunk it has taken up.
func (in *inflow) Read(p []byte) (int, error) {
	for len(in.cur) == 0 {
		if err := in.advance(); err != nil {
			return 0, err
		}
	}
	n := copy(p, in.cur)
	in.cur = in.cur[n:]
	return n, nil
}

func (in *inflow) advance() error {
	select {
	case data, more := <-in.chunks:
		return in.take(data, more)
	default:
	}
	select {
	case data, more := <-in.chunks:
		return in.take(data, more)
	case <-in.failed:
		return in.err
	case <-in.ctx.Done():
		return fault.Wrap(fault.Timeout, "receive body", context.Cause(in.ctx))
	}
}

func (in *inflow) take(data []byte, more bool) error {
	if !more {
		in.finish(true)
		return io.EOF
	}
	in.cur = data
	in.taken++
	in.credit(in.taken)
	return nil
}

func (in *inflow) finish(complete bool) { in.done.Do(func() { in.closed(complete) }) }

// Close gives up what was not read.
func (in *inflow) Close() error {
	in.fail(errBodyClosed)
	in.finish(false)
	return nil
}

var errBodyClosed = errors.New("the body was closed")

// outflow is the sending end of a body that goes in chunks.
type outflow struct {
	mu    sync.Mutex
	taken uint32
	wake  chan struct{}
}

func newOutflow() *outflow { return &outflow{wake: make(chan struct{}, 1)} }

// grant records that the receiver has consumed taken chunks in all; an old or repeated grant has no effect.
func (o *outflow) grant(taken uint32) {
	o.mu.Lock()
	grew := taken > o.taken
	o.taken = max(o.taken, taken)
	o.mu.Unlock()
	if grew {
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
}

// send publishes the rest of a body as chunks, never more than Window ahead of the receiver. It ends with the body, an error, or ctx.
func (o *outflow) send(ctx context.Context, body io.Reader, p Publisher, subject string, at Attempt) error {
	buf := getBuffer(prefixLen + 16 + ChunkSize)
	defer putBuffer(buf)
	for seq := uint32(0); ; seq++ {
		if err := o.wait(ctx, seq); err != nil {
			return err
		}
		b := appendChunk((*buf)[:0], at, seq, false)
		head := len(b)
		n, err := io.ReadFull(body, b[head:head+ChunkSize])
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return err
		}
		if last {
			b[prefixLen] = 1
		}
		if err := p.Publish(subject, b[:head+n]); err != nil || last {
			return err
		}
	}
}

// wait returns when chunk seq fits into the window.
func (o *outflow) wait(ctx context.Context, seq uint32) error {
	for {
		o.mu.Lock()
		fits := seq < o.taken+Window
		o.mu.Unlock()
		if fits {
			return ctx.Err()
		}
		select {
		case <-o.wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
