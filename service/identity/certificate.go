package identity

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the thumbprint x5t is SHA-1 by its definition (RFC 7515 §4.1.7); it only names a certificate
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// Certificate lets a client prove itself by a signature instead of a secret. Only the public half is kept.
type Certificate struct {
	SHA256  string    `json:"sha256"` // x5t#S256: base64url of the SHA-256 of DER
	SHA1    string    `json:"sha1"`   // x5t
	DER     []byte    `json:"der"`
	Subject string    `json:"subject"`
	Begins  time.Time `json:"begins"`
	Expires time.Time `json:"expires"`
	Added   time.Time `json:"added"`
}

// Thumbprint returns the certificate's SHA-256 in hex, as people and tools compare it.
func (c Certificate) Thumbprint() string {
	b, _ := base64.RawURLEncoding.DecodeString(c.SHA256)
	return hex.EncodeToString(b)
}

// newCertificate reads the first certificate of a PEM text. A private key in the text is refused: it has no business here.
func newCertificate(text []byte, now time.Time) (Certificate, error) {
	const op = "read the certificate"
	var der []byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return Certificate{}, fault.New(fault.Invalid, op, "the file holds a %s", block.Type).
				WithHint("give the certificate alone; the private key stays with the client")
		}
		if der == nil {
			der = block.Bytes
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return Certificate{}, fault.New(fault.Invalid, op, "it is not a PEM certificate").WithHint("it begins with -----BEGIN CERTIFICATE-----")
	}
	if !now.Before(cert.NotAfter) {
		return Certificate{}, fault.New(fault.Invalid, op, "it expired on %s", cert.NotAfter.UTC().Format(time.DateOnly))
	}
	if err := strong(cert.PublicKey); err != nil {
		return Certificate{}, err
	}
	one, two := sha1.Sum(der), sha256.Sum256(der) //nolint:gosec // see the import
	enc := base64.RawURLEncoding.EncodeToString
	return Certificate{
		SHA256: enc(two[:]), SHA1: enc(one[:]), DER: der, Subject: cert.Subject.String(),
		Begins: cert.NotBefore.UTC(), Expires: cert.NotAfter.UTC(), Added: now,
	}, nil
}

func strong(public any) error {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() >= 2048 {
			return nil
		}
	case *ecdsa.PublicKey:
		return nil
	}
	return fault.New(fault.Invalid, "read the certificate", "its key is too weak or of a kind that is not known").
		WithHint("use an RSA key of at least 2048 bits, or an ECDSA key")
}
