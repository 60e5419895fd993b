package gateway

import (
	"sync"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/tunnel"
)

// issuer makes identities: one operator, one account for the deployment, the system account, and a user per agent.
type issuer struct {
	k        keys
	life     time.Duration
	operator string // public keys
	account  string
	system   string

	mu       sync.Mutex
	claims   *jwt.AccountClaims // of the account; holds the revocations
	resolver *server.MemAccResolver
}

func newIssuer(k keys, life time.Duration) (*issuer, error) {
	is := &issuer{k: k, life: life, resolver: &server.MemAccResolver{}}
	for _, x := range []struct {
		to   *string
		pair nkeys.KeyPair
	}{{&is.operator, k.operator}, {&is.account, k.account}, {&is.system, k.system}} {
		pub, err := x.pair.PublicKey()
		if err != nil {
			return nil, fault.Wrap(fault.Internal, "read gateway key", err)
		}
		*x.to = pub
	}
	is.claims = jwt.NewAccountClaims(is.account)
	is.claims.Name = "sallyport"
	system := jwt.NewAccountClaims(is.system)
	system.Name = "system"
	if err := is.store(system); err != nil {
		return nil, err
	}
	return is, is.store(is.claims)
}

// store signs an account's claims and gives them to the server's resolver.
func (is *issuer) store(c *jwt.AccountClaims) error {
	text, err := c.Encode(is.k.operator)
	if err == nil {
		err = is.resolver.Store(c.Subject, text)
	}
	return fault.Wrap(fault.Internal, "sign account", err)
}

// agent signs the identity of an agent: it may publish its heartbeats and answers and subscribe to its requests, over WebSocket, and nothing else.
func (is *issuer) agent(addr tunnel.Address, key string, now time.Time) (text string, expires time.Time, err error) {
	u := jwt.NewUserClaims(key)
	u.Name = addr.Agent
	u.Tags.Add("tenant:" + addr.Tenant)
	u.Pub.Allow.Add(addr.MayPublish()...)
	u.Sub.Allow.Add(addr.Requests())
	u.AllowedConnectionTypes.Add(jwt.ConnectionTypeWebsocket)
	u.Limits.Subs = 4
	expires = now.Add(is.life).Truncate(time.Second)
	u.Expires = expires.Unix()
	text, err = u.Encode(is.k.account)
	return text, expires, fault.Wrap(fault.Invalid, "sign agent identity", err)
}

// internal makes a throwaway identity for one of the gateway's own connections inside the process.
func (is *issuer) internal(account nkeys.KeyPair) (text string, key nkeys.KeyPair, err error) {
	key, err = nkeys.CreateUser()
	if err != nil {
		return "", nil, fault.Wrap(fault.Internal, "make gateway identity", err)
	}
	pub, err := key.PublicKey()
	if err == nil {
		u := jwt.NewUserClaims(pub)
		u.AllowedConnectionTypes.Add(jwt.ConnectionTypeInProcess)
		text, err = u.Encode(account)
	}
	return text, key, fault.Wrap(fault.Internal, "make gateway identity", err)
}

// revoke bars every identity of the key that was signed until at. srv is nil before the server runs; when it runs, connections with the key end.
func (is *issuer) revoke(srv *server.Server, key string, at time.Time) error {
	is.mu.Lock()
	defer is.mu.Unlock()
	is.claims.RevokeAt(key, at)
	if err := is.store(is.claims); err != nil || srv == nil {
		return err
	}
	acc, err := srv.LookupAccount(is.account)
	if err != nil {
		return fault.Wrap(fault.Internal, "revoke agent", err)
	}
	srv.UpdateAccountClaims(acc, is.claims)
	return nil
}

// revoked reports whether the key is barred already.
func (is *issuer) revoked(key string, at time.Time) bool {
	is.mu.Lock()
	defer is.mu.Unlock()
	return is.claims.Revocations[key] >= at.Unix()
}
