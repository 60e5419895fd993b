package enrol

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nkeys"

	"github.com/sallyport-id/sallyport/agent/dial"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/tunnel"
)

// Request is what one enrolment needs.
type Request struct {
	Service string       // https URL
	Token   string       // join token; see ReadToken
	Name    string       // what people call the machine; "" means its host name
	Dir     string       // data folder; made 0700
	Dialer  *dial.Dialer // nil goes directly
	CA      []byte       // PEM that proves the service; nil uses the token's pin, or else the system's authorities
	Version string       // program version
	Force   bool         // replace an identity that is there
}

// ReadToken reads a join token from a file, or from stdin when path is "-". There is no flag for its text: argv is visible to everyone.
func ReadToken(path string, stdin io.Reader) (string, error) {
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", fault.New(fault.Invalid, "read join token", "%w", err)
		}
		defer func() { _ = f.Close() }()
		stdin = f
	}
	text, err := io.ReadAll(io.LimitReader(stdin, 4096))
	if err != nil {
		return "", fault.New(fault.Invalid, "read join token", "%w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// Enrol makes a key, trades the token for an identity and keeps both in the data folder. fault.Exists when one is there and Force is not
// set; Denied when the token is not good (any more).
func Enrol(ctx context.Context, r Request) (Identity, error) {
	s, join, err := r.prepare()
	if err != nil {
		return Identity{}, err
	}
	key, err := nkeys.CreateUser()
	if err != nil {
		return Identity{}, fault.Wrap(fault.Internal, "make agent key", err)
	}
	pub, err := key.PublicKey()
	if err != nil {
		return Identity{}, fault.Wrap(fault.Internal, "make agent key", err)
	}
	if err := r.keepKey(key); err != nil { // before the token is used up: a full disk must not cost it
		return Identity{}, err
	}
	var reply tunnel.EnrolReply
	sent := time.Now()
	if err := s.Post(ctx, "enrol agent", tunnel.PathEnrol, tunnel.EnrolRequest{Token: r.Token, Name: r.Name, Key: pub, Version: r.Version}, &reply); err != nil {
		return Identity{}, err
	}
	i := Identity{
		Service: r.Service, Tenant: reply.Tenant, Agent: reply.Agent, Group: reply.Group, JWT: reply.JWT, Issued: sent, Expires: reply.Expires,
		Trust: reply.Trust, Pin: join.Pin, Key: key,
	}
	if i.Trust == "" && len(r.CA) > 0 {
		i.Trust = string(r.CA)
	}
	if err := i.Address().Validate(); err != nil {
		return Identity{}, err
	}
	if err := os.Rename(filepath.Join(r.Dir, keyFile+".new"), filepath.Join(r.Dir, keyFile)); err != nil {
		return Identity{}, fault.Wrap(fault.Internal, "keep agent key", err)
	}
	return i, i.save(r.Dir)
}

// prepare checks what can be checked without the service.
func (r *Request) prepare() (*dial.Service, tunnel.Join, error) {
	join, err := tunnel.ParseJoin(r.Token)
	if err != nil {
		return nil, join, err
	}
	u, err := dial.ParseURL(r.Service)
	if err != nil {
		return nil, join, err
	}
	if _, err := os.Stat(filepath.Join(r.Dir, identityFile)); err == nil && !r.Force {
		return nil, join, fault.New(fault.Exists, "enrol agent", "%s holds an identity already", r.Dir).WithHint("start the agent, or enrol with --force to replace it")
	}
	if r.Name == "" {
		if r.Name, err = os.Hostname(); err != nil {
			return nil, join, fault.New(fault.Invalid, "enrol agent", "%w", err).WithHint("give the agent a name with --name")
		}
	}
	if r.Dialer == nil {
		r.Dialer = &dial.Dialer{}
	}
	if err := os.MkdirAll(r.Dir, 0o700); err != nil {
		return nil, join, fault.New(fault.Denied, "enrol agent", "%w", err).WithHint("the agent must be able to write to %s", r.Dir)
	}
	trust := dial.Trust{PEM: r.CA, Pin: join.Pin}
	return &dial.Service{URL: u, Dialer: r.Dialer, Trust: func() dial.Trust { return trust }}, join, nil
}

func (r *Request) keepKey(key nkeys.KeyPair) error {
	seed, err := key.Seed()
	if err != nil {
		return fault.Wrap(fault.Internal, "make agent key", err)
	}
	return keep(filepath.Join(r.Dir, keyFile+".new"), seed)
}

// Renew fetches a fresh JWT and the current trust, and keeps them. The identity passed in stays valid until it expires.
func Renew(ctx context.Context, s *dial.Service, dir string, i Identity) (Identity, error) {
	now := time.Now()
	r := tunnel.RenewRequest{Tenant: i.Tenant, Agent: i.Agent, Unix: now.Unix()}
	var err error
	if r.Signature, err = i.Key.Sign(r.Message()); err != nil {
		return i, fault.Wrap(fault.Internal, "renew identity", err)
	}
	var reply tunnel.RenewReply
	if err := s.Post(ctx, "renew identity", tunnel.PathRenew, r, &reply); err != nil {
		return i, err
	}
	i.JWT, i.Issued, i.Expires = reply.JWT, now, reply.Expires
	if reply.Trust != "" {
		i.Trust = reply.Trust
	}
	return i, i.save(dir)
}
