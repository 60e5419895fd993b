package gsql

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// position is where one type's stream of changes stands.
type position struct {
	At    string `json:"at"`              // a number or a UTC time; never anything else
	Told  int    `json:"told,omitempty"`  // how many changes from At on were told already
	Epoch string `json:"epoch,omitempty"` // of the history table, or of the known anchors
}

// positions is a watermark: one position for each type, so that it may be used for all of them or for each.
type positions map[entry.Type]position

func (p positions) watermark() connector.Watermark {
	b, _ := json.Marshal(p) // strings and numbers only: cannot fail
	return connector.Watermark(b)
}

// readPosition returns the type's position in a watermark; fault.Conflict for what is no watermark of ours.
func readPosition(w connector.Watermark, t entry.Type) (positions, position, error) {
	var p positions
	if json.Unmarshal([]byte(w), &p) != nil || len(p) == 0 {
		return nil, position{}, forgotten("the watermark is not one of this connector")
	}
	at, ok := p[t]
	if !ok || !isNumber(at.At) && !isTime(at.At) {
		return nil, at, forgotten("the watermark says nothing of the type " + strconv.Quote(string(t)))
	}
	return p, at, nil
}

func forgotten(why string) error {
	return fault.New(fault.Conflict, "import the difference", "%s", why).WithHint("a full import follows by itself")
}

func isNumber(s string) bool { _, err := strconv.ParseUint(s, 10, 64); return err == nil }
func isTime(s string) bool   { _, err := time.Parse(microLayout, s); return err == nil }

// with returns a copy in which one type stands elsewhere.
func (p positions) with(t entry.Type, at position) positions {
	out := positions{}
	for k, v := range p {
		out[k] = v
	}
	out[t] = at
	return out
}
