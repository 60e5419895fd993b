package tunnel

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// Where agents find the service, below its one address.
const (
	PathTunnel = "/tunnel"       // GET with a WebSocket upgrade
	PathEnrol  = "/tunnel/enrol" // POST EnrolRequest → EnrolReply
	PathRenew  = "/tunnel/renew" // POST RenewRequest → RenewReply
)

// EnrolRequest trades a join token for an identity. The key pair was made by the agent; only its public half travels.
type EnrolRequest struct {
	Token   string `json:"token"`
	Name    string `json:"name"`    // host name, for people
	Key     string `json:"key"`     // public nkey, "U…"
	Version string `json:"version"` // program version
}

// EnrolReply is the identity.
type EnrolReply struct {
	Tenant  string    `json:"tenant"`
	Agent   string    `json:"agent"`
	Group   string    `json:"group"`
	JWT     string    `json:"jwt"`
	Expires time.Time `json:"expires"`
	Trust   string    `json:"trust,omitempty"` // PEM certificates to trust for the service; "" means the system's
}

// RenewRequest asks for a new JWT. It is signed with the agent's key, so it needs no other credential.
type RenewRequest struct {
	Tenant    string `json:"tenant"`
	Agent     string `json:"agent"`
	Unix      int64  `json:"unix"` // seconds, by the agent's clock; the service allows RenewSkew
	Signature []byte `json:"signature"`
}

// RenewSkew is how far an agent's clock may be off when it renews.
const RenewSkew = 10 * time.Minute

// Message is what the signature covers.
func (r RenewRequest) Message() []byte {
	return fmt.Appendf(nil, "sallyport renew 1\n%s\n%s\n%d", r.Tenant, r.Agent, r.Unix)
}

// RenewReply is a fresh JWT, with the certificates to trust from now on.
type RenewReply struct {
	JWT     string    `json:"jwt"`
	Expires time.Time `json:"expires"`
	Trust   string    `json:"trust,omitempty"`
}

// Problem is a fault as JSON, the body of a refused enrolment or renewal.
type Problem struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"`
}

// ProblemOf puts a fault into words that travel.
func ProblemOf(err error) Problem {
	f := asFault(err)
	text := f.Op
	if f.Err != nil {
		text = f.Err.Error()
	}
	return Problem{Kind: f.Kind.String(), Text: text, Hint: fault.HintOf(err)}
}

// Fault is the inverse of ProblemOf.
func (p Problem) Fault(op string) *fault.Error {
	f := fault.New(fault.ParseKind(p.Kind), op, "%s", p.Text)
	f.Hint = p.Hint
	return f
}

// Join is what a join token says to the agent before the service has seen it: nothing secret but the text itself.
type Join struct {
	Tenant string
	Secret string // 32 random bytes, base64url
	Pin    string // base64url SHA-256 of the public key of the service's certificate or its authority; "" means the system's authorities decide
}

const joinMark = "spj1"

// String writes the token as people carry it: spj1.<tenant>.<secret>.<pin>
func (j Join) String() string {
	return strings.Join([]string{joinMark, j.Tenant, j.Secret, j.Pin}, ".")
}

// ParseJoin reads a token. Its errors never show the text.
func ParseJoin(text string) (Join, error) {
	parts := strings.Split(strings.TrimSpace(text), ".")
	if len(parts) == 4 && parts[0] == joinMark && ValidToken(parts[1]) && is32(parts[2]) && (parts[3] == "" || is32(parts[3])) {
		return Join{Tenant: parts[1], Secret: parts[2], Pin: parts[3]}, nil
	}
	return Join{}, fault.New(fault.Invalid, "read join token", "this is not a join token").
		WithHint("it begins with %s. and is one line; make a new one with `sallyport agents token`", joinMark)
}

func is32(s string) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(b) == sha256.Size
}

// Pin returns the pin of a public key in PKIX DER form (Certificate.RawSubjectPublicKeyInfo).
func Pin(spki []byte) string {
	sum := sha256.Sum256(spki)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
