package journeys

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/endpoint"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/scim/scimclient"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/graphapi"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/review"
	"github.com/sallyport-id/sallyport/service/secrets"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

// inside is an installation in this process: no port, no wall. A part that is "killed" writes nothing from that moment on, and what was
// under way loses its answer.
type inside struct {
	*folder
	api  *api
	host *endpoint.Host
	cut  cut

	stopHost    func()
	stopService func()
}

func newInside(t testing.TB, g *target, f files) *inside {
	t.Helper()
	s := wire.Site{Listen: "127.0.0.1:0", URL: "https://in.process.invalid" + wire.ConnectorPath}
	in := &inside{folder: newFolder(t, g, f, s), stopHost: func() {}, stopService: func() {}}
	t.Cleanup(func() { in.stopService(); in.stopHost() })
	in.start(host)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	must(t, in.host.Ready(ctx))
	in.start(service)
	return in
}

func (in *inside) call() *api { return in.api }

func (in *inside) meddle() *meddler { return &in.cut.meddler }

func (in *inside) apply(overlay string) {
	in.t.Helper()
	in.put(in.api, overlay)
}

func (in *inside) start(p part) {
	in.t.Helper()
	switch p {
	case service:
		in.startService()
	case host:
		in.startHost()
		in.cut.to.Store(&way{in.host.Transport()})
	case agent:
		in.cut.to.Store(&way{in.host.Transport()})
	}
}

func (in *inside) kill(p part) {
	in.t.Helper()
	switch p {
	case service:
		in.stopService()
	case agent:
		in.cut.to.Store(nil)
	case host:
		before := in.t.TempDir()
		must(in.t, os.CopyFS(before, os.DirFS(in.path("host"))))
		in.cut.to.Store(nil)
		in.stopHost() // saves its caches in order, which a kill does not
		must(in.t, os.RemoveAll(in.path("host")))
		must(in.t, os.CopyFS(in.path("host"), os.DirFS(before)))
	}
}

func (in *inside) startHost() {
	in.t.Helper()
	cfg, err := config.Load(in.path(wire.HostFile))
	must(in.t, err)
	in.host, err = endpoint.Open(cfg, wire.Drivers(), nil)
	must(in.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- in.host.Work(ctx) }()
	in.stopHost = func() {
		cancel()
		if err := <-done; err != nil {
			in.t.Error(err)
		}
		in.stopHost = func() {}
	}
}

// startService puts the engine together as wire does, but for the way to the target.
func (in *inside) startService() {
	in.t.Helper()
	ctx, cancel := context.WithCancel(tenant.With(context.Background(), tenant.Default))
	db, err := sqlite.Open(ctx, in.path("service.db"))
	must(in.t, err)
	store, err := secrets.Open(in.path("secrets"))
	must(in.t, err)
	dead := &atomic.Bool{}
	jobs := cycle.NewJobs(cycle.Parts{
		Source: db.Directory(), Ledger: mortalLedger{db.Ledger(), dead}, Log: mortalLog{db.Journal(), dead}, Logger: slog.New(slog.DiscardHandler),
		Assigned: db.Assignments(), Role: wire.Roles(db.Catalog()),
	}, db.Apps(), in.connect)
	must(in.t, jobs.Start(ctx))
	if in.api == nil {
		tok, secret := access.New("journeys", access.Admin, time.Now().UTC(), 0)
		must(in.t, db.Tokens().Put(ctx, tok))
		in.api = &api{token: secret, http: &http.Client{Timeout: time.Minute}}
	}
	reviews := review.New(review.Parts{
		Store: db.Reviews(), Engine: jobs, Apps: db.Apps(), Source: db.Directory(), Pairs: db.Ledger(), Log: db.Journal(), Connect: in.connect,
	})
	must(in.t, reviews.Start(ctx))
	server := httptest.NewServer(graphapi.New(graphapi.Config{
		Reviews: reviews, Directory: db.Directory(), Apps: db.Apps(), Jobs: jobs, Escrows: db.Ledger(), Journal: db.Journal(), Secrets: store,
		Access: db.Tokens(), Agents: db.Agents(), Gate: nobody{}, Catalog: db.Catalog(), Assign: db.Assignments(), Pairs: db.Ledger(),
	}))
	in.api.base = server.URL
	in.stopService = func() {
		dead.Store(true)
		cancel()
		in.api.http.CloseIdleConnections()
		server.Close()
		jobs.Wait()
		reviews.Wait()
		must(in.t, db.Close())
		in.stopService = func() {}
	}
}

// connect is wire's way of connecting, over the host's own transport.
func (in *inside) connect(_ context.Context, a app.App) (cycle.Target, error) {
	base, err := url.Parse(a.Target.URL)
	if err != nil {
		return nil, err
	}
	token, _ := in.host.Token("CONTOSO")
	return scimclient.New(scimclient.Config{Base: base, Transport: &in.cut, Token: scimclient.Static(token), Key: cycle.Key})
}

// cut is a transport that can be taken away: then nothing gets through, and what is under way gets no answer.
type cut struct {
	to atomic.Pointer[way]
	meddler
}

type way struct{ http.RoundTripper }

func (c *cut) RoundTrip(r *http.Request) (*http.Response, error) {
	if answer, err := c.intercept(r); answer != nil || err != nil {
		return answer, err
	}
	w := c.to.Load()
	if w == nil {
		return nil, fault.New(fault.Unavailable, "reach the host", "nobody is there")
	}
	resp, err := w.RoundTrip(r)
	if c.to.Load() != w {
		return nil, fault.New(fault.Timeout, "reach the host", "the connection was lost before the answer came")
	}
	return resp, err
}

var errDead = errors.New("the service is dead")

// mortalLedger writes nothing once its service is dead.
type mortalLedger struct {
	cycle.Ledger
	dead *atomic.Bool
}

func (m mortalLedger) Intend(ctx context.Context, job cycle.JobID, i cycle.Intent) (cycle.Receipt, error) {
	if m.dead.Load() {
		return cycle.Receipt{}, errDead
	}
	return m.Ledger.Intend(ctx, job, i)
}

func (m mortalLedger) Settle(ctx context.Context, r cycle.Receipt, o cycle.Outcome) error {
	if m.dead.Load() {
		return errDead
	}
	return m.Ledger.Settle(ctx, r, o)
}

func (m mortalLedger) SetState(ctx context.Context, job cycle.JobID, fn func(cycle.State) (cycle.State, error)) (cycle.State, error) {
	if m.dead.Load() {
		return cycle.State{}, errDead
	}
	return m.Ledger.SetState(ctx, job, fn)
}

type mortalLog struct {
	cycle.Log
	dead *atomic.Bool
}

func (m mortalLog) Append(ctx context.Context, rs ...journal.Record) error {
	if m.dead.Load() {
		return errDead
	}
	return m.Log.Append(ctx, rs...)
}

// nobody is a gate without agents.
type nobody struct{}

func (nobody) Connected(context.Context) map[agents.ID]string { return nil }

func (nobody) MakeToken(context.Context, string, time.Duration) (string, time.Time, error) {
	return "", time.Time{}, fault.New(fault.Unsupported, "invite an agent", "this route has none")
}

func (nobody) Revoke(context.Context, agents.ID) error { return nil }
