package identity

import (
	"crypto/rand"
	"crypto/subtle"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
)

// The life of a client's secret.
const (
	SecretLife    = 365 * 24 * time.Hour     // unless told otherwise
	MaxSecretLife = 3 * 366 * 24 * time.Hour // at most
)

// Secret is a client's secret as it is kept: by hash.
type Secret struct {
	ID      string    `json:"id"`
	Hint    string    `json:"hint"` // its first characters, so that people can tell secrets apart
	Hash    string    `json:"hash"` // access.Hash
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

func newSecret(now time.Time, life time.Duration) (Secret, string, error) {
	if life == 0 {
		life = SecretLife
	}
	if life < time.Minute || life > MaxSecretLife {
		return Secret{}, "", fault.New(fault.Invalid, "make a secret", "it would live for %s", life).
			WithHint("a secret lives for a minute to three years")
	}
	text := "spc_" + rand.Text() + rand.Text() // 256 bits and more
	return Secret{ID: rand.Text()[:12], Hint: text[:7], Hash: access.Hash(text), Created: now, Expires: now.Add(life)}, text, nil
}

func (s Secret) expired(now time.Time) bool { return !now.Before(s.Expires) }

// match looks for the secret among all of the client's, in a time that does not depend on which one it is.
func match(all []Secret, text string, now time.Time) (found, expired bool) {
	hash := []byte(access.Hash(text))
	for _, s := range all {
		if subtle.ConstantTimeCompare([]byte(s.Hash), hash) == 1 {
			found, expired = true, s.expired(now)
		}
	}
	return found, expired
}
