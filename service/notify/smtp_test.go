package notify

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// smtpServer speaks enough of RFC 5321 for one sender: EHLO, STARTTLS, AUTH PLAIN, MAIL, RCPT, DATA, RSET, NOOP, QUIT.
type smtpServer struct {
	addr   string
	caFile string
	tls    *tls.Config
	refuse func(verb string) string // an answer instead of the usual one; "" for the usual one

	mu    sync.Mutex
	mails []received
}

type received struct {
	from, to, user string
	encrypted      bool
	data           string
}

func newSMTP(t *testing.T) *smtpServer {
	t.Helper()
	s := &smtpServer{}
	s.certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	var open sync.WaitGroup
	ended, end := context.WithCancel(context.Background())
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ended, func() { _ = c.Close() }) // a client that was refused may just leave
			open.Go(func() {
				defer c.Close()
				s.converse(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		end()
		open.Wait()
	})
	return s
}

func (s *smtpServer) certificate(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s.tls = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	s.caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(s.caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *smtpServer) converse(c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	in := bufio.NewReader(c)
	say := func(line string) { fmt.Fprint(c, line+"\r\n") }
	var m received
	say("220 test ready")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb := strings.ToUpper(strings.Fields(line + " -")[0])
		if s.refuse != nil {
			if answer := s.refuse(verb); answer != "" {
				say(answer)
				continue
			}
		}
		switch verb {
		case "EHLO":
			if m.encrypted {
				say("250-test\r\n250-8BITMIME\r\n250 AUTH PLAIN")
			} else {
				say("250-test\r\n250-8BITMIME\r\n250 STARTTLS")
			}
		case "STARTTLS":
			say("220 go ahead")
			t := tls.Server(c, s.tls)
			if t.Handshake() != nil {
				return
			}
			c, in, m.encrypted = t, bufio.NewReader(t), true
		case "AUTH":
			plain, _ := base64.StdEncoding.DecodeString(strings.Fields(line)[2])
			m.user = strings.ReplaceAll(string(plain), "\x00", "|")
			if !strings.HasSuffix(m.user, "|canary-password") {
				say("535 5.7.8 authentication failed")
				continue
			}
			say("235 welcome")
		case "MAIL":
			m.from = line
			say("250 ok")
		case "RCPT":
			m.to = line
			say("250 ok")
		case "DATA":
			say("354 go ahead")
			var b strings.Builder
			for {
				l, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if l == ".\r\n" {
					break
				}
				b.WriteString(l)
			}
			m.data = b.String()
			s.mu.Lock()
			s.mails = append(s.mails, m)
			s.mu.Unlock()
			say("250 queued")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *smtpServer) got() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.mails...)
}

// config is a configuration that sends by the server, with its secrets in files.
func (s *smtpServer) config(t *testing.T) Config {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "smtp.secret"), []byte("canary-password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("link: https://sallyport.example/apps/{app}\nemails: [ops@example.com]\nsmtp: {server: %q, from: sallyport@example.com, user: sender, passwordFile: smtp.secret, caFile: %q}\n", s.addr, s.caFile)
	c, err := Parse(filepath.Join(dir, "notify.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func testMessage() Message {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	return Message{ID: "0001", Channel: "mail:ops@example.com", State: Waiting, Due: at, Event: Event{
		Key: "held/hr/1", Kind: Held, App: "hr", At: at, Title: "hr: 7 disables are held — Zoë", What: "Seven.\nReally.", Means: "They stay.", Next: "sallyport job status hr", Link: "https://x.example",
	}}
}

func TestMailIsDeliveredEncryptedAndSigned(t *testing.T) {
	s := newSMTP(t)
	if err := s.config(t).send(t.Context(), testMessage()); err != nil {
		t.Fatal(err)
	}
	all := s.got()
	if len(all) != 1 {
		t.Fatalf("%d mails, want one", len(all))
	}
	m := all[0]
	if !m.encrypted || m.user != "|sender|canary-password" || !strings.Contains(m.to, "<ops@example.com>") || !strings.Contains(m.from, "<sallyport@example.com>") {
		t.Errorf("conversation: %+v", m)
	}
	for _, want := range []string{"Message-ID: <0001@example.com>", "Auto-Submitted: auto-generated", "What happened", "  Really.", "What to do next", "sallyport job status hr", "https://x.example"} {
		if !strings.Contains(m.data, want) {
			t.Errorf("the mail lacks %q:\n%s", want, m.data)
		}
	}
	if strings.Contains(m.data, "canary") {
		t.Error("the mail holds a secret")
	}
}

func TestMailRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*smtpServer, *Config)
		hint   string
	}{
		"NoPassword": {func(_ *smtpServer, c *Config) { c.SMTP.PasswordFile = c.SMTP.CAFile + ".none" }, "relative to notify.yaml"},
		"NotLetIn": {func(s *smtpServer, _ *Config) {
			s.refuse = func(verb string) string {
				if verb == "AUTH" {
					return "535 5.7.8 no"
				}
				return ""
			}
		}, "smtp.user"},
		"NotTrusted":    {func(_ *smtpServer, c *Config) { c.SMTP.CAFile = "" }, "caFile"},
		"NoEncryption":  {func(s *smtpServer, _ *Config) { s.refuse = plainOnly }, "encryption"},
		"NobodyListens": {func(_ *smtpServer, c *Config) { c.SMTP.Server = "127.0.0.1:1" }, "smtp.server"},
		"NoServer":      {func(_ *smtpServer, c *Config) { c.SMTP = SMTP{} }, "notify.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSMTP(t)
			c := s.config(t)
			tt.change(s, &c)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err := c.send(ctx, testMessage())
			if err == nil || len(s.got()) != 0 {
				t.Fatalf("sent: %v", err)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error holds a secret: %v", err)
			}
			if !strings.Contains(err.Error(), tt.hint) {
				t.Errorf("%v does not speak of %q", err, tt.hint)
			}
		})
	}
}

// plainOnly is a server that does not offer encryption.
func plainOnly(verb string) string {
	if verb == "EHLO" {
		return "250-test\r\n250 8BITMIME"
	}
	return ""
}
