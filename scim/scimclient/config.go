package scimclient

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
)

// The dialects of PATCH.
const (
	RFC    = "rfc"    // RFC 7644: lower-case op, real booleans, members[value eq "ID"], one operation for each attribute
	Merged = "merged" // as Entra with aadOptscim062020: like RFC, but simple attributes go in one replace without a path
	Legacy = "legacy" // as Entra with AzureAdScimPatch2017: Replace, "False", Remove members with a list of values
)

// Config says where an endpoint is and how to speak to it.
type Config struct {
	// Base is the URL that /Users is appended to. A query is sent with every request, but for Entra's two dialect flags,
	// which choose Dialect when that is empty.
	Base      *url.URL
	Transport http.RoundTripper // nil = http.DefaultTransport; an agent group is one too
	Token     TokenSource       // nil = requests carry no credential
	Dialect   string            // "" = RFC
	Timeout   time.Duration     // of one request with its answer; 0 = 30 s
	UserAgent string            // "" = "Sallyport"
	// Key returns the idempotency key of the write in ctx, "" for none. It is sent as Idempotency-Key on POST, to a server that
	// says in its ServiceProviderConfig that it remembers keys, and to no other (without discovery, to
	// any): an agent group sends a keyed request again after an unknown outcome.
	Key             func(ctx context.Context) string
	MembersPerPatch int                               // values of a reference attribute in one PATCH; 0 = 100
	PageSize        int                               // of List; 0 = 200; never more than the server publishes
	PutOnly         []entry.Type                      // types the server cannot PATCH: read, change and PUT whole
	NoDiscovery     bool                              // do not ask what the server can do
	Types           map[entry.Type]*scim.ResourceType // known before discovery; missing ones are the RFC's
	Retries         int                               // how often a read or an unsent write is repeated; 0 = 2, negative = never
	AnswerLimit     int64                             // bytes of one answer; 0 = 64 MiB
}

// Client speaks to one endpoint. It is safe for concurrent use.
type Client struct {
	c     Config
	base  url.URL
	query string // of the base, without Entra's flags
	agent []string

	mu       sync.Mutex // held while discovering
	known    sync.RWMutex
	can      *Abilities
	expires  time.Time
	fallback map[entry.Type]*scim.ResourceType
}

// New checks the configuration and makes a client; it sends nothing. Errors are fault.Invalid.
func New(c Config) (*Client, error) {
	if c.Base == nil || c.Base.Scheme != "https" && c.Base.Scheme != "http" || c.Base.Host == "" {
		return nil, fault.New(fault.Invalid, "connect to the SCIM endpoint", "the base URL must be absolute").
			WithHint("give the address that /Users is appended to, like https://host:8585/ecma2host_name/scim")
	}
	cl := &Client{c: c, base: *c.Base}
	cl.readFlags()
	switch cl.c.Dialect {
	case RFC, Merged, Legacy:
	case "":
		cl.c.Dialect = RFC
	default:
		return nil, fault.New(fault.Invalid, "connect to the SCIM endpoint", "no dialect %q", cl.c.Dialect).
			WithHint("choose %s, %s or %s", RFC, Merged, Legacy)
	}
	cl.fill()
	return cl, cl.knowTypes()
}

// readFlags takes Entra's dialect flags out of the base's query.
func (cl *Client) readFlags() {
	var keep []string
	for _, part := range strings.Split(cl.base.RawQuery, "&") {
		dialect := ""
		switch name, _, _ := strings.Cut(part, "="); strings.ToLower(name) {
		case "aadoptscim062020":
			dialect = Merged
		case "azureadscimpatch2017":
			dialect = Legacy
		case "":
		default:
			keep = append(keep, part)
		}
		if cl.c.Dialect == "" {
			cl.c.Dialect = dialect
		}
	}
	cl.query = strings.Join(keep, "&")
	cl.base.RawQuery, cl.base.Fragment, cl.base.User = "", "", nil
	cl.base.Path, cl.base.RawPath = strings.TrimRight(cl.base.Path, "/"), strings.TrimRight(cl.base.RawPath, "/")
}

func (cl *Client) fill() {
	c := &cl.c
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	if c.UserAgent == "" {
		c.UserAgent = "Sallyport"
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	if c.MembersPerPatch <= 0 {
		c.MembersPerPatch = 100
	}
	if c.PageSize <= 0 {
		c.PageSize = 200
	}
	if c.AnswerLimit <= 0 {
		c.AnswerLimit = 64 << 20
	}
	switch {
	case c.Retries == 0:
		c.Retries = 2
	case c.Retries < 0:
		c.Retries = 0
	}
	cl.agent = []string{c.UserAgent}
}

// knowTypes prepares what is known of users and groups before any discovery.
func (cl *Client) knowTypes() error {
	user, err := scim.NewResourceType(entry.User, "/Users", scim.CoreUser(), scim.EnterpriseUser())
	if err != nil {
		return err
	}
	group, err := scim.NewResourceType(entry.Group, "/Groups", scim.CoreGroup())
	if err != nil {
		return err
	}
	cl.fallback = map[entry.Type]*scim.ResourceType{entry.User: user, entry.Group: group}
	for t, rt := range cl.c.Types {
		cl.fallback[t] = rt
	}
	return nil
}
