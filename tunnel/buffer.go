package tunnel

import (
	"errors"
	"io"
	"sync"
)

// Two pools, so that one large body does not leave a megabyte behind every small request.
const (
	smallBuffer = 8 << 10
	largeBuffer = MaxMessage
)

var small, large = newPool(smallBuffer), newPool(largeBuffer)

func newPool(size int) *sync.Pool {
	return &sync.Pool{New: func() any {
		b := make([]byte, 0, size)
		return &b
	}}
}

// getBuffer returns an empty buffer with room for at least size bytes, at most MaxMessage.
func getBuffer(size int) *[]byte {
	if size <= smallBuffer {
		return small.Get().(*[]byte)
	}
	return large.Get().(*[]byte)
}

func putBuffer(b *[]byte) {
	*b = (*b)[:0]
	if cap(*b) == smallBuffer {
		small.Put(b)
	} else if cap(*b) == largeBuffer {
		large.Put(b)
	}
}

// ReadPrefix reads at most InlineMax bytes of a body. whole says that nothing follows. length is what the sender announced, or -1.
func ReadPrefix(r io.Reader, length int64) (prefix []byte, whole bool, err error) {
	if length >= 0 && length <= InlineMax {
		prefix = make([]byte, length)
		if _, err = io.ReadFull(r, prefix); err != nil {
			return nil, false, err
		}
		return prefix, true, nil
	}
	prefix, err = io.ReadAll(io.LimitReader(r, InlineMax))
	if err != nil {
		return nil, false, err
	}
	if len(prefix) < InlineMax {
		return prefix, true, nil
	}
	return prefix, length == InlineMax, nil
}

// fill appends what a body still has to frame, until it is limit bytes long; the frame has room for that. whole says that the body ended.
func fill(frame []byte, body io.Reader, limit int) (_ []byte, whole bool, err error) {
	for len(frame) < limit {
		n, err := body.Read(frame[len(frame):limit])
		frame = frame[:len(frame)+n]
		if errors.Is(err, io.EOF) {
			return frame, true, nil
		}
		if err != nil {
			return frame, false, err
		}
	}
	return frame, false, nil
}
