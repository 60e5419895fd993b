package config

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/sallyport-id/sallyport/entry"
)

// Load reads the file at path, fills in defaults and checks everything that can be checked without drivers and targets.
// All mistakes found are returned together (errors.Join), each a fault.Invalid whose Object is "file:line". A file that
// is not YAML or holds an unknown key stops at that first mistake. Relative paths in the file are taken from its folder.
func Load(path string) (Config, error) {
	src, data, err := readSource(path)
	if err != nil {
		return Config{}, err
	}
	var f file
	if err := yaml.UnmarshalWithOptions(data, &f, yaml.Strict()); err != nil {
		return Config{}, src.syntax(err)
	}
	r := reader{src: src, dir: filepath.Dir(path)}
	c := r.config(f)
	return c, errors.Join(r.errs...)
}

// reader turns the file as written into a Config and collects mistakes.
type reader struct {
	src  source
	dir  string
	errs []error
}

func (r *reader) wrong(keys []any, hint, format string, args ...any) {
	r.errs = append(r.errs, r.src.wrong(keys, format, args...).WithHint("%s", hint))
}

func (r *reader) config(f file) Config {
	c := Config{Listen: f.Listen, Data: r.path(orElse(f.Data, "data")), src: r.src}
	r.listen(&c)
	r.certificate(&c, f.Certificate)
	c.Plugins = r.plugins(f.Plugins)
	if len(f.Connectors) == 0 {
		r.wrong([]any{"connectors"}, "add at least one entry with name, kind and objects under connectors", "no connector is configured")
	}
	seen := map[string]int{}
	for i, fc := range f.Connectors {
		x := r.connector(i, fc, c.Data)
		if first, ok := seen[x.Name]; ok && x.Name != "" {
			r.wrong([]any{"connectors", i, "name"}, "give each connector its own name; it becomes part of the URL",
				"connector name %q is used already in line %d", x.Name, r.src.line([]any{"connectors", first, "name"}))
		}
		seen[x.Name] = i
		c.Connectors = append(c.Connectors, x)
	}
	return c
}

func (r *reader) listen(c *Config) {
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	_, port, err := net.SplitHostPort(c.Listen)
	n, convErr := strconv.Atoi(port)
	if err != nil || convErr != nil || n < 0 || n > 65535 {
		r.wrong([]any{"listen"}, "write it as address:port, for example 127.0.0.1:8585 or 0.0.0.0:8585", "listen %q is not an address with a port", c.Listen)
	}
}

func (r *reader) certificate(c *Config, f fileCertificate) {
	if (f.CertFile == "") != (f.KeyFile == "") {
		r.wrong([]any{"certificate"}, "give both, or neither to have a self-signed certificate generated", "certFile and keyFile belong together")
	}
	if f.CertFile != "" {
		c.Certificate = Certificate{CertFile: r.path(f.CertFile), KeyFile: r.path(f.KeyFile)}
	}
}

