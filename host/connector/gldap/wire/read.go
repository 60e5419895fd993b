package wire

import (
	"errors"
	"fmt"
)

// errBER is the answer to bytes that are no BER as LDAP restricts it: definite lengths, one-byte tags, lengths that fit.
var errBER = errors.New("the server's answer is not well-formed LDAP")

// Element is one BER value: its tag and its content, which is part of the bytes it was read from.
type Element struct {
	Tag  byte
	Body []byte
}

// Next takes the first element off b.
func Next(b []byte) (e Element, rest []byte, err error) {
	head, n, err := header(b)
	if err != nil {
		return e, nil, err
	}
	if head+n > len(b) {
		return e, nil, fmt.Errorf("%w: an element of %d bytes in %d", errBER, n, len(b)-head)
	}
	return Element{b[0], b[head : head+n]}, b[head+n:], nil
}

// header returns how long tag and length are, and the length. Incomplete bytes are errShort.
func header(b []byte) (head, n int, err error) {
	if len(b) < 2 {
		return 0, 0, errShort
	}
	if b[0]&0x1f == 0x1f {
		return 0, 0, fmt.Errorf("%w: tag %#x", errBER, b[0])
	}
	if b[1] < 0x80 {
		return 2, int(b[1]), nil
	}
	size := int(b[1] & 0x7f)
	if size == 0 || size > 4 {
		return 0, 0, fmt.Errorf("%w: a length of %d bytes", errBER, size)
	}
	if len(b) < 2+size {
		return 0, 0, errShort
	}
	for _, x := range b[2 : 2+size] {
		n = n<<8 | int(x)
	}
	return 2 + size, n, nil
}

var errShort = fmt.Errorf("%w: it ends too early", errBER)

// want takes the first element off b, which must have the tag.
func want(b []byte, tag byte) (body, rest []byte, err error) {
	e, rest, err := Next(b)
	if err == nil && e.Tag != tag {
		err = fmt.Errorf("%w: tag %#x where %#x belongs", errBER, e.Tag, tag)
	}
	return e.Body, rest, err
}

// Int reads the content of an INTEGER or ENUMERATED.
func (e Element) Int() (int64, error) {
	if len(e.Body) == 0 || len(e.Body) > 8 {
		return 0, fmt.Errorf("%w: an integer of %d bytes", errBER, len(e.Body))
	}
	n := int64(int8(e.Body[0]))
	for _, x := range e.Body[1:] {
		n = n<<8 | int64(x)
	}
	return n, nil
}

// Fields splits the content of a constructed element into its elements.
func Fields(body []byte) ([]Element, error) {
	var out []Element
	for len(body) > 0 {
		e, rest, err := Next(body)
		if err != nil {
			return nil, err
		}
		out, body = append(out, e), rest
	}
	return out, nil
}

// InSequence splits the content of the SEQUENCE that b is.
func InSequence(b []byte) ([]Element, error) {
	body, _, err := want(b, tagSequence)
	if err != nil {
		return nil, err
	}
	return Fields(body)
}
