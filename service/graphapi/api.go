package graphapi

import (
	"context"
	"iter"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/scim/scimclient"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/assign"
	"github.com/sallyport-id/sallyport/service/audit"
	"github.com/sallyport-id/sallyport/service/catalog"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Jobs is what the API orders of the engine.
type Jobs interface {
	Put(ctx context.Context, a app.App) error
	Remove(ctx context.Context, id cycle.JobID)
	Control
	Explain(ctx context.Context, id cycle.JobID, t entry.Type, source string) (plan.Plan, error)
	Provision(ctx context.Context, id cycle.JobID, t entry.Type, source string) (journal.Record, error)
	ProvisionGroup(ctx context.Context, id cycle.JobID, group string, members []cycle.Object) ([]journal.Record, error)
}

// Control starts and stops a job.
type Control interface {
	Run(ctx context.Context, id cycle.JobID) (cycle.State, error)
	Pause(ctx context.Context, id cycle.JobID) (cycle.State, error)
	Restart(ctx context.Context, id cycle.JobID, r cycle.Reset, release bool) (cycle.State, error)
	Status(ctx context.Context, id cycle.JobID) (cycle.State, error)
}

// Gate is where agents connect.
type Gate interface {
	// Connected returns the ids of the tenant's agents that are there now, with the version each reported.
	Connected(ctx context.Context) map[agents.ID]string
	// MakeToken makes a join token for one agent of the group; it is shown once and not kept.
	MakeToken(ctx context.Context, group string, life time.Duration) (text string, expires time.Time, err error)
	// Revoke cuts the agent off for good.
	Revoke(ctx context.Context, id agents.ID) error
}

// Journal is what the API reads of the provisioning log.
type Journal interface {
	journal.Reader
	Follow(ctx context.Context, q journal.Query) iter.Seq2[journal.Record, error]
}

// Escrows lists a job's failed entries.
type Escrows interface {
	Escrows(ctx context.Context, job cycle.JobID, due time.Time) iter.Seq2[cycle.Escrow, error]
}

// Secrets keeps what applications need to speak to their targets.
type Secrets interface {
	Get(ctx context.Context, app, name string) ([]byte, error)
	Put(ctx context.Context, app, name string, value []byte) error
	Delete(ctx context.Context, app string) error
}

// Directory is the directory as the API needs it.
type Directory interface {
	directory.Store
	directory.Objects
	directory.Editor
	directory.Deltas
	directory.Ordered
}

// Agents keeps agents, and what is set about them.
type Agents interface {
	agents.Store
	agents.PublishingStore
}

// Target is an application's endpoint as somebody looks at it who sets it up.
type Target interface {
	TestConnection(ctx context.Context) []scimclient.Stage
	Abilities(ctx context.Context) *scimclient.Abilities
}

// Config is what the API stands on.
type Config struct {
	Directory Directory
	Apps      app.Store
	Jobs      Jobs
	Escrows   Escrows
	Journal   Journal
	Secrets   Secrets
	Access    access.Store
	Callers   access.Authenticator // who holds a credential; default the bearer secrets in Access
	Identity  Identity             // clients and grants; without it people and tools use bearer secrets alone
	Audit     *audit.Keeper        // nil: acts are not noted
	Agents    Agents
	Gate      Gate
	Reviews   Reviews       // plans that wait for approval; nil: none are kept
	Drift     Drift         // what was changed in targets by hand; nil: nobody looks
	Notify    Notifier      // messages to people; nil: none are sent
	Pairs     Pairs         // the jobs' memory of who is who in the target
	Catalog   catalog.Store // what Graph's clients know of applications
	Assign    assign.Store  // who is assigned to them
	// Dial connects to an application's target as its rules say, with the secret given or, when bearer is nil, the one kept.
	Dial   func(ctx context.Context, a app.App, bearer []byte) (Target, error)
	Host   HostStatus // nil: hosts are not asked
	Logger *slog.Logger
	Tenant tenant.ID // of the bearer secrets in Access; default tenant.Default
	// MaxImport is the largest people.csv taken, in bytes; default 4 GiB.
	MaxImport int64
	// PublicURL is the address clients know this service by, https://host[:port][/path]; links in answers begin with it. "" means
	// the one a request was sent to.
	PublicURL string
	// TrustedProxies are the peers whose X-Forwarded-Proto, -Host, -Port and -Prefix headers count.
	TrustedProxies []netip.Prefix
	// Rate is how many requests per second one caller may send, with twice as many at once; default 5,000.
	Rate int
}

// API is the handler of everything an administrator asks.
type API struct {
	Config
	reads      map[string]Route // GET routes by path: what an object is before it is changed
	graph, own router           // Graph's tree, the same under /v1.0 and /beta, and our own under /sallyport/v1

	onDemand, bulk, callers *throttle
	seal                    seal

	links   [64]sync.Mutex // held while two objects are looked at and linked
	looking chan struct{}  // held for each batch of a look at everybody: one processor at most, however many ask
}

// New makes the API's handler.
func New(c Config) *API {
	if c.MaxImport == 0 {
		c.MaxImport = 4 << 30
	}
	if c.Tenant == "" {
		c.Tenant = tenant.Default
	}
	if c.Callers == nil {
		c.Callers = access.Bearers{Store: c.Access, Tenant: c.Tenant}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Rate == 0 {
		c.Rate = 5000
	}
	a := &API{
		Config: c, onDemand: newThrottle(rate.Every(onDemandEvery), onDemandBurst), bulk: newThrottle(bulkPerSecond, bulkPerSecond),
		callers: newThrottle(rate.Limit(c.Rate), 2*c.Rate),
		looking: make(chan struct{}, 1),
		seal:    openSeal(tenant.With(context.Background(), c.Tenant), c.Secrets, c.Logger),
	}
	a.reads = map[string]Route{}
	for _, r := range a.Routes() {
		if path, ok := strings.CutPrefix(r.Pattern, "GET "); ok {
			a.reads[path] = r
		}
		r.Handle = documented(r)
		if !strings.Contains(r.Pattern, " /v1.0") {
			a.own.add(r.Pattern, a.guard(r))
			continue
		}
		a.graph.add(r.Pattern, a.guard(r))
	}
	return a
}

// ownRoot is where the tree of what Graph lacks begins.
const ownRoot = "/sallyport/v1"

// Route is one line of the API: who may call what. The handler finds the caller in access.From(r.Context()). In a path, {app} names
// the application whose owner may call it, too.
type Route struct {
	Pattern    string // "METHOD /path/{variable}", under /v1.0 (which is /beta, too) or /sallyport/v1
	Permission access.Permission
	Handle     func(w http.ResponseWriter, r *http.Request) error
}

// ServeHTTP answers one request. A handler that fails in a way nobody thought of is answered with 500 and logged.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w, done := encoded(w, r)
	defer done()
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler { //nolint:errorlint // a panic's value, compared by identity
			a.Logger.Error("request failed", "method", r.Method, "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
			writeError(w, requestID(), fault.New(fault.Internal, "", "it failed"))
		}
	}()
	parts, version, err := split(r)
	r = a.withVisit(r, version)
	fail := func(err error) http.Handler {
		return a.guard(Route{Permission: access.SignedIn, Handle: func(http.ResponseWriter, *http.Request) error { return err }})
	}
	tree := &a.own
	if version != "" {
		tree = &a.graph
	}
	if err != nil {
		fail(err).ServeHTTP(w, r)
	} else if !tree.serve(w, r, parts, fail) {
		a.guard(Route{Permission: access.SignedIn, Handle: notFound}).ServeHTTP(w, r)
	}
}
