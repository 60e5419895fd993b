package graphapi

import (
	"context"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/service/app"
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
	Find(ctx context.Context, q journal.Query) ([]journal.Record, error)
	Follow(ctx context.Context, q journal.Query) iter.Seq2[journal.Record, error]
}

// Escrows lists a job's failed entries.
type Escrows interface {
	Escrows(ctx context.Context, job cycle.JobID, due time.Time) iter.Seq2[cycle.Escrow, error]
}

// Secrets keeps what applications need to speak to their targets.
type Secrets interface {
	Put(ctx context.Context, app, name string, value []byte) error
	Delete(ctx context.Context, app string) error
}

// Config is what the API stands on.
type Config struct {
	Directory directory.Store
	Apps      app.Store
	Jobs      Jobs
	Escrows   Escrows
	Journal   Journal
	Secrets   Secrets
	Access    access.Store
	Callers   access.Authenticator // who holds a credential; default the bearer secrets in Access
	Agents    agents.Store
	Gate      Gate
	Logger    *slog.Logger
	Tenant    tenant.ID // of the bearer secrets in Access; default tenant.Default
	// MaxImport is the largest people.csv taken, in bytes; default 4 GiB.
	MaxImport int64
}

// API is the handler of everything an administrator asks.
type API struct {
	Config
	mux *http.ServeMux
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
	a := &API{Config: c, mux: http.NewServeMux()}
	for _, r := range a.Routes() {
		a.mux.Handle(r.Pattern, a.guard(r))
	}
	a.mux.Handle("/", a.guard(Route{Permission: access.SignedIn, Handle: notFound}))
	return a
}

// Route is one line of the API: who may call what. The handler finds the caller in access.From(r.Context()). In a path, {app} names
// the application whose owner may call it, too.
type Route struct {
	Pattern    string // as http.ServeMux takes it, under /v1.0 or /sallyport/v1
	Permission access.Permission
	Handle     func(w http.ResponseWriter, r *http.Request) error
}

// Routes lists every route; the authorization test walks it.
func (a *API) Routes() []Route {
	const (
		jobs = "/v1.0/servicePrincipals/{app}/synchronization/jobs"
		own  = "/sallyport/v1"
	)
	return []Route{
		{"GET /v1.0/users", access.ReadDirectory, a.listUsers},
		{"POST /v1.0/users", access.WriteDirectory, a.createUser},
		{"GET /v1.0/users/{id}", access.ReadDirectory, a.getUser},
		{"PATCH /v1.0/users/{id}", access.WriteDirectory, a.patchUser},
		{"DELETE /v1.0/users/{id}", access.WriteDirectory, a.deleteUser},
		{"GET /v1.0/users/{id}/manager", access.ReadDirectory, a.getManager},
		{"PUT /v1.0/users/{id}/manager/$ref", access.WriteDirectory, a.putManager},
		{"DELETE /v1.0/users/{id}/manager/$ref", access.WriteDirectory, a.deleteManager},
		{"GET /v1.0/groups", access.ReadDirectory, a.listGroups},
		{"POST /v1.0/groups", access.WriteDirectory, a.createGroup},
		{"GET /v1.0/groups/{id}", access.ReadDirectory, a.getGroup},
		{"PATCH /v1.0/groups/{id}", access.WriteDirectory, a.patchGroup},
		{"DELETE /v1.0/groups/{id}", access.WriteDirectory, a.deleteGroup},
		{"GET /v1.0/groups/{id}/members", access.ReadDirectory, a.listMembers},
		{"POST /v1.0/groups/{id}/members/$ref", access.WriteDirectory, a.addMember},
		{"DELETE /v1.0/groups/{id}/members/{member}/$ref", access.WriteDirectory, a.removeMember},
		{"GET /v1.0/directory/deletedItems/{id}", access.ReadDirectory, a.getDeleted},
		{"POST /v1.0/directory/deletedItems/{id}/restore", access.WriteDirectory, a.restore},
		{"DELETE /v1.0/directory/deletedItems/{id}", access.WriteDirectory, a.purge},
		{"GET " + jobs, access.ReadApps, a.listJobs},
		{"GET " + jobs + "/{job}", access.ReadApps, a.getJob},
		{"POST " + jobs + "/{job}/start", access.RunJobs, a.startJob},
		{"POST " + jobs + "/{job}/pause", access.RunJobs, a.pauseJob},
		{"POST " + jobs + "/{job}/restart", access.RunJobs, a.restartJob},
		{"POST " + jobs + "/{job}/provisionOnDemand", access.RunJobs, a.provisionOnDemand},
		{"GET " + own + "/whoami", access.SignedIn, a.whoami},
		{"POST " + own + "/import", access.WriteDirectory, a.importPeople},
		{"GET " + own + "/apps", access.ReadApps, a.listApps},
		{"GET " + own + "/apps/{app}", access.ReadApps, a.getApp},
		{"PUT " + own + "/apps/{app}", access.WriteApps, a.putApp},
		{"DELETE " + own + "/apps/{app}", access.WriteApps, a.deleteApp},
		{"GET " + own + "/apps/{app}/status", access.ReadApps, a.jobStatus},
		{"GET " + own + "/apps/{app}/escrows", access.ReadApps, a.listEscrows},
		{"GET " + own + "/apps/{app}/explain/{id}", access.ReadApps, a.explain},
		{"GET " + own + "/journal", access.ReadLogs, a.readJournal},
		{"GET " + own + "/agents", access.ReadAgents, a.listAgents},
		{"POST " + own + "/agents/tokens", access.WriteAgents, a.makeJoinToken},
		{"DELETE " + own + "/agents/{id}", access.WriteAgents, a.revokeAgent},
		{"GET " + own + "/sources", access.ReadAccess, a.listSources},
		{"POST " + own + "/sources", access.WriteAccess, a.addSource},
		{"DELETE " + own + "/sources/{name}", access.WriteAccess, a.revokeSource},
	}
}

// ServeHTTP answers one request. /beta is /v1.0, a trailing slash is allowed, and names of query options may be encoded.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if rest, ok := strings.CutPrefix(path, "/beta/"); ok {
		path = "/v1.0/" + rest
	}
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	if path != r.URL.Path {
		r2 := *r
		u := *r.URL
		u.Path, u.RawPath = path, ""
		r2.URL, r = &u, &r2
	}
	a.mux.ServeHTTP(w, r)
}
