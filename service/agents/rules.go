package agents

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"
	"unicode"

	"github.com/sallyport-id/sallyport/fault"
)

// TokenLife is the longest life of a join token.
const TokenLife = 15 * time.Minute

// MaxName bounds the names of agents and groups, in bytes.
const MaxName = 128

// NewSecret returns the random part of a join token: 32 bytes, base64url.
func NewSecret() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails; it ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// NewToken describes a token for a group, made at now. text is the whole token as the agent will show it; only its hash is kept. A life of
// 0 means the longest; fault.Invalid when the group has no proper name or the life is not within TokenLife.
func NewToken(text, group string, now time.Time, life time.Duration) (JoinToken, error) {
	if life == 0 {
		life = TokenLife
	}
	t := JoinToken{Hash: HashToken(text), Group: group, Expires: now.Add(life)}
	if err := t.Validate(now); err != nil {
		return JoinToken{}, err
	}
	return t, nil
}

// HashToken returns the hex SHA-256 under which a token is stored. A token has 256 random bits, so it needs no salt.
func HashToken(text string) string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(text)))
	return hex.EncodeToString(sum[:])
}

// Validate checks a token that is to be stored at now.
func (t JoinToken) Validate(now time.Time) error {
	if err := ValidName("agent group", t.Group); err != nil {
		return err
	}
	if len(t.Hash) != hex.EncodedLen(sha256.Size) {
		return fault.New(fault.Invalid, "check join token", "the hash has %d characters", len(t.Hash))
	}
	if !t.Expires.After(now) || t.Expires.Sub(now) > TokenLife {
		return fault.New(fault.Invalid, "check join token", "it would live for %s", t.Expires.Sub(now).Round(time.Second)).
			WithHint("a join token lives for at most %s", TokenLife)
	}
	return nil
}

// Usable says whether the token may still be used at now; fault.Denied with the reason when not.
func (t JoinToken) Usable(now time.Time) error {
	switch {
	case !t.Used.IsZero():
		return denied("the join token was used already")
	case !now.Before(t.Expires):
		return denied("the join token expired at %s", t.Expires.UTC().Format(time.RFC3339))
	}
	return nil
}

func denied(format string, args ...any) error {
	return fault.New(fault.Denied, "enrol agent", format, args...).
		WithHint("make a new join token for the group; each is good for one agent and %s", TokenLife)
}

// Validate checks an agent that is to be stored.
func (a Agent) Validate() error {
	if !validID(string(a.ID)) {
		return fault.New(fault.Invalid, "check agent", "the id %q is not 32 lower-case hexadecimal digits", a.ID)
	}
	if err := ValidName("agent", a.Name); err != nil {
		return err
	}
	if len(a.Key) != 56 || a.Key[0] != 'U' {
		return fault.New(fault.Invalid, "check agent", "the public key is not a user nkey")
	}
	return nil
}

// Active reports whether the agent may connect.
func (a Agent) Active() bool { return a.Revoked.IsZero() }

func validID(s string) bool {
	if len(s) != 32 {
		return false
	}
	_, err := hex.DecodeString(s)
	return err == nil && s == strings.ToLower(s)
}

// ValidName refuses names that are empty, too long, padded, or hold control characters. what says whose name it is.
func ValidName(what, name string) error {
	bad := name == "" || len(name) > MaxName || name != strings.TrimSpace(name) || strings.ContainsFunc(name, unicode.IsControl)
	if !bad {
		return nil
	}
	return fault.New(fault.Invalid, "check name of "+what, "%q", name).
		WithHint("a name has 1 to %d bytes, no control characters, and no space at its ends", MaxName)
}
