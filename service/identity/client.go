package identity

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
)

// ID is a client's application id: a GUID in lower case. It is also the id of the client's service principal.
type ID string

// LiveSecrets is how many secrets of one client are valid at once, so that one is replaced without an outage.
const LiveSecrets = 2

// maxCertificates bounds the certificates of a client.
const maxCertificates = 8

// Client is a program that may ask for tokens.
type Client struct {
	ID           ID            `json:"id"`
	Name         string        `json:"name"`
	Created      time.Time     `json:"created"`
	Secrets      []Secret      `json:"secrets,omitempty"` // oldest first
	Certificates []Certificate `json:"certificates,omitempty"`
}

// Clients keeps the clients of the tenant in the context.
type Clients interface {
	// AddClient stores a new client; fault.Exists when the id or, without regard to case, the name is taken.
	AddClient(ctx context.Context, c Client) error
	// ChangeClient replaces a client by what change makes of it; change may run twice. fault.NotFound when absent.
	ChangeClient(ctx context.Context, id ID, change func(Client) (Client, error)) (Client, error)
	// Client returns a client; fault.NotFound when absent.
	Client(ctx context.Context, id ID) (Client, error)
	// ListClients returns all clients in the order of name.
	ListClients(ctx context.Context) ([]Client, error)
	// DeleteClient removes a client with its grants; fault.NotFound when absent.
	DeleteClient(ctx context.Context, id ID) error
}

// NewClient names a new client and gives it an id.
func NewClient(name string, now time.Time) (Client, error) {
	c := Client{ID: ID(uuid.NewString()), Name: strings.TrimSpace(name), Created: now}
	return c, c.Validate()
}

// Validate returns fault.Invalid when the client has no proper id or name.
func (c Client) Validate() error {
	const op = "check the client"
	if u, err := uuid.Parse(string(c.ID)); err != nil || u.String() != string(c.ID) {
		return fault.New(fault.Invalid, op, "%q is not an id", c.ID).WithHint("a client's id is a GUID in lower case")
	}
	if c.Name == "" || len(c.Name) > 128 || strings.ContainsFunc(c.Name, unicode.IsControl) {
		return fault.New(fault.Invalid, op, "%q is not a name", c.Name).WithHint("a name has 1 to 128 bytes and no control characters")
	}
	return nil
}

// Subject names the client in grants and in the audit log.
func (c Client) Subject() string { return access.ClientSubject + string(c.ID) }

// AddSecret gives the client a new secret and returns it; of those it had only the newest stays. life 0 means a year.
func (c Client) AddSecret(now time.Time, life time.Duration) (Client, string, error) {
	s, text, err := newSecret(now, life)
	if err != nil {
		return c, "", err
	}
	live := slices.DeleteFunc(slices.Clone(c.Secrets), func(s Secret) bool { return s.expired(now) })
	c.Secrets = append(live[max(0, len(live)-LiveSecrets+1):], s)
	return c, text, nil
}

// DropSecrets ends the client's secrets: the one with the id, or all but the newest when id is "old". fault.NotFound when there is none.
func (c Client) DropSecrets(id string) (Client, error) {
	keep := slices.DeleteFunc(slices.Clone(c.Secrets), func(s Secret) bool { return s.ID == id })
	if id == "old" {
		keep = slices.Clone(c.Secrets[max(0, len(c.Secrets)-1):])
	} else if len(keep) == len(c.Secrets) {
		return c, fault.New(fault.NotFound, "end the secret", "the client has no secret %q", id).About(c.Name)
	}
	c.Secrets = keep
	return c, nil
}

// AddCertificate lets the client prove itself with the key of the certificate (PEM). One that is there already is replaced.
func (c Client) AddCertificate(pem []byte, now time.Time) (Client, error) {
	cert, err := newCertificate(pem, now)
	if err != nil {
		return c, err
	}
	keep := slices.DeleteFunc(slices.Clone(c.Certificates), func(o Certificate) bool { return o.SHA256 == cert.SHA256 })
	if len(keep) >= maxCertificates {
		return c, fault.New(fault.Invalid, "add the certificate", "the client has %d already", len(keep)).About(c.Name).WithHint("remove one first")
	}
	c.Certificates = append(keep, cert)
	return c, nil
}

// DropCertificate removes the certificate with the thumbprint (hex SHA-256); fault.NotFound when there is none.
func (c Client) DropCertificate(thumbprint string) (Client, error) {
	keep := slices.DeleteFunc(slices.Clone(c.Certificates), func(o Certificate) bool { return strings.EqualFold(o.Thumbprint(), thumbprint) })
	if len(keep) == len(c.Certificates) {
		return c, fault.New(fault.NotFound, "remove the certificate", "the client has none with this thumbprint").About(c.Name)
	}
	c.Certificates = keep
	return c, nil
}
