package graphapi

import (
	"context"
	"net/http"

	"github.com/sallyport-id/sallyport/internal/forwarded"
)

// visit is how the client came here; links lead it back the same way.
type visit struct {
	base    string // https://host[/prefix], without a slash at the end
	version string // "v1.0", "beta", or "" for our own tree
}

type visitKey struct{}

func visitOf(r *http.Request) visit {
	v, ok := r.Context().Value(visitKey{}).(visit)
	if !ok {
		v = visit{base: hostBase(r), version: "v1.0"}
	}
	return v
}

// withVisit remembers how the client came.
func (a *API) withVisit(r *http.Request, version string) *http.Request {
	v := visit{base: a.publicBase(r), version: version}
	return r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
}

// base returns the address clients know this service by, without a slash at the end (graph-api P4).
func base(r *http.Request) string { return visitOf(r).base }

// root returns base and version, where Graph's paths begin.
func root(r *http.Request) string {
	v := visitOf(r)
	if v.version == "" {
		v.version = "v1.0"
	}
	return v.base + "/" + v.version
}

// here returns the URL of this request as the client knows it, without its query.
func here(r *http.Request) string { return base(r) + r.URL.EscapedPath() }

func contextURL(r *http.Request, what string) string { return root(r) + "/$metadata#" + what }

// publicBase is the configured address, else what a trusted proxy says, else the Host header.
func (a *API) publicBase(r *http.Request) string { return a.address().Base(r) }

func (a *API) address() forwarded.Address {
	return forwarded.Address{Public: a.PublicURL, Proxies: a.TrustedProxies}
}

func hostBase(r *http.Request) string { return forwarded.Address{}.Base(r) }