// nameRule keeps a connector's name usable as it is in a URL path and as a folder.
var nameRule = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$`)

func (r *reader) connector(i int, f fileConnector, data string) Connector {
	at := func(keys ...any) []any { return append([]any{"connectors", i}, keys...) }
	if !nameRule.MatchString(f.Name) {
		r.wrong(at("name"), "use 1 to 64 letters, digits, dots, dashes and underscores, beginning with a letter or digit", "connector name %q cannot be used in a URL", f.Name)
	}
	if f.Kind == "" {
		r.wrong(at("kind"), "say which kind of connector it is, for example kind: gsql", "connector %q has no kind", f.Name)
	}
	x := Connector{
		Name: f.Name, Kind: f.Kind, SecretTokenFile: r.path(f.SecretTokenFile), SecondTokenFile: r.path(f.SecondTokenFile),
		Settings: r.settings(at, f.Settings), Writers: DefaultWriters, index: i,
	}
	if x.SecretTokenFile == "" {
		x.ownToken, x.SecretTokenFile = true, filepath.Join(data, f.Name, "secret-token")
	}
	x.Autosync = r.duration(at("autosync"), f.Autosync, DefaultAutosync, MinAutosync)
	if f.DeltaInterval != "off" {
		x.DeltaInterval = r.duration(at("deltaInterval"), f.DeltaInterval, DefaultDelta, MinDelta)
	}
	if f.Writers != nil {
		x.Writers = *f.Writers
	}
	if x.Writers < 1 || x.Writers > 256 {
		r.wrong(at("writers"), "use a number from 1 to 256; leave it out for the default", "writers is %d", x.Writers)
	}
	x.Objects = r.objects(at, f)
	x.Deprovision = r.deprovision(at, f.Deprovision)
	x.ShrinkLimit = r.share(at("import", "shrinkLimit"), f.Import.ShrinkLimit)
	x.DeleteBudget = r.budget(at, f.DeleteBudget)
	return x
}

func (r *reader) objects(at func(...any) []any, f fileConnector) []Object {
	var out []Object
	if f.Objects.User != nil {
		out = append(out, r.object(at, entry.User, *f.Objects.User))
	}
	if f.Objects.Group != nil {
		out = append(out, r.object(at, entry.Group, *f.Objects.Group))
	}
	if len(out) == 0 {
		r.wrong(at("objects"), "add objects: {User: {object: …}} and say which type of the connector holds the people", "connector %q serves no objects", f.Name)
	}
	return out
}

func (r *reader) object(at func(...any) []any, t entry.Type, f fileObject) Object {
	o := Object{Type: t, Object: entry.Type(orElse(f.Object, string(t))), DN: orElse(f.DN, Autogenerated), Attributes: f.Attributes, Core: f.Core, Match: f.Match}
	anchor, ok := texts(f.Anchor)
	if !ok {
		r.wrong(at("objects", string(t), "anchor"), "write one name or a list of names", "anchor is not the name of an attribute")
	}
	o.Anchor = anchor
	r.unique(at("objects", string(t), "attributes"), "attribute", f.Attributes)
	r.unique(at("objects", string(t), "match"), "match attribute", f.Match)
	return o
}

func (r *reader) unique(at []any, what string, names []string) {
	seen := map[string]bool{}
	for i, n := range names {
		if n == "" {
			r.wrong(append(at, i), "remove it", "a %s has no name", what)
		}
		if seen[n] {
			r.wrong(append(at, i), "keep only one", "%s %q is listed twice", what, n)
		}
		seen[n] = true
	}
}

func (r *reader) settings(at func(...any) []any, f map[string]any) map[string]string {
	out := make(map[string]string, len(f))
	for k, v := range f {
		s, ok := text(v)
		if !ok {
			r.wrong(at("settings", k), "write a text, a number, true or false, or a list of texts", "setting %q is a structure", k)
		}
		out[k] = s
	}
	return out
}

func (r *reader) duration(at []any, s string, otherwise, least time.Duration) time.Duration {
	if s == "" {
		return otherwise
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		r.wrong(at, "write a number with a unit: 90s, 5m, 2h", "%q is not a duration", s)
		return otherwise
	}
	if d < least {
		r.wrong(at, fmt.Sprintf("use %s or more", least), "%s is too short", s)
	}
	return d
}

func (r *reader) share(at []any, s string) float64 {
	if s == "" {
		return DefaultShrinkLimit
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(s, "%")), 64)
	if err != nil || !strings.HasSuffix(s, "%") || n < 0 || n > 100 {
		r.wrong(at, "write a share from 0% to 100%, for example 20%", "%q is not a percentage", s)
		return DefaultShrinkLimit
	}
	return n / 100
}

func (r *reader) budget(at func(...any) []any, f fileBudget) Budget {
	b := Budget{Count: DefaultDeletes, Window: r.duration(at("deleteBudget", "window"), f.Window, DefaultWindow, time.Second)}
	if f.Count != nil {
		b.Count = *f.Count
	}
	if b.Count < -1 {
		r.wrong(at("deleteBudget", "count"), "use 0 to refuse every deletion, -1 for no limit", "count is %d", b.Count)
	}
	return b
}

func (r *reader) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(r.dir, p)
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
