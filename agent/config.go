package agent

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/sallyport-id/sallyport/agent/dial"
	"github.com/sallyport-id/sallyport/agent/relay"
	"github.com/sallyport-id/sallyport/fault"
)

// Config is an agent's configuration file. Nothing in it is a secret; passwords are named by file.
type Config struct {
	Service      string                 `yaml:"service"`     // https URL of the service; "" means the one it enrolled at
	DataDir      string                 `yaml:"dataDir"`     // holds the identity; relative to the configuration file
	Name         string                 `yaml:"name"`        // what people call this agent; "" means the host name; used when it enrols
	MaxInFlight  int                    `yaml:"maxInFlight"` // requests at once; 0 means 64
	Proxy        Proxy                  `yaml:"proxy"`
	Applications map[string]Application `yaml:"applications"` // by the name the service uses

	Version string `yaml:"-"` // program version, set by the program
}

// Proxy is the way out, when there is one. Without a url the environment's HTTPS_PROXY holds.
type Proxy struct {
	URL          string `yaml:"url"` // http://host:port
	User         string `yaml:"user"`
	PasswordFile string `yaml:"passwordFile"` // relative to the configuration file
}

// Application is one endpoint the agent may reach.
type Application struct {
	URL           string   `yaml:"url"`
	CAFile        string   `yaml:"caFile"`    // relative to the configuration file
	PinSHA256     string   `yaml:"pinSHA256"` // hex, colons allowed
	Methods       []string `yaml:"methods"`
	AllowLoopback bool     `yaml:"allowLoopback"`
}

// DefaultMaxInFlight is how many requests an agent carries out at once unless configured.
const DefaultMaxInFlight = 64

// LoadConfig reads and checks a configuration file. An unknown key is an error; errors say file and line.
func LoadConfig(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fault.New(fault.Invalid, "read agent configuration", "%w", err).WithHint("give its path with --config")
	}
	return ParseConfig(path, data)
}

// ParseConfig is LoadConfig for content already read; path is for messages and for what is relative to it.
func ParseConfig(path string, data []byte) (Config, error) {
	var c Config
	if err := yaml.UnmarshalWithOptions(data, &c, yaml.Strict()); err != nil {
		return Config{}, syntax(path, err)
	}
	c.resolve(filepath.Dir(path))
	where := lines(path, data)
	var bad []error
	for _, p := range c.problems() {
		bad = append(bad, p.fault.About(where(p.at)))
	}
	return c, errors.Join(bad...)
}

// Validate checks a configuration that was made in the program.
func (c Config) Validate() error {
	var bad []error
	for _, p := range c.problems() {
		bad = append(bad, p.fault.About(strings.TrimPrefix(p.at, "$.")))
	}
	return errors.Join(bad...)
}

// resolve makes paths absolute.
func (c *Config) resolve(dir string) {
	abs := func(p *string) {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	abs(&c.DataDir)
	abs(&c.Proxy.PasswordFile)
	for name, a := range c.Applications {
		abs(&a.CAFile)
		c.Applications[name] = a
	}
}

// problem is a fault at a place in the file.
type problem struct {
	at    string // YAML path
	fault *fault.Error
}

func (c Config) problems() []problem {
	var out []problem
	add := func(at string, f *fault.Error) { out = append(out, problem{at, f}) }
	if c.DataDir == "" {
		add("$", invalid("dataDir is missing").WithHint("name a folder that only the agent's account can read, such as /var/lib/sallyport/agent"))
	}
	if c.Service != "" {
		if _, err := dial.ParseURL(c.Service); err != nil {
			add("$.service", asFault(err))
		}
	}
	if c.MaxInFlight < 0 || c.MaxInFlight > 10_000 {
		add("$.maxInFlight", invalid("maxInFlight is %d", c.MaxInFlight).WithHint("use 1 to 10000, or leave it out for %d", DefaultMaxInFlight))
	}
	out = append(out, c.Proxy.problems()...)
	for _, name := range slices.Sorted(maps.Keys(c.Applications)) {
		if name == "" || len(name) > 200 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
			add("$.applications", invalid("an application is named %q", name))
		}
		if _, err := relay.New(map[string]relay.Application{name: c.Applications[name].relay(0)}); err != nil {
			add("$.applications.'"+name+"'", asFault(err))
		}
	}
	return out
}

