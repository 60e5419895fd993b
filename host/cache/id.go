package cache

import (
	"encoding/base64"

	"github.com/sallyport-id/sallyport/entry"
)

var idText = base64.RawURLEncoding.Strict()

// ID returns the SCIM id of an object: base64url without padding of a type prefix and the anchor's bytes. It is
// safe in a URL as it is, the same on every host and after every restart, and Anchor reverses it.
func ID(t entry.Type, anchor string) string {
	var room [96]byte
	raw := append(appendType(room[:0], t), anchor...)
	var text [128]byte
	return string(idText.AppendEncode(text[:0], raw))
}

// appendType writes 'U' for User, 'G' for Group, else 'T', the length and the name.
func appendType(dst []byte, t entry.Type) []byte {
	switch t {
	case entry.User:
		return append(dst, 'U')
	case entry.Group:
		return append(dst, 'G')
	}
	name := t[:min(len(t), 255)]
	return append(append(dst, 'T', byte(len(name))), name...)
}

// Anchor returns the type and the anchor an id stands for; false for a text that ID never returns.
func Anchor(id string) (entry.Type, string, bool) {
	raw, err := idText.DecodeString(id)
	if err != nil || len(raw) < 2 {
		return "", "", false
	}
	switch raw[0] {
	case 'U':
		return entry.User, string(raw[1:]), true
	case 'G':
		return entry.Group, string(raw[1:]), true
	case 'T':
		return longAnchor(raw[1:])
	}
	return "", "", false
}

func longAnchor(raw []byte) (entry.Type, string, bool) {
	n := int(raw[0]) + 1
	if len(raw) <= n {
		return "", "", false
	}
	t := entry.Type(raw[1:n])
	if t == entry.User || t == entry.Group {
		return "", "", false // these have the short form
	}
	return t, string(raw[n:]), true
}
