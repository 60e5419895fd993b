package tunnel

import (
	"encoding/binary"
	"time"
)

// Beat is what an agent says about itself: once when its connection is up, then every few seconds.
type Beat struct {
	Min, Max    uint8     // versions of the wire it speaks
	Sent        time.Time // by the agent's clock, to the millisecond
	Conn        uint64    // number of the connection at the server it goes to
	Build       string    // program version, for people
	InFlight    int       // requests it is carrying out
	MaxInFlight int       // how many it takes at once
	Draining    bool      // it finishes what it has and takes nothing new
	Resources   []string  // names of the applications it serves
}

// Welcome answers a beat, so that the agent knows it is heard and how the service's clock stands.
type Welcome struct {
	Echo time.Time // Beat.Sent
	Now  time.Time // by the service's clock
}

// AppendBeat writes a beat frame.
func AppendBeat(b []byte, x Beat) []byte {
	b = appendPrefix(b, TypeBeat, Attempt{})
	b = append(b, x.Min, x.Max)
	b = binary.AppendVarint(b, x.Sent.UnixMilli())
	b = binary.AppendUvarint(b, x.Conn)
	b = appendString(b, cut(x.Build))
	b = binary.AppendUvarint(b, uint64(max(0, x.InFlight)))
	b = binary.AppendUvarint(b, uint64(max(0, x.MaxInFlight)))
	b = appendBool(b, x.Draining)
	b = binary.AppendUvarint(b, uint64(len(x.Resources)))
	for _, name := range x.Resources {
		b = appendString(b, name)
	}
	return b
}

// ParseBeat reads a beat frame. Bytes after the known fields come from a newer agent and are left alone.
func ParseBeat(f Frame) (Beat, error) {
	r := reader{rest: f.Payload}
	x := Beat{Min: r.byte(), Max: r.byte(), Sent: time.UnixMilli(r.int()), Conn: r.uint(), Build: r.string(maxText)}
	x.InFlight, x.MaxInFlight = int(min(r.uint(), 1<<20)), int(min(r.uint(), 1<<20))
	x.Draining = r.bool()
	n := r.uint()
	if r.bad || n > 10_000 || n > uint64(len(r.rest)) {
		return Beat{}, malformed("a heartbeat that cannot be read")
	}
	x.Resources = make([]string, 0, n)
	for range n {
		x.Resources = append(x.Resources, r.string(maxToken*4))
	}
	if r.bad {
		return Beat{}, malformed("a heartbeat that cannot be read")
	}
	return x, nil
}

// AppendWelcome writes a welcome frame.
func AppendWelcome(b []byte, w Welcome) []byte {
	b = appendPrefix(b, TypeWelcome, Attempt{})
	b = binary.AppendVarint(b, w.Echo.UnixMilli())
	return binary.AppendVarint(b, w.Now.UnixMilli())
}

// ParseWelcome reads a welcome frame.
func ParseWelcome(f Frame) (Welcome, error) {
	r := reader{rest: f.Payload}
	w := Welcome{Echo: time.UnixMilli(r.int()), Now: time.UnixMilli(r.int())}
	if r.bad {
		return Welcome{}, malformed("a welcome that cannot be read")
	}
	return w, nil
}
