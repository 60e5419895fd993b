package identity

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

// KeyLife is how long a key signs before a new one takes over.
const KeyLife = 30 * 24 * time.Hour

// keyFile holds the private keys; its owner alone may read it.
const keyFile = "signing.json"

// Keys signs tokens and knows their signatures. An old key stays known until the tokens it signed have expired.
type Keys struct {
	path string
	mu   sync.RWMutex
	all  []key // newest first; the first one signs
}

type key struct {
	ID      string    `json:"kid"`
	Created time.Time `json:"created"`
	Retired time.Time `json:"retired,omitzero"` // when another took over
	PKCS8   []byte    `json:"pkcs8"`
	private *rsa.PrivateKey
}

// OpenKeys reads the keys in the folder, or makes the folder (mode 0700) and the first key.
func OpenKeys(dir string, now time.Time) (*Keys, error) {
	const op = "open the signing keys"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Internal, op, err)
	}
	k := &Keys{path: filepath.Join(dir, keyFile)}
	text, err := os.ReadFile(k.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return k, k.Rotate(now)
	case err != nil:
		return nil, fault.Wrap(fault.Internal, op, err)
	}
	if err := k.read(text); err != nil {
		return nil, fault.New(fault.Internal, op, "%w", err).About(k.path).
			WithHint("restore the file from a backup, or remove it: every token handed out so far then ends")
	}
	return k, k.Turn(now)
}

func (k *Keys) read(text []byte) error {
	if err := json.Unmarshal(text, &k.all); err != nil {
		return err
	}
	for i := range k.all {
		p, err := x509.ParsePKCS8PrivateKey(k.all[i].PKCS8)
		if err != nil {
			return err
		}
		rsaKey, ok := p.(*rsa.PrivateKey)
		if !ok {
			return errors.New("a key is not RSA")
		}
		k.all[i].private = rsaKey
	}
	if len(k.all) == 0 {
		return errors.New("it holds no key")
	}
	return nil
}

// Rotate makes a new key that signs from now on, and forgets keys whose tokens have all expired.
func (k *Keys) Rotate(now time.Time) error {
	const op = "make a signing key"
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fault.Wrap(fault.Internal, op, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fault.Wrap(fault.Internal, op, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	all := slices.Clone(k.all)
	if len(all) > 0 {
		all[0].Retired = now
	}
	all = append([]key{{ID: rand.Text()[:16], Created: now, PKCS8: der, private: private}}, all...)
	return k.keep(slices.DeleteFunc(all, func(x key) bool { return x.over(now) }))
}

// over reports whether no token that the key signed can be valid any more.
func (x key) over(now time.Time) bool {
	return !x.Retired.IsZero() && now.After(x.Retired.Add(MaxTokenLife+time.Hour))
}

// keep writes the keys, then uses them. The caller holds the lock.
func (k *Keys) keep(all []key) error {
	text, err := json.Marshal(all)
	if err == nil {
		err = atomicfile.Write(k.path, text, 0o600)
	}
	if err != nil {
		return fault.Wrap(fault.Internal, "keep the signing keys", err)
	}
	k.all = all
	return nil
}

// Turn rotates when the key that signs has done so for KeyLife, and forgets old keys. Call it every hour or so.
func (k *Keys) Turn(now time.Time) error {
	k.mu.Lock()
	due := now.Sub(k.all[0].Created) >= KeyLife
	stale := slices.ContainsFunc(k.all, func(x key) bool { return x.over(now) })
	var err error
	if stale && !due {
		err = k.keep(slices.DeleteFunc(slices.Clone(k.all), func(x key) bool { return x.over(now) }))
	}
	k.mu.Unlock()
	if due {
		err = k.Rotate(now)
	}
	return err
}

// Public returns the keys by which others check our tokens (RFC 7517).
func (k *Keys) Public() jose.JSONWebKeySet {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var set jose.JSONWebKeySet
	for _, x := range k.all {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: x.private.Public(), KeyID: x.ID, Algorithm: string(jose.RS256), Use: "sig"})
	}
	return set
}

// sign makes a token of the claims.
func (k *Keys) sign(claims any) (string, error) {
	k.mu.RLock()
	newest := k.all[0]
	k.mu.RUnlock()
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: newest.private, KeyID: newest.ID}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fault.Wrap(fault.Internal, "sign a token", err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	return text, fault.Wrap(fault.Internal, "sign a token", err)
}

// check verifies a token's signature and reads its claims into the value.
func (k *Keys) check(token string, claims any) error {
	t, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return err
	}
	public := k.named(t.Headers[0].KeyID)
	if public == nil {
		return errors.New("signed by a key that is not known")
	}
	return t.Claims(public, claims)
}

func (k *Keys) named(id string) crypto.PublicKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, x := range k.all {
		if x.ID == id {
			return x.private.Public()
		}
	}
	return nil
}
