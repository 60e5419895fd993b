package tlsx

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

// Life is how long a self-signed certificate is valid.
const Life = 2 * 365 * 24 * time.Hour

// Files names a certificate and its key, PEM.
type Files struct{ Cert, Key string }

// SelfSigned returns the certificate kept in dir, making one for the names (host names and IP addresses) when there is none
// yet, when it expires within 30 days, or when it lacks one of the names.
func SelfSigned(dir string, names ...string) (Files, error) {
	f := Files{filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")}
	names = wanted(names)
	if good(f, names, time.Now()) {
		return f, nil
	}
	certPEM, keyPEM, err := generate(names, time.Now())
	if err != nil {
		return f, fault.Wrap(fault.Internal, "make a certificate", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return f, fault.Wrap(fault.Internal, "make a certificate", err)
	}
	if err := atomicfile.Write(f.Key, keyPEM, 0o600); err != nil {
		return f, fault.Wrap(fault.Internal, "store the certificate's key", err)
	}
	return f, fault.Wrap(fault.Internal, "store the certificate", atomicfile.Write(f.Cert, certPEM, 0o644))
}

// wanted adds what every certificate of ours is for.
func wanted(names []string) []string {
	all := append([]string{"localhost", "127.0.0.1", "::1"}, names...)
	if h, err := os.Hostname(); err == nil {
		all = append(all, h)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(s string) bool { return s == "" || s == "0.0.0.0" || s == "::" })
}

func good(f Files, names []string, now time.Time) bool {
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return false
	}
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil || cert.NotAfter.Before(now.Add(30*24*time.Hour)) {
		return false
	}
	for _, n := range names {
		if cert.VerifyHostname(n) != nil {
			return false
		}
	}
	return true
}

func generate(names []string, now time.Time) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	tpl := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "sallyport " + serial.Text(36)[:8]},
		NotBefore: now.Add(-5 * time.Minute), NotAfter: now.Add(Life),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:        true, BasicConstraintsValid: true, // so that clients can trust this one certificate and nothing it did not sign
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			tpl.IPAddresses = append(tpl.IPAddresses, ip)
		} else {
			tpl.DNSNames = append(tpl.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), nil
}

// Server returns a configuration that serves the certificate and takes a new one up when its file changes: TLS 1.2 and 1.3,
// with authenticated encryption only.
func Server(f Files) (*tls.Config, error) {
	r := &reloader{files: f}
	if _, err := r.get(nil); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		CipherSuites:   aead(),
		GetCertificate: r.get,
	}, nil
}

// aead lists the TLS 1.2 suites with forward secrecy and authenticated encryption; those of TLS 1.3 all have both.
func aead() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
}

// reloader looks at the certificate's file at most once a second.
type reloader struct {
	files Files

	mu      sync.Mutex
	cert    *tls.Certificate
	changed time.Time
	looked  time.Time
}

func (r *reloader) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cert != nil && time.Since(r.looked) < time.Second {
		return r.cert, nil
	}
	r.looked = time.Now()
	info, err := os.Stat(r.files.Cert)
	if err == nil && (r.cert == nil || !info.ModTime().Equal(r.changed)) {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(r.files.Cert, r.files.Key); err == nil {
			r.cert, r.changed = &pair, info.ModTime()
		}
	}
	if r.cert != nil {
		return r.cert, nil // a broken replacement never takes the running service down
	}
	e := fault.New(fault.Invalid, "load the certificate", "%w", err).About(r.files.Cert)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, e.WithHint("give a PEM certificate and key, or leave both out to have one made")
	}
	return nil, e.WithHint("the certificate and the key must be PEM files that belong together")
}

// Pool reads a PEM file of certificates to trust.
func Pool(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.Invalid, "read the certificates to trust", "%w", err)
	}
	return PoolOf(text)
}

// PoolOf reads certificates to trust from PEM text.
func PoolOf(text []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fault.New(fault.Invalid, "read the certificates to trust", "there is no PEM certificate in it")
	}
	return pool, nil
}
