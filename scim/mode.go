package scim

// Mode is the dialect that a request is read in.
type Mode uint8

// The dialects. Entra also accepts everything that Strict accepts and is the default of every endpoint.
const (
	Entra  Mode = iota // what Microsoft Entra and Okta send: string booleans, dotted keys, values in removals
	Strict             // RFC 7643 and RFC 7644 to the letter
)

// String returns "entra" or "strict".
func (m Mode) String() string {
	if m == Strict {
		return "strict"
	}
	return "entra"
}
