package storage

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

// moves tells of each attribute that changed the position of its newest change. Under bornMark stands when the object was made.
type moves map[string]int64

// bornMark is no name an attribute can have.
const bornMark = ""

const movedOf Query = `SELECT state, doc, moved FROM directory_object WHERE tenant = $1 AND type = $2 AND id = $3`

func (m moves) seal() ([]byte, error) { return json.Marshal(m) }

func openMoves(doc []byte) (moves, error) {
	m := moves{}
	if len(doc) == 0 {
		return m, nil
	}
	return m, json.Unmarshal(doc, &m)
}

// moved returns the moves of an object that is about to be replaced at a position, and the state it is in. Coming back from the dead is
// a birth.
func (c *clock) moved(f form, at int64) (sealed []byte, state int64, err error) {
	var doc, old []byte
	found, err := c.tx.one(movedOf, []any{string(f.entry.Type), f.entry.ID}, &state, &doc, &old)
	if err != nil {
		return nil, gone, err
	}
	if !found || state == gone {
		sealed, err = moves{bornMark: at}.seal()
		return sealed, gone, err
	}
	m, err := openMoves(old)
	if err != nil {
		return nil, state, err
	}
	was, err := decodeAttrs(doc)
	if err != nil {
		return nil, state, err
	}
	for attr := range differing(was, f.entry.Attrs) {
		m[attr] = at
	}
	sealed, err = m.seal()
	return sealed, state, err
}

// differing returns the names of the attributes, references left out, that are not alike.
func differing(a, b entry.Attrs) map[string]bool {
	out := map[string]bool{}
	for name := range a {
		if isReference(name, a, b) {
			continue
		}
		if !entry.EqualValues(a[name], b[name]) {
			out[name] = true
		}
	}
	for name := range b {
		if _, both := a[name]; !both && len(b[name]) > 0 && !isReference(name, a, b) {
			out[name] = true
		}
	}
	return out
}

func isReference(name string, a, b entry.Attrs) bool {
	if name == directory.Manager || name == directory.Members {
		return true
	}
	for _, vs := range []([]entry.Value){a[name], b[name]} {
		if _, all := refsIn(vs); all {
			return true
		}
	}
	return false
}

// since returns the attributes that moved after a position, in order.
func (m moves) since(seq int64) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if name != bornMark && m[name] > seq {
			out = append(out, name)
		}
	}
	return out
}
