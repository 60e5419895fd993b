package graphapi

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"

	"github.com/sallyport-id/sallyport/fault"
)

// seal signs tokens that clients keep for days, so that one that was changed or made up is told from one that is old.
type seal struct{ key []byte }

// Where the key lies among the secrets.
const (
	sealApp  = "0graphapi"
	sealName = "tokens"
)

const macSize = 16

// openSeal reads the key, or makes it at the first start. Without secrets the key lives as long as the process: tokens are then
// refused after a restart, and clients begin anew.
func openSeal(ctx context.Context, s Secrets, log *slog.Logger) seal {
	if s == nil {
		return seal{freshKey()}
	}
	key, err := s.Get(ctx, sealApp, sealName)
	if err == nil && len(key) == sha256.Size {
		return seal{key}
	}
	key = freshKey()
	if err == nil || fault.Is(err, fault.NotFound) {
		err = s.Put(ctx, sealApp, sealName, key)
	}
	if err != nil {
		log.Error("the key of delta tokens could not be kept; clients begin anew after a restart", "error", err)
	}
	return seal{key}
}

func freshKey() []byte {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails, says crypto/rand
	return key
}

func (s seal) mac(b []byte) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write(b)
	return h.Sum(nil)[:macSize]
}

// close writes a token.
func (s seal) close(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "" // tokens are made of texts and numbers
	}
	return base64.RawURLEncoding.EncodeToString(append(s.mac(b), b...))
}

// open reads a token; false when it was not written with this key.
func (s seal) open(text string, v any) bool {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < macSize || !hmac.Equal(b[:macSize], s.mac(b[macSize:])) {
		return false
	}
	return json.Unmarshal(b[macSize:], v) == nil
}
