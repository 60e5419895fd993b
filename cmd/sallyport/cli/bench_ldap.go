package cli

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// ldapBench is an organizational unit of its own below the base DN of the target.
type ldapBench struct {
	server, user, passwordFile string
	password                   connector.Secret
	container                  string
	config                     connector.Config
	wire                       *wire.Conn // fills and clears
}

// ldapTarget reads ldap://host:port/dc=example,dc=org????bindname=cn=admin%2cdc=example%2cdc=org,x-passwordfile=/path (RFC 4516): who
// logs in, and the file with the password, are extensions of the address.
func ldapTarget(target string) (*ldapBench, string, error) {
	wrong := func(format string, args ...any) (*ldapBench, string, error) {
		return nil, "", fault.New(fault.Invalid, "measure", format, args...).About("--target").
			WithHint("write ldap://host:389/dc=example,dc=org????bindname=cn=admin%%2cdc=example%%2cdc=org,x-passwordfile=/path/of/password")
	}
	u, err := url.Parse(target)
	if err != nil {
		return wrong("%w", err)
	}
	b := &ldapBench{server: u.Scheme + "://" + u.Host}
	parts := strings.Split(u.RawQuery, "?")
	for part := range strings.SplitSeq(parts[len(parts)-1], ",") {
		name, value, _ := strings.Cut(part, "=")
		if value, err = url.PathUnescape(value); err != nil {
			return wrong("%w", err)
		}
		switch name {
		case "bindname":
			b.user = value
		case "x-passwordfile":
			b.passwordFile = value
		}
	}
	base := strings.Trim(u.Path, "/")
	if base == "" || b.user == "" || b.passwordFile == "" || u.Host == "" {
		return wrong("the address lacks host, base DN, bindname or x-passwordfile")
	}
	text, err := os.ReadFile(b.passwordFile)
	if err != nil {
		return wrong("%w", err)
	}
	b.password = connector.NewSecret(strings.TrimRight(string(text), "\r\n"))
	return b, base, nil
}

func newLDAPBench(ctx context.Context, target string) (*ldapBench, error) {
	const op = "prepare the measurement"
	b, base, err := ldapTarget(target)
	if err != nil {
		return nil, err
	}
	b.container = "ou=sallyport-bench-" + strconv.FormatInt(time.Now().UnixNano(), 36) + "," + base
	b.config = connector.Config{Name: "bench", Secrets: map[string]connector.Secret{"password": b.password}, Values: map[string]string{
		"servers": b.server, "tls": "none", "user": b.user, "bases": b.container, "types": "User=inetOrgPerson", "dn": "User=uid={uid}," + b.container,
		"attributes": "User=" + strings.Join(benchAttributes, ","), "delta": "none", "commandTimeout": "10m",
	}}
	bare, err := b.bare()
	if err != nil {
		return nil, fault.WrapHint(fault.Unavailable, op, err, "check --target: address, bindname and the password file")
	}
	defer bare.Close()
	r := ldap.NewAddRequest(b.container, nil)
	r.Attribute("objectClass", []string{"organizationalUnit"})
	if err := bare.Add(r); err != nil {
		return nil, fault.Wrap(fault.Denied, op, err)
	}
	if b.wire, err = gldap.Connect(ctx, b.config); err != nil {
		return nil, err
	}
	return b, nil
}

