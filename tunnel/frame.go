package tunnel

import (
	"encoding/binary"
	"fmt"

	"github.com/sallyport-id/sallyport/fault"
)

// The versions of the wire format this build speaks. The prefix of a frame (version, type, attempt) never changes, so that a newer or
// older end can at least be refused in words.
const (
	Version    = 1
	MinVersion = 1
)

// Sizes of the wire, in bytes.
const (
	InlineMax  = 1 << 20            // a body up to this size travels with its head
	ChunkSize  = 256 << 10          // size of each later piece
	MaxMessage = InlineMax + 64<<10 // largest frame, head included; the carrier must allow it
	Window     = 4                  // chunks in flight per direction and exchange
	maxHead    = 48 << 10           // path, key and headers together
)

// Type says what a frame is.
type Type uint8

// The frames. They travel; they are appended, never reordered.
const (
	TypeRequest  Type = iota + 1 // caller → agent: head and first piece of the body
	TypeAccept                   // agent → caller: received, and not refused
	TypeGo                       // caller → agent: start the held request
	TypeResponse                 // agent → caller: head and first piece of the body
	TypeFailure                  // agent → caller: a fault instead of a response, or instead of the rest of its body
	TypeChunk                    // both: next piece of the body
	TypeCredit                   // both: how many chunks were consumed
	TypeCancel                   // caller → agent: stop, and never start this attempt
	TypeBeat                     // agent → gateways: I am here, with this load
	TypeWelcome                  // gateway → agent: answer to a beat
	typeEnd
)

// Attempt names one try of one request: the caller's number, new at each of its starts, and a sequence number. An agent carries out an
// attempt at most once.
type Attempt struct{ Caller, Seq uint64 }

// String writes the attempt for a log.
func (a Attempt) String() string { return fmt.Sprintf("%x-%d", a.Caller, a.Seq) }

const prefixLen = 2 + 8 + 8

// appendPrefix begins a frame.
func appendPrefix(b []byte, t Type, at Attempt) []byte {
	b = append(b, Version, byte(t))
	b = binary.BigEndian.AppendUint64(b, at.Caller)
	return binary.BigEndian.AppendUint64(b, at.Seq)
}

// Frame is a message whose prefix was read; Payload follows it.
type Frame struct {
	Version uint8
	Type    Type
	Attempt Attempt
	Payload []byte
}

// ParseFrame reads the prefix. It accepts any version, so that the receiver can refuse in words.
func ParseFrame(msg []byte) (Frame, error) {
	if len(msg) < prefixLen {
		return Frame{}, malformed("a frame of %d bytes", len(msg))
	}
	return Frame{
		Version: msg[0], Type: Type(msg[1]),
		Attempt: Attempt{binary.BigEndian.Uint64(msg[2:]), binary.BigEndian.Uint64(msg[10:])},
		Payload: msg[prefixLen:],
	}, nil
}

// Speaks reports whether this build understands the frame's version and type.
func (f Frame) Speaks() error {
	if f.Version < MinVersion || f.Version > Version {
		return fault.New(fault.Unsupported, "read frame", "tunnel version %d; this end speaks %d to %d", f.Version, MinVersion, Version).
			WithHint("update the older of agent and service")
	}
	if f.Type == 0 || f.Type >= typeEnd {
		return malformed("frame type %d", f.Type)
	}
	return nil
}

func malformed(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "read frame", format, args...)
}
