package endpoint

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"path/filepath"
	"time"

	"github.com/sallyport-id/sallyport/internal/tlsx"
)

// When to warn of a certificate that ends, and how often to look.
const (
	expiryWarning = 30 * 24 * time.Hour
	expiryLook    = 12 * time.Hour
)

// certificate returns the configured certificate, or the self-signed one in the data folder, made if need be.
func (h *Host) certificate() (tlsx.Files, error) {
	if c := h.cfg.Certificate; c.CertFile != "" {
		return tlsx.Files{Cert: c.CertFile, Key: c.KeyFile}, nil
	}
	name, _, err := net.SplitHostPort(h.cfg.Listen)
	if err != nil {
		return tlsx.Files{}, err
	}
	return tlsx.SelfSigned(filepath.Join(h.cfg.Data, "tls"), name)
}

// watchCertificate warns of a configured certificate that ends soon and renews our own. The server takes a new file up by itself.
func (h *Host) watchCertificate(ctx context.Context) {
	ticker := time.NewTicker(expiryLook)
	defer ticker.Stop()
	for {
		h.lookAtCertificate(ctx, time.Now())
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (h *Host) lookAtCertificate(ctx context.Context, now time.Time) {
	if _, err := h.certificate(); err != nil {
		h.log.ErrorContext(ctx, "certificate not renewed", "event", "host.certificate.failed", "error", err)
	}
	end, err := expiry(h.cert)
	switch left := end.Sub(now); {
	case err != nil:
		h.log.ErrorContext(ctx, "certificate not readable", "event", "host.certificate.failed", "file", h.cert.Cert, "error", err)
	case left <= 0:
		h.log.ErrorContext(ctx, "certificate expired", "event", "host.certificate.expired", "file", h.cert.Cert, "expired", end, "hint", "put a new certificate into the file; no restart is needed")
	case left < expiryWarning:
		h.log.WarnContext(ctx, "certificate expires soon", "event", "host.certificate.expiring", "file", h.cert.Cert, "expires", end, "hint", "put a new certificate into the file; no restart is needed")
	}
}

func expiry(f tlsx.Files) (time.Time, error) {
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return time.Time{}, err
	}
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return time.Time{}, err
	}
	return cert.NotAfter, nil
}
