package wire

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/internal/tlsx"
	"github.com/sallyport-id/sallyport/scim/scimclient"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/audit"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/drift"
	"github.com/sallyport-id/sallyport/service/gateway"
	"github.com/sallyport-id/sallyport/service/graphapi"
	"github.com/sallyport-id/sallyport/service/identity"
	"github.com/sallyport-id/sallyport/service/inbound"
	"github.com/sallyport-id/sallyport/service/secrets"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
	"github.com/sallyport-id/sallyport/tunnel"
)

// DefaultServiceListen is where a service answers unless told otherwise: loopback only, until somebody decides who may reach it.
const DefaultServiceListen = "127.0.0.1:8443"

// ServiceConfig says where a service lives.
type ServiceConfig struct {
	Data   string // folder for database, keys, secrets and certificate
	Listen string // address of the one port; default DefaultServiceListen
	Cert   tlsx.Files
	Names  []string      // host names and addresses for the self-signed certificate, beside the machine's own
	Retain time.Duration // how long the journal is kept; 0 means DefaultRetain
	Logger *slog.Logger
	SignIn SignIn // where people sign in
	// PublicURL is the address clients know the service by; "" takes it from each request.
	PublicURL string
	// TrustedProxies are the peers whose X-Forwarded-* headers say how clients know the service.
	TrustedProxies []netip.Prefix
}

// DefaultRetain is how long the journal is kept unless told otherwise.
const DefaultRetain = 30 * 24 * time.Hour

// Service is a running service.
type Service struct {
	URL         string // https://address
	CertFile    string // what a client must trust when the certificate is self-signed
	AdminSecret string // set only at the first start: the one moment it is known

	server  *http.Server
	serving chan error
	db      *sqlite.DB
	gate    *gateway.Gateway
	jobs    *cycle.Jobs
	counsel *counsel

	identity *identity.Server
	audit    *audit.Keeper
	stop     context.CancelFunc
	logger   *slog.Logger
}

// StartService opens the data folder and begins to serve. Close ends it.
func StartService(ctx context.Context, c ServiceConfig) (_ *Service, err error) {
	if c.Listen == "" {
		c.Listen = DefaultServiceListen
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fault.New(fault.Invalid, "open the data folder", "%w", err).WithHint("choose a folder this account may write with --data")
	}
	files, err := certificate(c)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(tenant.With(context.WithoutCancel(ctx), tenant.Default))
	s := &Service{stop: stop, logger: c.Logger, CertFile: files.Cert, serving: make(chan error, 1)}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.db, err = sqlite.Open(ctx, filepath.Join(c.Data, "sallyport.db")); err != nil {
		return nil, err
	}
	if s.AdminSecret, err = firstAdmin(ctx, s.db.Tokens()); err != nil {
		return nil, err
	}
	if err := s.startIdentity(ctx, c); err != nil {
		return nil, err
	}
	if s.gate, err = startGateway(ctx, c, files, s.db.Agents()); err != nil {
		return nil, err
	}
	store, err := secrets.Open(filepath.Join(c.Data, "secrets"))
	if err != nil {
		return nil, err
	}
	if s.counsel, err = s.newCounsel(c); err != nil {
		return nil, err
	}
	s.jobs = cycle.NewJobs(cycle.Parts{
		Source: s.db.Directory(), Ledger: s.db.Ledger(), Log: s.db.Journal(), Logger: c.Logger, Assigned: s.db.Assignments(), Observer: s.counsel.notify,
		Tolerance: drift.Tolerance{Store: s.db.Drift()},
		Role:      Roles(s.db.Catalog()),
	}, s.db.Apps(), (&targets{s.gate, store}).connect)
	if err := s.jobs.Start(ctx); err != nil {
		c.Logger.Error("an application could not be taken up", "error", err) // the others run; its status says why
	}
	if err := s.counsel.join(ctx, s, (&targets{s.gate, store}).connect); err != nil {
		return nil, err
	}
	go s.retain(ctx, cmp.Or(c.Retain, DefaultRetain))
	return s, s.listen(ctx, c, files, store)
}

