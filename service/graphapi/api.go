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
	Agents    agents.Store
	Gate      Gate
	Logger    *slog.Logger
	Tenant    tenant.ID // of every credential; default tenant.Default
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
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	a := &API{Config: c, mux: http.NewServeMux()}
	for _, r := range a.Routes() {
		a.mux.Handle(r.Pattern, a.guard(r))
	}
	a.mux.Handle("/", a.guard(Route{Role: access.Reader, Handle: notFound}))
	return a
}

// Route is one line of the API: who may call what.
type Route struct {
	Pattern string // as http.ServeMux takes it, under /v1.0 or /sallyport/v1
	Role    access.Role
	Handle  func(w http.ResponseWriter, r *http.Request) error
}

// Routes lists every route; the authorization test walks it.
func (a *API) Routes() []Route {
	const (
		reader = access.Reader
		admin  = access.Admin
		jobs   = "/v1.0/servicePrincipals/{app}/synchronization/jobs"
		own    = "/sallyport/v1"
	)
	return []Route{
		{"GET /v1.0/users", reader, a.listUsers},
		{"POST /v1.0/users", admin, a.createUser},
		{"GET /v1.0/users/{id}", reader, a.getUser},
		{"PATCH /v1.0/users/{id}", admin, a.patchUser},
		{"DELETE /v1.0/users/{id}", admin, a.deleteUser},
		{"GET /v1.0/users/{id}/manager", reader, a.getManager},
		{"PUT /v1.0/users/{id}/manager/$ref", admin, a.putManager},
		{"DELETE /v1.0/users/{id}/manager/$ref", admin, a.deleteManager},
		{"GET /v1.0/groups", reader, a.listGroups},
		{"POST /v1.0/groups", admin, a.createGroup},
		{"GET /v1.0/groups/{id}", reader, a.getGroup},
		{"PATCH /v1.0/groups/{id}", admin, a.patchGroup},
		{"DELETE /v1.0/groups/{id}", admin, a.deleteGroup},
		{"GET /v1.0/groups/{id}/members", reader, a.listMembers},
		{"POST /v1.0/groups/{id}/members/$ref", admin, a.addMember},
		{"DELETE /v1.0/groups/{id}/members/{member}/$ref", admin, a.removeMember},
		{"GET /v1.0/directory/deletedItems/{id}", reader, a.getDeleted},
		{"POST /v1.0/directory/deletedItems/{id}/restore", admin, a.restore},
		{"DELETE /v1.0/directory/deletedItems/{id}", admin, a.purge},
		{"GET " + jobs, reader, a.listJobs},
		{"GET " + jobs + "/{job}", reader, a.getJob},
		{"POST " + jobs + "/{job}/start", admin, a.startJob},
		{"POST " + jobs + "/{job}/pause", admin, a.pauseJob},
		{"POST " + jobs + "/{job}/restart", admin, a.restartJob},
		{"POST " + jobs + "/{job}/provisionOnDemand", admin, a.provisionOnDemand},
		{"GET " + own + "/whoami", reader, a.whoami},
		{"POST " + own + "/import", admin, a.importPeople},
		{"GET " + own + "/apps", reader, a.listApps},
		{"GET " + own + "/apps/{app}", reader, a.getApp},
		{"PUT " + own + "/apps/{app}", admin, a.putApp},
		{"DELETE " + own + "/apps/{app}", admin, a.deleteApp},
		{"GET " + own + "/apps/{app}/status", reader, a.jobStatus},
		{"GET " + own + "/apps/{app}/escrows", reader, a.listEscrows},
		{"GET " + own + "/apps/{app}/explain/{id}", reader, a.explain},
		{"GET " + own + "/journal", reader, a.readJournal},
		{"GET " + own + "/agents", reader, a.listAgents},
		{"POST " + own + "/agents/tokens", admin, a.makeJoinToken},
		{"DELETE " + own + "/agents/{id}", admin, a.revokeAgent},
		{"GET " + own + "/sources", reader, a.listSources},
		{"POST " + own + "/sources", admin, a.addSource},
		{"DELETE " + own + "/sources/{name}", admin, a.revokeSource},
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