// bare is a connection of the client library that most Go programs use.
func (b *ldapBench) bare() (*ldap.Conn, error) {
	c, err := ldap.DialURL(b.server)
	if err != nil {
		return nil, err
	}
	if err := c.Bind(b.user, b.password.Reveal()); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// benchAttributes are read and written.
var benchAttributes = []string{"uid", "cn", "sn", "givenName", "displayName", "mail", "title", "departmentNumber", "employeeNumber", "telephoneNumber"}

// ldapPerson is the n-th made-up person, in the order of benchAttributes.
func ldapPerson(n int) []string {
	i := strconv.Itoa(n)
	return []string{"login" + i, "Given Family " + i, "Family" + i, "Given" + i, "Given Family " + i, "mail" + i + "@example.test", "Engineer", "Research", "e" + i, "+46 70 " + i}
}

func (b *ldapBench) dn(n int) string { return "uid=login" + strconv.Itoa(n) + "," + b.container }

// fill makes the people, pipelined.
func (b *ldapBench) fill(ctx context.Context, users int) error {
	return b.pipeline(ctx, users, func(n int) wire.Request {
		add := wire.Add{DN: b.dn(n), Attrs: []wire.Attribute{{Name: "objectClass", Values: []string{"inetOrgPerson"}}}}
		for i, v := range ldapPerson(n) {
			add.Attrs = append(add.Attrs, wire.Attribute{Name: benchAttributes[i], Values: []string{v}})
		}
		return add
	})
}

func (b *ldapBench) clear(ctx context.Context, users int) error {
	return b.pipeline(ctx, users, func(n int) wire.Request { return wire.Delete{DN: b.dn(n)} })
}

func (b *ldapBench) pipeline(ctx context.Context, users int, request func(n int) wire.Request) error {
	var failed error
	for from := 0; from < users && failed == nil; from += benchBatch {
		var requests []wire.Message
		for n := from; n < min(from+benchBatch, users); n++ {
			requests = append(requests, wire.Message{Request: request(n)})
		}
		b.wire.Pipeline(ctx, requests, 32, nil, func(_ int, _ wire.Result, err error) {
			if failed == nil {
				failed = err
			}
		})
	}
	return failed
}

// close removes what the measurement made.
func (b *ldapBench) close(users int) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	_ = b.clear(ctx, users)
	_, _ = b.wire.Do(ctx, wire.Delete{DN: b.container})
	_ = b.wire.Close()
}

func (b *ldapBench) people(from, to int) []connector.Export {
	xs := make([]connector.Export, 0, to-from)
	for n := from; n < to; n++ {
		a := entry.Attrs{}
		for i, v := range ldapPerson(n) {
			a[benchAttributes[i]] = []entry.Value{v}
		}
		xs = append(xs, connector.Export{Op: entry.Add, Type: entry.User, Entry: entry.Entry{Type: entry.User, Attrs: a}})
	}
	return xs
}

func benchLDAPExport(ctx context.Context, w work) ([]figure, error) {
	b, err := newLDAPBench(ctx, w.target)
	if err != nil {
		return nil, err
	}
	defer b.close(0)
	bare, sessions, end, err := b.writers(ctx, w.connections)
	if err != nil {
		return nil, err
	}
	defer end()
	fresh := func(write func(worker, from, to int) error) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) { return 0, spread(w.users, len(bare), write) }
	}
	return alternateCleared(ctx, w, 0.6, func() error { return b.clear(ctx, w.users) },
		[]string{fmt.Sprintf("bare go-ldap adds, %d connections", len(bare)), fmt.Sprintf("gldap batch export, %d sessions", len(sessions))},
		fresh(func(worker, from, to int) error { return b.writeBare(bare[worker], from, to) }),
		fresh(func(worker, from, to int) error { return b.writeConnector(ctx, sessions[worker], from, to) }))
}

// writers opens as many bare connections as sessions.
func (b *ldapBench) writers(ctx context.Context, n int) (bare []*ldap.Conn, sessions []connector.Session, end func(), err error) {
	end = func() {
		for _, c := range bare {
			_ = c.Close()
		}
		for _, s := range sessions {
			_ = s.Close()
		}
	}
	driver := gldap.New()
	for range max(n, 1) {
		c, err := b.bare()
		if err != nil {
			end()
			return nil, nil, nil, err
		}
		bare = append(bare, c)
		s, err := driver.Open(ctx, b.config)
		if err != nil {
			end()
			return nil, nil, nil, err
		}
		sessions = append(sessions, s)
	}
	return bare, sessions, end, nil
}

func (b *ldapBench) writeBare(c *ldap.Conn, from, to int) error {
	for n := from; n < to; n++ {
		r := ldap.NewAddRequest(b.dn(n), nil)
		r.Attribute("objectClass", []string{"inetOrgPerson"})
		for i, v := range ldapPerson(n) {
			r.Attribute(benchAttributes[i], []string{v})
		}
		if err := c.Add(r); err != nil {
			return err
		}
	}
	return nil
}

func (b *ldapBench) writeConnector(ctx context.Context, s connector.Session, from, to int) error {
	for _, r := range s.(connector.BatchExporter).Export(ctx, b.people(from, to)) {
		if r.Err != nil {
			return r.Err
		}
		if r.Anchor == "" {
			return fault.New(fault.Internal, "measure", "a create gave no anchor")
		}
	}
	return nil
}
