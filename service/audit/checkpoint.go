package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
	"github.com/sallyport-id/sallyport/internal/tenant"
)

// Checkpoint says that the chain had this hash at this entry.
type Checkpoint struct {
	Tenant tenant.ID `json:"tenant"`
	Seq    int64     `json:"seq"`
	Hash   string    `json:"hash"`
	At     time.Time `json:"at"`
	End    bool      `json:"end,omitempty"` // made by an export: nothing followed
}

// Signed is a checkpoint with the service's signature over its exact text.
type Signed struct {
	Doc       []byte // JSON of Checkpoint
	Signature []byte // Ed25519
}

// domain keeps a signature from being taken for one of anything else.
const domain = "sallyport audit checkpoint 1\n"

// keyFile holds the private key; its owner alone may read it.
const keyFile = "audit.key"

// Signer signs checkpoints.
type Signer struct{ private ed25519.PrivateKey }

// OpenSigner reads the key in the folder, or makes the folder (mode 0700) and the key.
func OpenSigner(dir string) (*Signer, error) {
	const op = "open the audit key"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Internal, op, err)
	}
	path := filepath.Join(dir, keyFile)
	seed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		seed = make([]byte, ed25519.SeedSize)
		_, _ = rand.Read(seed) // never fails, says crypto/rand
		err = atomicfile.Write(path, seed, 0o600)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Internal, op, err)
	}
	if len(seed) != ed25519.SeedSize {
		return nil, fault.New(fault.Internal, op, "it has %d bytes instead of %d", len(seed), ed25519.SeedSize).About(path).
			WithHint("restore the file from a backup; without it new checkpoints do not continue the old ones")
	}
	return &Signer{ed25519.NewKeyFromSeed(seed)}, nil
}

// Public returns the key that checks the signatures.
func (s *Signer) Public() ed25519.PublicKey {
	return s.private.Public().(ed25519.PublicKey) //nolint:forcetypeassert // so says crypto/ed25519
}

// Sign signs a checkpoint.
func (s *Signer) Sign(c Checkpoint) (Signed, error) {
	c.At = c.At.UTC()
	doc, err := json.Marshal(c)
	if err != nil {
		return Signed{}, fault.Wrap(fault.Internal, "sign a checkpoint", err)
	}
	return Signed{doc, ed25519.Sign(s.private, append([]byte(domain), doc...))}, nil
}

// Open reads a checkpoint without checking its signature.
func (s Signed) Open() (Checkpoint, error) {
	var c Checkpoint
	if err := json.Unmarshal(s.Doc, &c); err != nil {
		return c, fault.New(fault.Invalid, "read a checkpoint", "%w", err)
	}
	return c, nil
}

// Check reports whether the key signed the checkpoint.
func (s Signed) Check(key ed25519.PublicKey) bool {
	return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, append([]byte(domain), s.Doc...), s.Signature)
}

// KeyText is how people write and compare a public key.
func KeyText(key ed25519.PublicKey) string { return base64.StdEncoding.EncodeToString(key) }

// ParseKey reads what KeyText wrote.
func ParseKey(text string) (ed25519.PublicKey, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil, fault.New(fault.Invalid, "read the audit key", "it is not the base64 of 32 bytes").
			WithHint("'sallyport audit key' prints the service's key")
	}
	return b, nil
}
