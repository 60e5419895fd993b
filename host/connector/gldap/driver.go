package gldap

import (
	"context"
	"strings"
	"sync"

	"github.com/go-ldap/ldap/v3"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// Driver opens sessions on a directory. It remembers the schemas of the servers it saw, since they are long and hardly change.
type Driver struct {
	mu      sync.Mutex
	schemas map[string]*catalogue // by server, place and time of change
	rolls   rolls
}

// New returns the driver.
func New() *Driver { return &Driver{schemas: map[string]*catalogue{}} }

// Name returns "gldap".
func (*Driver) Name() string { return "gldap" }

// Open checks the settings, connects, logs in, and reads what the server is and its schema: a class or attribute that is not there
// is fault.Invalid.
func (d *Driver) Open(ctx context.Context, config connector.Config) (connector.Session, error) {
	l, err := parseLayout(config)
	if err != nil {
		return nil, err
	}
	s := &session{driver: d, name: config.Name, layout: l}
	if err := s.describe(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// catalogue returns the schema of a server, read anew only when it changed.
func (d *Driver) catalogue(ctx context.Context, c *wire.Conn, url string, s *server) (*catalogue, error) {
	if s.subschema == "" {
		return nil, fault.New(fault.Unsupported, "read the server's schema", "the server does not say where its schema is").
			WithHint("let the account read the root DSE and the subschema subentry")
	}
	stamp, err := readOne(ctx, c, s.subschema, "modifyTimestamp")
	if err != nil {
		return nil, err
	}
	key := strings.Join([]string{url, s.subschema, first(stamp["modifytimestamp"])}, "\x00")
	d.mu.Lock()
	known := d.schemas[key]
	d.mu.Unlock()
	if known != nil && first(stamp["modifytimestamp"]) != "" {
		return known, nil
	}
	raw, err := readOne(ctx, c, s.subschema, "attributeTypes", "objectClasses", "dITContentRules")
	if err != nil {
		return nil, err
	}
	if len(raw["objectclasses"]) == 0 {
		return nil, fault.New(fault.Denied, "read the server's schema", "%s shows no classes", s.subschema).WithHint("let the account read the subschema subentry")
	}
	cat := newCatalogue(raw["attributetypes"], raw["objectclasses"], raw["ditcontentrules"])
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.schemas) > 64 {
		clear(d.schemas)
	}
	d.schemas[key] = cat
	return cat, nil
}

// compileFilter turns an administrator's text into a filter.
func compileFilter(text string) (wire.Filter, error) {
	p, err := ldap.CompileFilter(text)
	if err != nil {
		return nil, err
	}
	return wire.Encoded(p.Bytes()), nil
}
