package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// Token is one bearer secret as it is kept: by hash.
type Token struct {
	Name    string    // unique within the tenant; for people
	Hash    string    // hex SHA-256 of the secret, see Hash
	Role    Role      //
	Created time.Time //
	Expires time.Time // zero: never
}

// New makes a token and its secret. The secret is not kept anywhere: whoever calls shows it once. A ttl of 0 means it never expires.
func New(name string, role Role, now time.Time, ttl time.Duration) (Token, string) {
	secret := "sp_" + rand.Text() + rand.Text()
	t := Token{Name: name, Hash: Hash(secret), Role: role, Created: now}
	if ttl > 0 {
		t.Expires = now.Add(ttl)
	}
	return t, secret
}

// Hash returns the form of a secret that is stored and compared: hex SHA-256. The secrets are random and long, so no salt or
// slow hash is needed.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Expired reports whether the token is no longer valid at the time.
func (t Token) Expired(now time.Time) bool { return !t.Expires.IsZero() && !now.Before(t.Expires) }

// Life returns for how long the token was made; 0: it never expires.
func (t Token) Life() time.Duration {
	if t.Expires.IsZero() {
		return 0
	}
	return t.Expires.Sub(t.Created)
}

// Validate returns fault.Invalid when the token lacks a name, a known role, or a well-formed hash.
func (t Token) Validate() error {
	const op = "check token"
	switch {
	case t.Name == "":
		return fault.New(fault.Invalid, op, "it has no name").WithHint("give the token a name that says who uses it")
	case !t.Role.Known() && t.Role != Source:
		return fault.New(fault.Invalid, op, "role %q is not known", t.Role).About(t.Name).WithHint("use %s, %s, %s or %s", Admin, Operator, Reader, Source)
	case (t.Role == Source) != strings.HasPrefix(t.Name, sourceMark):
		return fault.New(fault.Invalid, op, "names that begin with %s belong to tokens of sources", sourceMark).About(t.Name).
			WithHint("choose another name, or make the token with NewSource")
	case !isHash(t.Hash):
		return fault.New(fault.Invalid, op, "the hash is not a hex SHA-256").About(t.Name).WithHint("store access.Hash of the secret, never the secret")
	}
	return nil
}

func isHash(h string) bool {
	b, err := hex.DecodeString(h)
	return err == nil && len(b) == sha256.Size
}

// Store keeps tokens of the tenant in the context.
type Store interface {
	// Put stores a token, replacing one with the same name. fault.Exists when another name has the same hash.
	Put(ctx context.Context, t Token) error
	// ByHash returns the token with the hash, expired ones included; fault.NotFound when there is none.
	ByHash(ctx context.Context, hash string) (Token, error)
	// List returns all tokens in the order of name.
	List(ctx context.Context) ([]Token, error)
	// Delete removes a token by name; fault.NotFound when absent.
	Delete(ctx context.Context, name string) error
}
