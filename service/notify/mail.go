package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/sallyport-id/sallyport/fault"
)

// patience is how long one attempt may take.
const patience = 30 * time.Second

// mail sends a message to one address. Its Message-ID is made of the message's own id, so that a second delivery is seen to be one.
func (c Config) mail(ctx context.Context, to string, m Message) error {
	const op = "send an e-mail"
	if c.SMTP.Server == "" {
		return fault.New(fault.Invalid, op, "there is no mail server to send by").WithHint("configure smtp in notify.yaml, then restart the service")
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	msg, err := c.letter(to, m)
	if err != nil {
		return fault.Wrap(fault.Invalid, op, err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return fault.New(fault.Unavailable, op, "%w", err).About("by "+c.SMTP.Server).WithHint("%s", mailHint(err))
	}
	return nil
}

func mailHint(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "certificate"):
		return "the server's certificate is not trusted: name its authority with smtp.caFile"
	case strings.Contains(text, "STARTTLS"):
		return "the server does not offer encryption: use the port that does, or security: tls"
	case strings.Contains(text, "535") || strings.Contains(strings.ToLower(text), "auth"):
		return "the server does not let us in: look at smtp.user and its passwordFile"
	}
	return "look at smtp.server and smtp.from; 'sallyport notify test' tries again"
}

func (c Config) client() (*mail.Client, error) {
	host, port, err := net.SplitHostPort(c.SMTP.Server)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "send an e-mail", err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, fault.New(fault.Invalid, "send an e-mail", "%q is not a port", port)
	}
	trust, err := c.trust(host)
	if err != nil {
		return nil, err
	}
	opts := []mail.Option{mail.WithPort(n), mail.WithTimeout(patience), mail.WithTLSConfig(trust)}
	switch c.SMTP.Security {
	case TLS:
		opts = append(opts, mail.WithSSL())
	case Plain:
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.SMTP.User != "" {
		password, err := c.secret(c.SMTP.PasswordFile)
		if err != nil {
			return nil, err
		}
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.SMTP.User), mail.WithPassword(password))
	}
	client, err := mail.NewClient(host, opts...)
	return client, fault.Wrap(fault.Invalid, "send an e-mail", err)
}

func (c Config) trust(host string) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if c.SMTP.CAFile == "" {
		return t, nil
	}
	text, err := c.file(c.SMTP.CAFile)
	if err != nil {
		return nil, err
	}
	t.RootCAs = x509.NewCertPool()
	if !t.RootCAs.AppendCertsFromPEM(text) {
		return nil, fault.New(fault.Invalid, "trust the mail server", "%s holds no PEM certificate", c.SMTP.CAFile)
	}
	return t, nil
}

func (c Config) letter(to string, m Message) (*mail.Msg, error) {
	msg := mail.NewMsg()
	if err := msg.FromFormat("Sallyport", c.SMTP.From); err != nil {
		return nil, err
	}
	if err := msg.To(to); err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(c.SMTP.From, "@")
	msg.SetMessageIDWithValue(m.ID + "@" + domain)
	msg.SetDateWithValue(m.Event.At)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday notice shall answer
	msg.SetGenHeader("X-Sallyport-Event", string(m.Event.Kind))
	msg.Subject("[Sallyport] " + m.Event.Title)
	msg.SetBodyString(mail.TypeTextPlain, m.Event.Text())
	return msg, nil
}
