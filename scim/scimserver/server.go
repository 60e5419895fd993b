package scimserver

import (
	"crypto/tls"
	"net/http"
	"time"
)

// The timeouts that keep slow and silent clients from holding anything but their own connection. Bodies and answers have
// their own, shorter deadlines (Limits.BodyTime, Limits.AnswerTime), set by the handler, because a slow connector may need
// minutes between the two.
const (
	ReadHeaderTimeout = 10 * time.Second
	IdleTimeout       = 2 * time.Minute
	WriteTimeout      = 10 * time.Minute // the longest a request may take in all
	MaxHeaderBytes    = 64 << 10         // room for a filter of 8 KiB in percent-encoding
)

// Server returns an http.Server for a SCIM handler with these timeouts and TLS 1.2 and 1.3 with AEAD suites only.
// config brings the certificate, best through GetCertificate so that it can be replaced while running; nil means plain HTTP,
// which is for loopback only. The caller serves and shuts it down.
func Server(h http.Handler, config *tls.Config) *http.Server {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: ReadHeaderTimeout, IdleTimeout: IdleTimeout, WriteTimeout: WriteTimeout, MaxHeaderBytes: MaxHeaderBytes,
	}
	if config != nil {
		s.TLSConfig = Harden(config)
	}
	return s
}

// Harden returns a copy of the TLS configuration that accepts TLS 1.2 and 1.3 with AEAD cipher suites and nothing older.
func Harden(config *tls.Config) *tls.Config {
	c := config.Clone()
	c.MinVersion = tls.VersionTLS12
	c.CipherSuites = []uint16{ // TLS 1.2; those of 1.3 are AEAD and not configurable
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
	return c
}
