package identity

import (
	"cmp"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
)

// Config is what the authorization server stands on.
type Config struct {
	Clients  Clients
	Grants   access.Grants
	Sessions Sessions
	Bearers  access.Authenticator // the secrets that are not tokens
	Keys     *Keys
	Provider *Provider // where people sign in; nil: people use bearer secrets only
	// Public is the service's URL as clients know it, like https://idm.example.com; "" takes it from each request.
	Public string
	// Base returns that URL as the client of a request knows it, without a slash at the end; default Public, else the request's Host.
	Base func(*http.Request) string
	// From returns the address a request came from; default the address of the connection.
	From   func(*http.Request) string
	Logger *slog.Logger
	// Note is told of every sign-in, good or refused; may be nil.
	Note func(*http.Request, SignIn)
}

// SignIn is one attempt to get a token.
type SignIn struct {
	Tenant  tenant.ID
	Subject string // of whom it was for, "" when unknown
	Name    string
	How     string // client_secret, private_key_jwt, authorization_code, device_code
	Err     error  // nil: a token was given
}

// Server hands out tokens and says who holds one.
type Server struct {
	Config
	mux   *http.ServeMux
	wrong throttle
	flows flows
}

var _ access.Authenticator = (*Server)(nil)

// New makes the server.
func New(c Config) *Server {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Note == nil {
		c.Note = func(*http.Request, SignIn) {}
	}
	if c.From == nil {
		c.From = peer
	}
	c.Public = strings.TrimSuffix(c.Public, "/")
	if c.Base == nil {
		c.Base = func(r *http.Request) string { return cmp.Or(c.Public, "https://"+r.Host) }
	}
	s := &Server{Config: c, mux: http.NewServeMux()}
	for pattern, handle := range s.routes() {
		s.mux.HandleFunc(pattern, handle)
	}
	return s
}

// routes are open to everybody; each has a form without a tenant, which stands for the only one.
func (s *Server) routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"POST /{tenant}/oauth2/v2.0/token":                    s.token,
		"POST /{tenant}/oauth2/token":                         s.token,
		"POST /oauth2/v2.0/token":                             s.token,
		"GET /{tenant}/v2.0/.well-known/openid-configuration": s.discovery,
		"GET /{tenant}/.well-known/openid-configuration":      s.discovery,
		"GET /.well-known/openid-configuration":               s.discovery,
		"GET /.well-known/oauth-authorization-server":         s.discovery,
		"GET /{tenant}/discovery/v2.0/keys":                   s.keySet,
		"GET /discovery/v2.0/keys":                            s.keySet,
		"GET /metadata/endpoints":                             s.endpoints,
		"GET /subscriptions":                                  s.subscriptions,
		"GET /{tenant}/oauth2/v2.0/authorize":                 s.authorize,
		"GET /oauth2/v2.0/authorize":                          s.authorize,
		"POST /{tenant}/oauth2/v2.0/devicecode":               s.deviceCode,
		"POST /oauth2/v2.0/devicecode":                        s.deviceCode,
		"GET " + devicePath:                                   s.devicePage,
		"POST " + devicePath:                                  s.deviceConfirm,
		"GET " + callbackPath:                                 s.callback,
	}
}

// Or answers what is asked of the authorization server and hands everything else on.
func (s *Server) Or(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := s.mux.Handler(r); pattern != "" {
			s.mux.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// base is the service's URL: as configured, or as the client wrote it.
func (s *Server) base(r *http.Request) string { return s.Base(r) }

// TenantGUID returns a tenant's id for clients that insist on a GUID.
func TenantGUID(id tenant.ID) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:sallyport:tenant:"+string(id))).String()
}

var tenantForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)

// tenantOf reads the tenant of the path. The words that Azure's libraries put there when they know none stand for the default one.
func tenantOf(r *http.Request) (tenant.ID, error) {
	switch t := strings.ToLower(r.PathValue("tenant")); {
	case t == "", t == "common", t == "organizations", t == "adfs", t == TenantGUID(tenant.Default):
		return tenant.Default, nil
	case !tenantForm.MatchString(t):
		return "", noTenant(t)
	default:
		return tenant.ID(t), nil
	}
}

func noTenant(name string) *refusal {
	return refuse(http.StatusBadRequest, "invalid_request", 90002, "Tenant '%s' not found. Check that the tenant in the URL is right.", clip(name))
}

// peer is the address at the other end of the connection, without the port.
func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
