package notify

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/nearest"
)

// Config is the file that says how messages leave. Nothing in it is a secret: passwords, keys and webhook addresses are named by file, relative to it.
type Config struct {
	Link     string   `yaml:"link"` // address to put into messages; {app} stands for the application
	SMTP     SMTP     `yaml:"smtp"`
	Emails   []string `yaml:"emails"` // told about every application, beside those that the application's own file names
	Webhooks []Hook   `yaml:"webhooks"`
	KeyFile  string   `yaml:"keyFile"` // key that signs the webhooks which applications name
	Kinds    []Kind   `yaml:"kinds"`   // what to tell; empty: everything

	dir string // what names of files are relative to
}

// SMTP is the mail server that takes our messages.
type SMTP struct {
	Server       string   `yaml:"server"`       // host:port
	Security     Security `yaml:"security"`     // default starttls; with port 465 tls
	From         string   `yaml:"from"`         // sender's address
	User         string   `yaml:"user"`         // empty: without signing in
	PasswordFile string   `yaml:"passwordFile"` // file with the password
	CAFile       string   `yaml:"caFile"`       // PEM to trust instead of the system's
}

// Security says how the connection to the mail server is protected.
type Security string

// The protections.
const (
	StartTLS Security = "starttls" // the connection must be encrypted after the greeting
	TLS      Security = "tls"      // it is encrypted from the start
	Plain    Security = "none"     // it is not; only for a server on this machine
)

// Hook is a webhook told about every application.
type Hook struct {
	Name    string `yaml:"name"`    // for people
	URLFile string `yaml:"urlFile"` // file with the address, which is a secret
	KeyFile string `yaml:"keyFile"` // key that signs; empty: the file's keyFile
}

// Load reads and checks the file; one that does not exist is an empty configuration: nothing is sent.
func Load(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Config{dir: filepath.Dir(path)}, nil
	}
	if err != nil {
		return Config{}, fault.New(fault.Invalid, "read the configuration of messages", "%w", err).WithHint("let the service read the file")
	}
	return Parse(path, text)
}

// Parse is Load for content already read; path is for messages, and for what is relative to it.
func Parse(path string, text []byte) (Config, error) {
	var c Config
	if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
		return Config{}, fault.New(fault.Invalid, "read the configuration of messages", "%s", yaml.FormatError(err, false, false)).About(path).
			WithHint("the keys are link, smtp, emails, webhooks, keyFile and kinds; see docs/notifications.md")
	}
	c.dir = filepath.Dir(path)
	c.defaults()
	if err := c.check(); err != nil {
		return Config{}, fault.Wrap(fault.Invalid, "check "+path, err)
	}
	return c, nil
}

func (c *Config) defaults() {
	if c.SMTP.Security == "" && c.SMTP.Server != "" {
		c.SMTP.Security = StartTLS
		if strings.HasSuffix(c.SMTP.Server, ":465") {
			c.SMTP.Security = TLS
		}
	}
	for i, h := range c.Webhooks {
		if h.Name == "" {
			c.Webhooks[i].Name = filepath.Base(h.URLFile)
		}
	}
}

func wrong(at, hint, format string, args ...any) error {
	return fault.New(fault.Invalid, "", format, args...).About(at).WithHint("%s", hint)
}

// check finds every mistake, not the first alone.
func (c Config) check() error {
	errs := []error{c.SMTP.check()}
	for i, e := range c.Emails {
		if a, err := mail.ParseAddress(e); err != nil || a.Address != e {
			errs = append(errs, wrong(fmt.Sprintf("emails[%d]", i), "write it as ops@example.com, without a name", "%q is not an e-mail address", e))
		}
	}
	if len(c.Emails) > 0 && c.SMTP.Server == "" {
		errs = append(errs, wrong("emails", "add smtp: {server: \"mail.example.com:587\", from: …}", "there is no mail server to send by"))
	}
	for i, h := range c.Webhooks {
		if h.URLFile == "" {
			errs = append(errs, wrong(fmt.Sprintf("webhooks[%d]", i), "name a file that holds the webhook's URL", "urlFile is missing"))
		}
	}
	known := make([]string, 0, len(Kinds()))
	for _, k := range Kinds() {
		known = append(known, string(k))
	}
	for i, k := range c.Kinds {
		if !slices.Contains(Kinds(), k) {
			errs = append(errs, wrong(fmt.Sprintf("kinds[%d]", i), unknownKind(string(k), known), "%q is not known", k))
		}
	}
	if u, err := url.Parse(c.Link); c.Link != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil) {
		errs = append(errs, wrong("link", "write it as https://sallyport.example.com/, without a password", "this is not a web address"))
	}
	return errors.Join(errs...)
}

func unknownKind(word string, known []string) string {
	near := slices.MinFunc(known, func(a, b string) int { return nearest.Distance(word, a) - nearest.Distance(word, b) })
	if nearest.Distance(word, near) <= 2 {
		return "did you mean " + near + "?"
	}
	return "use " + strings.Join(known, ", ")
}

func (s SMTP) check() error {
	if s == (SMTP{}) {
		return nil
	}
	var errs []error
	host, port, err := net.SplitHostPort(s.Server)
	if err != nil || host == "" || port == "" {
		errs = append(errs, wrong("smtp.server", "write it as mail.example.com:587", "%q is not a host with a port", s.Server))
	}
	if a, err := mail.ParseAddress(s.From); err != nil || a.Address != s.From {
		errs = append(errs, wrong("smtp.from", "write it as sallyport@example.com, without a name", "%q is not an e-mail address", s.From))
	}
	switch s.Security {
	case StartTLS, TLS:
	case Plain:
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			errs = append(errs, wrong("smtp.security", "use starttls or tls; none is accepted for this machine only", "messages would travel unencrypted"))
		}
	default:
		errs = append(errs, wrong("smtp.security", "use starttls, tls or none", "%q is not known", s.Security))
	}
	if (s.User == "") != (s.PasswordFile == "") {
		errs = append(errs, wrong("smtp", "give both to sign in, or neither", "user and passwordFile belong together"))
	}
	return errors.Join(errs...)
}

// wants reports whether events of the kind are told. A test always is.
func (c Config) wants(k Kind) bool {
	return len(c.Kinds) == 0 || k == Test || slices.Contains(c.Kinds, k)
}

// file reads a file that the configuration names.
func (c Config) file(name string) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(c.dir, name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fault.New(fault.Invalid, "read a file for messages", "%w", err).WithHint("the name is relative to notify.yaml; let the service read the file")
	}
	return text, nil
}

// secret reads a file that holds one line. Neither its content nor a part of it ever stands in an error.
func (c Config) secret(name string) (string, error) {
	text, err := c.file(name)
	if err != nil {
		return "", err
	}
	s := strings.TrimSpace(string(text))
	if s == "" || strings.ContainsAny(s, "\n\r") {
		return "", fault.New(fault.Invalid, "read a file for messages", "%s does not hold one line", name).WithHint("write the secret alone into the file")
	}
	return s, nil
}

// confined is secret for a name that an application's file gives: whoever may change an application must not read the service's other files by it.
func (c Config) confined(name string) (string, error) {
	const op = "read a webhook's address"
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return "", fault.New(fault.Invalid, op, "%w", err)
	}
	defer root.Close()
	text, err := root.ReadFile(name)
	if err != nil {
		return "", fault.New(fault.Invalid, op, "%w", err).About(name).
			WithHint("the file that an application's webhookFiles names lies on the service's machine beside notify.yaml")
	}
	return strings.TrimSpace(string(text)), nil
}
