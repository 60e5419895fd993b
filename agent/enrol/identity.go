package enrol

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nkeys"

	"github.com/sallyport-id/sallyport/agent/dial"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
	"github.com/sallyport-id/sallyport/tunnel"
)

// Identity is who an agent is, as kept in its data folder.
type Identity struct {
	Service string    `json:"service"` // URL it enrolled at
	Tenant  string    `json:"tenant"`
	Agent   string    `json:"agent"`
	Group   string    `json:"group"` // at enrolment; the service may have moved it since
	JWT     string    `json:"jwt"`
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
	Trust   string    `json:"trust,omitempty"` // PEM; "" means the system's authorities
	Pin     string    `json:"pin,omitempty"`   // from the join token; used while Trust is empty

	Key nkeys.KeyPair `json:"-"`
}

// Address is the agent's place in the tunnel.
func (i Identity) Address() tunnel.Address { return tunnel.Address{Tenant: i.Tenant, Agent: i.Agent} }

// HalfLife is when the JWT should be renewed.
func (i Identity) HalfLife() time.Time { return i.Issued.Add(i.Expires.Sub(i.Issued) / 2) }

// TrustFor returns what the agent trusts when it dials the service.
func (i Identity) TrustFor() dial.Trust { return dial.Trust{PEM: []byte(i.Trust), Pin: i.Pin} }

const (
	identityFile = "identity.json"
	keyFile      = "agent.nk"
)

// Load reads the identity from an agent's data folder. fault.NotFound when it is not enrolled, Denied when others could read the key.
func Load(dir string) (Identity, error) {
	var i Identity
	data, err := os.ReadFile(filepath.Join(dir, identityFile))
	if errors.Is(err, fs.ErrNotExist) {
		return i, fault.New(fault.NotFound, "read agent identity", "%s holds none", dir).WithHint("run `sallyport agent enrol` first")
	}
	if err == nil {
		err = json.Unmarshal(data, &i)
	}
	if err != nil {
		return i, fault.New(fault.Invalid, "read agent identity", "%w", err).About(filepath.Join(dir, identityFile)).WithHint("enrol again with --force and a new join token")
	}
	i.Key, err = loadKey(filepath.Join(dir, keyFile))
	return i, err
}

func loadKey(path string) (nkeys.KeyPair, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fault.New(fault.NotFound, "read agent key", "%w", err).WithHint("enrol again with --force and a new join token")
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Denied, "read agent key", "others may read %s (mode %04o)", path, info.Mode().Perm()).
			WithHint("chmod 600 %s; if somebody may have read it, revoke the agent and enrol again", path)
	}
	seed, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.Denied, "read agent key", "%w", err)
	}
	key, err := nkeys.FromSeed(seed)
	if err != nil {
		return nil, fault.New(fault.Invalid, "read agent key", "%s does not hold a key", path).WithHint("enrol again with --force and a new join token")
	}
	return key, nil
}

// save writes the identity; the file is replaced as a whole or not at all.
func (i Identity) save(dir string) error {
	data, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return fault.Wrap(fault.Internal, "keep agent identity", err)
	}
	return keep(filepath.Join(dir, identityFile), data)
}

// keep replaces a file that only this account may read.
func keep(path string, data []byte) error {
	if err := atomicfile.Write(path, data, 0o600); err != nil {
		return fault.New(fault.Denied, "keep agent identity", "%w", err).WithHint("the agent must be able to write to %s", filepath.Dir(path))
	}
	return nil
}