// retain drops what the journal need not keep any longer, once at the start and then every hour, until ctx ends.
func (s *Service) retain(ctx context.Context, life time.Duration) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		n, err := s.db.Journal().Retain(ctx, time.Now().Add(-life))
		if err != nil && ctx.Err() == nil {
			s.logger.Error("old journal records could not be dropped", "error", err)
		} else if n > 0 {
			s.logger.Info("old journal records dropped", "records", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func certificate(c ServiceConfig) (tlsx.Files, error) {
	if c.Cert.Cert != "" || c.Cert.Key != "" {
		return c.Cert, nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return tlsx.Files{}, fault.New(fault.Invalid, "listen", "%w", err).About(c.Listen).WithHint("write --listen as host:port, like 0.0.0.0:8443")
	}
	return tlsx.SelfSigned(c.Data, append(c.Names, host)...)
}

// firstAdmin makes the administrator's secret when nobody has one yet.
func firstAdmin(ctx context.Context, store access.Store) (string, error) {
	all, err := store.List(ctx)
	if err != nil || len(all) > 0 {
		return "", err
	}
	tok, secret := access.New("administrator", access.Admin, time.Now().UTC(), 0)
	return secret, store.Put(ctx, tok)
}

func startGateway(ctx context.Context, c ServiceConfig, files tlsx.Files, store agents.Store) (*gateway.Gateway, error) {
	cfg := gateway.Config{Dir: filepath.Join(c.Data, "gateway"), Store: store, Logger: c.Logger}
	if c.Cert.Cert == "" { // self-signed: agents must be told what to trust
		text, err := os.ReadFile(files.Cert)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, "read the certificate", err)
		}
		cfg.Trust = func() []byte { return text }
		if cfg.Pin, err = pin(text); err != nil {
			return nil, err
		}
	}
	g, err := gateway.New(cfg)
	if err != nil {
		return nil, err
	}
	return g, g.Start(ctx)
}

// pin is what join tokens carry so that an agent knows the self-signed service it enrols with.
func pin(certPEM []byte) (string, error) {
	block, _ := pem.Decode(certPEM)
	if block == nil {
		return "", fault.New(fault.Invalid, "read the certificate", "it is not PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, "read the certificate", err)
	}
	return tunnel.Pin(cert.RawSubjectPublicKeyInfo), nil
}

func (s *Service) listen(ctx context.Context, c ServiceConfig, files tlsx.Files, store *secrets.Store) error {
	api := graphapi.New(graphapi.Config{
		Directory: s.db.Directory(), Apps: s.db.Apps(), Jobs: s.jobs, Escrows: s.db.Ledger(), Journal: s.db.Journal(),
		Access: s.db.Tokens(), Callers: s.identity, Identity: s.graphIdentity(), Audit: s.audit, Agents: s.db.Agents(), Gate: presence{s.gate}, Secrets: store, Logger: c.Logger,
		Catalog: s.db.Catalog(), Assign: s.db.Assignments(), Pairs: s.db.Ledger(), Dial: (&targets{s.gate, store}).dial,
		Host: (&targets{s.gate, store}).hostStatus, PublicURL: c.PublicURL, TrustedProxies: c.TrustedProxies,
		Reviews: s.counsel.reviews, Drift: s.counsel.drift, Notify: s.counsel.notify,
	})
	mux := http.NewServeMux()
	mux.Handle("/tunnel", s.gate.Handler())
	mux.Handle("/tunnel/", s.gate.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	door := inbound.New(inbound.Config{Directory: s.db.Directory(), Access: s.db.Tokens(), Callers: s.identity, Logger: c.Logger})
	tlsConfig, err := tlsx.Server(files)
	if err != nil {
		return err
	}
	tlsConfig.NextProtos = []string{"http/1.1"} // a WebSocket upgrade needs HTTP/1.1
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fault.New(fault.Conflict, "listen", "%w", err).WithHint("is another service running? choose another address with --listen")
	}
	s.URL = "https://" + l.Addr().String()
	s.server = &http.Server{
		Handler: scimOr(door, defaultPatience.over(s.identity.Or(orElse(mux, api)))), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(c.Logger.Handler(), slog.LevelDebug), // handshakes of strangers are not worth a warning
	}
	go func() { s.serving <- s.server.Serve(tls.NewListener(l, tlsConfig)) }()
	return nil
}

// orElse hands on what the mux does not know as it came: a ServeMux would redirect //users, which clients write whose base URL ends in
// a slash, and ids with dots or slashes in them.
func orElse(mux *http.ServeMux, api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.Path; p == "/healthz" || p == "/tunnel" || strings.HasPrefix(p, "/tunnel/") {
			mux.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// scimOr hands requests below /scim/ to the SCIM door as they came: a ServeMux would redirect paths whose ids hold encoded slashes.
func scimOr(door, others http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/scim/") {
			door.ServeHTTP(w, r)
			return
		}
		others.ServeHTTP(w, r)
	})
}