func (p Proxy) problems() []problem {
	if p == (Proxy{}) {
		return nil
	}
	u, err := url.Parse(p.URL)
	switch {
	case err != nil || u.Scheme != "http" || u.Host == "" || (u.Path != "" && u.Path != "/"):
		return []problem{{"$.proxy", invalid("proxy.url is not the address of an HTTP proxy").WithHint("write it as http://host:port")}}
	case u.User != nil:
		return []problem{{"$.proxy.url", invalid("proxy.url holds credentials").WithHint("use proxy.user and proxy.passwordFile")}}
	case (p.User == "") != (p.PasswordFile == ""):
		return []problem{{"$.proxy", invalid("proxy.user and proxy.passwordFile go together").WithHint("set both, or neither")}}
	}
	if p.PasswordFile == "" {
		return nil
	}
	if _, err := os.ReadFile(p.PasswordFile); err != nil {
		return []problem{{"$.proxy.passwordFile", invalid("the password cannot be read: %w", err).
			WithHint("put the proxy's password alone into a file that the agent's account can read, and name that file")}}
	}
	return nil
}

// Dialer returns the way out to the service.
func (c Config) Dialer(service *url.URL) (*dial.Dialer, error) {
	if c.Proxy.URL == "" {
		return dial.FromEnvironment(service)
	}
	u, err := url.Parse(c.Proxy.URL)
	if err != nil {
		return nil, invalid("proxy.url is not an address")
	}
	return &dial.Dialer{Proxy: &dial.Proxy{URL: u, User: c.Proxy.User, PasswordFile: c.Proxy.PasswordFile}}, nil
}

func (a Application) relay(conns int) relay.Application {
	return relay.Application{URL: a.URL, CAFile: a.CAFile, PinSHA256: a.PinSHA256, Methods: a.Methods, AllowLoopback: a.AllowLoopback, MaxConns: conns}
}

func (c Config) relays() map[string]relay.Application {
	out := make(map[string]relay.Application, len(c.Applications))
	for name, a := range c.Applications {
		out[name] = a.relay(c.maxInFlight())
	}
	return out
}

func (c Config) maxInFlight() int {
	if c.MaxInFlight == 0 {
		return DefaultMaxInFlight
	}
	return c.MaxInFlight
}

func invalid(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "check agent configuration", format, args...)
}

func asFault(err error) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return fault.New(fault.Invalid, f.Op, "%w", f.Err).WithHint("%s", f.Hint)
	}
	return invalid("%w", err)
}

// syntax turns the decoder's error into file, line and words.
func syntax(path string, err error) error {
	f := invalid("%s", err)
	if y, ok := errors.AsType[yaml.Error](err); ok {
		f = invalid("%s", y.GetMessage())
		if t := y.GetToken(); t != nil && t.Position != nil {
			path = fmt.Sprintf("%s:%d", path, t.Position.Line)
		}
	}
	return f.About(path).WithHint("%s", syntaxHint(err))
}

// lines returns a function from a YAML path to "file:line".
func lines(path string, data []byte) func(at string) string {
	file, err := parser.ParseBytes(data, 0)
	return func(at string) string {
		if err != nil || at == "$" {
			return path
		}
		p, perr := yaml.PathString(at)
		if perr != nil {
			return path
		}
		node, perr := p.FilterFile(file)
		if perr != nil || node == nil {
			return path
		}
		return fmt.Sprintf("%s:%d", path, lineOf(node))
	}
}

// lineOf is the line on which a node begins; of a mapping that of its first key.
func lineOf(n ast.Node) int {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		return m.Values[0].Key.GetToken().Position.Line
	}
	return n.GetToken().Position.Line
}