// Wait returns when ctx ends or the service fails, with the failure.
func (s *Service) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.serving:
		return fault.Wrap(fault.Internal, "serve", err)
	}
}

// Close stops taking requests, lets the jobs finish what they have in hand, and closes the store.
func (s *Service) Close() {
	if s.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		if err := s.server.Shutdown(ctx); err != nil { // followers of the journal never end by themselves
			_ = s.server.Close()
		}
		cancel()
	}
	s.stop()
	if s.jobs != nil {
		s.jobs.Wait()
	}
	if s.counsel != nil {
		s.counsel.wait()
	}
	var errs []error
	if s.gate != nil {
		errs = append(errs, s.gate.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if err := errors.Join(errs...); err != nil {
		s.logger.Error("close the service", "error", err)
	}
}

// Jobs gives the journeys and benchmarks the engine itself.
func (s *Service) Jobs() *cycle.Jobs { return s.jobs }

// presence answers the API's questions about agents.
type presence struct{ g *gateway.Gateway }

func (p presence) MakeToken(ctx context.Context, group string, life time.Duration) (string, time.Time, error) {
	return p.g.MakeToken(ctx, group, life)
}

func (p presence) Connected(ctx context.Context) map[agents.ID]string {
	here := map[agents.ID]string{}
	for _, a := range p.g.Agents() {
		if a.Tenant == tenant.From(ctx) {
			here[a.Agent] = a.Version
		}
	}
	return here
}

func (p presence) Revoke(ctx context.Context, id agents.ID) error { return p.g.Revoke(ctx, id) }

// targets connects applications to where they are provisioned.
type targets struct {
	gate    *gateway.Gateway
	secrets *secrets.Store
}

// throughAgent is the address requests to an agent's application carry; only its path crosses the wall.
const throughAgent = "http://application.invalid"

func (t *targets) connect(ctx context.Context, a app.App) (cycle.Target, error) {
	bearer, err := t.secrets.Get(ctx, string(a.ID), secrets.Bearer)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	base, transport, err := t.route(ctx, a)
	if err != nil {
		return nil, err
	}
	token := strings.TrimSpace(string(bearer))
	return scimclient.New(scimclient.Config{
		Base: base, Transport: transport, Token: scimclient.Static(token),
		Dialect: a.Target.Dialect, Timeout: time.Duration(a.Target.Timeout), Key: cycle.Key,
	})
}

// route returns the base URL and the transport: through the agents of a group, or directly.
func (t *targets) route(ctx context.Context, a app.App) (*url.URL, http.RoundTripper, error) {
	if a.Target.Group != "" {
		base, err := url.Parse(throughAgent)
		return base, t.gate.Group(tenant.From(ctx), a.Target.Group, a.Target.Resource), err
	}
	base, err := url.Parse(a.Target.URL)
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, "connect the target", "%w", err)
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	ca, err := t.secrets.Get(ctx, string(a.ID), secrets.CA)
	switch {
	case err == nil:
		if cfg.RootCAs, err = tlsx.PoolOf(ca); err != nil {
			return nil, nil, err
		}
	case !fault.Is(err, fault.NotFound):
		return nil, nil, err
	}
	return base, &http.Transport{
		TLSClientConfig: cfg, Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
	}, nil
}
